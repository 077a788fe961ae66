"""Connections to one PostgreSQL database: how many, for how long, and what their failures mean."""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import Any, TypeVar
from urllib.parse import urlsplit

import asyncpg
from asyncpg.connection import Connection
from asyncpg.pool import Pool, PoolConnectionProxy

from rooms.errors import StoreUnavailable

_Result = TypeVar("_Result")
AnyConnection = Connection | PoolConnectionProxy

FAILURES = (asyncpg.PostgresError, asyncpg.InterfaceError, asyncpg.InternalClientError, OSError, TimeoutError)
"""Everything that the library raises when the database does not do what it was asked."""
_GRACE = 1.0
"""The server ends a statement itself; who hears nothing this many seconds later hangs up."""
_SCHEMES = ("postgresql", "postgres")
_NO_ADDRESS = "SANGAM_DATABASE_URL is no address of a database; one is postgresql://user:password@host:5432/database"


class Database:
    """Owned by a store. At most `connections` of them; no wait is longer than it was allowed to be.

    A statement that is given up ends its connection: one that hangs in a dead network path, or in a server that
    stands still, would otherwise hang for the next statement too.
    """

    def __init__(self, url: str, *, connections: int, seconds: float) -> None:
        self._url = url
        self._connections = connections
        self._seconds = seconds
        self._pool: Pool | None = None
        self.name = name_of(url)

    async def open(self) -> None:
        """Raises StoreUnavailable with a sentence for the operator."""
        if urlsplit(self._url).scheme not in _SCHEMES:
            raise StoreUnavailable(_NO_ADDRESS)
        try:
            self._pool = await asyncpg.create_pool(
                self._url,
                min_size=0,  # more, and the library logs every failure to keep them while the server is away
                max_size=self._connections,
                timeout=self._seconds,
                reset=_nothing,
                server_settings=self._settings(),
            )
            await self.run(_nothing)
        except (ValueError, asyncpg.InterfaceError) as error:  # as asyncpg says that it cannot read it
            raise StoreUnavailable(_NO_ADDRESS) from error

    def _settings(self) -> dict[str, str]:
        milliseconds = str(int(self._seconds * 1000))
        return {
            "application_name": "sangam",
            # Less would call saved what a crash of the database can still lose.
            "synchronous_commit": "on",
            "jit": "off",  # it would compile for longer than any statement here takes
            "statement_timeout": milliseconds,
            "lock_timeout": milliseconds,
            "idle_in_transaction_session_timeout": milliseconds,
            "tcp_keepalives_idle": "10",
            "tcp_keepalives_interval": "5",
            "tcp_keepalives_count": "3",
        }

    async def close(self) -> None:
        """Waits for nobody: what is still asked is not answered."""
        if self._pool is not None:
            self._pool.terminate()
            self._pool = None

    async def run(self, work: Callable[[AnyConnection], Awaitable[_Result]], *, more_seconds: float = 0.0) -> _Result:
        """Do `work` with a connection. Raises StoreUnavailable; UniqueViolation passes.

        With `more_seconds`, for what may rightly take longer, `work` is one transaction. Who cannot even begin one
        waits no longer than others.
        """
        if self._pool is None:
            raise StoreUnavailable(f"{self.name} is not open")
        connection: PoolConnectionProxy | None = None
        try:
            async with asyncio.timeout(self._seconds + _GRACE) as limit:
                connection = await self._pool.acquire()
                if more_seconds:
                    result = await self._longer(connection, work, more_seconds, limit)
                else:
                    result = await work(connection)
                await self._pool.release(connection)
                return result
        except FAILURES as error:
            _hang_up(connection)
            if isinstance(error, asyncpg.UniqueViolationError):
                raise
            raise StoreUnavailable(f"{self.name}: {explain(error)}") from error
        except BaseException:
            _hang_up(connection)
            raise

    async def _longer(
        self,
        connection: AnyConnection,
        work: Callable[[AnyConnection], Awaitable[_Result]],
        more_seconds: float,
        limit: asyncio.Timeout,
    ) -> _Result:
        """Without the library's own transaction: that one waits for its end, however long the server takes."""
        seconds = self._seconds + more_seconds
        await connection.execute(f"BEGIN; SET LOCAL statement_timeout = {int(seconds * 1000)}")
        limit.reschedule(asyncio.get_running_loop().time() + seconds + _GRACE)
        result = await work(connection)
        await connection.execute("COMMIT")
        return result

    async def rows(self, sql: str, *values: object) -> list[Any]:
        """All rows of one statement."""
        return await self.run(lambda connection: connection.fetch(sql, *values))

    async def row(self, sql: str, *values: object) -> Any:
        """The first row of one statement, or None."""
        return await self.run(lambda connection: connection.fetchrow(sql, *values))


def _hang_up(connection: PoolConnectionProxy | None) -> None:
    """Without waiting for anybody. One that ended by itself is back in its pool already and says so."""
    if connection is not None:
        with suppress(asyncpg.InterfaceError):
            connection.terminate()


async def _nothing(_connection: object) -> None:
    """No statement of ours leaves anything behind that a connection's next user would have to be kept from."""


async def connect(url: str) -> Connection:
    """One connection without limits of time, for what an operator does by hand. Raises StoreUnavailable."""
    try:
        return await asyncpg.connect(url, timeout=10.0, server_settings={"application_name": "sangam"})
    except (*FAILURES, ValueError) as error:
        raise StoreUnavailable(f"{name_of(url)} cannot be used: {explain(error)}") from error


def name_of(url: str) -> str:
    """How a message names the database: never with its password."""
    try:
        parts = urlsplit(url)
        where = parts.hostname or "localhost"
        return f"PostgreSQL at {where}:{parts.port or 5432}{parts.path}"
    except ValueError:
        return "PostgreSQL"


def explain(error: BaseException) -> str:
    """What failed and, where it is known, what to do about it; one line."""
    if isinstance(error, TimeoutError):
        return "no answer in time; is the server overloaded, stopped, or behind a firewall?"
    text = " ".join(str(error).split()) or type(error).__name__
    for kind, hint in _HINTS:
        if isinstance(error, kind):
            return f"{text}; {hint}"
    return text


_HINTS: tuple[tuple[type[BaseException] | tuple[type[BaseException], ...], str], ...] = (
    (ConnectionRefusedError, "is the server running, and does SANGAM_DATABASE_URL name its host and port?"),
    (
        (asyncpg.InvalidPasswordError, asyncpg.InvalidAuthorizationSpecificationError),
        "does SANGAM_DATABASE_URL have the right user and password?",
    ),
    (asyncpg.InvalidCatalogNameError, "create it with: createdb, or name another in SANGAM_DATABASE_URL"),
    (asyncpg.InsufficientPrivilegeError, "the user of SANGAM_DATABASE_URL has to own the database"),
    (asyncpg.ReadOnlySQLTransactionError, "SANGAM_DATABASE_URL leads to a standby; it has to lead to the primary"),
    (asyncpg.DiskFullError, "its disk is full: free some space"),
    (asyncpg.TooManyConnectionsError, "raise max_connections of the server or lower SANGAM_DATABASE_CONNECTIONS"),
    (OSError, "does SANGAM_DATABASE_URL name the right host?"),
)
