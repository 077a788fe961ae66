"""What can be measured of a PostgreSQL database by who uses it."""

import shutil
import time
import uuid
from pathlib import Path

import asyncpg
import msgspec
from asyncpg.connection import Connection

from rooms.errors import StoreUnavailable
from rooms.postgres_database import FAILURES, connect, explain, name_of
from rooms.postgres_schema import migrations, version

_TIMES = 20
_ABOUT = (
    "SELECT current_setting('server_version') AS server, pg_database_size(current_database()) AS size_bytes,"
    " current_setting('fsync') = 'on' AND current_setting('full_page_writes') = 'on' AS survives_power_cut,"
    " current_setting('max_connections')::int - (SELECT count(*) FROM pg_stat_activity) AS free_connections,"
    " extract(epoch FROM clock_timestamp())::float8 AS clock,"
    " coalesce((SELECT max(extract(epoch FROM clock_timestamp() - xact_start)) FROM pg_stat_activity"
    " WHERE datname = current_database() AND pid <> pg_backend_pid()), 0)::float8 AS oldest_transaction_seconds"
)


class DatabaseHealth(msgspec.Struct, frozen=True):
    """Times in seconds, each the middle one of several. `free_bytes` is known only on the database's own machine."""

    server: str
    tables: int
    wanted_tables: int
    answer_seconds: float
    commit_seconds: float
    size_bytes: int
    survives_power_cut: bool
    free_connections: int
    clock_ahead_seconds: float
    oldest_transaction_seconds: float
    free_bytes: int | None


async def probe(url: str) -> DatabaseHealth:
    """Ask and write a little, and take that away again. Raises StoreUnavailable."""
    connection = await connect(url)
    try:
        return await _probe(connection)
    except FAILURES as error:
        raise StoreUnavailable(f"{name_of(url)}: {explain(error)}") from error
    finally:
        connection.terminate()


async def _probe(connection: Connection) -> DatabaseHealth:
    tables = await version(connection)
    (about,) = await connection.fetch(_ABOUT)
    ahead = about["clock"] - time.time()
    return DatabaseHealth(
        server=about["server"],
        tables=tables,
        wanted_tables=migrations()[-1].number,
        answer_seconds=await _middle(connection, "SELECT $1::text"),
        commit_seconds=await _commit_seconds(connection) if tables else 0.0,
        size_bytes=about["size_bytes"],
        survives_power_cut=about["survives_power_cut"],
        free_connections=about["free_connections"],
        clock_ahead_seconds=ahead,
        oldest_transaction_seconds=about["oldest_transaction_seconds"],
        free_bytes=await _free_bytes(connection),
    )


async def _middle(connection: Connection, sql: str) -> float:
    """Of the times that the statement takes, given a name that is new each time."""
    times = []
    for _ in range(_TIMES):
        name, started = f"probe-{uuid.uuid4().hex}", time.perf_counter()
        await connection.execute(sql, name)
        times.append(time.perf_counter() - started)
    return sorted(times)[_TIMES // 2]


async def _commit_seconds(connection: Connection) -> float:
    try:
        return await _middle(connection, "INSERT INTO commits (id, firsts) VALUES ($1, '{}')")
    finally:
        await connection.execute("DELETE FROM commits WHERE id LIKE 'probe-%'")


async def _free_bytes(connection: Connection) -> int | None:
    try:
        return shutil.disk_usage(Path(await connection.fetchval("SHOW data_directory"))).free
    except (asyncpg.PostgresError, OSError):
        return None
