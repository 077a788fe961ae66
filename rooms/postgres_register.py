"""The register of rooms, links and members on PostgreSQL; the part of the store that is asked rarely."""

from collections.abc import Sequence

import asyncpg
import msgspec

from rooms.access import Role, Rule, Standing
from rooms.errors import RoomNotFound
from rooms.postgres_database import AnyConnection, Database
from rooms.store import Link, Member, RoomChange, RoomRecord

KEY = "(SELECT key FROM rooms WHERE id = $1)"
_ABOUT_ROOM = "rooms.id, rooms.name, kind, language, created_at, status, changed_at, lobby, rules"
_ABOUT_ROOM_COUNT = 9
_ABOUT_MEMBER = "members.id, members.name, role, number, standing"
_ABOUT_LINK = "code, rooms.id, role, expires_at, uses_left, needs_approval, secret"
_CREATE_ROOM = (
    "WITH made AS (INSERT INTO rooms (id, name, kind, language, created_at, status, changed_at, lobby, rules)"
    " VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9) RETURNING key),"
    " counted AS (INSERT INTO counters (id, room) SELECT $1, key FROM made)"
    " INSERT INTO links (code, room, role, expires_at, uses_left, needs_approval, secret)"
    " SELECT code, key, role, expires_at, uses_left, needs_approval, secret FROM made,"
    " unnest($10::text[], $11::text[], $12::bigint[], $13::integer[], $14::boolean[], $15::text[])"
    " AS given (code, role, expires_at, uses_left, needs_approval, secret)"
)
_CHANGE_ROOM = (
    "UPDATE rooms SET name = coalesce($2, name), language = coalesce($3, language), status = coalesce($4, status),"
    " changed_at = coalesce($5, changed_at), lobby = coalesce($6, lobby), rules = coalesce($7, rules) WHERE id = $1"
    f" RETURNING {_ABOUT_ROOM}"
)
_ADD_LINK = (
    "INSERT INTO links (room, code, role, expires_at, uses_left, needs_approval, secret)"
    " SELECT key, $2, $3, $4, $5, $6, $7 FROM rooms WHERE id = $1"
)
_USE_LINK = (
    "UPDATE links SET uses_left = uses_left - 1 WHERE code = $1 AND coalesce(uses_left, 1) > 0"
    " AND coalesce(expires_at, $2) >= $2 RETURNING code"
)
_ADD_MEMBER = (
    "WITH raised AS (UPDATE counters SET last_member = last_member + 1 WHERE id = $1 RETURNING room, last_member)"
    " INSERT INTO members (room, number, id, name, role, token_hash, standing)"
    " SELECT room, last_member, $2, $3, $4, $5, $6 FROM raised RETURNING number"
)
_HOLD_ROOM = "SELECT 1 FROM counters WHERE id = $1 FOR NO KEY UPDATE"
_CHANGE_MEMBER = (
    "UPDATE members SET role = coalesce($3, role), standing = coalesce($4, standing)"
    f" WHERE room = {KEY} AND id = $2"
    " AND (NOT (role = 'host' AND standing = 'in')"
    " OR (coalesce($3, role) = 'host' AND coalesce($4, standing) = 'in')"
    " OR EXISTS (SELECT 1 FROM members AS other WHERE other.room = members.room AND other.id <> members.id"
    " AND other.role = 'host' AND other.standing = 'in'))"
    " RETURNING id, name, role, number, standing"
)
_CHANGE_SECONDS = 1.0
_ERASE_SECONDS = 60.0
_ERASED = "(SELECT key FROM rooms WHERE status = 'deleted' AND changed_at < $1)"


class PostgresRegister:
    """The connections are the store's."""

    _database: Database

    async def create_room(self, room: RoomRecord, links: Sequence[Link]) -> bool:
        about = (room.id, room.name, room.kind, room.language, room.created_at)
        rights = (room.status, room.changed_at, room.lobby, _text(room.rules))
        given = [_link_values(link) for link in links]
        columns = [list(column) for column in zip(*given, strict=True)] if given else [[] for _ in range(6)]
        try:
            await self._database.rows(_CREATE_ROOM, *about, *rights, *columns)
        except asyncpg.UniqueViolationError:
            return False
        return True

    async def room(self, room: str) -> RoomRecord | None:
        sql = f"SELECT {_ABOUT_ROOM} FROM rooms WHERE id = $1"
        row = await self._database.row(sql, room) if _is_text(room) else None
        return _room(row) if row else None

    async def change_room(self, room: str, change: RoomChange) -> RoomRecord | None:
        rules = None if change.rules is None else _text(change.rules)
        values = (change.name, change.language, change.status, change.changed_at, change.lobby, rules)
        row = await self._database.row(_CHANGE_ROOM, room, *values)
        return _room(row) if row else None

    async def erase_rooms(self, before: int) -> int:
        async def erase(connection: AnyConnection) -> int:
            for table in ("entries", "snapshots", "links", "members", "counters"):
                await connection.execute(f"DELETE FROM {table} WHERE room IN {_ERASED}", before)
            gone = "DELETE FROM rooms WHERE status = 'deleted' AND changed_at < $1"
            return int((await connection.execute(gone, before)).split()[1])  # "DELETE 7"

        return await self._database.run(erase, more_seconds=_ERASE_SECONDS)

    async def link(self, code: str) -> Link | None:
        sql = f"SELECT {_ABOUT_LINK} FROM links JOIN rooms ON key = room WHERE code = $1"
        row = await self._database.row(sql, code) if _is_text(code) else None
        return Link(*row) if row else None

    async def links(self, room: str) -> list[Link]:
        sql = f"SELECT {_ABOUT_LINK} FROM links JOIN rooms ON key = room WHERE rooms.id = $1 ORDER BY code"
        return [Link(*row) for row in await self._database.rows(sql, room)]

    async def add_link(self, link: Link) -> bool:
        try:
            await self._database.rows(_ADD_LINK, link.room, *_link_values(link))
        except asyncpg.UniqueViolationError:
            return False
        return True

    async def use_link(self, code: str, now: int) -> bool:
        return await self._database.row(_USE_LINK, code, now) is not None

    async def remove_link(self, room: str, code: str) -> bool:
        sql = f"DELETE FROM links WHERE room = {KEY} AND code = $2 RETURNING code"
        return _is_text(code) and await self._database.row(sql, room, code) is not None

    async def add_member(
        self, room: str, member_id: str, name: str, role: Role, token_hash: bytes, standing: Standing = "in"
    ) -> Member:
        row = await self._database.row(_ADD_MEMBER, room, member_id, name, role, token_hash, standing)
        if row is None:
            raise RoomNotFound(f"there is no room {room[:64]}")
        return Member(member_id, name, role, row[0], standing)

    async def change_member(
        self, room: str, member_id: str, role: Role | None = None, standing: Standing | None = None
    ) -> Member | None:
        async def change(connection: AnyConnection) -> Member | None:
            await connection.execute(_HOLD_ROOM, room)  # two hosts who remove each other come one after the other
            row = await connection.fetchrow(_CHANGE_MEMBER, room, member_id, role, standing)
            return Member(*row) if row else None

        return await self._database.run(change, more_seconds=_CHANGE_SECONDS) if _is_text(member_id) else None

    async def members(self, room: str) -> list[Member]:
        sql = f"SELECT {_ABOUT_MEMBER} FROM members WHERE room = {KEY} ORDER BY number"
        return [Member(*row) for row in await self._database.rows(sql, room)]

    async def member_of_token(self, token_hash: bytes) -> tuple[RoomRecord, Member] | None:
        sql = f"SELECT {_ABOUT_ROOM}, {_ABOUT_MEMBER} FROM members JOIN rooms ON key = room WHERE token_hash = $1"
        row = await self._database.row(sql, token_hash)
        if row is None:
            return None
        values = tuple(row)
        return _room(values[:_ABOUT_ROOM_COUNT]), Member(*values[_ABOUT_ROOM_COUNT:])


def _text(rules: tuple[Rule, ...]) -> str:
    return msgspec.json.encode(rules).decode()


def _room(row: Sequence[object]) -> RoomRecord:
    *about, rules = row
    values = [*about, msgspec.json.decode(str(rules), type=tuple[Rule, ...])]
    return RoomRecord(*values)  # type: ignore[arg-type]


def _link_values(link: Link) -> tuple[object, ...]:
    return (link.code, link.role, link.expires_at, link.uses_left, link.needs_approval, link.secret)


def _is_text(name: str) -> bool:
    """Whether PostgreSQL can have such a text: it has no NUL, and nobody has half a surrogate pair in UTF-8."""
    return "\0" not in name and all(not "\ud800" <= letter <= "\udfff" for letter in name)
