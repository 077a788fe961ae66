"""People's statements on PostgreSQL, in the database of the rooms."""

from typing import Any

import asyncpg

from rooms.postgres_database import AnyConnection, Database
from rooms.postgres_schema import prepare
from rooms.statements import Statement, Taken

_MIGRATION_SECONDS = 60.0


class PostgresAccounts:
    """Owns connections of its own: who signs in takes none from those who edit."""

    def __init__(self, url: str, *, connections: int = 4, seconds: float = 5.0) -> None:
        self._database = Database(url, connections=connections, seconds=seconds)

    async def open(self) -> None:
        """Makes the tables of an empty database. Raises StoreUnavailable."""
        try:
            await self._database.open()
            await self._database.run(prepare, more_seconds=_MIGRATION_SECONDS)
        except BaseException:
            await self.close()
            raise

    async def close(self) -> None:
        await self._database.close()

    async def rows(self, sql: str, *values: object) -> list[Any]:
        try:
            return await self._database.rows(sql, *values)
        except asyncpg.UniqueViolationError as error:
            raise Taken(error.constraint_name) from error

    async def together(self, *statements: Statement) -> list[list[Any]]:
        """A failure ends the connection, and with it what was begun."""

        async def work(connection: AnyConnection) -> list[list[Any]]:
            await connection.execute("BEGIN")
            found = [await connection.fetch(sql, *values) for sql, values in statements]
            await connection.execute("COMMIT")
            return found

        try:
            return await self._database.run(work)
        except asyncpg.UniqueViolationError as error:
            raise Taken(error.constraint_name) from error
