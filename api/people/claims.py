"""Guests become accounts: who holds the token of a member may say that it is theirs."""

import time
from collections.abc import Callable, Sequence

from api.codes import token_hash
from api.errors import ApiError
from rooms.accounts import Membership
from rooms.errors import NotAuthenticated
from rooms.membership_register import MembershipRegister
from rooms.store import RoomStore

MOST = 50
"""Members that can be claimed at once."""


class Claims:
    """Links members of rooms to accounts. What a guest did stays done, by the same member. One per process."""

    def __init__(
        self, rooms: RoomStore, memberships: MembershipRegister, clock: Callable[[], float] = time.time
    ) -> None:
        self._rooms = rooms
        self._memberships = memberships
        self._clock = clock

    async def claim(self, account: str, member_token: str) -> Membership:
        """Raises NotAuthenticated, ApiError 409."""
        found = await self._rooms.member_of_token(token_hash(member_token))
        if found is None:
            raise NotAuthenticated("the token of the member is not known")
        membership = Membership(found[1].id, found[0].id, account, int(self._clock() * 1000))
        if await self._memberships.add(membership):
            return membership
        before = await self._memberships.of_member(membership.member)
        if before and before.account == account:
            return before
        raise ApiError(409, "member_taken", "this member is somebody else's, or you are in the room as another one")

    async def claim_all(self, account: str, member_tokens: Sequence[str]) -> None:
        """As far as that can be; what cannot be stays a guest's."""
        for token in member_tokens[:MOST]:
            try:
                await self.claim(account, token)
            except (NotAuthenticated, ApiError):
                continue
