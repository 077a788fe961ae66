"""History is forgotten on purpose only, and never what loading needs."""

import pytest

from rooms.errors import RoomNotFound
from rooms.records import CopiedEntry, CopiedRoom, Record
from rooms.store import Draft, Store, Stored
from tests.contracts.conftest import KINDS, Place, Places, append, draft, make_rooms, opened

OLD, CUT, NEW = 1000, 2000, 3000


def at(time: int, one: Draft) -> Draft:
    return Draft(one.room, time, one.author, one.channel, one.kind, one.data)


async def fill(store: Store) -> None:
    await make_rooms(store, "rm_one", "rm_two")
    batch = [
        at(OLD, draft(data=b"1")),
        at(OLD, draft(data=b"2", kind="client")),
        at(OLD, draft(data=b"{}", channel="chat", kind="message")),
        at(OLD, draft(data=b"4", channel="board")),
        at(OLD, draft(data=b"5")),
        at(NEW, draft(data=b"{}", channel="chat", kind="message")),
        at(OLD, draft("rm_two", b"1", "chat", "message")),
        at(OLD, draft("rm_two", b"2", "chat", "message")),
    ]
    await append(store, "c1", batch)
    await store.save_snapshot("rm_one", "main", 1, 0, b"1")


async def left(place: Place) -> dict[str, list[int]]:
    """The numbers that each room still has."""
    taken: list[Record] = []
    await place.copies.copy(taken.append)
    found: dict[str, list[int]] = {}
    for record in taken:
        if isinstance(record, CopiedRoom):
            found[record.id] = []
            room = record.id
        elif isinstance(record, CopiedEntry):
            found[room].append(record.seq)
    return found


@pytest.mark.parametrize("kind", KINDS)
async def test_D14_only_what_is_old_and_not_needed_goes(places: Places, kind: str) -> None:
    place = places(kind)
    async with opened(place.store()) as store:
        await fill(store)
    async with opened(place.store()) as store:
        before = [await store.load("rm_one", document) for document in ("main", "board")]
        assert await place.trim.trim(CUT, "rm_one") == 2
        assert await left(place) == {"rm_one": [2, 4, 5, 6], "rm_two": [1, 2]}
        assert [await store.load("rm_one", document) for document in ("main", "board")] == before
        assert await store.history("rm_one", "main") is None
        await store.save_snapshot("rm_one", "main", 5, 0, b"1 5")
        assert await place.trim.trim(CUT) == 2
        assert await left(place) == {"rm_one": [2, 4, 6], "rm_two": [2]}
        assert await store.load("rm_one", "main") == Stored(5, 0, b"1 5", (), 5)
        with pytest.raises(RoomNotFound):
            await place.trim.trim(CUT, "rm_none")
    async with opened(place.store()) as store:
        assert await append(store, "c2", [draft("rm_one"), draft("rm_two")]) == [7, 3]


@pytest.mark.parametrize("kind", KINDS)
async def test_D18_problems_are_not_forgotten_with_other_history(places: Places, kind: str) -> None:
    place = places(kind)
    async with opened(place.store()) as store:
        await make_rooms(store, "rm_one")
        kinds = ["sb_1", "problem sum", "problems", "sb_2"]
        await append(store, "c1", [draft(channel="report", kind=name) for name in kinds])
        await append(store, "c2", [draft(channel="run", kind="last")])
    assert await place.trim.trim(2_000_000_000_000) == 2
    async with opened(place.store()) as store:
        left = await store.entries("rm_one", ["report"], after=None, before=None, limit=10)
        assert [entry.kind for entry in left] == ["problem sum", "problems"]
