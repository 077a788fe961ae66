"""The journal and its snapshots, on each store alike."""

import asyncio
from collections.abc import Callable
from itertools import count

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from rooms.store import Draft, Store, Stored
from tests.contracts.conftest import append, draft, make_rooms, opened

_names = count()


async def test_D1_each_room_counts_from_one(store: Store) -> None:
    await make_rooms(store, "rm_one", "rm_two")
    mixed = [draft("rm_one"), draft("rm_two"), draft("rm_one"), draft("rm_one"), draft("rm_two")]
    assert await append(store, "c1", mixed) == [1, 1, 2, 3, 2]
    assert await append(store, "c2", [draft("rm_two"), draft("rm_one")]) == [3, 4]


async def test_D3_the_same_commit_again_is_answered_and_not_repeated(store: Store) -> None:
    await make_rooms(store, "rm_one", "rm_two")
    batch = [draft("rm_two"), draft("rm_one"), draft("rm_two")]
    assert await append(store, "c0", [draft("rm_two")]) == [1]
    assert await append(store, "c1", batch) == [2, 1, 3]
    assert await append(store, "c2", [draft("rm_one")]) == [2]
    assert await append(store, "c1", batch) == [2, 1, 3]
    assert [len((await store.load(room, "main")).tail) for room in ("rm_one", "rm_two")] == [2, 3]


async def test_D1_numbers_go_on_after_closing_and_opening(make_store: Callable[[], Store]) -> None:
    async with opened(make_store()) as store:
        await make_rooms(store, "rm_one")
        assert await append(store, "c1", [draft(data=b"1")]) == [1]
    async with opened(make_store()) as store:
        assert await append(store, "c2", [draft(data=b"2"), draft(data=b"3")]) == [2, 3]
        assert (await store.load("rm_one", "main")).tail == (b"1", b"2", b"3")


async def test_D10_nothing_to_append_is_no_commit(store: Store) -> None:
    assert await append(store, "c1", []) == []


async def test_D10_bytes_come_back_as_they_were(store: Store) -> None:
    await make_rooms(store, "rm_one")
    datas = [b"", b"\x00", bytes(range(256)), b"x" * 3_000_000, "ä\n".encode()]
    await append(store, "c1", [draft(data=data) for data in datas])
    assert await store.load("rm_one", "main") == Stored(0, 0, None, tuple(datas), 5)


async def test_D5_a_document_is_its_snapshot_and_the_updates_after_it(store: Store) -> None:
    await make_rooms(store, "rm_one", "rm_two")
    batch = [
        draft(data=b"1"),
        draft(data=b"2", channel="board"),
        draft(data=b"3", kind="client"),
        draft(data=b"4"),
        draft(data=b"{}", channel="chat", kind="message"),
        draft("rm_two", b"other room"),
        draft(data=b"6"),
    ]
    await append(store, "c1", batch)
    assert (await store.load("rm_one", "main")).tail == (b"1", b"4", b"6")
    await store.save_snapshot("rm_one", "main", 4, 7, b"1+4")
    assert await store.load("rm_one", "main") == Stored(4, 7, b"1+4", (b"6",), 6)
    assert await store.load("rm_one", "board") == Stored(0, 0, None, (b"2",), 2)


async def test_D5_the_history_of_a_document_is_all_its_updates_without_the_snapshot(store: Store) -> None:
    await make_rooms(store, "rm_one", "rm_two")
    await append(store, "c1", [draft("rm_two", b"0"), draft(data=b"1"), draft(data=b"2", channel="board")])
    await append(store, "c2", [draft(data=b"3", kind="client"), draft(data=b"4")])
    await store.save_snapshot("rm_one", "main", 4, 7, b"1+4")
    assert await store.history("rm_one", "main") == Stored(0, 0, None, (b"1", b"4"), 4)
    assert await store.history("rm_one", "notes") is None


async def test_D5_an_older_snapshot_never_replaces_a_newer(store: Store) -> None:
    await make_rooms(store, "rm_one")
    await append(store, "c1", [draft(data=b"%d" % n) for n in range(1, 6)])
    await store.save_snapshot("rm_one", "main", 4, 1, b"newer")
    await store.save_snapshot("rm_one", "main", 3, 9, b"older")
    assert await store.load("rm_one", "main") == Stored(4, 1, b"newer", (b"5",), 5)
    await store.save_snapshot("rm_one", "main", 4, 2, b"as new")
    assert (await store.load("rm_one", "main")).snapshot == b"as new"
    await store.save_snapshot("rm_one", "main", 5, 2, b"all")
    assert await store.load("rm_one", "main") == Stored(5, 2, b"all", (), 5)


async def test_D10_events_are_read_forwards_backwards_and_by_kind(store: Store) -> None:
    await make_rooms(store, "rm_one")
    batch = [draft(data=b"%d" % n, channel=("chat", "run")[n % 2], kind=("a", "b", "c")[n % 3]) for n in range(1, 13)]
    await append(store, "c1", [*batch, draft(data=b"an edit")])

    async def seqs(*channels: str, after: int | None = None, before: int | None = None, **more: object) -> list[int]:
        limit, kinds = int(str(more.get("limit", 100))), more.get("kinds", ())
        assert isinstance(kinds, tuple)
        found = await store.entries("rm_one", channels, after=after, before=before, limit=limit, kinds=kinds)
        assert all(entry.data == b"%d" % entry.seq and entry.room == "rm_one" for entry in found)
        return [entry.seq for entry in found]

    assert await seqs("chat", "run") == list(range(1, 13))
    assert await seqs("run") == [1, 3, 5, 7, 9, 11]
    assert await seqs("run", limit=2) == [9, 11]
    assert await seqs("run", limit=2, before=9) == [5, 7]
    assert await seqs("run", limit=2, after=3) == [5, 7]
    assert await seqs("run", after=3, before=7) == [5]
    assert await seqs("chat", "run", kinds=("a", "b"), after=0, limit=3) == [1, 3, 4]
    assert await seqs("main") == []


_batches = st.lists(
    st.tuples(st.lists(st.integers(0, 3), min_size=1, max_size=8), st.booleans()), min_size=1, max_size=8
)


@given(plan=_batches)
@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_D1_D2_D3_any_batches_are_numbered_as_lists_would_number_them(
    make_store: Callable[[], Store], plan: list[tuple[list[int], bool]]
) -> None:
    asyncio.run(_play(make_store(), plan))


async def _play(unopened: Store, plan: list[tuple[list[int], bool]]) -> None:
    """Batches over four rooms, some of them sent twice."""
    rooms = [f"rm_{next(_names)}" for _ in range(4)]
    expected: dict[str, list[bytes]] = {room: [] for room in rooms}
    async with opened(unopened) as store:
        await make_rooms(store, *rooms)
        for number, (batch, again) in enumerate(plan):
            drafts = [draft(rooms[room], b"%d/%d" % (number, place)) for place, room in enumerate(batch)]
            seqs = [_kept(expected, one) for one in drafts]
            for _ in range(1 + again):
                assert await append(store, f"{rooms[0]}-{number}", drafts) == seqs
        for room in rooms:
            assert list((await store.load(room, "main")).tail) == expected[room]


def _kept(expected: dict[str, list[bytes]], one: Draft) -> int:
    expected[one.room].append(one.data)
    return len(expected[one.room])


async def test_D18_a_report_is_found_by_its_kind_and_nowhere_else(store: Store) -> None:
    await make_rooms(store, "rm_one")
    await append(store, "c1", [draft(data=b"one", channel="report", kind="sb_1"), draft(channel="run", kind="x")])
    await append(store, "c2", [draft(data=b"two", channel="report", kind="sb_2")])
    [found] = await store.entries("rm_one", ["report"], after=None, before=None, limit=1, kinds=["sb_1"])
    assert found.data == b"one"
    shown = await store.entries("rm_one", ["chat", "run", "room"], after=None, before=None, limit=10)
    assert [entry.kind for entry in shown] == ["x"]
