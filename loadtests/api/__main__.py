"""`python -m loadtests.api`: how long calls take at 300 a second, reads and writes mixed, on either store.

Requests go out at their times whether or not earlier ones were answered, so a slow answer shows as it would to
people. Signing in is left out: its cost is chosen. `--write` puts it into loadtests/results/api.md.
"""

import argparse
import asyncio
import random
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import aiohttp
import msgspec

from loadtests.peers import machine
from tests.server import Joined, Server, running
from tests.services.postgres import postgres

RESULTS = Path(__file__).resolve().parents[1] / "results/api.md"
ROOMS = 50
WARM_SECONDS = 2.0
TARGET_MILLISECONDS = 100.0
MIX = {"look": 30, "entries": 25, "link": 10, "problems": 5, "config": 5, "chat": 15, "join": 7, "create": 3}
"""Shares of a hundred; a quarter writes."""


class Result(msgspec.Struct, frozen=True):
    """Milliseconds; `cpu` is processor milliseconds of the server for each request."""

    store: str
    requests: int
    failed: int
    p50: float
    p95: float
    p99: float
    cpu: float


@contextmanager
def servers(store: str) -> Iterator[Server]:
    """One, without limits, on an empty store of its own."""
    limits: dict[str, Any] = {
        "rooms_per_minute": 10**6,
        "joins_per_minute": 10**6,
        "exec_engine": "off",
        "log_level": "warning",
    }
    with tempfile.TemporaryDirectory(prefix="sangam-api-") as folder:
        if store == "sqlite":
            with running(Path(folder) / "data", **limits) as server:
                yield server
            return
        with postgres() as database:
            limits["database_url"] = database.create_database()
            with running(Path(folder) / "data", **limits) as server:
                yield server


def call(kind: str, host: Joined, number: int) -> tuple[str, str, str, dict[str, Any] | None]:
    """(method, path, token, body)."""
    room, link = f"/api/rooms/{host.room_id}", f"/api/links/{host.links['participant']}"
    return {
        "look": ("GET", room, host.token, None),
        "entries": ("GET", f"{room}/entries?channel=chat&limit=50", host.token, None),
        "problems": ("GET", f"{room}/problems", host.token, None),
        "link": ("GET", link, "", None),
        "config": ("GET", "/api/config", "", None),
        "chat": ("POST", f"{room}/chat", host.token, {"text": f"line {number}"}),
        "join": ("POST", f"{link}/members", "", {"displayName": f"Somebody {number}"}),
        "create": ("POST", "/api/rooms", "", {"name": f"Room {number}", "displayName": "Asha"}),
    }[kind]


class Load:
    """One round against one server; `seconds_of` collects how long each request took, from when it was due."""

    def __init__(self, server: Server, rate: float, seed: int) -> None:
        self._server = server
        self._rate = rate
        self._random = random.Random(seed)
        self._hosts = [server.create_room() for _ in range(ROOMS)]
        self.failed = 0
        self.seconds_of: dict[str, list[float]] = defaultdict(list)

    async def play(self, seconds: float) -> None:
        connector = aiohttp.TCPConnector(limit=200)
        async with (
            aiohttp.ClientSession(self._server.http, connector=connector) as session,
            asyncio.TaskGroup() as all_,
        ):
            begin = time.monotonic()
            for number in range(int(seconds * self._rate)):
                due = begin + number / self._rate
                await asyncio.sleep(max(0.0, due - time.monotonic()))
                kind = self._random.choices([*MIX], [*MIX.values()])[0]
                all_.create_task(self._ask(session, kind, number, due))

    async def _ask(self, session: aiohttp.ClientSession, kind: str, number: int, due: float) -> None:
        method, path, token, body = call(kind, self._random.choice(self._hosts), number)
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        try:
            async with session.request(method, path, json=body, headers=headers) as answer:
                await answer.read()
                self.failed += answer.status >= 400
        except (aiohttp.ClientError, TimeoutError):
            self.failed += 1
        self.seconds_of[kind].append(time.monotonic() - due)


def measure(store: str, rate: float, seconds: float) -> Result:
    """One round on a new server."""
    with servers(store) as server:
        load = Load(server, rate, seed=1)
        asyncio.run(load.play(WARM_SECONDS))
        load.seconds_of.clear()
        before = machine.processor_seconds(server.process.pid)
        asyncio.run(load.play(seconds))
        used = machine.processor_seconds(server.process.pid) - before
        took = sorted(one * 1000 for times in load.seconds_of.values() for one in times)
        for kind, times in sorted(load.seconds_of.items()):
            print(f"  {store} {kind:<9} p95 {at(sorted(times), 0.95) * 1000:7.1f} ms of {len(times)}", flush=True)
        p50, p95, p99 = (round(at(took, share), 1) for share in (0.5, 0.95, 0.99))
        return Result(store, len(took), load.failed, p50, p95, p99, round(used * 1000 / len(took), 2))


def at(ordered: list[float], share: float) -> float:
    """A quantile."""
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))]


def table(results: list[Result], rate: float) -> str:
    rows = [
        "| store | p50, ms | p95, ms | p99, ms | processor, ms | requests | failed |",
        "|---|---|---|---|---|---|---|",
    ]
    for found in results:
        told = f"{found.p50} | {found.p95} | {found.p99} | {found.cpu} | {found.requests} | {found.failed}"
        rows.append(f"| {found.store} | {told} |")
    about = f"{rate:.0f} requests a second, open loop, {sum(MIX[k] for k in ('chat', 'join', 'create'))} % writes."
    return f"{about} Processor time is the server's for each request.\n\n" + "\n".join(rows)


def main() -> int:
    """1 if the target is missed."""
    parser = argparse.ArgumentParser(description="Calls of the API under load.")
    parser.add_argument("--rate", type=float, default=300.0)
    parser.add_argument("--seconds", type=float, default=20.0)
    parser.add_argument("--store", choices=["sqlite", "postgres"])
    parser.add_argument("--write", action="store_true")
    options = parser.parse_args()
    stores = [options.store] if options.store else ["sqlite", "postgres"]
    results = [measure(store, options.rate, options.seconds) for store in stores]
    text = table(results, options.rate)
    print(text)
    if options.write:
        RESULTS.write_text(f"# Calls of the API\n\n{text}\n")
    return int(any(found.p95 > TARGET_MILLISECONDS or found.failed for found in results))


if __name__ == "__main__":
    sys.exit(main())
