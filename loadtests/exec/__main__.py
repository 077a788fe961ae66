"""`python -m loadtests.exec`: how long runs take, as ratios to a plain fork/exec of the same program in the same run.

Starts a Docker engine of its own unless `--docker` names one; writes loadtests/results/exec.md with `--write`.
"""

import argparse
import asyncio
import contextlib
import os
import statistics
import sys
import tempfile
from collections.abc import Awaitable, Callable
from pathlib import Path

import msgspec

from exec_pool.host_image import HOST_IMAGE, host_binds
from exec_pool.limits import ExecSettings
from exec_pool.runner_pool import Runner
from loadtests.exec.echo import echoes, server, terminal
from loadtests.exec.measures import InDocker, Once, Plain, in_turns, machine, over_the_limit, rate, rush, spread, timed
from tests.exec_pool.docker_engine import docker_engine

RESULTS = Path(__file__).resolve().parents[1] / "results/exec.md"
Row = tuple[str, str, str, str]


async def opened(engine: str, url: str) -> Runner:
    """A Runner that is ready; AssertionError where the engine does not hold."""
    wanted = {"engine": engine, "docker_url": url, "image": "host", "queue": 1000}
    runner = Runner(msgspec.convert(wanted, ExecSettings))
    await runner.open()
    available = await runner.checked()
    assert available.ok, available.reason
    return runner


async def single(runners: dict[str, Runner], url: str, rounds: int) -> list[Row]:
    """One run at a time: leased, fresh, cold, and one `docker run` each."""
    plain, shell = Plain(), InDocker(url, HOST_IMAGE, host_binds(()))
    measures: dict[str, Once] = {"plain": plain.once, "docker run": shell.once}
    for name, runner in runners.items():
        measures |= {f"{name}, leased": _leased(runner), f"{name}, fresh, first output": _fresh(runner)}
        measures |= {f"{name}, cold": _cold(runner)}
    for once in measures.values():
        await once()

    async def rest() -> None:
        for runner in runners.values():
            while runner.stats().idle_cells < 4:
                await asyncio.sleep(0.02)
        await asyncio.sleep(0.25)

    seconds = await in_turns(measures, rest, rounds)
    base = spread(seconds["plain"])
    rows = []
    for name, values in seconds.items():
        mine = spread(values)
        ratios = f"{mine.p50 / base.p50:.2f}", f"{mine.p95 / base.p95:.2f}"
        rows.append((name, f"{mine.p50 * 1000:.1f} / {mine.p95 * 1000:.1f} ms", *ratios))
    return rows


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


async def together(runners: dict[str, Runner], seconds: float) -> list[Row]:
    """Four at once, for a while, in turns with plain processes."""
    plain = Plain()

    async def bare(_: int) -> float:
        return await plain.once()

    rates: dict[str, list[float]] = {}
    for _ in range(3):
        rates.setdefault("plain", []).append(await rate(bare, 4, seconds))
        for name, runner in runners.items():
            rates.setdefault(name, []).append(await rate(_in_room(runner), 4, seconds))
    base = statistics.median(rates["plain"])
    middle = {name: statistics.median(found) for name, found in rates.items()}
    return [(f"{name}, 4 at once", f"{60 * r:,.0f} runs a minute", f"{r / base:.2f}", "") for name, r in middle.items()]


async def other(name: str, runner: Runner, url: str) -> list[Row]:
    """Limits, a rush of rooms, and the echo of a keystroke through a whole server."""
    over = spread(await over_the_limit(runner, 2.0, 5))
    many = await rush(runner, 200)
    served = f"{many.results} results, last after {many.slowest:.1f} s of {many.whole:.1f} s"
    rows = [
        (f"{name}, over a processor limit of 2 s", f"{100 * over.p50:.2f} % / {100 * over.p95:.2f} %", "", ""),
        (f"{name}, {many.rooms} rooms at once", served, "", ""),
    ]
    environ = os.environ | {"SANGAM_EXEC_ENGINE": name, "SANGAM_EXEC_DOCKER_URL": url, "SANGAM_EXEC_IMAGE": "host"}
    with tempfile.TemporaryDirectory() as folder, server(folder, environ) as address:
        async with terminal(address) as socket:
            await echoes(socket, 20)
            keys = spread(await echoes(socket, 300))
    return [*rows, (f"{name}, keystroke to echo", f"{keys.p50 * 1000:.1f} / {keys.p95 * 1000:.1f} ms", "", "")]


async def measure(url: str, rounds: int, seconds: float) -> list[Row]:
    """All rows, in order."""
    runners = {name: await opened(name, url) for name in ("bubblewrap", "docker")}
    try:
        rows = await single(runners, url, rounds)
        rows += await together(runners, seconds)
        for name, runner in runners.items():
            rows += await other(name, runner, url)
        return rows
    finally:
        for runner in runners.values():
            await runner.close()


def table(rows: list[Row]) -> str:
    """As Markdown."""
    lines = ["| what | p50 / p95 | × plain, p50 | × plain, p95 |", "|---|---|---|---|"]
    return "\n".join([*lines, *(f"| {' | '.join(row)} |" for row in rows)])


def main() -> int:
    """Returns the exit status."""
    parser = argparse.ArgumentParser("python -m loadtests.exec")
    parser.add_argument("--docker", help="address of a Docker engine")
    parser.add_argument("--rounds", type=int, default=40)
    parser.add_argument("--seconds", type=float, default=5.0, help="length of each measurement of many at once")
    parser.add_argument("--write", action="store_true")
    options = parser.parse_args()
    about = machine()
    with contextlib.nullcontext(options.docker) if options.docker else docker_engine() as url:
        text = f"{about}\n\n{table(asyncio.run(measure(url, options.rounds, options.seconds)))}\n"
    print(text)
    if options.write:
        RESULTS.write_text(f"# Runs, beside a plain fork/exec\n\n{text}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
