"""The audit log in PostgreSQL, one for all nodes on a database."""

from collections.abc import Sequence

import asyncpg

from rooms.audit import GENESIS, Deed, Head, Recorded, Wanted, chained
from rooms.errors import StoreUnavailable
from rooms.postgres_database import AnyConnection, Database
from rooms.postgres_schema import prepare

_TRIES = 50
_LAST = "SELECT seq, hash FROM audit ORDER BY seq DESC LIMIT 1"
_INSERT = (
    "INSERT INTO audit (seq, time, action, actor, room, deed, hash)"
    " SELECT * FROM unnest($1::bigint[], $2::bigint[], $3::text[], $4::text[], $5::text[], $6::bytea[], $7::bytea[])"
)
_FIND = (
    "SELECT seq, deed, hash FROM audit WHERE seq < $1 AND time >= $2 AND time < $3"
    " AND ($4 = '' OR action = $4) AND ($5 = '' OR actor = $5) AND ($6 = '' OR room = $6) ORDER BY seq DESC LIMIT $7"
)
_READ = "SELECT seq, deed, hash FROM audit WHERE seq > $1 ORDER BY seq LIMIT $2"


class PostgresAudit:
    """See `AuditStore`. Owns a connection. Nodes take no lock: a number that another one has taken is taken anew."""

    def __init__(self, url: str, *, seconds: float = 5.0) -> None:
        self._database = Database(url, connections=2, seconds=seconds)

    async def open(self) -> None:
        try:
            await self._database.open()
            await self._database.run(prepare, more_seconds=60.0)
        except BaseException:
            await self.close()
            raise

    async def close(self) -> None:
        await self._database.close()

    async def append(self, deeds: Sequence[Deed]) -> Head:
        for _ in range(_TRIES):
            try:
                return await self._database.run(lambda connection: _append(connection, deeds))
            except asyncpg.UniqueViolationError:
                continue
        raise StoreUnavailable("the audit log is written to by too many at once")

    async def find(self, wanted: Wanted) -> list[Recorded]:
        of = (wanted.before, wanted.since, wanted.until, wanted.action, wanted.actor, wanted.room, wanted.limit)
        return [Recorded(*row) for row in await self._database.rows(_FIND, *of)]

    async def read(self, after: int, limit: int) -> list[Recorded]:
        return [Recorded(*row) for row in await self._database.rows(_READ, after, limit)]


async def _append(connection: AnyConnection, deeds: Sequence[Deed]) -> Head:
    last = await connection.fetchrow(_LAST)
    head = Head(*last) if last else Head(0, GENESIS)
    records = chained(head, deeds)
    if not records:
        return head
    await connection.execute(
        _INSERT,
        [record.seq for record in records],
        *([getattr(deed, name) for deed in deeds] for name in ("time", "action", "actor", "room")),
        [record.deed for record in records],
        [record.hash for record in records],
    )
    return Head(records[-1].seq, records[-1].hash)
