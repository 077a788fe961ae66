"""People's statements on SQLite, in the database file of the rooms."""

import asyncio
import sqlite3
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, Literal, TypeVar

from rooms.errors import StoreUnavailable
from rooms.postgres_schema import migrations
from rooms.statements import Statement, Taken

_Result = TypeVar("_Result")
_BUSY_SECONDS = 5.0
_STEPS = "accounts"
"""SQLite takes the migrations whose name begins so."""
_TABLE = "CREATE TABLE IF NOT EXISTS migrations (number integer PRIMARY KEY, name text NOT NULL)"


class SqliteAccounts:
    """Owns one connection and one thread. An operator may use it beside a server."""

    def __init__(self, folder: Path, sync: Literal["normal", "full"] = "normal") -> None:
        self._path = folder / "sangam.db"
        self._sync = sync
        self._connection: sqlite3.Connection | None = None
        self._thread: ThreadPoolExecutor | None = None

    async def open(self) -> None:
        """Makes its tables if they are missing. Raises StoreUnavailable."""
        self._thread = ThreadPoolExecutor(1, "accounts")
        try:
            await self._do(self._connect)
        except BaseException:
            await self.close()
            raise

    def _connect(self) -> None:
        connection = sqlite3.connect(
            self._path, timeout=_BUSY_SECONDS, isolation_level=None, check_same_thread=False, cached_statements=128
        )
        self._connection = connection
        for pragma in ("cache_size = -512", "journal_mode = WAL", f"synchronous = {self._sync}", "foreign_keys = ON"):
            connection.execute(f"PRAGMA {pragma}")
        connection.execute(_TABLE)
        done = {number for (number,) in connection.execute("SELECT number FROM migrations")}
        for step in migrations():
            if step.name.startswith(_STEPS) and step.number not in done:
                noted = f"INSERT INTO migrations VALUES ({step.number}, '{step.name}');"
                connection.executescript(f"BEGIN IMMEDIATE; {step.sql}; {noted} COMMIT;")

    async def close(self) -> None:
        if self._thread is not None:
            if self._connection is not None:
                await self._do(self._connection.close)
                self._connection = None
            self._thread.shutdown()
            self._thread = None

    async def rows(self, sql: str, *values: object) -> list[Any]:
        """See `Statements`."""
        return await self._do(lambda: self._fetch(sql, values))

    async def together(self, *statements: Statement) -> list[list[Any]]:
        """See `Statements`."""
        return await self._do(lambda: self._transact(statements))

    def _fetch(self, sql: str, values: tuple[object, ...]) -> list[Any]:
        assert self._connection is not None
        numbered = sql.replace("$", "?")
        return self._connection.execute(numbered, values).fetchall()

    def _transact(self, statements: tuple[Statement, ...]) -> list[list[Any]]:
        assert self._connection is not None
        self._connection.execute("BEGIN IMMEDIATE")
        try:
            found = [self._fetch(sql, values) for sql, values in statements]
            self._connection.execute("COMMIT")
            return found
        except BaseException:
            if self._connection.in_transaction:
                self._connection.execute("ROLLBACK")
            raise

    async def _do(self, work: Callable[[], _Result]) -> _Result:
        if self._thread is None:
            raise StoreUnavailable("the accounts are not open")
        try:
            return await asyncio.get_running_loop().run_in_executor(self._thread, work)
        except sqlite3.IntegrityError as error:
            if error.sqlite_errorcode in (sqlite3.SQLITE_CONSTRAINT_UNIQUE, sqlite3.SQLITE_CONSTRAINT_PRIMARYKEY):
                raise Taken(str(error)) from error
            raise StoreUnavailable(str(error)) from error
        except (OSError, sqlite3.Error) as error:
            raise StoreUnavailable(f"{self._path}: {error}") from error
