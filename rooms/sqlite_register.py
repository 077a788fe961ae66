"""The register of rooms, links and members on SQLite; the part of the store that is asked rarely."""

import sqlite3
from abc import ABC, abstractmethod
from collections.abc import Sequence
from sys import intern

import msgspec

from rooms.access import Role, Rule, Standing
from rooms.store import Link, Member, RoomChange, RoomRecord

ROOM = "(SELECT key FROM rooms WHERE id = ?)"
_ABOUT_ROOM = "rooms.id, rooms.name, kind, language, created_at, status, changed_at, lobby, rules"
_ABOUT_ROOM_COUNT = 9
_ABOUT_MEMBER = "members.id, members.name, role, number, standing"
_ABOUT_LINK = "code, rooms.id, role, expires_at, uses_left, needs_approval, secret"
_MAKE_ROOM = (
    "INSERT INTO rooms (id, name, kind, language, created_at, status, changed_at, lobby, rules)"
    " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)"
)
_CHANGE_ROOM = (
    "UPDATE rooms SET name = coalesce(?, name), language = coalesce(?, language), status = coalesce(?, status),"
    " changed_at = coalesce(?, changed_at), lobby = coalesce(?, lobby), rules = coalesce(?, rules) WHERE id = ?"
)
_ADD_LINK = (
    "INSERT INTO links (code, room, role, expires_at, uses_left, needs_approval, secret)"
    f" VALUES (?, {ROOM}, ?, ?, ?, ?, ?)"
)
_USE_LINK = (
    "UPDATE links SET uses_left = uses_left - 1 WHERE code = ? AND coalesce(uses_left, 1) > 0"
    " AND coalesce(expires_at, ?2) >= ?2 RETURNING code"
)
_ADD_MEMBER = (
    "INSERT INTO members (room, number, id, name, role, token_hash, standing)"
    f" SELECT {ROOM}, 1 + coalesce(max(number), 0), ?, ?, ?, ?, ? FROM members WHERE room = {ROOM} RETURNING number"
)
_CHANGE_MEMBER = (
    "UPDATE members SET role = coalesce(?1, role), standing = coalesce(?2, standing)"
    " WHERE room = (SELECT key FROM rooms WHERE id = ?3) AND id = ?4"
    " AND (NOT (role = 'host' AND standing = 'in')"
    " OR (coalesce(?1, role) = 'host' AND coalesce(?2, standing) = 'in')"
    " OR EXISTS (SELECT 1 FROM members AS other WHERE other.room = members.room AND other.id <> members.id"
    " AND other.role = 'host' AND other.standing = 'in'))"
    " RETURNING id, name, role, number, standing"
)
_ERASED = "(SELECT key FROM rooms WHERE status = 'deleted' AND changed_at < ?)"

Rows = list[tuple[object, ...]]


class SqliteRegister(ABC):
    """Needs a way to read and to write; an IntegrityError is its to handle."""

    @abstractmethod
    async def _rows(self, sql: str, *values: object) -> Rows: ...

    @abstractmethod
    async def _change(self, *statements: tuple[str, Sequence[object]]) -> Rows:
        """All or nothing; the rows of the last one."""

    async def create_room(self, room: RoomRecord, links: Sequence[Link]) -> bool:
        about = (room.id, room.name, room.kind, room.language, room.created_at)
        rights = (room.status, room.changed_at, room.lobby, _text(room.rules))
        made = [(_ADD_LINK, _link_values(link, room.id)) for link in links]
        return await self._add((_MAKE_ROOM, (*about, *rights)), *made)

    async def _add(self, *statements: tuple[str, Sequence[object]]) -> bool:
        try:
            await self._change(*statements)
        except sqlite3.IntegrityError:
            return False
        return True

    async def room(self, room: str) -> RoomRecord | None:
        rows = await self._rows(f"SELECT {_ABOUT_ROOM} FROM rooms WHERE id = ?", room)
        return _room(rows[0]) if rows else None

    async def change_room(self, room: str, change: RoomChange) -> RoomRecord | None:
        rules = None if change.rules is None else _text(change.rules)
        values = (change.name, change.language, change.status, change.changed_at, change.lobby, rules, room)
        await self._change((_CHANGE_ROOM, values))
        return await self.room(room)

    async def erase_rooms(self, before: int) -> int:
        parts = ("entries", "snapshots", "links", "members")
        gone = [(f"DELETE FROM {table} WHERE room IN {_ERASED}", (before,)) for table in parts]
        rooms = ("DELETE FROM rooms WHERE status = 'deleted' AND changed_at < ? RETURNING id", (before,))
        return len(await self._change(*gone, rooms))

    async def link(self, code: str) -> Link | None:
        rows = await self._rows(f"SELECT {_ABOUT_LINK} FROM links JOIN rooms ON key = room WHERE code = ?", code)
        return _link(rows[0]) if rows else None

    async def links(self, room: str) -> list[Link]:
        sql = f"SELECT {_ABOUT_LINK} FROM links JOIN rooms ON key = room WHERE rooms.id = ?"
        return [_link(row) for row in await self._rows(sql, room)]

    async def add_link(self, link: Link) -> bool:
        return await self._add((_ADD_LINK, _link_values(link, link.room)))

    async def use_link(self, code: str, now: int) -> bool:
        return bool(await self._change((_USE_LINK, (code, now))))

    async def remove_link(self, room: str, code: str) -> bool:
        sql = f"DELETE FROM links WHERE room = {ROOM} AND code = ? RETURNING code"
        return bool(await self._change((sql, (room, code))))

    async def add_member(
        self, room: str, member_id: str, name: str, role: Role, token_hash: bytes, standing: Standing = "in"
    ) -> Member:
        rows = await self._change((_ADD_MEMBER, (room, member_id, name, role, token_hash, standing, room)))
        return Member(member_id, name, role, rows[0][0], standing)  # type: ignore[arg-type]

    async def change_member(
        self, room: str, member_id: str, role: Role | None = None, standing: Standing | None = None
    ) -> Member | None:
        rows = await self._change((_CHANGE_MEMBER, (role, standing, room, member_id)))
        return Member(*rows[0]) if rows else None  # type: ignore[arg-type]

    async def members(self, room: str) -> list[Member]:
        sql = f"SELECT {_ABOUT_MEMBER} FROM members WHERE room = {ROOM} ORDER BY number"
        return [Member(*row) for row in await self._rows(sql, room)]  # type: ignore[arg-type]

    async def member_of_token(self, token_hash: bytes) -> tuple[RoomRecord, Member] | None:
        sql = f"SELECT {_ABOUT_ROOM}, {_ABOUT_MEMBER} FROM members JOIN rooms ON key = room WHERE token_hash = ?"
        rows = await self._rows(sql, token_hash)
        if not rows:
            return None
        return _room(rows[0][:_ABOUT_ROOM_COUNT]), Member(*rows[0][_ABOUT_ROOM_COUNT:])  # type: ignore[arg-type]


def _text(rules: tuple[Rule, ...]) -> str:
    return msgspec.json.encode(rules).decode()


def _room(row: Sequence[object]) -> RoomRecord:
    *about, lobby, rules = row
    room, name, kind, language, created_at, status, changed_at = about
    known = intern(str(kind)), intern(str(language))  # the same few words for every open room
    told = () if rules == "[]" else msgspec.json.decode(str(rules), type=tuple[Rule, ...])
    values = [room, name, *known, created_at, intern(str(status)), changed_at, bool(lobby), told]
    return RoomRecord(*values)  # type: ignore[arg-type]


def _link(row: Sequence[object]) -> Link:
    *about, needs_approval, secret = row
    values = [*about, bool(needs_approval), secret]
    return Link(*values)  # type: ignore[arg-type]


def _link_values(link: Link, room: str) -> tuple[object, ...]:
    return (link.code, room, link.role, link.expires_at, link.uses_left, link.needs_approval, link.secret)
