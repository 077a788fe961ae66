"""Copies of the rooms of a data folder: out beside a running server, in while none runs."""

import asyncio
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

from rooms.errors import RoomNotFound, StoreUnavailable
from rooms.people_copy import FORGET_KEYS, TABLES, insertion_of, rows_of
from rooms.records import CopiedEntry, CopiedLink, CopiedMember, CopiedRoom, CopiedRow, CopiedSnapshot, Record
from rooms.sqlite_accounts import SqliteAccounts
from rooms.sqlite_store import SqliteStore
from rooms.trim import forgettable
from rooms.write_log import Row, WriteLog

_ROOM_COLUMNS = "id, name, kind, language, created_at, status, changed_at, lobby, rules"
_LINK_COLUMNS = "code, role, expires_at, uses_left, needs_approval, secret"
_MEMBER_COLUMNS = "number, id, name, role, token_hash, standing"
_ROOMS = f"SELECT {_ROOM_COLUMNS}, key FROM rooms WHERE ?1 IS NULL OR id = ?1 ORDER BY id"
_LINKS = f"SELECT {_LINK_COLUMNS} FROM links WHERE room = ? ORDER BY code"
_MEMBERS = f"SELECT {_MEMBER_COLUMNS} FROM members WHERE room = ? ORDER BY number"
_ENTRIES = "SELECT seq, time, author, channel, kind, data FROM entries WHERE room = ? ORDER BY seq"
_SNAPSHOTS = "SELECT document, seq, nested, state FROM snapshots WHERE room = ? ORDER BY document"
_INSERT: dict[type[Record], str] = {
    CopiedLink: f"INSERT INTO links (room, {_LINK_COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?)",
    CopiedMember: f"INSERT INTO members (room, {_MEMBER_COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?)",
    CopiedEntry: "INSERT INTO entries (room, seq, time, author, channel, kind, data) VALUES (?, ?, ?, ?, ?, ?, ?)",
    CopiedSnapshot: "INSERT INTO snapshots (room, document, seq, nested, state) VALUES (?, ?, ?, ?, ?)",
}
_AHEAD = (
    "SELECT id, snapshots.seq FROM snapshots JOIN rooms ON key = room"
    " WHERE seq > (SELECT coalesce(max(seq), 0) FROM entries WHERE entries.room = key)"
)
"""Snapshots that contain entries which are not in the tables yet."""
_TRIM = f"DELETE FROM entries WHERE {forgettable('?1', '?2')}"
_TRIES = 20


class _Moved(Exception):
    """The tables took entries and the log forgot them while both were read."""


class SqliteCopies:
    """One data folder, for an operator. What is committed is in the tables or still in the log: both are read."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._path = folder / "sangam.db"

    async def copy(self, take: Callable[[Record], object], room: str | None = None) -> None:
        """Hand over everything, or one room, as of one moment. Raises StoreUnavailable, RoomNotFound."""
        if not self._path.exists():
            raise StoreUnavailable(f"the data folder {self._folder} has no rooms")
        try:
            with closing(sqlite3.connect(f"file:{self._path}?mode=ro", uri=True, isolation_level=None)) as connection:
                logged = _one_moment(connection, self._folder)
                _copy(connection, logged, take, room)
        except (OSError, sqlite3.Error) as error:
            raise StoreUnavailable(f"the data folder {self._folder} cannot be read: {error}") from error

    async def trim(self, before: int, room: str | None = None) -> int:
        """As `TrimStore` says. An entry that is still in the log is too young."""
        try:
            return await asyncio.to_thread(self._trim, before, room)
        except sqlite3.Error as error:
            raise StoreUnavailable(f"the data folder {self._folder} cannot be written: {error}") from error

    def _trim(self, before: int, room: str | None) -> int:
        path = f"file:{self._path}?mode=rw"
        with closing(sqlite3.connect(path, uri=True, isolation_level=None, timeout=30.0)) as connection:
            rooms = connection.execute(_ROOMS, (room,)).fetchall()
            if room is not None and not rooms:
                raise RoomNotFound(f"there is no room {room}")
            return sum(connection.execute(_TRIM, (before, found[-1])).rowcount for found in rooms)

    async def restore(self, records: Iterator[Record], *, alone: bool) -> None:
        """All or nothing; `alone` if the store has to be empty before. Refuses a folder that a server uses."""
        store, people = SqliteStore(self._folder, "full"), SqliteAccounts(self._folder)
        await store.open()
        try:
            await people.open()
            await people.close()
            await asyncio.to_thread(self._restore, records, alone)
        finally:
            await store.close()

    def _restore(self, records: Iterator[Record], alone: bool) -> None:
        with closing(sqlite3.connect(self._path, isolation_level=None)) as connection:
            connection.execute("PRAGMA synchronous = FULL")
            connection.execute("BEGIN IMMEDIATE")
            try:
                if alone and connection.execute("SELECT 1 FROM rooms LIMIT 1").fetchone():
                    raise StoreUnavailable(f"the data folder {self._folder} has rooms already; restore into a new one")
                _insert(connection, records)
                connection.execute("COMMIT")
            except sqlite3.IntegrityError as error:
                raise StoreUnavailable(f"the data folder {self._folder} has this already: {error}") from error
            except sqlite3.Error as error:
                raise StoreUnavailable(f"the data folder {self._folder} cannot be written: {error}") from error


def _one_moment(connection: sqlite3.Connection, folder: Path) -> dict[str, list[Row]]:
    """Begin to read the tables; the entries that are committed and not in them, by room."""
    for _ in range(_TRIES):
        try:
            before = list(WriteLog(folder).read())
            connection.execute("BEGIN")
            connection.execute("SELECT 1 FROM rooms LIMIT 1").fetchone()  # the moment is that of the first read
            return _not_in_tables(connection, [*before, *WriteLog(folder).read()])
        except (_Moved, FileNotFoundError):
            if connection.in_transaction:
                connection.execute("ROLLBACK")
    raise StoreUnavailable(f"the data folder {folder} changes too fast to be copied; try again")


def _not_in_tables(connection: sqlite3.Connection, rows: list[Row]) -> dict[str, list[Row]]:
    """Raises _Moved if one is in neither place, or if a snapshot contains one that is not there."""
    found: dict[str, dict[int, Row]] = {}
    for row in rows:
        found.setdefault(row[0], {})[row[1]] = row
    left: dict[str, list[Row]] = {}
    for room, by_seq in found.items():
        last = _last(connection, room)
        newer = sorted(seq for seq in by_seq if seq > last)
        if newer != list(range(last + 1, last + 1 + len(newer))):
            raise _Moved
        left[room] = [by_seq[seq] for seq in newer]
    for room, seq in connection.execute(_AHEAD):
        if not left.get(room) or left[room][-1][1] < seq:
            raise _Moved
    return left


def _last(connection: sqlite3.Connection, room: str) -> int:
    sql = "SELECT coalesce(max(seq), 0) FROM entries WHERE room = (SELECT key FROM rooms WHERE id = ?)"
    return int(connection.execute(sql, (room,)).fetchone()[0])


def _copy(
    connection: sqlite3.Connection, logged: dict[str, list[Row]], take: Callable[[Record], object], room: str | None
) -> None:
    rooms = connection.execute(_ROOMS, (room,)).fetchall()
    if room is not None and not rooms:
        raise RoomNotFound(f"there is no room {room}")
    if room is None:
        _copy_people(connection, take)
    for *about, lobby, rules, key in rooms:
        room_values = [*about, bool(lobby), rules]
        take(CopiedRoom(*room_values))
        for *way, needs_approval, secret in connection.execute(_LINKS, (key,)):
            link_values = [*way, bool(needs_approval), secret]
            take(CopiedLink(*link_values))
        for member in connection.execute(_MEMBERS, (key,)):
            take(CopiedMember(*member))
        for entry in connection.execute(_ENTRIES, (key,)):
            take(CopiedEntry(*entry))
        for row in logged.get(about[0], ()):
            take(CopiedEntry(*row[1:]))
        for snapshot in connection.execute(_SNAPSHOTS, (key,)):
            take(CopiedSnapshot(*snapshot))


def _copy_people(connection: sqlite3.Connection, take: Callable[[Record], object]) -> None:
    """A folder in which only older servers ran has no such tables."""
    there = {name for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
    for table, names in TABLES.items():
        if table in there:
            for row in rows_of(table, connection.execute(f"SELECT {names} FROM {table}")):
                take(row)


def _insert(connection: sqlite3.Connection, records: Iterator[Record]) -> None:
    key: int | None = None
    connection.execute(FORGET_KEYS)
    for record in records:
        if isinstance(record, CopiedRow):
            connection.execute(insertion_of(record, "?"), record.values)
            continue
        values = tuple(getattr(record, name) for name in record.__struct_fields__)
        if isinstance(record, CopiedRoom):
            sql = f"INSERT INTO rooms ({_ROOM_COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)"
            key = connection.execute(sql, values).lastrowid
        else:
            connection.execute(_INSERT[type(record)], (key, *values))
