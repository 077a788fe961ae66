"""Several nodes on one database: numbers, order, retries, locks."""

import asyncio
import random
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

import asyncpg
import pytest
from asyncpg.connection import Connection

from rooms.errors import RoomNotFound
from rooms.postgres_store import PostgresStore
from tests.contracts.conftest import draft, make_rooms, opened

Join = Callable[[], Awaitable[PostgresStore]]
ROOMS = [f"rm_{number}" for number in range(8)]


@asynccontextmanager
async def connected(address: str) -> AsyncIterator[Connection]:
    """Past the store."""
    connection = await asyncpg.connect(address)
    try:
        yield connection
    finally:
        await connection.close()


async def _write(node: PostgresStore, name: str, batches: int, seed: int) -> dict[str, list[tuple[int, bytes]]]:
    """Batches over some rooms in any order; what each room got, with the numbers that were answered."""
    chance = random.Random(seed)
    written: dict[str, list[tuple[int, bytes]]] = {room: [] for room in ROOMS}
    for number in range(batches):
        rooms = chance.choices(ROOMS, k=chance.randint(1, 12))
        drafts = [draft(room, f"{name}/{number}/{place}".encode()) for place, room in enumerate(rooms)]
        seqs = await node.append(f"{name}-{number}", drafts)
        for one, seq in zip(drafts, seqs, strict=True):
            written[one.room].append((seq, one.data))
    return written


async def test_D1_D4_nodes_that_write_to_the_same_rooms_leave_no_gap_and_no_double(nodes: Join) -> None:
    joined = [await nodes() for _ in range(3)]
    await make_rooms(joined[0], *ROOMS)
    written = await asyncio.gather(*(_write(node, f"n{place}", 60, place) for place, node in enumerate(joined)))
    for room in ROOMS:
        kept = sorted(pair for one in written for pair in one[room])
        assert [seq for seq, _ in kept] == list(range(1, len(kept) + 1))
        assert (await joined[1].load(room, "main")).tail == tuple(data for _, data in kept)


async def test_D1_who_sees_an_entry_sees_all_below_it(nodes: Join, address: str) -> None:
    writers, reader = [await nodes() for _ in range(3)], await nodes()
    await make_rooms(reader, *ROOMS)
    writing = asyncio.gather(*(_write(node, f"n{place}", 60, place) for place, node in enumerate(writers)))
    look = "SELECT room, max(seq), count(*) FROM entries GROUP BY room"
    seen = 0
    async with connected(address) as connection:
        while not writing.done():
            for _, last, count in await connection.fetch(look):
                assert last == count
                seen += count
    await writing
    assert seen


async def test_D3_a_commit_that_another_node_repeats_is_answered_with_its_numbers(nodes: Join) -> None:
    one, two = await nodes(), await nodes()
    await make_rooms(one, *ROOMS)
    drafts = [draft(room) for room in ROOMS] * 3
    for number in range(20):
        answers = await asyncio.gather(*(node.append(f"c{number}", drafts) for node in (one, two, one, two)))
        assert answers == [[3 * number + nth for nth in (1, 2, 3) for _ in ROOMS]] * 4
    assert len((await two.load(ROOMS[0], "main")).tail) == 60


async def test_D3_a_commit_is_answered_after_a_restart_too(nodes: Join) -> None:
    one, two = await nodes(), await nodes()
    await make_rooms(one, *ROOMS)
    assert await one.append("c1", [draft("rm_0")]) == [1]
    await one.close()
    assert await two.append("c2", [draft("rm_0")]) == [2]
    await one.open()
    assert await one.append("c1", [draft("rm_0")]) == [1]


async def test_D2_a_batch_with_a_room_that_does_not_exist_is_not_written(nodes: Join) -> None:
    store = await nodes()
    await make_rooms(store, "rm_one")
    with pytest.raises(RoomNotFound):
        await store.append("c1", [draft("rm_one"), draft("rm_none")])
    assert (await store.load("rm_one", "main")).tail == ()
    assert await store.append("c1", [draft("rm_one")]) == [1]


async def test_D3_a_commit_is_forgotten_only_after_it_was_answered(nodes: Join, address: str) -> None:
    one, two = await nodes(), await nodes()
    await make_rooms(one, "rm_0")
    assert await one.append("answered", [draft("rm_0")]) == [1]
    assert await two.append("of two", [draft("rm_0")]) == [2]
    await one.sweep(float("inf"))
    async with connected(address) as connection:
        assert await connection.fetchval("SELECT array_agg(id) FROM commits") == ["of two"]
        await connection.execute("UPDATE commits SET time = now() - interval '2 days'")
        await one.sweep(0.0)
        assert await connection.fetchval("SELECT count(*) FROM commits") == 0


async def test_D4_nodes_that_find_their_rooms_in_another_order_never_wait_in_a_circle(address: str) -> None:
    """One walks through an index, one through the table: the rooms lie there in the opposite order."""
    by_index = address + "?enable_seqscan=off&enable_bitmapscan=off"
    by_table = address + "?enable_indexscan=off&enable_bitmapscan=off&enable_indexonlyscan=off"
    async with opened(PostgresStore(by_index)) as one, opened(PostgresStore(by_table)) as two:
        rooms = [f"rm_{number:03}" for number in range(200)]
        await make_rooms(one, *reversed(rooms))
        batch = [draft(room) for room in rooms]
        for number in range(20):
            answers = await asyncio.gather(
                *(node.append(f"{place}-{number}", batch) for place, node in enumerate((one, two)))
            )
            assert sorted(answers) == [[2 * number + 1] * 200, [2 * number + 2] * 200]


async def test_D4_a_room_that_somebody_holds_locks_no_other_room(nodes: Join, address: str) -> None:
    one, two = await nodes(), await nodes()
    await make_rooms(one, "rm_0", "rm_1")
    async with connected(address) as connection:
        async with connection.transaction():
            await connection.execute("SELECT 1 FROM counters WHERE id = 'rm_0' FOR UPDATE")
            held = asyncio.ensure_future(one.append("held", [draft("rm_0")]))
            assert await two.append("free", [draft("rm_1")]) == [1]
            assert not held.done()
        assert await held == [1]


async def test_D5_a_load_sees_snapshot_and_tail_of_one_moment(nodes: Join) -> None:
    """Snapshots move on while another node loads: whatever it gets, nothing is missing and nothing is twice."""
    one, two = await nodes(), await nodes()
    await make_rooms(one, "rm_0")

    async def write() -> None:
        for seq in range(1, 150):
            assert await one.append(f"c{seq}", [draft("rm_0", b"%d" % seq)]) == [seq]
            await one.save_snapshot("rm_0", "main", seq - 1, 0, b"%d" % (seq - 1))

    writing = asyncio.ensure_future(write())
    while not writing.done():
        stored = await two.load("rm_0", "main")
        upto = int(stored.snapshot or b"0")
        assert upto == stored.seq
        assert [int(data) for data in stored.tail] == list(range(upto + 1, upto + 1 + len(stored.tail)))
        assert len(stored.tail) <= 2
    await writing


async def test_D8_nodes_that_start_at_once_on_an_empty_database_make_its_tables_once(nodes: Join) -> None:
    starting = await asyncio.gather(*(nodes() for _ in range(4)))
    await make_rooms(starting[0], "rm_0")
    for place, node in enumerate(starting):
        assert await node.append(f"c{place}", [draft("rm_0")]) == [place + 1]
