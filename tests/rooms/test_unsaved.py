"""Between an edit and its commit: what is promised, and what a snapshot may hold."""

import shutil
from collections.abc import Sequence
from pathlib import Path

from realtime.local_fanout import LocalFanout
from realtime.outbox import Turn
from realtime.protocol import Message, SyncUpdate
from rooms.registry import RoomRegistry
from rooms.room import MAIN, Room, RoomLimits
from rooms.shelf import SNAPSHOT_BYTES
from rooms.store import Draft
from tests.rooms.conftest import ANA, BO, ROOM, Client, GatedStore, OpenRegistry, nothing, say, until


async def enter(room: Room, client: Client) -> None:
    """A session in the audience, at rest."""
    shared = await room.enter(client.session, client.member, MAIN)
    say(shared, client.session, client.hello())
    await until(lambda: client.session.live)
    client.take()


async def receive(room: Room, client: Client, message: Message) -> None:
    say(await room.document(MAIN), client.session, message)


def reply(client: Client) -> Message:
    return SyncUpdate(client.doc.get_update(), True)


async def test_J3_repeating_an_edit_that_is_not_committed_yet_is_not_called_saved(
    store: GatedStore, registries: OpenRegistry
) -> None:
    async with registries().visit("rm_test") as room:
        ana, again = Client(ANA), Client(ANA)
        await enter(room, ana)
        store.gate.clear()
        await receive(room, ana, ana.typed("hello"))
        room.leave(ana.session)
        again.doc.apply_update(ana.doc.get_update())
        await room.enter(again.session, ANA, MAIN)
        await receive(room, again, again.hello())
        await receive(room, again, reply(again))
        again.take()
        assert again.acks == []
        store.gate.set()
        await until(lambda: again.session.live)
        again.take()
        assert again.acks == [True]


async def test_J3_edits_that_were_refused_are_acknowledged_with_the_reply_that_brings_them(
    store: GatedStore, registries: OpenRegistry
) -> None:
    registry = registries(slow_seconds=0.01, max_unsaved_bytes=10)
    async with registry.visit("rm_test") as room:
        ana, bo = Client(ANA), Client(BO)
        await enter(room, ana)
        await enter(room, bo)
        await receive(room, ana, SyncUpdate(b"\0\0", True))
        ana.take()
        assert ana.acks.pop()
        store.gate.clear()
        await receive(room, bo, bo.typed("more than ten bytes"))
        await until(lambda: registry.journal.state == "behind")
        for letter in "abc":
            await receive(room, ana, ana.typed(letter))
        ana.take()
        assert ana.acks == [False] * 3
        store.gate.set()
        await until(lambda: registry.journal.state == "saved")
        await receive(room, ana, reply(ana))
        await registry.journal.flush()
        ana.take()
        assert ana.acks == [False] * 3 + [True] * 3


async def test_S5_who_leaves_before_the_answer_is_not_in_the_audience(
    store: GatedStore, registries: OpenRegistry
) -> None:
    registry = registries()
    async with registry.visit("rm_test") as room:
        ana, bo = Client(ANA), Client(BO)
        await enter(room, ana)
        store.gate.clear()
        await receive(room, ana, ana.typed("hello"))
        await room.enter(bo.session, BO, MAIN)
        await receive(room, bo, bo.hello())
        room.leave(bo.session)
        store.gate.set()
        await registry.journal.flush()
        assert set((await room.document(MAIN)).audience) == {ana.session}


class Fragile:
    """A target whose batches cannot be shown."""

    def __init__(self) -> None:
        self.drafts: list[Draft] = []

    def seal(self) -> "Fragile":
        return self

    def show(self) -> None:
        raise RuntimeError("no")

    async def review(self) -> None:
        raise RuntimeError("no")

    def settle(self, numbers: list[int]) -> None:
        raise RuntimeError("no")


async def test_J6_a_room_that_cannot_be_told_stops_no_other(store: GatedStore, registries: OpenRegistry) -> None:
    registry = registries()
    async with registry.visit(ROOM.id) as room:
        ana = Client(ANA)
        await enter(room, ana)
        for word in ("one", "two"):
            registry.journal.touch(Fragile())
            await receive(room, ana, ana.typed(word))
            await registry.journal.flush()
            ana.take()
        assert ana.acks == [True, True]


class BreakingStore(GatedStore):
    """Once the gate has opened, one commit succeeds and the next ones fail."""

    async def append(self, commit: str, drafts: Sequence[Draft]) -> list[int]:
        breaks = not self.gate.is_set()
        numbers = await super().append(commit, drafts)
        self.failing = breaks
        return numbers


async def test_J7_a_snapshot_takes_no_number_that_the_journal_lacks(tmp_path: Path) -> None:
    """A snapshot ahead of the journal would hide the entries that get its numbers after a crash."""
    store = BreakingStore(tmp_path / "before")
    await store.open()
    await store.create_room(ROOM, [])
    registry = registry_on(store)
    async with registry.visit(ROOM.id) as room:
        ana = Client(ANA)
        await enter(room, ana)
        await registry.journal.flush()
        store.gate.clear()
        await receive(room, ana, ana.typed("x" * SNAPSHOT_BYTES))
        await until(lambda: registry.journal.state == "unsaved")
        for number in range(10):
            shown = registry.journal.stats().unsaved_bytes
            await receive(room, ana, ana.typed(f"{number} is shown, never committed\n"))
            await until(lambda shown=shown: registry.journal.stats().unsaved_bytes > shown)  # type: ignore[misc]
        store.gate.set()
        await until(lambda: registry.journal.stats().failures > 0)
        await (await room.document(MAIN)).put_away()
        shutil.copytree(tmp_path / "before", tmp_path / "after")
        store.failing = False
    await registry.drain(5)
    await store.close()
    for text in ("one ", "two ", ""):
        found = await write_in_a_life_of_its_own(tmp_path / "after", text)
    assert found == "two one "


async def write_in_a_life_of_its_own(folder: Path, text: str) -> str:
    """A server's whole life: open the folder, let somebody write, close. The first eight characters in between."""
    store = GatedStore(folder)
    await store.open()
    registry = registry_on(store)
    async with registry.visit(ROOM.id) as room:
        ana = Client(ANA)
        shared = await room.enter(ana.session, ANA, MAIN)
        say(shared, ana.session, ana.hello())
        before = ana.read()
        if text:
            await receive(room, ana, ana.typed(text))
    await registry.journal.flush()
    await registry.drain(5)
    await store.close()
    return before[:8]


def registry_on(store: GatedStore) -> RoomRegistry:
    limits = RoomLimits(max_document_bytes=2**24, max_sessions=10, leave_grace_seconds=60.0)
    return RoomRegistry(
        store,
        store,
        limits,
        Turn(),
        LocalFanout(),
        slow_seconds=0.01,
        max_unsaved_bytes=2**24,
        idle_seconds=60.0,
        on_open=nothing,
    )
