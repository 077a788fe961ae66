"""PostgreSQL stopped, paused, killed, cut off or full: told in time, and well again without help."""

import asyncio
import time
from collections.abc import AsyncIterator
from urllib.parse import urlsplit

import pytest

from rooms.errors import StoreUnavailable
from rooms.postgres_store import PostgresStore
from tests.contracts.conftest import draft, make_rooms, opened
from tests.server import eventually
from tests.services.postgres import PostgresServer
from tests.services.wire import Wire, wire

SECONDS = 2.0
BOUND = SECONDS + 20
"""A machine that is busy with other tests is late, but it does not wait for ever."""


@pytest.fixture
async def store(own_server: PostgresServer) -> AsyncIterator[PostgresStore]:
    async with opened(PostgresStore(own_server.create_database(), seconds=SECONDS)) as store:
        await make_rooms(store, "rm_one")
        yield store


async def check_refuses(store: PostgresStore, commit: str) -> str:
    """Everything that is asked fails in time, reads and writes; what the append said."""
    started = time.monotonic()
    with pytest.raises(StoreUnavailable) as refused:
        await store.append(commit, [draft()])
    assert time.monotonic() - started < BOUND
    asked = (store.load("rm_one", "main"), store.room("rm_one"), store.links("rm_one"))
    for answer in await asyncio.gather(*asked, return_exceptions=True):
        assert isinstance(answer, StoreUnavailable)
    assert time.monotonic() - started < 2 * BOUND
    return str(refused.value)


async def until_appended(store: PostgresStore, commit: str) -> list[int]:
    """Try as the journal does."""
    while True:
        try:
            return await store.append(commit, [draft()])
        except StoreUnavailable:
            await asyncio.sleep(0.05)


async def test_D6_D7_a_stopped_database_is_told_and_found_again(
    store: PostgresStore, own_server: PostgresServer
) -> None:
    assert await store.append("before", [draft()]) == [1]
    own_server.stop()
    try:
        await check_refuses(store, "while")
        assert "is the server running" in await check_refuses(store, "while")
    finally:
        own_server.start()
    assert await until_appended(store, "while") == [2]
    assert await store.append("before", [draft()]) == [1]
    assert (await store.load("rm_one", "main")).tail == (b"x", b"x")


async def test_D6_D7_a_paused_database_is_told_and_what_it_did_meanwhile_is_not_done_twice(
    store: PostgresStore, own_server: PostgresServer
) -> None:
    """On more than one connection: none of them may stay behind."""
    names = [f"while-{number}" for number in range(3)]
    before = await asyncio.gather(*(store.append(f"before-{number}", [draft()]) for number in range(2)))
    assert sorted(before) == [[1], [2]]
    own_server.pause()
    try:
        for said in await asyncio.gather(*(check_refuses(store, name) for name in names)):
            assert "no answer in time" in said
    finally:
        own_server.resume()
    numbers = [await until_appended(store, name) for name in (*names, names[0])]
    assert sorted(numbers[:3]) == [[3], [4], [5]]
    assert numbers[0] == numbers[3]
    assert (await store.load("rm_one", "main")).tail == (b"x",) * 5


async def test_D3_D6_an_answer_that_never_came_is_given_at_the_next_try(own_server: PostgresServer) -> None:
    address = urlsplit(own_server.create_database())
    async with wire(own_server.port) as path:
        url = address._replace(netloc=f"sangam@127.0.0.1:{path.port}").geturl()
        async with opened(PostgresStore(url, seconds=SECONDS)) as store:
            await make_rooms(store, "rm_one")
            assert await store.append("first", [draft()]) == [1]
            path.swallow(answers_only=True)
            await check_refuses(store, "lost")
            path.mend()
            assert own_server.sql("SELECT count(*) FROM entries", address.path[1:]) == "2", "it was not committed"
            assert await until_appended(store, "lost") == [2]
            assert await until_appended(store, "next") == [3]


@pytest.mark.parametrize("how", ["swallow", "hang_up"])
async def test_D6_D7_a_cut_path_is_told_and_used_again(own_server: PostgresServer, how: str) -> None:
    address = urlsplit(own_server.create_database())
    async with wire(own_server.port) as path:
        url = address._replace(netloc=f"sangam@127.0.0.1:{path.port}").geturl()
        async with opened(PostgresStore(url, seconds=SECONDS)) as store:
            await make_rooms(store, "rm_one")
            await _cut(path, store, how)
            assert await until_appended(store, "while") == [1]
            assert (await store.load("rm_one", "main")).tail == (b"x",)


async def _cut(path: Wire, store: PostgresStore, how: str) -> None:
    if how == "hang_up":
        path.hang_up()
        return
    path.swallow()
    await check_refuses(store, "while")
    path.mend()


async def test_D2_D3_D7_a_crash_under_load_loses_no_acknowledged_batch_and_doubles_none(
    store: PostgresStore, own_server: PostgresServer
) -> None:
    acknowledged: dict[str, list[int]] = {}
    stop = asyncio.Event()

    async def write() -> None:
        number = 0
        while not stop.is_set() or number < 50:
            commit = f"c{number}"
            drafts = [draft(data=f"{number}/{place}".encode()) for place in range(5)]
            try:
                acknowledged[commit] = await store.append(commit, drafts)
            except StoreUnavailable:
                await asyncio.sleep(0)
                continue
            number += 1

    writing = asyncio.ensure_future(write())
    for goal in (30, 90):
        await eventually(lambda goal=goal: len(acknowledged) > goal, seconds=60)  # type: ignore[misc]
        own_server.crash()
        await asyncio.to_thread(own_server.start)
    await eventually(lambda: len(acknowledged) > 120, seconds=60)
    stop.set()
    await writing
    seqs = [seq for numbers in acknowledged.values() for seq in numbers]
    assert seqs == list(range(1, len(seqs) + 1))
    expected = [f"{number}/{place}".encode() for number in range(len(acknowledged)) for place in range(5)]
    assert list((await store.load("rm_one", "main")).tail) == expected
