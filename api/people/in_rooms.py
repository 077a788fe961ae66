"""Accounts in rooms: which member of a room somebody is."""

import time
from collections.abc import Callable

from api.people.book import AccountBook
from api.people.caller import Caller, Callers, is_account_token
from rooms.accounts import Membership
from rooms.membership_register import MembershipRegister


class AccountsInRooms:
    """What the reception asks about accounts. One per process."""

    def __init__(
        self,
        callers: Callers,
        memberships: MembershipRegister,
        book: AccountBook,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._callers = callers
        self._memberships = memberships
        self._book = book
        self._clock = clock

    async def caller(self, token: str) -> Caller | None:
        """Whose account this token is of; None for no token and for a member's. Raises NotAuthenticated, Forbidden."""
        if not is_account_token(token):
            return None
        caller = await self._callers.of_token(token)
        caller.need("rooms")
        return caller

    async def member_of(self, caller: Caller, room: str) -> str | None:
        """The id of the member that they are."""
        membership = await self._memberships.in_room(caller.account.id, room)
        return membership.member if membership else None

    async def link(self, caller: Caller, room: str, member: str) -> bool:
        """False if they are in the room already."""
        membership = Membership(member, room, caller.account.id, int(self._clock() * 1000))
        return await self._memberships.add(membership)

    def name_of(self, caller: Caller) -> str:
        """What others see."""
        return self._book.open(caller.account).profile.display_name
