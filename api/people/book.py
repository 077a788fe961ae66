"""The book of accounts: people in the open, of whom the registers hold only what is sealed."""

import re
import time
from collections.abc import Callable

import msgspec

from api.codes import new_id
from api.errors import ApiError
from api.people.cryptography_seal import Seal
from rooms.account_register import AccountRegister
from rooms.accounts import Account, GlobalRole
from rooms.statements import Taken

_ADDRESS = re.compile(
    r"[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]{1,64}@(?:[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?\.)+[A-Za-z]{2,63}"
)
_MAX_ADDRESS = 254
_AT_ONCE = 200


class Profile(msgspec.Struct, frozen=True, rename="camel"):
    """What others may see of somebody, and their full name."""

    display_name: str
    first_name: str = ""
    last_name: str = ""


class Person(msgspec.Struct, frozen=True):
    """An account in the open; `address` is empty for who came from a provider that told none."""

    account: Account
    address: str
    profile: Profile


class AccountBook:
    """Seals what is written into the register and opens what is read."""

    def __init__(self, register: AccountRegister, seal: Seal, clock: Callable[[], float] = time.time) -> None:
        self.register = register
        self._seal = seal
        self._clock = clock

    async def add(
        self, address: str, profile: Profile, password_hash: str | None, role: GlobalRole = "user"
    ) -> Account | None:
        """None if the address is taken."""
        if address and await self.at_address(address):
            return None
        new = new_id("ac")
        account = Account(
            id=new,
            address_index=self._seal.index(address) if address else None,
            address=self._seal.close(address.encode(), f"address:{new}") if address else None,
            profile=self._seal.close(msgspec.json.encode(profile), f"profile:{new}"),
            created_at=int(self._clock() * 1000),
            password_hash=password_hash,
            role=role,
        )
        return account if await self.register.add(account) else None

    def open(self, account: Account) -> Person:
        """Raises Unsealable."""
        address = self._seal.open(account.address, f"address:{account.id}").decode() if account.address else ""
        profile = self._seal.open(account.profile, f"profile:{account.id}")
        return Person(account, address, msgspec.json.decode(profile, type=Profile))

    def totp_secret(self, account: Account) -> str | None:
        return self._seal.open(account.totp, f"totp:{account.id}").decode() if account.totp else None

    async def at_address(self, address: str) -> Account | None:
        return await self.register.at_address(self._seal.indexes(address))

    def who(self, address: str) -> str:
        """A name for an address in places where it must not be told."""
        return self._seal.index(address).hex()[:32]

    async def set_profile(self, account: str, profile: Profile) -> None:
        await self.register.change(
            account, profile=self._seal.close(msgspec.json.encode(profile), f"profile:{account}")
        )

    async def set_totp(self, account: str, secret: str) -> None:
        """Not asked for until it is confirmed."""
        sealed = self._seal.close(secret.encode(), f"totp:{account}")
        await self.register.change(account, totp=sealed, totp_on=0)

    async def set_address(self, account: str, address: str) -> bool:
        """False if others have it."""
        if await self.at_address(address):
            return False
        sealed = self._seal.close(address.encode(), f"address:{account}")
        try:
            return await self.register.change(account, address_index=self._seal.index(address), address=sealed)
        except Taken:
            return False

    async def seal_anew(self) -> int:
        """Everything under the current key; how many accounts that changed."""
        changed, after = 0, ""
        while some := await self.register.some(after, _AT_ONCE):
            for account in some:
                changed += await self._seal_one(account)
            after = some[-1].id
        return changed

    async def _seal_one(self, account: Account | None) -> bool:
        """Again, if it was changed meanwhile."""
        while account is not None and not self._is_current(account):
            person, secret, place = self.open(account), self.totp_secret(account), account.id
            profile = msgspec.json.encode(person.profile)
            after = msgspec.structs.replace(
                account,
                address_index=self._seal.index(person.address) if person.address else None,
                address=self._seal.close(person.address.encode(), f"address:{place}") if person.address else None,
                profile=self._seal.close(profile, f"profile:{place}"),
                totp=self._seal.close(secret.encode(), f"totp:{place}") if secret else None,
            )
            if await self.register.replace(account, after):
                return True
            account = await self.register.find(account.id)
        return False

    def _is_current(self, account: Account) -> bool:
        sealed = (account.address, account.profile, account.totp)
        return all(self._seal.is_current(part) for part in sealed if part)


def clean_address(text: str) -> str:
    """A mail address in the one form that is compared. Raises ApiError 422."""
    address = text.strip().lower()
    if len(address) > _MAX_ADDRESS or not _ADDRESS.fullmatch(address):
        raise ApiError(422, "bad_address", "this is no mail address")
    return address
