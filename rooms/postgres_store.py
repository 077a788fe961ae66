"""Both store ports on PostgreSQL, for any number of nodes on one database."""

import asyncio
import contextlib
import time
from collections import deque
from collections.abc import Sequence

import asyncpg

from rooms.errors import RoomNotFound, StoreUnavailable
from rooms.postgres_database import AnyConnection, Database
from rooms.postgres_register import KEY, PostgresRegister
from rooms.postgres_schema import prepare
from rooms.store import ONCE, Draft, Entry, Stored

_APPEND = "SELECT append_entries($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)"
_HISTORY = (
    f"SELECT seq, data, (SELECT count(*) = max(seq) FROM entries WHERE room = {KEY}) AS is_whole FROM entries"
    f" WHERE room = {KEY} AND channel = $2 AND kind = 'update' ORDER BY seq"
)
_LOAD = (
    f"WITH latest AS (SELECT seq, nested, state FROM snapshots WHERE room = {KEY} AND document = $2)"
    " SELECT 0::bigint AS place, seq, nested, state AS data FROM latest"
    " UNION ALL"
    f" SELECT seq, seq, 0, data FROM entries WHERE room = {KEY} AND channel = $2 AND kind = 'update'"
    " AND seq > coalesce((SELECT seq FROM latest), 0)"
    " ORDER BY place"
)
_SNAPSHOT = (
    f"INSERT INTO snapshots (room, document, seq, nested, state) VALUES ({KEY}, $2, $3, $4, $5)"
    " ON CONFLICT (room, document) DO UPDATE SET seq = excluded.seq, nested = excluded.nested, state = excluded.state"
    " WHERE excluded.seq >= snapshots.seq"
)

_SLOWEST_BYTES_PER_SECOND = 2**20
"""A large batch, say after a pause of the database, and a large document get more time: else none would ever pass."""
_LARGEST_DOCUMENT_SECONDS = 60.0
_ANSWERED_SECONDS = 120.0
"""How long a commit that was answered is remembered."""
_SWEEP_SECONDS = 10.0
_ABANDONED = "1 day"
"""How long one is remembered whose node did not come to forget it."""


class PostgresStore(PostgresRegister):
    """Owns its connections to one database; others may use the same database at the same time.

    Appends have connections of their own, so that no slow load makes an edit wait.
    """

    is_shared = True

    def __init__(self, url: str, *, connections: int = 8, seconds: float = 5.0) -> None:
        self._journal = Database(url, connections=2, seconds=seconds)
        self._database = Database(url, connections=connections, seconds=seconds)
        self._answered: deque[tuple[float, str]] = deque()
        self._sweeper: asyncio.Task[None] | None = None

    async def open(self) -> None:
        """Makes the tables of an empty database. Raises StoreUnavailable with a sentence for the operator."""
        try:
            for database in (self._database, self._journal):
                await database.open()
            await self._database.run(prepare, more_seconds=_LARGEST_DOCUMENT_SECONDS)
        except BaseException:
            await self.close()
            raise
        self._sweeper = asyncio.get_running_loop().create_task(self._sweep_always(), name="commits-sweep")

    async def close(self) -> None:
        if self._sweeper is not None:
            self._sweeper.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._sweeper
            self._sweeper = None
        for database in (self._journal, self._database):
            await database.close()

    # The journal

    async def append(self, commit: str, drafts: Sequence[Draft]) -> list[int]:
        """One statement, so that a node that stands still in the middle of it holds no lock that others wait for.

        Raises RoomNotFound if one of the rooms does not exist; then nothing was written.
        """
        if not drafts:
            return []
        places: dict[str, int] = {}
        counts: list[int] = []
        room_of, nth = [], []
        for draft in drafts:
            place = places.setdefault(draft.room, len(places) + 1)
            if place > len(counts):
                counts.append(0)
            counts[place - 1] += 1
            room_of.append(place)
            nth.append(counts[place - 1])
        firsts = await self._append(commit, list(places), counts, room_of, nth, drafts)
        return [firsts[place - 1] + n for place, n in zip(room_of, nth, strict=True)]

    async def _append(
        self,
        commit: str,
        rooms: list[str],
        counts: list[int],
        room_of: list[int],
        nth: list[int],
        drafts: Sequence[Draft],
    ) -> list[int]:
        datas = [draft.data for draft in drafts]
        values = (
            [draft.time for draft in drafts],
            [draft.author for draft in drafts],
            [draft.channel for draft in drafts],
            [draft.kind for draft in drafts],
            datas,
        )
        more_seconds = sum(map(len, datas)) // _SLOWEST_BYTES_PER_SECOND

        async def commit_all(connection: AnyConnection) -> list[int] | None:
            found: list[int] | None = await connection.fetchval(_APPEND, commit, rooms, counts, room_of, nth, *values)
            return found

        try:
            firsts = await self._journal.run(commit_all, more_seconds=more_seconds)
        except asyncpg.UniqueViolationError as error:
            raise StoreUnavailable(f"{self._journal.name}: {error}") from error
        if firsts is None:
            raise RoomNotFound("an entry is of a room that does not exist")
        if not commit.startswith(ONCE):
            self._answered.append((time.monotonic(), commit))
        return firsts

    async def load(self, room: str, document: str) -> Stored:
        """Snapshot and tail are of one moment: they are one statement."""

        async def read(connection: AnyConnection) -> list[asyncpg.Record]:
            return await connection.fetch(_LOAD, room, document)

        rows = await self._database.run(read, more_seconds=_LARGEST_DOCUMENT_SECONDS)
        seq, nested, snapshot = 0, 0, None
        if rows and rows[0]["place"] == 0:
            _, seq, nested, snapshot = rows.pop(0)
        return Stored(seq, nested, snapshot, tuple(row["data"] for row in rows), rows[-1]["seq"] if rows else seq)

    async def history(self, room: str, document: str) -> Stored | None:
        async def read(connection: AnyConnection) -> list[asyncpg.Record]:
            return await connection.fetch(_HISTORY, room, document)

        rows = await self._database.run(read, more_seconds=_LARGEST_DOCUMENT_SECONDS)
        is_whole = bool(rows) and rows[0]["is_whole"]
        return Stored(0, 0, None, tuple(row["data"] for row in rows), rows[-1]["seq"]) if is_whole else None

    async def save_snapshot(self, room: str, document: str, seq: int, nested: int, state: bytes) -> None:
        async def write(connection: AnyConnection) -> None:
            await connection.execute(_SNAPSHOT, room, document, seq, nested, state)

        await self._database.run(write, more_seconds=_LARGEST_DOCUMENT_SECONDS)

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
        only = " AND kind = ANY ($6)" if kinds else ""
        order = "DESC" if after is None else "ASC"
        rows = await self._database.rows(
            f"SELECT seq, time, author, channel, kind, data FROM entries WHERE room = {KEY} AND channel = ANY ($2)"
            f" AND channel IN ('chat', 'run', 'room', 'report') AND seq > $3 AND seq < $4{only}"
            f" ORDER BY seq {order} LIMIT $5",
            *(room, list(channels), after or 0, 2**62 if before is None else before, limit),
            *((list(kinds),) if kinds else ()),
        )
        found = [Entry(room, *row) for row in rows]
        return found if after is not None else found[::-1]

    # Forgetting old commits

    async def _sweep_always(self) -> None:
        while True:
            await asyncio.sleep(_SWEEP_SECONDS)
            with contextlib.suppress(StoreUnavailable):  # the next time will do
                await self.sweep(time.monotonic() - _ANSWERED_SECONDS)

    async def sweep(self, until: float) -> None:
        """Forget the own commits that were answered before `until` (monotonic), and what dead nodes left long ago.

        One that was never answered is kept: its node may yet ask for it again.
        """
        old = []
        while self._answered and self._answered[0][0] < until:
            old.append(self._answered.popleft()[1])
        await self._database.rows(
            f"DELETE FROM commits WHERE id = ANY ($1) OR time < now() - interval '{_ABANDONED}'", old
        )
