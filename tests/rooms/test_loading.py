"""How a document comes from the journal, and goes into snapshots."""

import asyncio
import time
from collections.abc import Sequence
from pathlib import Path

import pytest
from pycrdt import Doc, Text

from realtime.digest import Digests
from realtime.document import Document
from realtime.lib0 import write_bytes, write_uint
from realtime.snapshot import Snapshot
from rooms.shelf import Shelf
from rooms.store import Draft, Entry
from tests.rooms.conftest import ANA, ROOM, Client, GatedStore, OpenRegistry, say, until


def updates_of(*texts: str, client: int = 5) -> list[bytes]:
    """One person types these, one after the other."""
    doc: Doc[Text] = Doc(client_id=client)
    made: list[bytes] = []
    doc.observe(lambda event: made.append(event.update))
    text = doc.get("text", type=Text)
    for one in texts:
        text += one
    return made


def woven(count: int, length: int) -> list[bytes]:
    """Two people append to one text in turns, `length` characters each: what cannot be merged. 2000 turns an update."""
    made, ends, last = [], [0, 0], b""
    for start in range(0, count, 2000):
        first, items = list(ends), ([], [])  # type: tuple[list[int], tuple[list[bytes], list[bytes]]]
        for turn in range(start, min(count, start + 2000)):
            who = turn % 2
            place = b"\x84" + last if last else b"\x04\x01\x04text"
            items[who].append(place + write_bytes(b"y" * length))
            ends[who] += length
            last = write_uint(who + 1) + write_uint(ends[who] - 1)
        sections = [
            write_uint(len(items[who])) + write_uint(who + 1) + write_uint(first[who]) + b"".join(items[who])
            for who in (1, 0)
        ]
        made.append(b"\x02" + b"".join(sections) + b"\x00")
    return made


def text_of(document: Document) -> str:
    doc: Doc[Text] = Doc()
    doc.apply_update(document.encode())
    return str(doc.get("text", type=Text))


async def journal(store: GatedStore, name: str, updates: Sequence[bytes]) -> None:
    await store.append(name, [Draft(ROOM.id, 1, ANA.id, "main", "update", update) for update in updates])


class Nobody:
    """Nobody has the document open."""

    def committed(self) -> Document | None:
        return None

    def shortened(self, snapshot: Snapshot) -> None:
        pass


def shelf_on(store: GatedStore) -> Shelf:
    return Shelf(ROOM.id, "main", store, 2**26, Digests(), Nobody())


async def test_J10_a_poisonous_entry_is_left_out_and_kept(store: GatedStore, caplog: pytest.LogCaptureFixture) -> None:
    one, two = updates_of("one ", "two ")
    await journal(store, "a commit", [one, b"this is no update", two])
    for _ in range(2):
        document, _ = await shelf_on(store).load()
        assert text_of(document) == "one two "
    assert "left out" in caplog.text
    caplog.clear()
    await shelf_on(store).write()
    stored = await store.load(ROOM.id, "main")
    assert (stored.seq, stored.tail) == (3, ())
    assert text_of((await shelf_on(store).load())[0]) == "one two "
    assert [entry.data for batch in store.batches for entry in batch][1] == b"this is no update"


async def test_J10_what_breaks_the_library_does_not_keep_the_room_closed(store: GatedStore) -> None:
    """The document is built anew without it, as nobody knows what it left."""
    one, two = updates_of("one ", "two ")
    in_a_letter = bytes.fromhex("01010900040005000178") + b"\x00"
    after_it = bytes.fromhex("010109018409000178") + b"\x00"
    await journal(store, "a commit", [one, in_a_letter, after_it, two])
    document, _ = await shelf_on(store).load()
    assert text_of(document) == "one two "
    assert document.restore(updates_of("three", client=6)[0])


async def test_J10_an_entry_before_what_it_builds_on_waits_for_it_also_in_a_snapshot(store: GatedStore) -> None:
    one, two, three = updates_of("one ", "two ", "three ")
    await journal(store, "early", [one, three])
    await shelf_on(store).write()
    assert text_of((await shelf_on(store).load())[0]) == "one "
    await journal(store, "late", [two])
    assert text_of((await shelf_on(store).load())[0]) == "one two three "
    await shelf_on(store).write()
    stored = await store.load(ROOM.id, "main")
    assert (stored.seq, stored.tail) == (3, ())
    assert text_of((await shelf_on(store).load())[0]) == "one two three "


async def test_J7_a_snapshot_is_what_the_entries_up_to_its_number_say(
    store: GatedStore, registries: OpenRegistry
) -> None:
    """Neither what another node wrote is missing, nor is there what is shown but not committed."""
    registry, ana = registries(slow_seconds=0.01), Client(ANA)
    store.is_shared = True
    async with registry.visit(ROOM.id) as room:
        shared = await room.enter(ana.session, ANA, "main")
        say(shared, ana.session, ana.hello())
        say(shared, ana.session, ana.typed("mine "))
        await registry.journal.flush()
        await journal(store, "of another node", updates_of("theirs "))
        store.gate.clear()
        say(shared, ana.session, ana.typed("not committed "))
        await until(lambda: registry.journal.state == "unsaved")
        await shared.put_away()
        stored = await store.load(ROOM.id, "main")
        assert stored.snapshot is not None
        snapshot = Snapshot.decode(stored.snapshot)
        assert snapshot is not None
        whole: Doc[Text] = Doc()
        whole.apply_update(bytes(snapshot.whole))
        by_entries: Doc[Text] = Doc()
        entries = [entry for batch in store.batches for entry in batch]
        for entry in entries:
            if entry.kind == "update" and entry.seq <= stored.seq:
                by_entries.apply_update(entry.data)
        assert stored.tail == ()
        assert stored.seq == last_edit(entries)
        assert str(whole.get("text", type=Text)) == str(by_entries.get("text", type=Text))
        assert "theirs" in str(whole.get("text", type=Text))
        store.gate.set()
        await registry.journal.flush()


def last_edit(entries: Sequence[Entry]) -> int:
    return max(entry.seq for entry in entries if entry.kind == "update")


async def test_J7_a_snapshot_of_a_server_before_is_read(store: GatedStore) -> None:
    one, two = updates_of("one ", "two 😀")
    await journal(store, "a commit", [one, two])
    doc: Doc[Text] = Doc()
    doc.apply_update(one)
    await store.save_snapshot(ROOM.id, "main", 1, 0, doc.get_update())
    assert text_of((await shelf_on(store).load())[0]) == "one two 😀"
    await shelf_on(store).write()
    document, _ = await shelf_on(store).load()
    assert (5, 9) in document.pairs
    assert text_of(document) == "one two 😀"


LARGE = {"one string": updates_of("x" * 20_000_000), "woven by two": woven(50_000, 20)}


@pytest.mark.parametrize("what", LARGE)
async def test_J11_others_go_on_while_a_large_document_is_loaded(store: GatedStore, what: str) -> None:
    """The longest turn of the loop, in CPU time of its thread: the machine may be busy with something else."""
    await journal(store, "a commit", LARGE[what])
    await store.load(ROOM.id, "main")
    for has_snapshot in (False, True):
        stored = await store.load(ROOM.id, "main")
        assert (stored.snapshot is not None) == has_snapshot
        heart = asyncio.create_task(longest_turn(loading := asyncio.Event()))
        document, snapshot = await shelf_on(store).load()
        loading.set()
        longest = await heart
        assert snapshot is not None
        assert document.size >= sum(map(len, LARGE[what])) // 2
        print(f"{what}, snapshot {has_snapshot}: the longest turn took {longest * 1000:.1f} ms")
        assert longest < 0.1


async def test_J11_who_opens_a_large_document_does_not_wait_for_the_snapshots_of_others(store: GatedStore) -> None:
    digests = Digests()
    await journal(store, "a commit", woven(10_000, 20))
    async with digests._turns, asyncio.timeout(60):
        document, snapshot = await Shelf(ROOM.id, "main", store, 2**26, digests, Nobody()).load()
    assert snapshot is not None
    assert len(text_of(document)) == 200_000


async def longest_turn(over: asyncio.Event) -> float:
    longest = 0.0
    while not over.is_set():
        started = time.thread_time()
        await asyncio.sleep(0)
        longest = max(longest, time.thread_time() - started)
    return longest


async def test_J11_a_small_document_starts_no_process(store: GatedStore, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(Path("/nonexistent")))
    monkeypatch.setattr("realtime.digest.sys.executable", "/nonexistent/python")
    await journal(store, "a commit", updates_of("small"))
    await shelf_on(store).write()
    assert (await store.load(ROOM.id, "main")).seq == 1


async def test_J11_if_no_process_can_be_started_a_large_document_is_loaded_all_the_same(
    store: GatedStore, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr("realtime.digest.sys.executable", "/nonexistent/python")
    await journal(store, "a commit", woven(20_000, 20))
    document, snapshot = await shelf_on(store).load()
    assert snapshot is None
    assert len(text_of(document)) == 400_000
    assert "hold up others" in caplog.text
