"""Both store ports on SQLite in WAL mode: one writer thread, one reader thread. The only sqlite3 code.

Entries are committed to a log of ours first (`Intake`); whatever reads them waits until they are in the tables.
"""

import asyncio
import fcntl
import logging
import os
import queue
import sqlite3
import threading
from collections.abc import Awaitable, Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from itertools import chain
from pathlib import Path
from time import sleep
from typing import Any, Literal, TypeVar

from rooms.errors import StoreUnavailable
from rooms.intake import Intake
from rooms.sqlite_register import ROOM, Rows, SqliteRegister
from rooms.sqlite_schema import prepare
from rooms.store import REPORT, Draft, Entry, Stored
from rooms.write_log import Row, WriteLog

_log = logging.getLogger(__name__)

_Row = TypeVar("_Row")

_INSERT = "INSERT OR IGNORE INTO entries VALUES "
_ENTRY = "(?, ?, ?, ?, ?, ?, ?)"
_ROWS_AT_ONCE = 50
"""One statement for so many: each call into SQLite hands Python's lock over and back."""
_REST_SECONDS = 0.0005
_ENTRIES_IN_TIME = 20_000
"""So many are written with rests. More means that they come faster than that."""
_KEYS_AT_ONCE = 500
_SNAPSHOT = (
    f"INSERT INTO snapshots VALUES ({ROOM}, ?, ?, ?, {{}}) ON CONFLICT (room, document) DO UPDATE"
    " SET seq = excluded.seq, nested = excluded.nested, state = excluded.state WHERE excluded.seq >= snapshots.seq"
    " RETURNING rowid"
)
_LATEST = (
    "SELECT seq, nested, CASE WHEN length(state) <= ? THEN state END, rowid"
    f" FROM snapshots WHERE room = {ROOM} AND document = ?"
)
LONG_BYTES = 2**20
"""A longer value is read and written in pieces: SQLite copies each while it holds Python's lock."""
_PIECE_BYTES = 2**17


class _Worker(threading.Thread):
    """A thread that does its jobs in turn. A hand-over costs two thirds of a thread pool's, and commits are small."""

    def __init__(self, name: str) -> None:
        super().__init__(name=name, daemon=True)
        self._jobs: queue.SimpleQueue[tuple[Callable[[], object], asyncio.Future[Any]] | None] = queue.SimpleQueue()
        self._loop = asyncio.get_running_loop()
        self.start()

    def do(self, job: Callable[[], _Row]) -> "asyncio.Future[_Row]":
        future: asyncio.Future[_Row] = self._loop.create_future()
        self._jobs.put((job, future))
        return future

    def stop(self) -> None:
        """After the jobs that wait."""
        self._jobs.put(None)
        self.join()

    def run(self) -> None:
        while (given := self._jobs.get()) is not None:
            job, future = given
            try:
                result = job()
            except BaseException as error:
                self._loop.call_soon_threadsafe(_fail, future, error)
            else:
                self._loop.call_soon_threadsafe(_finish, future, result)


def _in_pieces(entries: Sequence[tuple[object, ...]]) -> Iterator[list[object]]:
    """The values of so many entries at once. The event loop may have no other processor: it has this one in between."""
    is_in_time = len(entries) <= _ENTRIES_IN_TIME
    for start in range(0, len(entries), _ROWS_AT_ONCE):
        yield [*chain.from_iterable(entries[start : start + _ROWS_AT_ONCE])]
        if is_in_time:
            sleep(_REST_SECONDS)


def _finish(future: "asyncio.Future[_Row]", result: _Row) -> None:
    if not future.cancelled():
        future.set_result(result)


def _fail(future: "asyncio.Future[Any]", error: BaseException) -> None:
    if not future.cancelled():
        future.set_exception(error)


def _read_long(connection: sqlite3.Connection, row: int) -> bytes:
    with connection.blobopen("snapshots", "state", row, readonly=True) as blob:
        return b"".join(iter(lambda: blob.read(_PIECE_BYTES), b""))


def _write_long(connection: sqlite3.Connection, row: int, state: bytes) -> None:
    with connection.blobopen("snapshots", "state", row) as blob, memoryview(state) as view:
        for start in range(0, len(view), _PIECE_BYTES):
            blob.write(view[start : start + _PIECE_BYTES])


class SqliteStore(SqliteRegister):
    """Owns one data folder, alone: opening it twice fails.

    `sync` is what a commit means: `normal` survives the death of the process, `full` also a power cut (an fsync each).
    """

    is_shared = False

    def __init__(self, folder: Path, sync: Literal["normal", "full"]) -> None:
        self._folder = folder
        self._sync = sync

        self._intake = Intake(self, WriteLog(folder), sync=sync == "full")

    async def open(self) -> None:
        """Raises StoreUnavailable when the folder cannot be used, saying why."""
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
            self._lock = _lock(self._folder / "lock")
            self._writer, self._reader = _Worker("store-writer"), _Worker("store-reader")
            # A statement kept for the next time keeps a copy of what it wrote: megabytes for each number of rows.
            self._write = await self._do(self._writer, lambda: self._connect(kept_statements=0))
            self._read = await self._do(self._reader, lambda: self._connect(kept_statements=128))
            await self._intake.open()
        except (OSError, sqlite3.Error) as error:
            raise StoreUnavailable(f"the data folder {self._folder} cannot be used: {error}") from error

    def _connect(self, kept_statements: int) -> sqlite3.Connection:
        connection = sqlite3.connect(
            self._folder / "sangam.db",
            isolation_level=None,
            check_same_thread=False,
            cached_statements=kept_statements,
        )
        connection.execute("PRAGMA cache_size = -512")
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute(f"PRAGMA synchronous = {self._sync}")
        connection.execute("PRAGMA foreign_keys = ON")
        prepare(connection)
        return connection

    async def close(self) -> None:
        try:
            await self._intake.close()
        except StoreUnavailable as error:  # they are in the log, for the next start
            _log.error("the log stays", extra={"error": str(error)})
        await self._do(self._reader, self._read.close)
        await self._do(self._writer, self._write.close)
        self._reader.stop()
        self._writer.stop()
        os.close(self._lock)

    async def _do(self, worker: _Worker, work: Callable[[], _Row]) -> _Row:
        try:
            return await worker.do(work)
        except sqlite3.IntegrityError:
            raise
        except sqlite3.Error as error:
            raise StoreUnavailable(str(error)) from error

    async def _rows(self, sql: str, *values: object) -> Rows:
        return await self._do(self._reader, lambda: self._read.execute(sql, values).fetchall())

    async def _change(self, *statements: tuple[str, Sequence[object]]) -> Rows:
        return await self._do(self._writer, lambda: self._changed(statements))

    def _changed(self, statements: Sequence[tuple[str, Sequence[object]]]) -> Rows:
        with self._transaction():
            return [self._write.execute(sql, values).fetchall() for sql, values in statements][-1]

    # The journal

    def append(self, commit: str, drafts: Sequence[Draft]) -> list[int] | Awaitable[list[int]]:
        return self._intake.append(commit, drafts)

    async def insert(self, rows: Sequence[Row]) -> None:
        await self._do(self._writer, lambda: self._insert(rows))

    def _insert(self, rows: Sequence[Row]) -> None:
        with self._transaction():
            keys = self._keys({row[0] for row in rows})
            entries = [(keys[row[0]], *row[1:]) for row in rows if row[0] in keys]
            rest = len(entries) % _ROWS_AT_ONCE
            self._write.executemany(_INSERT + _ENTRY, entries[:rest])
            self._write.executemany(_INSERT + ",".join([_ENTRY] * _ROWS_AT_ONCE), _in_pieces(entries[rest:]))

    def _keys(self, rooms: Iterable[str]) -> dict[str, int]:
        """Of those that exist."""
        keys: dict[str, int] = {}
        wanted = list(rooms)
        for start in range(0, len(wanted), _KEYS_AT_ONCE):
            some = wanted[start : start + _KEYS_AT_ONCE]
            marks = ",".join("?" * len(some))
            keys.update(self._write.execute(f"SELECT id, key FROM rooms WHERE id IN ({marks})", some))
        return keys

    async def outside(self, work: Callable[[], None]) -> None:
        await self._do(self._writer, work)

    @contextmanager
    def _transaction(self) -> Iterator[None]:
        self._write.execute("BEGIN IMMEDIATE")
        try:
            yield
            self._write.execute("COMMIT")
        except BaseException:
            if self._write.in_transaction:
                self._write.execute("ROLLBACK")
            raise

    async def last_seq(self, room: str) -> int:
        """The tables' part of `Intake`: what is on its way there counts not."""
        rows = await self._rows(f"SELECT max(seq) FROM entries WHERE room = {ROOM}", room)
        return int(str(rows[0][0])) if rows[0][0] is not None else 0

    async def load(self, room: str, document: str) -> Stored:
        await self._intake.settled(room)
        await self._intake.learn(room)
        return await self._do(self._reader, lambda: self._load(room, document))

    def _load(self, room: str, document: str) -> Stored:
        self._read.execute("BEGIN")
        try:
            found = self._read.execute(_LATEST, (LONG_BYTES, room, document)).fetchone()
            seq, nested, snapshot, row = found or (0, 0, None, None)
            if snapshot is None and row is not None:
                snapshot = _read_long(self._read, row)
            tail = self._read.execute(
                f"SELECT seq, data FROM entries WHERE room = {ROOM} AND seq > ? AND channel = ? AND kind = 'update'"
                " ORDER BY seq",
                (room, seq, document),
            ).fetchall()
        finally:
            self._read.execute("COMMIT")
        return Stored(seq, nested, snapshot, tuple(data for _, data in tail), tail[-1][0] if tail else seq)

    async def history(self, room: str, document: str) -> Stored | None:
        await self._intake.settled(room)
        rows: Any = await self._rows(
            f"SELECT seq, data, (SELECT count(*) = max(seq) FROM entries WHERE room = {ROOM}) FROM entries"
            f" WHERE room = {ROOM} AND channel = ? AND kind = 'update' ORDER BY seq",
            *(room, room, document),
        )
        is_whole = bool(rows) and rows[0][2]
        return Stored(0, 0, None, tuple(data for _, data, _ in rows), rows[-1][0]) if is_whole else None

    async def save_snapshot(self, room: str, document: str, seq: int, nested: int, state: bytes) -> None:
        """Not before the entries that it holds: their numbers would be given again if the log were lost."""
        await self._intake.settled(room)
        await self._do(self._writer, lambda: self._save(room, document, seq, nested, state))

    def _save(self, room: str, document: str, seq: int, nested: int, state: bytes) -> None:
        if len(state) <= LONG_BYTES:
            self._write.execute(_SNAPSHOT.format("?"), (room, document, seq, nested, state)).fetchall()
            return
        with self._transaction():
            written = self._write.execute(_SNAPSHOT.format("zeroblob(?)"), (room, document, seq, nested, len(state)))
            for (row,) in written.fetchall():
                _write_long(self._write, row, state)

    async def entries(
        self,
        room: str,
        channels: Sequence[str],
        *,
        after: int | None,
        before: int | None,
        limit: int,
        kinds: Sequence[str] = (),
    ) -> list[Entry]:
        await self._intake.settled(room)
        marks = ",".join("?" * len(channels))
        only = f" AND kind IN ({','.join('?' * len(kinds))})" if kinds else ""
        order = "DESC" if after is None else "ASC"
        indexed = "= 'report'" if list(channels) == [REPORT] else "IN ('chat', 'run', 'room')"
        rows = await self._rows(
            f"SELECT seq, time, author, channel, kind, data FROM entries WHERE room = {ROOM}"
            f" AND channel IN ({marks}) AND channel {indexed}"
            f" AND seq > ? AND seq < ?{only} ORDER BY seq {order} LIMIT ?",
            *(room, *channels, after or 0, 2**62 if before is None else before, *kinds, limit),
        )
        found = [Entry(room, *row) for row in rows]  # type: ignore[arg-type]
        return found if after is not None else found[::-1]


def _lock(path: Path) -> int:
    """Hold the folder for this process; the kernel lets go when the process dies, however it dies."""
    lock = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as error:
        os.close(lock)
        raise StoreUnavailable(f"another server already uses the data folder {path.parent}") from error
    return lock
