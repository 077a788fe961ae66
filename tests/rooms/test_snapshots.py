"""Of what a snapshot is made, and what is in it."""

import asyncio
import sqlite3
from itertools import chain
from pathlib import Path
from random import Random

import pytest
from pycrdt import Doc, Text

from realtime.errors import BadUpdate
from realtime.protocol import SyncUpdate
from realtime.snapshot import Snapshot, Table
from rooms import shelf
from rooms.registry import RoomRegistry
from rooms.room import MAIN
from rooms.store import Draft
from tests.rooms.conftest import ANA, BO, ROOM, Client, GatedStore, OpenRegistry, say, until
from tests.rooms.test_nodes import LossyHub, Together, together

__all__ = ["together"]


async def test_D5_a_snapshot_has_what_another_node_committed_and_did_not_deliver(
    store: GatedStore,
    together: Together,
) -> None:
    hub = LossyHub()
    one, two = await together(2, hub)
    ana, bo = Client(ANA), Client(BO)
    at_one, at_two = await one.open(ana), await two.open(bo)
    hub.cut.add(two.fanout.node)
    say(at_two, bo.session, bo.typed("from bo "))
    await two.registry.journal.flush()
    say(at_one, ana.session, ana.typed("from ana "))
    await one.registry.journal.flush()
    await at_one.put_away()
    stored = await store.load(ROOM.id, MAIN)
    assert stored.snapshot is not None
    assert stored.tail == ()
    later = Client(ANA)
    for update in await (await at_one.shelf()).updates():
        later.doc.apply_update(update)
    assert sorted(str(later.text).split()) == ["ana", "bo", "from", "from"]


@pytest.fixture
def often(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every few edits."""
    monkeypatch.setattr(shelf, "SNAPSHOT_ENTRIES", 3)
    monkeypatch.setattr(shelf, "REST_SECONDS", 0.0)


def whole(updates: list[bytes]) -> tuple[str, bytes]:
    doc: Doc[Text] = Doc()
    for update in updates:
        doc.apply_update(update)
    return str(doc.get("text", type=Text)), doc.get_update()


def check_snapshots(store: GatedStore) -> None:
    """Each one is what the entries up to its number say, not one more or less."""
    entries = [entry for entry in chain(*store.batches) if entry.kind == "update"]
    for seq, raw in store.snapshots:
        snapshot = Snapshot.decode(raw)
        assert snapshot is not None
        assert whole([bytes(snapshot.whole)]) == whole([entry.data for entry in entries if entry.seq <= seq])


@pytest.mark.usefixtures("often")
async def test_J7_a_snapshot_from_memory_is_what_the_entries_up_to_its_number_say(
    store: GatedStore, registries: OpenRegistry
) -> None:
    """Edits come at any moment of commits and of snapshots; hardly anything is read."""
    registry, ana, bo = registries(), Client(ANA), Client(BO)
    async with registry.visit(ROOM.id) as room:
        at_ana = await room.enter(ana.session, ANA, MAIN)
        at_bo = await room.enter(bo.session, BO, MAIN)
        for client in (ana, bo):
            say(at_ana, client.session, client.hello())
        reads, luck = store.reads, Random(7)
        while len(store.snapshots) < 5:
            say(at_ana, ana.session, ana.typed("a"))
            say(at_bo, bo.session, bo.typed("b"))
            for _ in range(luck.randrange(6)):
                await asyncio.sleep(0)
        await registry.journal.flush()
        say(at_ana, ana.session, ana.typed("the last"))
        await registry.journal.flush()
        await at_ana.put_away()
        check_snapshots(store)
        assert store.reads - reads < len({seq for seq, _ in store.snapshots})


@pytest.mark.usefixtures("often")
async def test_J7_no_snapshot_from_memory_has_what_is_not_committed(
    store: GatedStore, registries: OpenRegistry
) -> None:
    registry, ana = registries(slow_seconds=0.01), Client(ANA)
    async with registry.visit(ROOM.id) as room:
        shared = await room.enter(ana.session, ANA, MAIN)
        say(shared, ana.session, ana.hello())
        say(shared, ana.session, ana.typed("committed "))
        await registry.journal.flush()
        store.gate.clear()
        say(shared, ana.session, ana.typed("shown, not committed "))
        await until(lambda: registry.journal.state == "unsaved")
        await shared.put_away()
        assert store.snapshots
        check_snapshots(store)
        store.gate.set()
        await registry.journal.flush()


async def test_J7_a_document_that_is_large_or_not_as_the_journal_says_is_not_written_from_memory(
    store: GatedStore, registries: OpenRegistry
) -> None:
    """What an entry that was left out, or waits, says is nowhere in memory; and large ones take long to encode."""
    registry, ana = registries(), Client(ANA)
    waits = bytes.fromhex("010109018409000178") + b"\x00"
    await store.append("a commit", [Draft(ROOM.id, 1, ANA.id, MAIN, "update", waits)])
    async with registry.visit(ROOM.id) as room:
        shared = await room.enter(ana.session, ANA, MAIN)
        say(shared, ana.session, ana.hello())
        say(shared, ana.session, ana.typed("x"))
        await registry.journal.flush()
        reads = store.reads
        await shared.put_away()
        assert store.reads == reads + 1
        snapshot = Snapshot.decode(store.snapshots[-1][1])
        assert snapshot is not None
        assert snapshot.table.waiting == [waits]


async def test_J7_replacing_everything_again_and_again_reads_nothing(
    store: GatedStore, registries: OpenRegistry, monkeypatch: pytest.MonkeyPatch
) -> None:
    """However much is sent, only what is left of it counts."""
    monkeypatch.setattr(shelf, "SNAPSHOT_BYTES", 300_000)
    registry, ana = registries(), Client(ANA)
    async with registry.visit(ROOM.id) as room:
        shared = await room.enter(ana.session, ANA, MAIN)
        say(shared, ana.session, ana.hello())
        reads = store.reads
        for turn in range(60):
            with ana.doc.transaction():
                ana.text.clear()
                ana.text += chr(ord("a") + turn % 26) * 20_000
            say(shared, ana.session, SyncUpdate(ana.last(), False))
            await registry.journal.flush()
        await until(lambda: len(store.snapshots) >= 2)
        assert store.reads == reads
        check_snapshots(store)


async def test_J9_no_snapshot_is_in_the_tables_before_what_it_holds(tmp_path: Path) -> None:
    """Else, if a power cut took the log's end, its numbers would be given again, and newer edits hidden."""
    store = GatedStore(tmp_path / "other")
    await store.open()
    await store.create_room(ROOM, [])
    await store.append("a commit", [Draft(ROOM.id, 1, ANA.id, MAIN, "update", b"1")])
    await store.save_snapshot(ROOM.id, MAIN, 1, 0, b"1")
    with sqlite3.connect(tmp_path / "other" / "sangam.db") as tables:
        assert tables.execute("SELECT seq FROM entries").fetchall() == [(1,)]
    tables.close()
    await store.close()


BROKEN = [b"no snapshot", b"\x00SGM\x01\xff", Snapshot(b"no update", Table([], b"\x00", 0, 0, [], [])).encode()]


@pytest.mark.parametrize("broken", BROKEN)
async def test_J12_a_broken_snapshot_is_made_anew_of_the_entries(
    store: GatedStore, registries: OpenRegistry, caplog: pytest.LogCaptureFixture, broken: bytes
) -> None:
    await written(store, registries(), broken)
    caplog.clear()
    bo = Client(BO)
    async with registries().visit(ROOM.id) as room:
        shared = await room.enter(bo.session, BO, MAIN)
        say(shared, bo.session, bo.hello())
        assert bo.read() == "two one "
        assert "a snapshot is broken" in caplog.text
        stored = await store.load(ROOM.id, MAIN)
        assert stored.snapshot not in (None, broken)
        assert stored.tail == ()


async def test_J12_where_history_was_forgotten_a_broken_snapshot_is_left_alone(
    store: GatedStore, registries: OpenRegistry, tmp_path: Path
) -> None:
    await written(store, registries(), BROKEN[0])
    with sqlite3.connect(tmp_path / "data" / "sangam.db") as tables:
        tables.execute("DELETE FROM entries WHERE seq < 3")
    tables.close()
    async with registries().visit(ROOM.id) as room:
        with pytest.raises(BadUpdate):
            await room.document(MAIN)
    assert (await store.load(ROOM.id, MAIN)).snapshot == BROKEN[0]


async def written(store: GatedStore, registry: RoomRegistry, snapshot: bytes) -> None:
    """A room that was edited twice and closed, with this for a snapshot."""
    ana = Client(ANA)
    async with registry.visit(ROOM.id) as room:
        shared = await room.enter(ana.session, ANA, MAIN)
        say(shared, ana.session, ana.hello())
        for text in ("one ", "two "):
            say(shared, ana.session, ana.typed(text))
            await registry.journal.flush()
        room.leave(ana.session)
    await registry.drain(5)
    seq = (await store.load(ROOM.id, MAIN)).upto
    await store.save_snapshot(ROOM.id, MAIN, seq, 0, snapshot)
