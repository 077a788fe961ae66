"""Documents, people and rights of an open room."""

import asyncio
import gc

import pytest

from realtime.digest import Digests
from realtime.document import Document
from realtime.errors import BadUpdate
from realtime.local_fanout import LocalFanout
from realtime.presence import Presence
from realtime.protocol import Awareness, AwarenessState, SyncUpdate, decode_y, stateless_body
from realtime.trial import Trials
from rooms.audience import Audience
from rooms.errors import RoomFull, RoomNotFound, StoreUnavailable
from rooms.events import missed_event
from rooms.exchange import Exchange
from rooms.room import Room, RoomLimits
from rooms.shared_document import SharedDocument
from rooms.siblings import Siblings
from rooms.store import Member
from tests.rooms.conftest import ANA, BO, ROOM, Client, GatedStore, OpenRegistry, say, until


async def enter(room: Room, client: Client, document: str = "main") -> None:
    shared = await room.enter(client.session, client.member, document)
    say(shared, client.session, client.hello())


async def type_into(room: Room, client: Client, text: str) -> None:
    say(room.sessions[client.session], client.session, client.typed(text))


def announced(client: Client) -> list[AwarenessState]:
    messages = [message for frame in client.take() for message in decode_y(frame)]
    return [state for message in messages if isinstance(message, Awareness) for state in message.states]


async def test_R1_first_joiners_at_the_same_moment_get_one_room(store: GatedStore, registries: OpenRegistry) -> None:
    registry = registries()
    rooms: list[Room] = []

    async def join(client: Client) -> None:
        async with registry.visit(ROOM.id) as room:
            await enter(room, client)
            rooms.append(room)

    await asyncio.gather(*(join(Client(ANA)) for _ in range(20)))
    assert len(set(map(id, rooms))) == 1
    assert store.loads == 1


async def test_R2_a_failed_load_keeps_nothing(store: GatedStore, registries: OpenRegistry) -> None:
    registry = registries()
    with pytest.raises(RoomNotFound):
        async with registry.visit("rm_unknown"):
            pass
    assert registry.opened() == []
    async with registry.visit(ROOM.id) as room:
        store.unreadable = True
        for _ in range(2):
            with pytest.raises(StoreUnavailable):
                await room.enter(Client(ANA).session, ANA, "main")
        assert room.sessions == {}
        store.unreadable = False
        await room.enter(Client(ANA).session, ANA, "main")


async def test_R3_a_newcomer_gets_the_text_and_everybodys_presence(registries: OpenRegistry) -> None:
    ana, bo = Client(ANA), Client(BO)
    async with registries().visit(ROOM.id) as room:
        await enter(room, ana)
        await type_into(room, ana, "hello")
        say(room.sessions[ana.session], ana.session, Awareness([AwarenessState(5, 1, b'{"line":3}')]))
        await room._journal.flush()
        await enter(room, bo)
        states = announced(bo)
        assert [(state.client, state.json) for state in states] == [(5, b'{"line":3,"user":{"id":"mb_ana"}}')]


async def test_R4_an_answer_waits_for_the_commit_of_what_it_contains(
    store: GatedStore, registries: OpenRegistry
) -> None:
    ana, bo = Client(ANA), Client(BO)
    async with registries().visit(ROOM.id) as room:
        await enter(room, ana)
        await room._journal.flush()
        store.gate.clear()
        await type_into(room, ana, "early")
        await enter(room, bo)
        for _ in range(20):
            await asyncio.sleep(0)
        assert bo.read() == ""
        store.gate.set()
        await until(lambda: bo.read() == "early")
        await type_into(room, ana, "more ")
        await until(lambda: bo.read() == "more early")


async def test_R5_a_reader_changes_nothing_and_is_told(store: GatedStore, registries: OpenRegistry) -> None:
    reader, bo = Client(Member("mb_reader", "Cy", "observer", 3)), Client(BO)
    async with registries().visit(ROOM.id) as room:
        await enter(room, bo)
        await enter(room, reader)
        await type_into(room, bo, "text")
        await until(lambda: reader.read() == "text")
        shared = room.sessions[reader.session]
        edit = reader.typed("no ")
        assert isinstance(edit, SyncUpdate)
        say(shared, reader.session, edit)
        say(shared, reader.session, SyncUpdate(edit.update, True))
        say(shared, reader.session, SyncUpdate(b"\x00\x00", True))
        await room._journal.flush()
        reader.take()
        assert reader.acks == [False, False, True]
        assert bo.read() == "text"
    assert len((await store.load(ROOM.id, "main")).tail) == 1


async def test_R7_an_idle_room_is_closed_and_who_comes_back_finds_everything(
    store: GatedStore, registries: OpenRegistry
) -> None:
    registry = registries(idle_seconds=0.0)
    for number in range(5):
        client = Client(ANA)
        async with registry.visit(ROOM.id) as room:
            await enter(room, client)
            await type_into(room, client, str(number))
            room.leave(client.session)
    last = Client(BO)
    async with registry.visit(ROOM.id) as room:
        await enter(room, last)
        await until(lambda: sorted(last.read()) == list("01234"))
    await until(lambda: registry.opened() == [])
    assert (await store.load(ROOM.id, "main")).snapshot is not None


async def test_R7_a_visit_while_the_room_is_closing_waits_and_opens_it_anew(
    store: GatedStore, registries: OpenRegistry
) -> None:
    registry = registries(idle_seconds=0.0)
    client, again = Client(ANA), Client(ANA)
    async with registry.visit(ROOM.id) as room:
        await enter(room, client)
        store.gate.clear()
        await type_into(room, client, "late")
        room.leave(client.session)
    await until(lambda: ROOM.id in registry._closing)
    asyncio.get_running_loop().call_later(0.02, store.gate.set)
    async with registry.visit(ROOM.id) as second:
        assert second is not room
        await enter(second, again)
        await until(lambda: again.read() == "late")


async def test_R60_a_room_that_was_let_go_is_gone_from_memory(registries: OpenRegistry) -> None:
    registry, client = registries(idle_seconds=0.0), Client(ANA)
    gc.collect()
    gc.disable()
    try:
        async with registry.visit(ROOM.id) as room:
            await enter(room, client)
            await type_into(room, client, "a")
            room.leave(client.session)
        del room
        kinds = (Room, SharedDocument, Document, Audience, Siblings, Exchange, Presence)
        await until(lambda: not [one for one in gc.get_objects() if type(one) in kinds])
    finally:
        gc.enable()


async def test_R8_a_broken_document_is_rebuilt_with_what_was_on_its_way(
    store: GatedStore, registries: OpenRegistry
) -> None:
    ana, bo = Client(ANA), Client(BO)
    async with registries().visit(ROOM.id) as room:
        await enter(room, ana)
        await enter(room, bo)
        await type_into(room, ana, "kept ")
        await room._journal.flush()
        store.gate.clear()
        await type_into(room, ana, "and this ")
        shared = room.sessions[bo.session]
        parent_is_no_type = bytes.fromhex("0101090044") + bytes.fromhex("0500") + b"\x01x\x00"
        shared.document.broken = True  # as after a panic in the library
        mended = shared.receive(bo.session, SyncUpdate(parent_is_no_type[:-1], False))
        assert mended is not None
        with pytest.raises(BadUpdate):
            await mended
        store.gate.set()
        await type_into(room, bo, "goes on ")
        await until(lambda: "goes on" in ana.read() and "and this" in bo.read())
        assert ana.read() == bo.read()
        assert not shared.document.broken


async def test_S2_R13_who_reads_slowly_gets_one_difference_and_hears_of_missed_events(registries: OpenRegistry) -> None:
    ana, slow = Client(ANA), Client(BO, limit_bytes=2000)
    async with registries().visit(ROOM.id) as room:
        await enter(room, ana)
        await enter(room, slow)
        await room._journal.flush()
        for number in range(200):
            await type_into(room, ana, f"{number:05d} " * 10)
            await room._journal.flush()
        assert slow.session.missed is not None
        assert slow.outbox.queued_bytes < 10_000
        frames: list[bytes] = []

        async def send(frame: bytes) -> None:
            frames.append(frame)

        draining = asyncio.create_task(slow.outbox.drain(send))
        await until(lambda: slow.session.missed is None and not slow.outbox._payloads)
        await type_into(room, ana, "the end ")
        await room._journal.flush()
        await until(lambda: bool(frames) and not slow.outbox._payloads)
        draining.cancel()
        for frame in frames:
            for message in decode_y(frame) if frame[0] in (0, 1) else []:
                if isinstance(message, SyncUpdate):
                    slow.doc.apply_update(message.update)
        assert str(slow.text) == str(ana.text)
        assert len(frames) < 60
        assert frames.count(stateless_body(missed_event())) == 1


async def test_R9_joining_and_leaving_are_entries(store: GatedStore, registries: OpenRegistry) -> None:
    ana = Client(ANA)
    async with registries(grace=0.0).visit(ROOM.id) as room:
        await enter(room, ana)
        assert room.here() == [ANA]
        room.leave(ana.session)
        room.leave(ana.session)
        assert room.here() == []
        await until(lambda: not room._leaving)
        await room._journal.flush()
    found = await store.entries(ROOM.id, ["room"], after=0, before=None, limit=10)
    assert [(entry.author, entry.kind) for entry in found] == [(ANA.id, "joined"), (ANA.id, "left")]


async def test_R9_who_returns_within_the_grace_was_never_gone(store: GatedStore, registries: OpenRegistry) -> None:
    async with registries(grace=60.0).visit(ROOM.id) as room:
        for _ in range(3):
            client = Client(ANA)
            await enter(room, client)
            room.leave(client.session)
        await enter(room, Client(ANA))
        await room._journal.flush()
    found = await store.entries(ROOM.id, ["room"], after=0, before=None, limit=10)
    assert [entry.kind for entry in found] == ["joined"]


async def test_S5_leaving_twice_is_leaving_once(registries: OpenRegistry) -> None:
    ana, bo = Client(ANA), Client(BO)
    async with registries().visit(ROOM.id) as room:
        await enter(room, ana)
        await enter(room, bo)
        say(room.sessions[ana.session], ana.session, Awareness([AwarenessState(5, 1, b"{}")]))
        await room._journal.flush()
        bo.take()
        room.leave(ana.session)
        room.leave(ana.session)
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        assert announced(bo) == [AwarenessState(5, 1, b"null")]


async def test_S5_who_left_while_an_answer_waited_is_not_in_the_audience(
    store: GatedStore, registries: OpenRegistry
) -> None:
    ana, bo = Client(ANA), Client(BO)
    async with registries().visit(ROOM.id) as room:
        await enter(room, ana)
        await room._journal.flush()
        store.gate.clear()
        await type_into(room, ana, "early")
        await enter(room, bo)
        shared = room.sessions[bo.session]
        room.leave(bo.session)
        store.gate.set()
        await room._journal.flush()
        assert set(shared.audience) == {ana.session}


async def test_R10_a_stop_tells_everybody_and_flushes(store: GatedStore, registries: OpenRegistry) -> None:
    registry, ana = registries(), Client(ANA)
    async with registry.visit(ROOM.id) as room:
        await enter(room, ana)
        await type_into(room, ana, "last words")
        await registry.drain(5)
        assert ana.outbox.closing == (1012, "the server restarts")
    stored = await store.load(ROOM.id, "main")
    assert stored.snapshot is not None
    assert b"last words" in stored.snapshot


async def test_R11_a_data_folder_belongs_to_one_server(store: GatedStore) -> None:
    second = GatedStore(store._folder)
    with pytest.raises(StoreUnavailable, match="another server"):
        await second.open()


async def test_R12_a_token_is_stored_as_a_hash_and_names_its_room(store: GatedStore) -> None:
    assert await store.member_of_token(b"ana") == (ROOM, ANA)
    assert await store.member_of_token(b"nobody") is None


async def test_a_room_takes_a_bounded_number_of_sessions(store: GatedStore, registries: OpenRegistry) -> None:
    beside = Trials(), Digests(), Exchange(ROOM.id, LocalFanout())
    room = Room(ROOM, [ANA], registries().journal, store, RoomLimits(1000, 2, 1.0), *beside, store)
    for _ in range(2):
        await room.enter(Client(ANA).session, ANA, "main")
    with pytest.raises(RoomFull):
        await room.enter(Client(ANA).session, ANA, "main")
