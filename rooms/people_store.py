"""Everything that is kept about people with accounts, on one database."""

from rooms.account_register import AccountRegister
from rooms.credential_register import CredentialRegister
from rooms.membership_register import MembershipRegister
from rooms.statements import Statements


class PeopleStore:
    """Owns its statements: opened after the store of rooms, whose database it shares, and closed before it."""

    def __init__(self, statements: Statements) -> None:
        self._statements = statements
        self.accounts = AccountRegister(statements)
        self.credentials = CredentialRegister(statements)
        self.memberships = MembershipRegister(statements)

    async def open(self) -> None:
        """Raises StoreUnavailable with a sentence for the operator."""
        await self._statements.open()

    async def close(self) -> None:
        await self._statements.close()
