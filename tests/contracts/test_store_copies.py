"""Copies of rooms: out of either store while it is written to, into either store, whole or not at all."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from itertools import count
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rooms.errors import BadArchive, RoomNotFound, StoreUnavailable
from rooms.records import CopiedEntry, CopiedRoom, CopiedSnapshot, CopyStore, CopyWriter, Record, Tally, read_copy
from rooms.store import Store, Stored
from tests.contracts.conftest import KINDS, Places, append, draft, make_rooms, opened


async def fill(store: Store) -> None:
    """Two rooms with something of every kind, and one with nothing."""
    await make_rooms(store, "rm_two", "rm_one", "rm_Empty")
    await store.add_member("rm_one", "mb_ana", "Ana \U0001f600", "host", b"\x00ana")
    await store.add_member("rm_one", "mb_bo", "Bo", "observer", b"\xffbo")
    chat = draft("rm_one", '{"text":"ä"}'.encode(), "chat", "message")
    await append(store, "c1", [draft("rm_one", b"1"), draft("rm_two", bytes(range(256))), draft("rm_one", b""), chat])
    await store.save_snapshot("rm_one", "main", 1, 3, b"snapshot \x00")
    await append(store, "c2", [draft("rm_one", b"4", "board"), draft("rm_one", b"5")])


async def write(copies: CopyStore, path: Path, room: str | None = None) -> Tally:
    with CopyWriter(path, 1) as writer:
        await copies.copy(writer.take, room)
    return writer.tally


async def tally_of(copies: CopyStore, room: str | None = None) -> Tally:
    tally = Tally()
    await copies.copy(tally.take, room)
    return tally


@pytest.mark.parametrize("target", KINDS)
@pytest.mark.parametrize("source", KINDS)
async def test_D11_what_is_copied_out_of_one_store_is_the_same_in_another(
    places: Places, tmp_path: Path, source: str, target: str
) -> None:
    here, there = places(source), places(target)
    async with opened(here.store()) as store:
        await fill(store)
        written = await write(here.copies, tmp_path / "copy")
    assert written.counts == {"room": 3, "link": 3, "member": 2, "entry": 6, "snapshot": 1}
    await there.copies.restore(read_copy(tmp_path / "copy"), alone=True)
    assert (await tally_of(there.copies)).end() == written.end()
    async with opened(there.store()) as store:
        assert await store.load("rm_one", "main") == Stored(1, 3, b"snapshot \x00", (b"", b"5"), 5)
        assert await store.load("rm_two", "main") == Stored(0, 0, None, (bytes(range(256)),), 1)
        (chat,) = await store.entries("rm_one", ["chat"], after=None, before=None, limit=9)
        assert (chat.seq, chat.data) == (3, '{"text":"ä"}'.encode())
        found = await store.member_of_token(b"\xffbo")
        assert found is not None
        assert (found[0].id, found[1].id) == ("rm_one", "mb_bo")
        assert (await store.add_member("rm_one", "mb_cy", "Cy", "host", b"cy")).number == 3
        assert await append(store, "c3", [draft("rm_one"), draft("rm_two"), draft("rm_Empty")]) == [6, 2, 1]


@pytest.mark.parametrize("kind", KINDS)
async def test_D11_a_copy_of_a_store_that_is_written_to_is_of_one_moment(places: Places, kind: str) -> None:
    place = places(kind)
    async with opened(place.store()) as store, writing(store) as acknowledged:
        for _ in range(15):
            before = dict(acknowledged)
            taken: list[Record] = []
            await asyncio.to_thread(asyncio.run, place.copies.copy(taken.append))
            rooms = dict(by_room(taken))
            for room, last in before.items():
                seqs = [record.seq for record in rooms[room] if isinstance(record, CopiedEntry)]
                assert seqs == list(range(1, len(seqs) + 1))
                assert len(seqs) >= last
                assert all(one.seq <= len(seqs) for one in rooms[room] if isinstance(one, CopiedSnapshot))


@asynccontextmanager
async def writing(store: Store) -> AsyncIterator[dict[str, int]]:
    """Somebody edits two rooms all the time and takes snapshots; what is committed so far, by room."""
    await make_rooms(store, "rm_one", "rm_two")
    last = {"rm_one": 0, "rm_two": 0}
    over = asyncio.Event()

    async def write() -> None:
        for number in count():
            drafts = [draft(room, bytes(50_000)) for room in ("rm_one", "rm_two", "rm_one")]
            one, two, last["rm_one"] = await append(store, f"c{number}", drafts)
            last["rm_two"] = two
            if number % 3 == 0:
                await store.save_snapshot("rm_one", "main", one + 1, 0, b"snapshot")
            await asyncio.sleep(0)
            if over.is_set():
                return

    task = asyncio.ensure_future(write())
    try:
        yield last
    finally:
        over.set()
        await task


def by_room(records: list[Record]) -> Iterator[tuple[str, list[Record]]]:
    for place, record in enumerate(records):
        if isinstance(record, CopiedRoom):
            end = next((at for at in range(place + 1, len(records)) if isinstance(records[at], CopiedRoom)), None)
            yield record.id, records[place + 1 : end]


@pytest.mark.parametrize("kind", KINDS)
async def test_D12_a_store_with_rooms_in_it_takes_no_backup_and_no_room_twice(
    places: Places, tmp_path: Path, kind: str
) -> None:
    here, there = places(kind), places(kind)
    for place in (here, there):
        async with opened(place.store()) as store:
            await make_rooms(store, "rm_same")
    async with opened(here.store()) as store:
        await make_rooms(store, "rm_new")
    await write(here.copies, tmp_path / "copy")
    before = (await tally_of(there.copies)).end()
    for alone in (True, False):
        with pytest.raises(StoreUnavailable, match="already"):
            await there.copies.restore(read_copy(tmp_path / "copy"), alone=alone)
    assert (await tally_of(there.copies)).end() == before


@pytest.mark.parametrize("kind", KINDS)
async def test_D13_one_room_goes_out_and_in_beside_others(places: Places, tmp_path: Path, kind: str) -> None:
    here, there = places(kind), places(kind)
    async with opened(here.store()) as store:
        await fill(store)
    async with opened(there.store()) as store:
        await make_rooms(store, "rm_other")
    written = await write(here.copies, tmp_path / "copy", "rm_one")
    await there.copies.restore(read_copy(tmp_path / "copy"), alone=False)
    assert (await tally_of(there.copies, "rm_one")).end() == written.end()
    assert (await tally_of(there.copies)).counts["room"] == 2
    with pytest.raises(RoomNotFound):
        await tally_of(there.copies, "rm_none")


async def test_D12_a_folder_that_a_server_uses_is_not_restored_into(places: Places, tmp_path: Path) -> None:
    place = places("sqlite")
    async with opened(place.store()) as store:
        await fill(store)
        await write(place.copies, tmp_path / "copy")
        with pytest.raises(StoreUnavailable, match="another server"):
            await place.copies.restore(read_copy(tmp_path / "copy"), alone=False)


@pytest.fixture(scope="module")
def sound(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A file with a room and a few entries that do not compress to nothing."""
    path = tmp_path_factory.mktemp("copy") / "sound"
    with CopyWriter(path, 1) as writer:
        writer.take(CopiedRoom("rm_one", "Room", "pair", "python", 1))
        for seq in range(1, 40):
            writer.take(CopiedEntry(seq, seq * 7919, f"mb_{seq * 31}", "main", "update", bytes([seq, 255 - seq])))
    return path


@given(data=st.data())
@settings(max_examples=200)
def test_D12_a_damaged_or_cut_file_is_refused(sound: Path, data: st.DataObject) -> None:
    content = bytearray(sound.read_bytes())
    at = data.draw(st.integers(10, len(content) - 1))  # before that is the head of gzip, which holds a time
    if data.draw(st.booleans()):
        del content[at:]
    else:
        content[at] ^= data.draw(st.integers(1, 255))
    hurt = sound.with_name("hurt")
    hurt.write_bytes(content)
    with pytest.raises(BadArchive):
        list(read_copy(hurt))


def test_D12_a_file_of_something_else_or_of_another_version_is_refused(sound: Path, tmp_path: Path) -> None:
    other = tmp_path / "other"
    for content in (b"", b"hello", sound.read_bytes()[:4]):
        other.write_bytes(content)
        with pytest.raises(BadArchive):
            list(read_copy(other))


def test_D12_a_copy_that_fails_leaves_the_earlier_file(sound: Path) -> None:
    before = sound.read_bytes()
    with pytest.raises(RuntimeError), CopyWriter(sound, 2):
        raise RuntimeError
    assert sound.read_bytes() == before
    assert [path.name for path in sound.parent.iterdir() if path.suffix == ".part"] == []
    assert sound.stat().st_mode & 0o077 == 0
