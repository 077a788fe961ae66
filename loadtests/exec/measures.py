"""What is measured of runs: each figure beside a plain fork/exec of the same program at the same moment."""

import asyncio
import os
import random
import statistics
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable
from pathlib import Path

import msgspec

from exec_pool.limits import Limits
from exec_pool.runner_pool import Runner
from exec_pool.runs import Output, RunRequest

HELLO = b"print('hi')\n"
FILES = {"main.py": HELLO}
Once = Callable[[], Awaitable[float]]


class Spread(msgspec.Struct, frozen=True):
    """Seconds: the median and the 95th percentile of `count` runs."""

    p50: float
    p95: float
    count: int


def spread(seconds: list[float]) -> Spread:
    """Of at least two measurements."""
    cuts = statistics.quantiles(seconds, n=20, method="inclusive")
    return Spread(statistics.median(seconds), cuts[18], len(seconds))


class Plain:
    """The same program as a bare process of this machine."""

    def __init__(self) -> None:
        self._folder = tempfile.TemporaryDirectory(prefix="sangam-bench-")
        self._file = Path(self._folder.name, "main.py")
        self._file.write_bytes(HELLO)

    def close(self) -> None:
        """Remove the file of the program."""
        self._folder.cleanup()

    async def once(self) -> float:
        """From the start to the end, output read."""
        began = time.perf_counter()
        process = await asyncio.create_subprocess_exec(
            "/usr/bin/python3", "-u", str(self._file), stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE
        )
        output, _ = await process.communicate()
        assert output == b"hi\n"
        return time.perf_counter() - began


class InDocker:
    """What most home-made judges do: one `docker run` for each submission."""

    def __init__(self, url: str, image: str, binds: tuple[str, ...]) -> None:
        volumes = [word for bind in binds for word in ("-v", bind)]
        self._command = [
            "docker", "--host", url, "run", "--rm", "-i", "--network", "none", "--memory", "256m", "--pids-limit", "64",
            *volumes, image, "/usr/bin/python3", "-u", "-c", HELLO.decode(),
        ]  # fmt: skip

    async def once(self) -> float:
        """From the command to its end."""
        began = time.perf_counter()
        process = await asyncio.create_subprocess_exec(*self._command, stdout=asyncio.subprocess.PIPE)
        output, _ = await process.communicate()
        assert output == b"hi\n", output
        return time.perf_counter() - began


class Timed(msgspec.Struct):
    """One run: seconds to its first output and to its result."""

    first: float
    whole: float


async def timed(runner: Runner, lease: str) -> Timed:
    """Submit, and wait for the result."""
    began = time.perf_counter()
    first: list[float] = []

    def hear(event: object) -> None:
        if isinstance(event, Output) and not first:
            first.append(time.perf_counter() - began)

    run = runner.submit(RunRequest(language="python", files=FILES, entry="main.py", lease=lease), hear)
    run.close_stdin()
    result = await run.result()
    assert result.status == "ok", result
    return Timed(first[0], time.perf_counter() - began)


async def in_turns(
    measures: dict[str, Once], rest: Callable[[], Awaitable[None]], rounds: int
) -> dict[str, list[float]]:
    """Every measure once a round, in an order that changes, so that whatever else goes on meets all of them.

    `rest` waits until what the one before left to do in the background is done.
    """
    seconds: dict[str, list[float]] = {name: [] for name in measures}
    order, chance = list(measures), random.Random(1)
    for _ in range(rounds):
        chance.shuffle(order)
        for name in order:
            await rest()
            seconds[name].append(await measures[name]())
    return seconds


async def rate(once: Callable[[int], Awaitable[object]], at_once: int, seconds: float) -> float:
    """Runs a second, this many at the same time; `once` is told which of them it is."""
    done = 0
    end = time.perf_counter() + seconds

    async def one(number: int) -> None:
        nonlocal done
        while time.perf_counter() < end:
            await once(number)
            done += 1

    began = time.perf_counter()
    await asyncio.gather(*(one(number) for number in range(at_once)))
    return done / (time.perf_counter() - began)


async def over_the_limit(runner: Runner, limit: float, rounds: int) -> list[float]:
    """By what part of the limit a loop overran its processor time."""
    parts = []
    for _ in range(rounds):
        files = {"main.py": b"while True: pass\n"}
        limits = Limits(cpu_seconds=limit)
        run = runner.submit(RunRequest(language="python", files=files, entry="main.py", limits=limits), lambda _: None)
        result = await run.result()
        assert result.status == "cpu_limit", result
        parts.append(result.cpu_seconds / limit - 1)
    return parts


def machine() -> str:
    """In words."""
    load, python = os.getloadavg()[0], sys.version.split()[0]
    return f"{os.cpu_count()} cores, Linux {os.uname().release}, Python {python}, load {load:.1f} at the start"
