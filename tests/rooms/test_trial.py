"""An edit that may take long is tried while the room goes on."""

import asyncio

import pytest

from realtime.document import Document
from realtime.errors import BadUpdate
from realtime.protocol import SyncUpdate
from realtime.session import Session
from rooms.room import Room
from rooms.shared_document import SharedDocument
from tests.realtime.test_trial import in_the_gap, replace_all, text_of
from tests.rooms.conftest import ANA, BO, ROOM, Client, GatedStore, OpenRegistry, say, until


async def opened(room: Room, *clients: Client) -> SharedDocument:
    for client in clients:
        shared = await room.enter(client.session, client.member, "main")
        say(shared, client.session, client.hello())
    return shared


def edit(shared: SharedDocument, session: Session, update: bytes) -> asyncio.Future[None]:
    """Send an edit of which the server has to find out first what it costs."""
    pending = shared.receive(session, SyncUpdate(update, False))
    assert pending is not None
    return asyncio.ensure_future(pending)


async def test_U10_others_go_on_while_an_edit_is_tried_and_it_is_never_journaled(
    registries: OpenRegistry, store: GatedStore
) -> None:
    ana, bo, eve = Client(ANA), Client(BO), Client(BO)
    async with registries().visit(ROOM.id) as room:
        shared = await opened(room, ana, bo, eve)
        say(shared, ana.session, SyncUpdate(text_of(20_005), False))
        trial = edit(shared, eve.session, in_the_gap(20_000, 2))
        ana.doc.apply_update(text_of(20_005))
        say(shared, ana.session, ana.typed("still here "))
        await until(lambda: bo.read().startswith("still here "))
        assert not trial.done()
        with pytest.raises(BadUpdate, match="too long"):
            await trial
        assert bo.read() == "still here " + "a" * 20_005
    stored = await store.load(ROOM.id, "main")
    assert b"b\xc4\x01\x00" not in b"".join([stored.snapshot or b"", *stored.tail])


async def test_U10_replacing_all_arrives_after_its_trial(registries: OpenRegistry) -> None:
    ana, bo = Client(ANA), Client(BO)
    async with registries().visit(ROOM.id) as room:
        shared = await opened(room, ana, bo)
        say(shared, ana.session, SyncUpdate(text_of(200_000), False))
        await edit(shared, ana.session, replace_all(5_000, 39))
        await until(lambda: bo.read().count("new") == 5_000)


async def test_U10_an_edit_whose_sender_has_left_is_not_taken(registries: OpenRegistry) -> None:
    ana, bo = Client(ANA), Client(BO)
    async with registries().visit(ROOM.id) as room:
        shared = await opened(room, ana, bo)
        say(shared, ana.session, SyncUpdate(text_of(200_000), False))
        trial = edit(shared, ana.session, replace_all(5_000, 39))
        room.leave(ana.session)
        await trial
        say(shared, bo.session, bo.hello())
        await until(lambda: bo.read() != "")
        assert bo.read() == "a" * 200_000


async def test_J11_an_edit_of_a_large_document_is_tried_on_what_the_journal_and_the_batch_hold(
    registries: OpenRegistry, store: GatedStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Encoding it would hold up the others; what the tried edit builds on is partly not committed yet."""
    ana, bo = Client(ANA), Client(BO)
    async with registries(max_unsaved_bytes=2**26, slow_seconds=0.01).visit(ROOM.id) as room:
        shared = await opened(room, ana, bo)
        say(shared, ana.session, SyncUpdate(text_of(600_000), False))
        await until(lambda: bo.read() != "")
        store.gate.clear()
        ana.doc.apply_update(text_of(600_000))
        say(shared, ana.session, ana.typed("not committed "))
        monkeypatch.setattr(Document, "encode", encoded_elsewhere)
        await edit(shared, ana.session, replace_all(5_000, 39))
        await until(lambda: bo.read().count("new") == 5_000)
        assert str(bo.text).startswith("not committed ")
        store.gate.set()
        monkeypatch.undo()


def encoded_elsewhere(_document: Document) -> bytes:
    raise AssertionError("a large document is encoded in the loop")
