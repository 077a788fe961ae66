"""Which members of rooms are which accounts, what they left behind there, and how that is made nameless."""

import contextlib

import msgspec

from rooms.accounts import ErasedMember, Membership
from rooms.statements import Statement, Statements, Taken, columns, first, insertion
from rooms.store import Entry

_MEMBERSHIP = f"SELECT {columns(Membership)} FROM memberships"
_ROOM = "(SELECT key FROM rooms WHERE id = $1)"
_NAMELESS = msgspec.json.encode({"text": ""})


class MembershipRegister:
    """Accounts in rooms. One per process; it owns nothing."""

    def __init__(self, statements: Statements) -> None:
        self._sql = statements

    async def add(self, membership: Membership) -> bool:
        """False if the member is somebody's already, or the account is somebody else in that room."""
        sql, values = insertion("memberships", membership)
        try:
            await self._sql.rows(sql, *values)
        except Taken:
            return False
        return True

    async def of_member(self, member: str) -> Membership | None:
        return first(Membership, await self._sql.rows(f"{_MEMBERSHIP} WHERE member = $1", member))

    async def in_room(self, account: str, room: str) -> Membership | None:
        sql = f"{_MEMBERSHIP} WHERE account = $1 AND room = $2"
        return first(Membership, await self._sql.rows(sql, account, room))

    async def of_account(self, account: str) -> list[Membership]:
        """The newest first."""
        sql = f"{_MEMBERSHIP} WHERE account = $1 ORDER BY created_at DESC, member"
        return [Membership(*row) for row in await self._sql.rows(sql, account)]

    async def written(self, room: str, member: str, after: int, limit: int) -> list[Entry]:
        """Journal entries of every channel by a member, ascending; those that are in the tables."""
        sql = (
            f"SELECT seq, time, author, channel, kind, data FROM entries WHERE room = {_ROOM}"
            " AND author = $2 AND seq > $3 ORDER BY seq LIMIT $4"
        )
        return [Entry(room, *row) for row in await self._sql.rows(sql, room, member, after, limit)]

    async def erase(self, erased: ErasedMember, name: str) -> None:
        """Make the member nameless, and remember that: an open room knows the old name and may write it again."""
        sql, values = insertion("erased_members", erased)
        with contextlib.suppress(Taken):
            await self._sql.rows(sql, *values)
        await self._make_nameless(erased.room, erased.member, name, erase_words=bool(erased.erase_words))

    async def erase_again(self, before: int, name: str) -> None:
        """What was written since with old names; who was erased `before` is forgotten then."""
        sql = f"SELECT {columns(ErasedMember)} FROM erased_members"
        for row in await self._sql.rows(sql):
            erased = ErasedMember(*row)
            await self._make_nameless(erased.room, erased.member, name, erase_words=bool(erased.erase_words))
        await self._sql.rows("DELETE FROM erased_members WHERE erased_at < $1", before)

    async def sweep(self) -> None:
        """Forget who was in rooms that are gone."""
        await self._sql.rows(
            "DELETE FROM memberships WHERE NOT EXISTS (SELECT 1 FROM rooms WHERE rooms.id = memberships.room)"
        )

    async def _make_nameless(self, room: str, member: str, name: str, *, erase_words: bool) -> None:
        """Give the member of a room and of its journal another name; with `erase_words` also empty what they said."""
        rename: Statement = (f"UPDATE members SET name = $3 WHERE room = {_ROOM} AND id = $2", (room, member, name))
        sql = f"SELECT seq, data FROM entries WHERE room = {_ROOM} AND author = $2 AND channel = 'room'"
        renamed = f"UPDATE entries SET data = $3 WHERE room = {_ROOM} AND seq = $2"
        steps = [rename]
        for seq, data in await self._sql.rows(sql, room, member):
            steps.append((renamed, (room, seq, _renamed(bytes(data), name))))
        if erase_words:
            emptied = f"UPDATE entries SET data = $3 WHERE room = {_ROOM} AND author = $2 AND channel = 'chat'"
            steps.append((emptied, (room, member, _NAMELESS)))
        await self._sql.together(*steps)


def _renamed(data: bytes, name: str) -> bytes:
    said = msgspec.json.decode(data)
    if isinstance(said, dict) and isinstance(said.get("member"), dict):
        said["member"]["name"] = name
    return msgspec.json.encode(said)
