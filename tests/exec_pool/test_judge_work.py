"""Turns and the work queue: fair, bounded, one result each."""

import asyncio
from collections import Counter, defaultdict

import pytest
from hypothesis import given
from hypothesis import strategies as st

from exec_pool.errors import RunnerFull, SandboxUnavailable, WorkLost
from exec_pool.turns import Bounds, Entry, Place, Turns
from exec_pool.work import Job, LocalWork, Say, WorkQueue
from tests.exec_pool.playground import until

WIDE = Bounds(total=10_000, room=10_000, user=10_000)
people = st.tuples(st.sampled_from("abc"), st.sampled_from("xy"), st.integers(1, 3))


@given(st.lists(people | st.sampled_from(["take", "leave"]), max_size=60), st.integers(1, 4))
def test_V21_slots_are_never_exceeded_and_nobody_is_forgotten(steps: list[object], slots: int) -> None:
    turns, running, waiting = Turns(slots, WIDE), dict[str, int](), set[str]()
    for number, step in enumerate(steps):
        if isinstance(step, tuple):
            turns.join(Entry(str(number), *step))
            waiting.add(str(number))
        elif step == "take" and (entry := turns.take()):
            waiting.remove(entry.id)
            running[entry.id] = entry.slots
        elif step == "leave" and running:
            done = min(running)
            del running[done]
            turns.leave(done, 0.5)
        assert sum(running.values()) <= slots
        assert (turns.running(), turns.waiting()) == (len(running), len(waiting))
    while running or waiting:
        while entry := turns.take():
            waiting.remove(entry.id)
            running[entry.id] = entry.slots
        assert running, "somebody waits while all slots are free"
        turns.leave(running.popitem()[0])
    assert turns.take() is None


def served(turns: Turns) -> list[str]:
    """The order of service with one slot and jobs of equal length."""
    order = []
    while entry := turns.take():
        order.append(entry.id)
        turns.leave(entry.id, 1.0)
    return order


def test_V21_a_flood_delays_only_itself() -> None:
    turns = Turns(1, WIDE)
    for number in range(1000):
        turns.join(Entry(f"flood {number}", "flood", "f"))
    for room in range(50):
        turns.join(Entry(f"calm {room}", f"room {room}", "c"))
    order = served(turns)
    assert max(order.index(f"calm {room}") for room in range(50)) <= 51
    assert len(order) == len(set(order)) == 1050


def test_V21_users_of_a_room_take_turns_too() -> None:
    turns = Turns(1, WIDE)
    for number in range(5):
        turns.join(Entry(f"a{number}", "room", "asha"))
    for number in range(2):
        turns.join(Entry(f"b{number}", "room", "bina"))
    assert served(turns) == ["a0", "b0", "a1", "b1", "a2", "a3", "a4"]


def test_V21_a_room_that_uses_slots_waits_for_one_that_does_not() -> None:
    turns = Turns(3, WIDE)
    for number in range(4):
        turns.join(Entry(f"a{number}", "a", "x"))
    begun = [turns.take(), turns.take()]
    turns.join(Entry("b", "b", "y"))
    third = turns.take()
    assert [entry.id for entry in (*begun, third) if entry] == ["a0", "a1", "b"]


def test_V21_a_pair_gets_its_slots_though_singles_keep_coming() -> None:
    turns = Turns(2, WIDE)
    turns.join(Entry("single", "a", "x"))
    turns.take()
    turns.join(Entry("pair", "b", "y", slots=2))
    turns.join(Entry("late", "c", "z"))
    assert turns.take() is None
    turns.leave("single")
    taken = turns.take()
    assert taken is not None
    assert taken.id == "pair"


def test_V22_the_line_is_bounded_and_says_when_to_try_again() -> None:
    turns = Turns(1, Bounds(total=6, room=4, user=2))
    turns.join(Entry("1", "a", "x"))
    turns.join(Entry("2", "a", "x"))
    for entry in (Entry("3", "a", "x"),):
        with pytest.raises(RunnerFull) as refused:
            turns.join(entry)
        assert refused.value.retry_seconds is not None
        assert refused.value.retry_seconds >= 1.0
    turns.join(Entry("4", "a", "y"))
    turns.join(Entry("5", "a", "y"))
    with pytest.raises(RunnerFull):
        turns.join(Entry("6", "a", "z"))
    turns.join(Entry("7", "b", "x"))
    turns.join(Entry("8", "c", "x"))
    with pytest.raises(RunnerFull):
        turns.join(Entry("9", "d", "x"))
    assert turns.waiting() == 6
    turns.leave("1")
    turns.join(Entry("9", "d", "x"))


@given(st.lists(st.tuples(st.sampled_from("abcd"), st.sampled_from("xyz")), max_size=30))
def test_V24_positions_are_the_order_of_service(people: list[tuple[str, str]]) -> None:
    turns = Turns(1, WIDE)
    for number, (room, user) in enumerate(people):
        turns.join(Entry(str(number), room, user))
    places = {str(number): turns.place(str(number)) for number in range(len(people))}
    by_position = sorted(places, key=lambda entry: places[entry].position if places[entry] else 0)  # type: ignore[union-attr]
    assert sorted(place.position for place in places.values() if place) == list(range(1, len(people) + 1))
    assert served(turns) == by_position


def test_V24_the_wait_is_guessed_from_what_jobs_took() -> None:
    turns = Turns(2, WIDE)
    for number in range(40):
        turns.join(Entry(str(number), "a", "x"))
    for _ in range(30):
        entry = turns.take()
        assert entry is not None
        turns.leave(entry.id, 4.0)
    turns.take()
    last = turns.place("39")
    assert last is not None
    assert last.position == 9
    assert 12.0 < last.seconds <= 18.0
    assert turns.place("30") == Place(0, 0.0)
    assert turns.place("0") is None


def job(number: int, room: str = "room", user: str = "user", slots: int = 1) -> Job:
    return Job(id=f"{room}/{user}/{number}", room=room, user=user, body=str(number).encode(), slots=slots)


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
        if work.body == b"13":
            raise ValueError("unlucky")
        return b"done " + work.body


async def test_V23_every_job_has_exactly_one_result() -> None:
    bakery = Bakery()
    work: WorkQueue = LocalWork(bakery.perform, slots=4, bounds=WIDE)
    said: list[bytes] = []
    tickets = [work.submit(job(n, f"room {n % 200}"), said.append) for n in range(400)]
    again = work.submit(job(7, "room 7"), said.append)
    assert again is tickets[7]
    bakery.go.set()
    results = await asyncio.gather(*(t.result() for t in (*tickets, *tickets)), return_exceptions=True)
    assert results[:400] == results[400:]
    assert [r for n, r in enumerate(results[:400]) if n != 13] == [b"done %d" % n for n in range(400) if n != 13]
    assert isinstance(results[13], WorkLost)
    assert set(bakery.ended.values()) == {1}
    assert len(said) == len(bakery.begun) == 400
    stats = work.stats()
    assert (stats.waiting, stats.running, stats.done, stats.lost) == (0, 0, 399, 1)


async def test_V23_cancelling_frees_the_slot_and_who_awaits_is_told() -> None:
    bakery = Bakery()
    work = LocalWork(bakery.perform, slots=1)
    first, second, third = (work.submit(job(n), lambda _: None) for n in range(3))
    await until(lambda: bakery.begun == [first.job.id])
    waiting = asyncio.create_task(second.result())
    await asyncio.sleep(0)
    waiting.cancel()
    assert second.place() == Place(1, 1.0)
    first.cancel()
    first.cancel()
    with pytest.raises(WorkLost):
        await first.result()
    await until(lambda: second.job.id in bakery.begun)
    third.cancel()
    with pytest.raises(WorkLost):
        await third.result()
    bakery.go.set()
    assert await second.result() == b"done 1"
    assert third.job.id not in bakery.begun
    assert (work.stats().running, work.stats().waiting) == (0, 0)


async def test_V23_a_job_cancelled_before_its_first_step_leaves_its_slot() -> None:
    bakery = Bakery()
    work = LocalWork(bakery.perform, slots=1)
    work.submit(job(1), lambda _: None).cancel()
    second = work.submit(job(2), lambda _: None)
    bakery.go.set()
    assert await second.result() == b"done 2"
    assert bakery.begun == [second.job.id]


async def test_V25_drain_lets_end_what_runs_and_tells_who_waits() -> None:
    bakery = Bakery()
    work = LocalWork(bakery.perform, slots=1)
    runs, waits = (work.submit(job(n), lambda _: None) for n in range(2))
    await until(lambda: len(bakery.begun) == 1)
    draining = asyncio.create_task(work.drain(10.0))
    with pytest.raises(WorkLost, match="closing"):
        await waits.result()
    with pytest.raises(SandboxUnavailable):
        work.submit(job(3), lambda _: None)
    bakery.go.set()
    assert await runs.result() == b"done 0"
    await draining


async def test_V25_drain_stops_what_takes_too_long() -> None:
    bakery = Bakery()
    work = LocalWork(bakery.perform, slots=1)
    ticket = work.submit(job(1), lambda _: None)
    await until(lambda: len(bakery.begun) == 1)
    await work.drain(0.01)
    with pytest.raises(WorkLost):
        await ticket.result()
    assert bakery.ended == {ticket.job.id: 1}


async def test_V21_two_hundred_rooms_wait_no_more_than_thrice_their_share() -> None:
    """One room floods, two hundred send three each; every room's last job is served within three fair shares."""
    order: list[str] = []

    async def perform(work: Job, _say: Say) -> bytes:
        order.append(work.room)
        await asyncio.sleep(0)
        return b""

    work = LocalWork(perform, slots=4, bounds=WIDE)
    rooms = ["flood"] * 600 + [f"room {n % 200}" for n in range(600)]
    tickets = [work.submit(job(n, room), lambda _: None) for n, room in enumerate(rooms)]
    await asyncio.gather(*(ticket.result() for ticket in tickets))
    last: dict[str, int] = defaultdict(int)
    for position, room in enumerate(order, 1):
        last[room] = position
    fair = 3 * 201
    assert max(position for room, position in last.items() if room != "flood") <= 3 * fair
    assert max(position for room, position in last.items() if room != "flood") <= fair + 8
