"""What every job queue does, in process and on a real JetStream alike."""

import asyncio
import secrets
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

import pytest

from realtime.errors import FanoutUnavailable, JobsUnavailable, QueueFull
from realtime.jobs import Job, JobQueue, LocalJobQueue
from realtime.nats_jobs import NatsJobQueue
from tests.contracts.fanouts import until
from tests.services.nats import NatsServer
from tests.services.processes import free_port

Join = Callable[[], Awaitable[JobQueue]]
LEASE = 1.0
PATIENCE = 30.0


@pytest.fixture(params=["local", "nats"])
async def join(request: pytest.FixtureRequest) -> AsyncIterator[Join]:
    """Each call opens the same queue for another worker; in process there is one object for all."""
    opened: list[JobQueue] = []
    make: Callable[[], JobQueue]
    if request.param == "local":
        local = LocalJobQueue(lease_seconds=LEASE, max_jobs=20)
        make = lambda: local  # noqa: E731
    else:
        server: NatsServer = request.getfixturevalue("nats_server")
        name = f"t{secrets.token_hex(4)}"
        make = lambda: NatsJobQueue(server.url, name, lease_seconds=LEASE, max_jobs=20)  # noqa: E731

    async def join() -> JobQueue:
        queue = make()
        await queue.open()
        opened.append(queue)
        return queue

    yield join
    for queue in opened:
        await queue.close()


async def taken(queue: JobQueue, seconds: float = PATIENCE) -> Job:
    job = await queue.take(seconds)
    assert job is not None
    return job


async def test_K1_jobs_come_in_order_and_once(join: Join) -> None:
    near, far = await join(), await join()
    for number in range(10):
        assert await near.submit(f"j{number}", b"%d" % number)
    seen = []
    for number in range(10):
        job = await taken((near, far)[number % 2])
        assert (job.payload, job.attempt) == (job.id[1:].encode(), 1)
        seen.append(job.id)
        await job.finish()
    assert seen == [f"j{number}" for number in range(10)]
    assert await near.take(LEASE * 1.5) is None
    stats = await near.stats()
    assert (stats.waiting, stats.taken) == (0, 0)


async def test_K1_a_waiting_worker_gets_what_is_submitted_at_once(join: Join) -> None:
    near, far = await join(), await join()
    takers = [asyncio.create_task(queue.take(PATIENCE)) for queue in (far, far, near)]
    await asyncio.sleep(0)
    started = time.monotonic()
    for name in ("a", "b", "c"):
        await near.submit(name, b"")
    jobs = await asyncio.gather(*takers)
    assert time.monotonic() - started < PATIENCE / 2
    assert sorted(job.id for job in jobs if job) == ["a", "b", "c"]


async def test_K2_a_job_of_a_worker_that_died_goes_to_another(join: Join) -> None:
    near, far = await join(), await join()
    await near.submit("j", b"x")
    dead = await taken(far)
    again = await taken(near)
    assert (again.id, again.attempt) == (dead.id, 2)
    await again.finish()
    assert await near.take(LEASE * 1.5) is None


async def test_K2_a_worker_that_prolongs_keeps_its_job(join: Join) -> None:
    queue = await join()
    await queue.submit("j", b"x")
    job = await taken(queue)
    for _ in range(10):
        assert await queue.take(LEASE / 5) is None
        await job.prolong()
    await job.finish()
    assert await queue.take(LEASE * 1.5) is None


async def test_K2_a_late_finish_counts(join: Join) -> None:
    queue = await join()
    await queue.submit("j", b"x")
    slow = await taken(queue)
    other = await taken(queue)
    await slow.finish()
    await other.finish()
    assert await queue.take(LEASE * 1.5) is None
    assert (await queue.stats()).taken == 0


async def test_K3_a_job_that_is_given_back_comes_again(join: Join) -> None:
    queue = await join()
    await queue.submit("first", b"")
    await queue.submit("second", b"")
    await (await taken(queue)).give_back()
    jobs = [await taken(queue), await taken(queue)]
    assert {(job.id, job.attempt) for job in jobs} == {("first", 2), ("second", 1)}
    for job in jobs:
        await job.give_back()
    assert {(job.id, job.attempt) for job in (await taken(queue), await taken(queue))} == {("first", 3), ("second", 2)}


async def test_K3_not_before_its_time(join: Join) -> None:
    queue = await join()
    await queue.submit("j", b"")
    job, started = await taken(queue), time.monotonic()
    await job.give_back(0.6)
    assert (await taken(queue)).attempt == 2
    assert time.monotonic() - started > 0.4


async def test_K4_the_queue_is_bounded(join: Join) -> None:
    queue = await join()
    for number in range(20):
        await queue.submit(f"j{number}", b"")
    with pytest.raises(QueueFull):
        await queue.submit("one more", b"")
    await (await taken(queue)).finish()
    assert await queue.submit("one more", b"")


async def test_K5_an_id_is_submitted_once(join: Join) -> None:
    queue, other = await join(), await join()
    assert await queue.submit("j", b"x")
    assert not await other.submit("j", b"x")
    await (await taken(queue)).finish()
    assert not await queue.submit("j", b"x")
    assert await queue.take(0.2) is None


async def test_K1_a_worker_that_stops_waiting_takes_nothing_away(join: Join) -> None:
    queue, done = await join(), list[str]()

    async def work() -> None:
        if job := await queue.take(PATIENCE):
            done.append(job.id)
            await job.finish()

    waiting = [asyncio.create_task(work()) for _ in range(3)]
    await asyncio.sleep(0)
    await queue.submit("j", b"x")
    for task in waiting[:2]:
        task.cancel()
    await until(lambda: done)
    waiting[2].cancel()
    await asyncio.gather(*waiting, return_exceptions=True)
    assert done == ["j"]


async def test_K6_jobs_outlive_the_broker(own_nats: NatsServer) -> None:
    queue = NatsJobQueue(own_nats.url, "runs", lease_seconds=1.0)
    await queue.open()
    await queue.submit("a", b"1")
    await queue.submit("b", b"2")
    held = await taken(queue)
    own_nats.kill()
    with pytest.raises(JobsUnavailable):
        await queue.submit("c", b"3")
    with pytest.raises(JobsUnavailable):
        await held.finish()
    own_nats.start()
    await held.finish()
    second = await taken(queue)
    assert (second.id, second.payload) == ("b", b"2")
    await second.finish()
    assert await queue.take(0.2) is None
    await queue.close()


async def test_K6_a_paused_broker_costs_a_bounded_time(own_nats: NatsServer) -> None:
    queue = NatsJobQueue(own_nats.url, "runs")
    await queue.open()
    own_nats.pause()
    for call in (queue.submit("a", b""), queue.take(0.5), queue.stats()):
        with pytest.raises(JobsUnavailable):
            await asyncio.wait_for(call, PATIENCE)
    own_nats.resume()
    assert await queue.submit("b", b"")
    assert (await taken(queue)).id in {"a", "b"}
    await queue.close()


async def test_K7_what_is_missing_is_told_in_a_sentence(tmp_path: Path) -> None:
    with pytest.raises(FanoutUnavailable, match="no NATS server at"):
        await NatsJobQueue(f"nats://127.0.0.1:{free_port()}", "runs").open()
    with (
        NatsServer(tmp_path, jetstream=False) as server,
        pytest.raises(JobsUnavailable, match="start it with JetStream"),
    ):
        await NatsJobQueue(server.url, "runs").open()
