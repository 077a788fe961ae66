"""How many edits a second PostgreSQL commits, and how long each waits: `python -m loadtests.commits`.

Edits of many rooms come at a steady rate and are committed as the journal does it: one commit in flight, the next batch
fills meanwhile. Without `--url` it starts a PostgreSQL of its own, with Debian's settings and fsync.
"""

import argparse
import asyncio
import os
import random
import resource
import time
from collections.abc import Awaitable, Iterator
from contextlib import contextmanager

import msgspec
import uvloop

from loadtests.peers.machine import describe, processor_seconds
from rooms.postgres_store import PostgresStore
from rooms.store import Draft, JournalStore, Link, RoomRecord, RoomStore
from tests.services.postgres import PostgresServer, postgres


class Load(msgspec.Struct, frozen=True):
    """What comes: `rate` edits a second over `rooms` rooms, `size` bytes each, for `seconds`."""

    rate: int
    rooms: int
    size: int
    seconds: float
    interval: float
    warm_up: float = 2.0


class Measured:
    """What was seen after the warm-up; times in seconds."""

    def __init__(self) -> None:
        self.commits: list[float] = []
        self.waits: list[float] = []
        self.sizes: list[int] = []

    def forget(self) -> None:
        self.__init__()  # type: ignore[misc]


class Crowd:
    """Edits that wait for the next batch, each with the time when it came."""

    def __init__(self, store: JournalStore, load: Load) -> None:
        self._store = store
        self._load = load
        self._chance = random.Random(1)
        self._waiting: list[tuple[float, Draft]] = []
        self._name = f"{time.time_ns():x}"
        self._over = False
        self.measured = Measured()

    async def make_rooms(self, store: RoomStore) -> None:
        for number in range(self._load.rooms):
            record = RoomRecord(self._room(number), "Room", "pair", "python", 1)
            await store.create_room(record, [Link(f"{record.id}-code", "", "participant")])

    def _room(self, number: int) -> str:
        return f"rm_{self._name}_{number}"

    async def play(self) -> None:
        committing = asyncio.ensure_future(self._commit())
        started = due = time.perf_counter()
        warm = False
        while due < started + self._load.warm_up + self._load.seconds:
            now = time.perf_counter()
            while due <= now:  # at the time when it was due: a late generator must not flatter the store
                self._waiting.append((due, self._edit()))
                due += self._chance.expovariate(self._load.rate)
            if not warm and now > started + self._load.warm_up:
                warm = True
                self.measured.forget()
            await asyncio.sleep(0.001)
        self._over = True
        await committing

    def _edit(self) -> Draft:
        room = self._room(self._chance.randrange(self._load.rooms))
        return Draft(room, 1_700_000_000_000, "mb_somebody", "main", "update", self._chance.randbytes(self._load.size))

    async def _commit(self) -> None:
        number = 0
        while self._waiting or not self._over:
            if not self._waiting:
                await asyncio.sleep(0.001)
                continue
            batch, self._waiting = self._waiting, []
            started = time.perf_counter()
            await _answer(self._store.append(f"{self._name}-{number}", [draft for _, draft in batch]))
            done = time.perf_counter()
            number += 1
            self.measured.commits.append(done - started)
            self.measured.waits += [done - came for came, _ in batch]
            self.measured.sizes.append(len(batch))
            await asyncio.sleep(max(0.0, started + self._load.interval - done))


async def _answer(numbers: list[int] | Awaitable[list[int]]) -> list[int]:
    return numbers if isinstance(numbers, list) else await numbers


def quantile(values: list[float], share: float) -> float:
    """By counting, in milliseconds."""
    return round(sorted(values)[min(len(values) - 1, int(len(values) * share))] * 1000, 2)


async def measure(url: str, load: Load, server: PostgresServer | None) -> dict[str, object]:
    """Play it once."""
    store = PostgresStore(url)
    await store.open()
    crowd = Crowd(store, load)
    await crowd.make_rooms(store)
    before = _used(server)
    started = time.perf_counter()
    await crowd.play()
    seconds = time.perf_counter() - started
    after = _used(server)
    seen = crowd.measured
    edits = sum(seen.sizes)
    everything = seconds * load.rate
    await store.close()
    per_edit = [round((late - early) / everything * 1e6, 1) for early, late in zip(before, after, strict=True)]
    return {
        "edits a second": round(edits / load.seconds),
        "edits in a batch": round(edits / len(seen.sizes), 1),
        "commit ms p50": quantile(seen.commits, 0.5),
        "commit ms p99": quantile(seen.commits, 0.99),
        "commit ms max": quantile(seen.commits, 1.0),
        "edit waits ms p50": quantile(seen.waits, 0.5),
        "edit waits ms p99": quantile(seen.waits, 0.99),
        "this process, microseconds of processor an edit": per_edit[0],
        "PostgreSQL, microseconds of processor an edit": per_edit[1] if server else None,
        "log of PostgreSQL, bytes an edit": round((after[2] - before[2]) / everything) if server else None,
        "kept by PostgreSQL, bytes an edit": round(_kept(server, url)) if server else None,
    }


def _used(server: PostgresServer | None) -> tuple[float, float, float]:
    """Processor seconds of this process, of the server, and the bytes that the server has written to its log."""
    own = resource.getrusage(resource.RUSAGE_SELF)
    if server is None:
        return own.ru_utime + own.ru_stime, 0.0, 0.0
    written = float(server.sql("SELECT pg_current_wal_lsn() - '0/0'"))
    return own.ru_utime + own.ru_stime, processor_seconds(server.process.pid), written


def _kept(server: PostgresServer, url: str) -> float:
    """What an entry takes with its indexes."""
    sql = "SELECT pg_total_relation_size('entries') / (SELECT count(*) FROM entries)::float8"
    return float(server.sql(sql, url.rpartition("/")[2]))


@contextmanager
def database(url: str) -> Iterator[tuple[str, PostgresServer | None]]:
    """The one that is named, or one that lasts as long as the measurement."""
    if url:
        yield url, None
        return
    with postgres() as server:
        yield server.create_database(), server


def main() -> None:
    """Print what was measured as JSON."""
    parser = argparse.ArgumentParser("loadtests.commits", description=__doc__)
    parser.add_argument("--url", default="", help="a PostgreSQL; without it one is started")
    parser.add_argument("--rate", type=int, default=5000, help="edits a second")
    parser.add_argument("--rooms", type=int, default=500)
    parser.add_argument("--size", type=int, default=40, help="bytes of an edit")
    parser.add_argument("--seconds", type=float, default=20.0)
    parser.add_argument("--interval", type=float, default=0.001, help="least seconds between two commits")
    given = parser.parse_args()
    load = Load(given.rate, given.rooms, given.size, given.seconds, given.interval)
    with database(given.url) as (url, server), asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        figures = runner.run(measure(url, load, server))
    machine = {"cores": len(os.sched_getaffinity(0)), **describe()}
    print(msgspec.json.format(msgspec.json.encode({"load": load, "seen": figures, "machine": machine})).decode())


if __name__ == "__main__":
    main()
