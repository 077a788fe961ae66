"""Commit first, show after."""

import asyncio

from realtime.lib0 import write_uint
from rooms.store import Draft, Stored
from tests.rooms.conftest import ANA, BO, ROOM, Client, GatedStore, OpenRegistry, say, until


async def test_J1_nobody_sees_an_edit_before_it_is_committed(store: GatedStore, registries: OpenRegistry) -> None:
    ana, bo = Client(ANA), Client(BO)
    async with registries().visit(ROOM.id) as room:
        for client in (ana, bo):
            shared = await room.enter(client.session, client.member, "main")
            say(shared, client.session, client.hello())
        await until(lambda: not room._events and store.batches != [])
        bo.read()
        store.gate.clear()
        say(shared, ana.session, ana.typed("secret"))
        for _ in range(20):
            await asyncio.sleep(0)
        assert bo.read() == ""
        assert ana.acks == []
        store.gate.set()
        await until(lambda: bo.read() == "secret")
        stored = await store.load(ROOM.id, "main")
        assert stored.tail != ()


async def test_J3_the_author_is_told_saved_once_per_edit_after_the_commit(
    store: GatedStore, registries: OpenRegistry
) -> None:
    ana = Client(ANA)
    async with registries().visit(ROOM.id) as room:
        shared = await room.enter(ana.session, ANA, "main")
        say(shared, ana.session, ana.hello())
        await room._journal.flush()
        store.gate.clear()
        for word in ("one", "two", "three"):
            say(shared, ana.session, ana.typed(word))
        await asyncio.sleep(0)
        ana.take()
        assert ana.acks == []
        store.gate.set()
        await room._journal.flush()
        ana.take()
        assert ana.acks == [True] * 3


async def test_J6_one_commit_takes_what_all_rooms_gathered_meanwhile(
    store: GatedStore, registries: OpenRegistry
) -> None:
    ana, bo = Client(ANA), Client(BO)
    async with registries().visit(ROOM.id) as room:
        one = await room.enter(ana.session, ANA, "main")
        two = await room.enter(bo.session, BO, "board")
        await room._journal.flush()
        store.gate.clear()
        say(one, ana.session, ana.typed("first"))
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        store.batches.clear()
        for word in ("a", "b", "c"):
            say(one, ana.session, ana.typed(word))
            say(two, bo.session, bo.typed(word))
        store.gate.set()
        await room._journal.flush()
    assert len(store.batches) == 2
    assert {(entry.channel, entry.kind) for entry in store.batches[1]} == {
        ("main", "update"),
        ("board", "update"),
        ("board", "client"),
    }


async def test_J5_entries_are_numbered_without_gaps_and_merged_per_author(
    store: GatedStore, registries: OpenRegistry
) -> None:
    ana, bo = Client(ANA), Client(BO)
    async with registries().visit(ROOM.id) as room:
        for client in (ana, bo):
            shared = await room.enter(client.session, client.member, "main")
        for word in ("a", "b", "c"):
            for client in (ana, bo):
                say(shared, client.session, client.typed(word))
        await room._journal.flush()
    entries = [entry for batch in store.batches for entry in batch]
    assert [entry.seq for entry in entries] == list(range(1, len(entries) + 1))
    assert [entry.author for entry in entries if entry.kind == "update"] == [ANA.id, BO.id]
    assert all(entry.room == ROOM.id and entry.time > 1_600_000_000_000 and entry.channel for entry in entries)


async def test_J8_whose_a_crdt_client_is_is_journaled_once(store: GatedStore, registries: OpenRegistry) -> None:
    ana = Client(ANA)
    async with registries().visit(ROOM.id) as room:
        shared = await room.enter(ana.session, ANA, "main")
        for word in ("a", "b"):
            say(shared, ana.session, ana.typed(word))
            await room._journal.flush()
    known = [entry for batch in store.batches for entry in batch if entry.kind == "client"]
    assert [(entry.author, entry.data) for entry in known] == [(ANA.id, write_uint(ana.doc.client_id))]


async def test_J2_a_slow_commit_is_shown_as_unsaved_and_settled_later(
    store: GatedStore, registries: OpenRegistry
) -> None:
    ana, bo = Client(ANA), Client(BO)
    registry = registries(slow_seconds=0.01)
    async with registry.visit(ROOM.id) as room:
        for client in (ana, bo):
            shared = await room.enter(client.session, client.member, "main")
            say(shared, client.session, client.hello())
        await registry.journal.flush()
        store.gate.clear()
        say(shared, ana.session, ana.typed("one "))
        await until(lambda: bo.read() == "one ")
        assert registry.journal.state == "unsaved"
        say(shared, ana.session, ana.typed("two "))
        await until(lambda: bo.read() == "two one ")
        assert ana.acks == []
        store.gate.set()
        await until(lambda: registry.journal.state == "saved")
        await registry.journal.flush()
        ana.take()
        assert ana.acks == [True, True]
    assert len((await store.load(ROOM.id, "main")).tail) == 2


async def test_J2_past_its_limit_rooms_take_no_more_edits_until_the_store_is_back(
    store: GatedStore, registries: OpenRegistry
) -> None:
    ana = Client(ANA)
    registry = registries(max_unsaved_bytes=500)
    async with registry.visit(ROOM.id) as room:
        shared = await room.enter(ana.session, ANA, "main")
        say(shared, ana.session, ana.hello())
        await registry.journal.flush()
        store.failing = True
        say(shared, ana.session, ana.typed("x" * 1000))
        await until(lambda: registry.journal.state == "behind")
        say(shared, ana.session, ana.typed("refused"))
        ana.take()
        assert ana.acks == [False]
        store.failing = False
        await until(lambda: registry.journal.state == "saved")
        say(shared, ana.session, ana.hello())
        ana.take()
        assert ana.acks == [False, True]
    assert len((await store.load(ROOM.id, "main")).tail) == 1


async def test_J4_the_same_commit_twice_is_one_commit(store: GatedStore) -> None:
    drafts = [Draft(ROOM.id, 5, ANA.id, "main", "update", b"\x00\x00")]
    assert await store.append("one", drafts) == await store.append("one", drafts) == [1]
    assert await store.append("two", [Draft(ROOM.id, 6, ANA.id, "main", "update", b"\x00\x01")]) == [2]
    assert (await store.load(ROOM.id, "main")).tail == (b"\x00\x00", b"\x00\x01")


async def test_J7_a_snapshot_and_the_tail_are_the_document(store: GatedStore) -> None:
    updates = [Draft(ROOM.id, 5, ANA.id, "main", "update", bytes([number])) for number in range(1, 6)]
    assert await store.append("a commit", updates) == [1, 2, 3, 4, 5]
    await store.save_snapshot(ROOM.id, "main", 3, 7, b"snapshot")
    await store.save_snapshot(ROOM.id, "main", 2, 0, b"an older one that comes late")
    assert await store.load(ROOM.id, "main") == Stored(3, 7, b"snapshot", (b"\x04", b"\x05"), 5)


async def test_events_are_read_forwards_and_backwards(store: GatedStore) -> None:
    chat = [Draft(ROOM.id, 5, ANA.id, "chat", "message", b"{}")] * 7
    await store.append("a commit", [*chat, Draft(ROOM.id, 5, ANA.id, "main", "update", b"")])

    async def seqs(after: int | None = None, before: int | None = None, limit: int = 3) -> list[int]:
        channels = ["chat", "main"]
        found = await store.entries(ROOM.id, channels, after=after, before=before, limit=limit)
        return [entry.seq for entry in found]

    assert await seqs() == [5, 6, 7]
    assert await seqs(before=5) == [2, 3, 4]
    assert await seqs(after=2) == [3, 4, 5]
    assert await seqs(after=7) == []
