"""Copies of the rooms in PostgreSQL: out in one snapshot, in by COPY in one transaction."""

from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager

import asyncpg
from asyncpg.connection import Connection

from rooms.errors import RoomNotFound, StoreUnavailable
from rooms.people_copy import FORGET_KEYS, TABLES, insertion_of, rows_of
from rooms.postgres_database import FAILURES, connect, explain, name_of
from rooms.postgres_schema import prepare
from rooms.records import CopiedEntry, CopiedLink, CopiedMember, CopiedRoom, CopiedRow, CopiedSnapshot, Record
from rooms.trim import forgettable

_ROOM_COLUMNS = "id, name, kind, language, created_at, status, changed_at, lobby, rules"
_ROOMS = f"SELECT {_ROOM_COLUMNS}, key FROM rooms WHERE $1::text IS NULL OR id = $1 ORDER BY id"
_LINK_COLUMNS = ("code", "role", "expires_at", "uses_left", "needs_approval", "secret")
_MEMBER_COLUMNS = ("number", "id", "name", "role", "token_hash", "standing")
_PARTS: tuple[tuple[Callable[..., Record], str], ...] = (
    (CopiedLink, f"SELECT {', '.join(_LINK_COLUMNS)} FROM links WHERE room = $1 ORDER BY code"),
    (CopiedMember, f"SELECT {', '.join(_MEMBER_COLUMNS)} FROM members WHERE room = $1 ORDER BY number"),
    (CopiedEntry, "SELECT seq, time, author, channel, kind, data FROM entries WHERE room = $1 ORDER BY seq"),
    (CopiedSnapshot, "SELECT document, seq, nested, state FROM snapshots WHERE room = $1 ORDER BY document"),
)
_ROWS_AT_ONCE = 200
"""Each may have megabytes."""
_MAKE_ROOM = f"INSERT INTO rooms ({_ROOM_COLUMNS}) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9) RETURNING key"
_COUNT = (
    "INSERT INTO counters (id, room, last_seq, last_member) SELECT $1, $2,"
    " coalesce((SELECT max(seq) FROM entries WHERE room = $2), 0),"
    " coalesce((SELECT max(number) FROM members WHERE room = $2), 0)"
)
_COLUMNS: dict[type[Record], tuple[str, tuple[str, ...]]] = {
    CopiedLink: ("links", _LINK_COLUMNS),
    CopiedMember: ("members", _MEMBER_COLUMNS),
    CopiedEntry: ("entries", ("seq", "time", "author", "channel", "kind", "data")),
    CopiedSnapshot: ("snapshots", ("document", "seq", "nested", "state")),
}
_TRIM = f"DELETE FROM entries WHERE {forgettable('$1', '$2')}"
_BYTES_AT_ONCE = 8 * 2**20


class PostgresCopies:
    """One database, for an operator; takes as long as it takes."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._name = name_of(url)

    async def copy(self, take: Callable[[Record], object], room: str | None = None) -> None:
        """Hand over everything, or one room, as of one moment. Raises StoreUnavailable, RoomNotFound."""
        async with (
            self._connected() as connection,
            connection.transaction(isolation="repeatable_read", readonly=True),
        ):
            rooms = await connection.fetch(_ROOMS, room)
            if room is not None and not rooms:
                raise RoomNotFound(f"there is no room {room}")
            for table, names in TABLES.items() if room is None else ():
                found = [tuple(row) for row in await connection.fetch(f"SELECT {names} FROM {table}")]
                for copied in rows_of(table, found):
                    take(copied)
            for *about, key in rooms:
                take(CopiedRoom(*about))
                for make, sql in _PARTS:
                    async for row in connection.cursor(sql, key, prefetch=_ROWS_AT_ONCE):
                        take(make(*row))

    async def trim(self, before: int, room: str | None = None) -> int:
        """As `TrimStore` says."""
        async with self._connected() as connection:
            rooms = await connection.fetch(_ROOMS, room)
            if room is not None and not rooms:
                raise RoomNotFound(f"there is no room {room}")
            gone = 0
            for found in rooms:
                # "DELETE 7"
                gone += int((await connection.execute(_TRIM, before, found["key"])).split()[1])
            return gone

    async def restore(self, records: Iterator[Record], *, alone: bool) -> None:
        """All or nothing; `alone` if the store has to be empty before."""
        async with self._connected() as connection, connection.transaction():
            if alone and await connection.fetchval("SELECT EXISTS (SELECT 1 FROM rooms)"):
                raise StoreUnavailable(f"{self._name} has rooms already; restore into an empty database")
            await _Restoration(connection).run(records)

    @asynccontextmanager
    async def _connected(self) -> AsyncIterator[Connection]:
        """Raises StoreUnavailable for whatever goes wrong with the database meanwhile."""
        connection = await connect(self._url)
        try:
            async with connection.transaction():
                await prepare(connection)
            yield connection
        except asyncpg.UniqueViolationError as error:
            raise StoreUnavailable(f"{self._name} has this already: {error.detail or error}") from error
        except FAILURES as error:
            raise StoreUnavailable(f"{self._name}: {explain(error)}") from error
        finally:
            connection.terminate()


class _Restoration:
    """Rows on their way into one database, in its transaction."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._key = 0
        self._room = ""
        self._waiting: dict[type[Record], list[tuple[object, ...]]] = {}
        self._bytes = 0

    async def run(self, records: Iterator[Record]) -> None:
        await self._connection.execute(FORGET_KEYS)
        for record in records:
            if isinstance(record, CopiedRow):
                await self._connection.execute(insertion_of(record, "$"), *record.values)
            elif isinstance(record, CopiedRoom):
                await self._end_room()
                self._room = record.id
                self._key = await self._connection.fetchval(_MAKE_ROOM, *_fields(record))
            else:
                await self._take(record)
        await self._end_room()

    async def _take(self, record: Record) -> None:
        row = _fields(record)
        self._waiting.setdefault(type(record), []).append((self._key, *row))
        self._bytes += sum(len(value) for value in row if isinstance(value, bytes))
        if self._bytes > _BYTES_AT_ONCE:
            await self._write()

    async def _write(self) -> None:
        for kind, rows in self._waiting.items():
            table, columns = _COLUMNS[kind]
            await self._connection.copy_records_to_table(table, records=rows, columns=("room", *columns))
        self._waiting.clear()
        self._bytes = 0

    async def _end_room(self) -> None:
        await self._write()
        if self._room:
            await self._connection.execute(_COUNT, self._room, self._key)


def _fields(record: Record) -> tuple[object, ...]:
    return tuple(getattr(record, name) for name in record.__struct_fields__)
