"""The parts of the benchmark; each fits into four minutes, and compares with plain processes of its own."""

import asyncio
import os
import statistics
import tempfile
from collections.abc import Awaitable, Callable, Coroutine, Mapping
from contextlib import AsyncExitStack
from pathlib import Path

import msgspec

from exec_pool.host_image import HOST_IMAGE, host_binds
from exec_pool.limits import ExecSettings
from exec_pool.runner_pool import Runner
from loadtests.exec.echo import echoes, server, terminal
from loadtests.exec.measures import InDocker, Once, Plain, in_turns, over_the_limit, rate, spread, timed
from loadtests.exec.room import room
from loadtests.exec.rows import Row, spread_row
from loadtests.exec.rush import rush
from tests.services.nats import NatsServer
from tests.services.workers import SILENT_SECONDS, workers

ENGINES = ("bubblewrap", "docker")
WANTED = {
    "leased": "≤ 1.6, ≤ 2.5",
    "cold": "≤ 20",
    "room": "≤ 6",
    "rate": "≥ 0.6",
    "cpu": "≤ 5 %",
    "rush": "≤ 3 ×",
    "echo": "p95 ≤ 15 ms",
}


class Bench:
    """How long to measure, and the Docker engine."""

    def __init__(self, url: str, rounds: int, seconds: float) -> None:
        self.url = url
        self.rounds = rounds
        self.seconds = seconds

    async def opened(self, stack: AsyncExitStack) -> dict[str, Runner]:
        """Runners that are ready, by engine; AssertionError where one does not hold."""
        runners = {}
        for engine in ENGINES:
            wanted = {"engine": engine, "docker_url": self.url, "image": "host", "queue": 1000}
            runners[engine] = Runner(msgspec.convert(wanted, ExecSettings))
            await runners[engine].open()
            stack.push_async_callback(runners[engine].close)
            available = await runners[engine].checked()
            assert available.ok, available.reason
        return runners

    def settings(self, engine: str) -> dict[str, object]:
        """Of a server with this engine."""
        return {"exec_engine": engine, "exec_docker_url": self.url, "exec_image": "host"}


async def single(bench: Bench) -> list[Row]:
    """One run at a time: leased, fresh, cold, and one `docker run` each."""
    async with AsyncExitStack() as stack:
        runners = await bench.opened(stack)
        plain = Plain()
        stack.callback(plain.close)
        measures: dict[str, Once] = {"plain": plain.once}
        measures["one `docker run` each"] = InDocker(bench.url, HOST_IMAGE, host_binds(())).once
        wanted: dict[str, str] = {}
        for name, runner in runners.items():
            measures |= {f"{name}, leased": _leased(runner), f"{name}, cold": _cold(runner)}
            measures |= {f"{name}, fresh, first output": _fresh(runner)}
            wanted |= {f"{name}, leased": WANTED["leased"], f"{name}, cold": WANTED["cold"]}
        for once in measures.values():
            await once()
        seconds = await in_turns(measures, lambda: _rested(runners), bench.rounds)
    base = spread(seconds["plain"])
    return [spread_row(name, spread(values), base, wanted.get(name, "")) for name, values in seconds.items()]


async def _rested(runners: dict[str, Runner]) -> None:
    for runner in runners.values():
        while runner.stats().idle_cells < 4:
            await asyncio.sleep(0.02)
    await asyncio.sleep(0.25)


def _leased(runner: Runner) -> Once:
    async def once() -> float:
        return (await timed(runner, "one room")).whole

    return once


def _fresh(runner: Runner) -> Once:
    async def once() -> float:
        return (await timed(runner, "")).first

    return once


def _cold(runner: Runner) -> Once:
    async def once() -> float:
        cells = runner._cells
        assert cells is not None
        cells._fresh, kept = [], cells._fresh
        cells._refilling = True
        try:
            return (await timed(runner, "")).whole
        finally:
            cells._fresh, cells._refilling = kept, False

    return once


def _in_room(runner: Runner) -> Callable[[int], Awaitable[object]]:
    return lambda number: timed(runner, f"room {number}")


async def together(bench: Bench) -> list[Row]:
    """Four at once, for a while, in turns with plain processes."""
    rates: dict[str, list[float]] = {}
    async with AsyncExitStack() as stack:
        runners = await bench.opened(stack)
        plain = Plain()
        stack.callback(plain.close)

        async def bare(_: int) -> float:
            return await plain.once()

        for _ in range(3):
            rates.setdefault("plain", []).append(await rate(bare, 4, bench.seconds))
            for name, runner in runners.items():
                rates.setdefault(name, []).append(await rate(_in_room(runner), 4, bench.seconds))
    base = statistics.median(rates["plain"])
    middle = {name: statistics.median(found) for name, found in rates.items()}
    return [
        Row(f"{name}, 4 at once", f"{60 * r:,.0f} runs a minute", round(r / base, 2), None, _unless(name, "rate"))
        for name, r in middle.items()
    ]


def _unless(name: str, figure: str) -> str:
    return "" if name == "plain" else WANTED[figure]


async def limits(bench: Bench) -> list[Row]:
    """By how much a loop overruns its processor time."""
    rows = []
    async with AsyncExitStack() as stack:
        for name, runner in (await bench.opened(stack)).items():
            over = spread(await over_the_limit(runner, 2.0, 5))
            figures = f"{100 * over.p50:.2f} % / {100 * over.p95:.2f} %"
            rows.append(Row(f"{name}, over a processor limit of 2 s", figures, wanted=WANTED["cpu"]))
    return rows


async def crowds(bench: Bench) -> list[Row]:
    """Two hundred rooms at once."""
    rows = []
    async with AsyncExitStack() as stack:
        for name, runner in (await bench.opened(stack)).items():
            many = await rush(runner, 200)
            what = f"{name}, {many.rooms} rooms send {many.runs} runs at once"
            figures = f"{many.results} results in {many.whole:.1f} s, the longest wait is {many.worst:.2f} × its share"
            rows.append(Row(what, figures, wanted=WANTED["rush"]))
    return rows


async def rooms(bench: Bench) -> list[Row]:
    """First output through the room's socket, from a warm cell that serves one run."""
    rows = []
    plain = Plain()
    for engine in ENGINES:
        with tempfile.TemporaryDirectory() as folder:
            async with room(folder, **bench.settings(engine)) as one:

                async def rest() -> None:
                    while await one.idle_cells() < 4:
                        await asyncio.sleep(0.05)

                measures: dict[str, Once] = {"plain": plain.once, engine: one.once}
                await one.once()
                seconds = await in_turns(measures, rest, bench.rounds)
        mine, base = spread(seconds[engine]), spread(seconds["plain"])
        rows.append(spread_row(f"{engine}, fresh, first output in the room", mine, base, WANTED["room"]))
    plain.close()
    return rows


async def keys(bench: Bench) -> list[Row]:
    """Keystroke to echo, through the terminal's socket; at last with the program at a worker, over NATS."""
    rows = [await _echo(engine, bench.settings(engine)) for engine in ENGINES]
    with (
        tempfile.TemporaryDirectory() as folder,
        NatsServer(Path(folder) / "nats") as nats,
        workers(Path(folder), nats.url, 1, exec_engine="bubblewrap"),
    ):
        away = {"nats_url": nats.url, "exec_place": "workers", "node_silent_seconds": SILENT_SECONDS}
        return [*rows, await _echo("at a worker", away)]


async def _echo(name: str, settings: Mapping[str, object]) -> Row:
    named = {f"SANGAM_{key.upper()}": str(value) for key, value in settings.items()}
    with tempfile.TemporaryDirectory() as folder, server(folder, os.environ | named) as address:
        async with terminal(address) as socket:
            await echoes(socket, 20)
            found = spread(await echoes(socket, 300))
    figures = f"{found.p50 * 1000:.1f} / {found.p95 * 1000:.1f} ms"
    return Row(f"{name}, keystroke to echo", figures, wanted=WANTED["echo"])


PARTS: dict[str, Callable[[Bench], Coroutine[object, object, list[Row]]]] = {
    "single": single,
    "together": together,
    "rooms": rooms,
    "limits": limits,
    "crowds": crowds,
    "keys": keys,
}
