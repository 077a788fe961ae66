"""Many rooms at once, a few of them greedy: how long each waits beside its fair share."""

import asyncio
import time

import msgspec

from exec_pool.runner_pool import Runner
from loadtests.exec.measures import timed

GREEDY = 8


class Rush(msgspec.Struct, frozen=True):
    """`results` of so many `runs` of `rooms`; the worst wait of a room as a multiple of its fair share, and seconds."""

    rooms: int
    runs: int
    results: int
    worst: float
    whole: float


def fair_shares(runs: list[int], whole: float) -> list[float]:
    """When each room would have had all its runs, had the rooms that still wait shared everything equally."""
    each = whole / sum(runs)
    upto = [0.0]
    for level in range(1, max(runs) + 1):
        upto.append(upto[-1] + each * sum(count >= level for count in runs))
    return [upto[count] for count in runs]


async def rush(runner: Runner, rooms: int) -> Rush:
    """Every room submits one run at the same moment, every twentieth GREEDY of them."""
    runs = [GREEDY if number % 20 == 0 else 1 for number in range(rooms)]
    began = time.perf_counter()
    results = 0

    async def room(number: int, count: int) -> float:
        nonlocal results
        done = await asyncio.gather(*(timed(runner, f"rush {number}") for _ in range(count)))
        results += len(done)
        return time.perf_counter() - began

    waits = await asyncio.gather(*(room(number, count) for number, count in enumerate(runs)))
    whole = time.perf_counter() - began
    shares = fair_shares(runs, whole)
    worst = max(wait / share for wait, share in zip(waits, shares, strict=True))
    return Rush(rooms, sum(runs), results, worst, whole)
