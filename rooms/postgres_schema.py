"""The tables of the PostgreSQL store: numbered files of SQL, each applied once, one program at a time."""

import re
from pathlib import Path

import msgspec

from rooms.errors import StoreUnavailable
from rooms.postgres_database import FAILURES, AnyConnection, connect, explain, name_of

FOLDER = Path(__file__).parent / "migrations"
_LOCK = 0x53414E47414D
"""The advisory lock of whoever migrates."""
_OLDEST_SERVER = 130000
_TABLE = (
    "CREATE TABLE IF NOT EXISTS migrations"
    " (number integer PRIMARY KEY, name text NOT NULL, applied_at timestamptz NOT NULL DEFAULT now())"
)


class Migration(msgspec.Struct, frozen=True):
    """One step from a version of the tables to the next; `number` is the version that it leads to."""

    number: int
    name: str
    sql: str


def migrations(folder: Path = FOLDER) -> list[Migration]:
    """All of them, in order: `0001_name.sql` and so on without a gap."""
    found = []
    for path in sorted(folder.glob("*.sql")):
        number, name = re.fullmatch(r"(\d{4})_(\w+)", path.stem).groups()  # type: ignore[union-attr]
        found.append(Migration(int(number), name, path.read_text(encoding="utf-8")))
    return found


async def version(connection: AnyConnection) -> int:
    """Of the tables that are there; 0 for an empty database."""
    if await connection.fetchval("SELECT to_regclass('migrations')") is None:
        return 0
    return int(await connection.fetchval("SELECT coalesce(max(number), 0) FROM migrations"))


async def migrate(connection: AnyConnection, steps: list[Migration]) -> list[Migration]:
    """Apply what is missing and tell what that was, in the caller's transaction.

    Whoever comes second waits until that is over and finds it done.
    """
    await connection.execute("SET LOCAL lock_timeout = 0")
    await connection.execute("SELECT pg_advisory_xact_lock($1)", _LOCK)
    # Before anything is looked up: who waited for the lock may remember that there was no such table.
    await connection.execute(_TABLE)
    at = await version(connection)
    missing = [step for step in steps if step.number > at]
    for step in missing:
        await connection.execute(step.sql)
        await connection.execute("INSERT INTO migrations (number, name) VALUES ($1, $2)", step.number, step.name)
    return missing


async def prepare(connection: AnyConnection) -> None:
    """Make the tables of an empty database, in the caller's transaction; others have to be those of this program.

    Raises StoreUnavailable: tables with rooms in them change only when the operator says so.
    """
    steps = migrations()
    at = await version(connection)
    if at == 0:
        await _refuse_old_server(connection)
        await migrate(connection, steps)
    elif at < steps[-1].number:
        raise StoreUnavailable(
            f"its tables are of version {at} and this program needs {steps[-1].number};"
            " make a backup, then run: sangam migrate"
        )
    elif at > steps[-1].number:
        raise StoreUnavailable(
            f"its tables are of version {at} and this program knows only {steps[-1].number};"
            " run the newer program that made them"
        )


async def _refuse_old_server(connection: AnyConnection) -> None:
    number = int(await connection.fetchval("SHOW server_version_num"))
    if number < _OLDEST_SERVER:
        raise StoreUnavailable(f"it is version {number // 10000} and Sangam needs {_OLDEST_SERVER // 10000} or newer")


async def migrate_database(url: str) -> list[Migration]:
    """Bring a database's tables to this program's version and tell what was missing. Raises StoreUnavailable."""
    connection = await connect(url)
    try:
        async with connection.transaction():
            await _refuse_old_server(connection)
            return await migrate(connection, migrations())
    except FAILURES as error:
        raise StoreUnavailable(f"{name_of(url)} could not be migrated, nothing changed: {explain(error)}") from error
    finally:
        connection.terminate()
