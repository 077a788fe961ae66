"""What every work queue does: in this process, and over workers at a hub or at a real broker alike."""

import asyncio
import secrets
from collections import Counter, defaultdict
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack

import pytest

from api.far_programs import FarPrograms
from api.far_work import FarWork
from api.worker import Worker
from exec_pool.errors import RunnerFull, SandboxUnavailable, WorkLost
from exec_pool.limits import ExecSettings
from exec_pool.runner_pool import Runner
from exec_pool.turns import Bounds
from exec_pool.work import Job, LocalWork, Say, WorkQueue
from realtime.fanout import Fanout
from realtime.jobs import JobQueue, LocalJobQueue
from realtime.local_fanout import LocalFanout, LocalHub
from realtime.nats_fanout import NatsFanout
from realtime.nats_jobs import NatsJobQueue
from tests.contracts.fanouts import until
from tests.services.nats import NatsServer

WIDE = Bounds(total=10_000, room=10_000, user=10_000)
SLOTS = 4


class Bakery:
    """Does jobs when it is told to."""

    def __init__(self) -> None:
        self.go = asyncio.Event()
        self.begun: list[str] = []
        self.ended: Counter[str] = Counter()

    async def perform(self, work: Job, say: Say) -> bytes:
        self.begun.append(work.id)
        say(b"started")
        try:
            await self.go.wait()
        finally:
            self.ended[work.id] += 1
        return b"done " + work.body


class Town:
    """Opens work queues, one for each node; all of them share the bakery and its slots."""

    def __init__(self, bakery: Bakery, node: Callable[[], Awaitable[WorkQueue]]) -> None:
        self.bakery = bakery
        self.node = node


def job(number: int, room: str = "room", body: bytes = b"") -> Job:
    return Job(id=f"{room}/{number}", room=room, user="user", body=body or str(number).encode())


@pytest.fixture(params=["here", "hub", "nats"])
async def town(request: pytest.FixtureRequest) -> AsyncIterator[Town]:
    bakery = Bakery()
    if request.param == "here":
        here = LocalWork(bakery.perform, SLOTS, WIDE)

        async def same() -> WorkQueue:
            return here

        yield Town(bakery, same)
        bakery.go.set()
        await here.drain(10.0)
        return
    async with AsyncExitStack() as stack:
        fanout, queue = _ways(request)
        runner = Runner(ExecSettings(engine="bubblewrap", warm_cells=0))
        await runner.open()
        stack.push_async_callback(runner.close)
        worker = Worker(runner, bakery.perform, fanout(), queue(), slots=SLOTS, lease_seconds=5.0)
        await worker.open()
        stack.push_async_callback(worker.close)
        stack.push_async_callback(worker.drain, 10.0)

        async def node() -> WorkQueue:
            programs = FarPrograms(ExecSettings(), fanout(), queue())
            await programs.open()
            stack.push_async_callback(programs.close)
            assert (await programs.checked()).ok
            return FarWork(programs)

        yield Town(bakery, node)
        bakery.go.set()


def _ways(request: pytest.FixtureRequest) -> tuple[Callable[[], Fanout], Callable[[], JobQueue]]:
    if request.param == "hub":
        hub, local = LocalHub(), LocalJobQueue(lease_seconds=5.0)
        return (lambda: LocalFanout(hub)), (lambda: local)
    server: NatsServer = request.getfixturevalue("nats_server")
    name = f"w{secrets.token_hex(4)}"
    return (lambda: NatsFanout(server.url, prefix=name)), (lambda: NatsJobQueue(server.url, name, lease_seconds=5.0))


async def test_V23_every_job_has_exactly_one_result(town: Town) -> None:
    work = await town.node()
    said: list[bytes] = []
    tickets = [work.submit(job(n, f"room {n % 50}"), said.append, WIDE) for n in range(100)]
    assert work.submit(job(7, "room 7"), said.append) is tickets[7]
    town.bakery.go.set()
    results = await asyncio.gather(*(ticket.result() for ticket in (*tickets, *tickets)))
    assert results[:100] == results[100:] == [b"done %d" % n for n in range(100)]
    assert set(town.bakery.ended.values()) == {1}
    assert len(said) == len(town.bakery.begun) == 100
    stats = work.stats()
    assert (stats.waiting, stats.running, stats.done, stats.lost) == (0, 0, 100, 0)


async def test_V23_a_job_that_is_cancelled_frees_its_slot(town: Town) -> None:
    work = await town.node()
    tickets = [work.submit(job(n), lambda _: None, WIDE) for n in range(20)]
    await until(lambda: len(town.bakery.begun) == SLOTS)
    for ticket in tickets[:10]:
        ticket.cancel()
        ticket.cancel()
    for ticket in tickets[:10]:
        with pytest.raises(WorkLost, match="cancelled"):
            await ticket.result()
        assert ticket.place() is None
    await until(lambda: town.bakery.ended.total() == SLOTS)
    town.bakery.go.set()
    results = await asyncio.gather(*(ticket.result() for ticket in tickets[10:]))
    assert results == [b"done %d" % n for n in range(10, 20)]
    await until(lambda: work.stats().running == 0)


async def test_V22_a_line_is_bounded_and_says_when_to_try_again(town: Town) -> None:
    work, narrow = await town.node(), Bounds(total=100, room=3, user=2)
    for number in range(2):
        work.submit(job(number), lambda _: None, narrow)
    with pytest.raises(RunnerFull) as refused:
        work.submit(job(2), lambda _: None, narrow)
    assert (refused.value.retry_seconds or 0) >= 1.0
    assert work.stats().refused == 1
    work.submit(job(2, "another room"), lambda _: None, narrow)


async def test_V24_who_waits_knows_the_place(town: Town) -> None:
    work = await town.node()
    tickets = [work.submit(job(n), lambda _: None, WIDE) for n in range(20)]
    await until(lambda: len(town.bakery.begun) == SLOTS)
    places = [place.position for ticket in tickets if (place := ticket.place())]
    waiting = [position for position in places if position]
    assert waiting in (list(range(1, len(waiting) + 1)), list(range(2, len(waiting) + 2)))
    assert 10 <= len(waiting) <= 20 - SLOTS
    town.bakery.go.set()
    await asyncio.gather(*(ticket.result() for ticket in tickets))
    assert {ticket.place() for ticket in tickets} == {None}


async def test_V25_drain_lets_end_what_runs_and_tells_who_waits(town: Town) -> None:
    work = await town.node()
    tickets = [work.submit(job(n), lambda _: None, WIDE) for n in range(20)]
    await until(lambda: len(town.bakery.begun) == SLOTS)
    await until(lambda: work.stats().running == SLOTS)
    draining = asyncio.create_task(work.drain(30.0))
    with pytest.raises(WorkLost, match="closing"):
        await tickets[-1].result()
    with pytest.raises(SandboxUnavailable):
        work.submit(job(99), lambda _: None)
    town.bakery.go.set()
    results = await asyncio.gather(*(ticket.result() for ticket in tickets), return_exceptions=True)
    await draining
    assert sum(isinstance(result, bytes) for result in results) == SLOTS
    await until(lambda: set(town.bakery.ended.values()) == {1})


async def test_V21_two_hundred_rooms_at_two_nodes_wait_no_more_than_thrice_their_share(town: Town) -> None:
    """One room floods its node, two hundred send one job each to the nodes in turn: all are served in their share."""
    one, other = await town.node(), await town.node()
    town.bakery.go.set()
    flood = [one.submit(job(n, "flood", b"flood"), lambda _: None, WIDE) for n in range(300)]
    calm = [(one, other)[n % 2].submit(job(n, f"room {n}"), lambda _: None, WIDE) for n in range(200)]
    await asyncio.gather(*(ticket.result() for ticket in (*flood, *calm)))
    order = town.bakery.begun
    assert len(order) == len(set(order)) == 500
    last: dict[str, int] = defaultdict(int)
    for position, name in enumerate(order, 1):
        last[name.partition("/")[0]] = position
    share = 201  # of so many rooms each has one job, and the flood's first is one more
    assert max(position for room, position in last.items() if room != "flood") <= 3 * share
