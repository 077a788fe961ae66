"""What newcomers are answered."""

import pytest
from pycrdt import Doc, Text

from realtime.outbox import Buffer, LineOutbox, Turn
from realtime.protocol import Message, SyncUpdate, decode_y
from realtime.session import Session
from rooms import answers
from rooms.shared_document import SharedDocument
from tests.rooms.conftest import ANA, BO, ROOM, Client, GatedStore, OpenRegistry, say, until
from tests.rooms.test_loading import journal, updates_of, woven


class Wire:
    """A transport whose peer reads nothing: what was written, the very objects."""

    def __init__(self) -> None:
        self.writes: list[Buffer] = []

    def write(self, data: Buffer) -> None:
        self.writes.append(data)

    def is_closing(self) -> bool:
        return False

    def get_write_buffer_size(self) -> int:
        return 0


class Watcher:
    """Somebody over a direct line."""

    def __init__(self, prefix: bytes = b"") -> None:
        self.wire = Wire()
        outbox = LineOutbox(self.wire, Turn(), lambda: None)
        self.session = Session(outbox, member_id=BO.id, user_json=None, may_write=True, prefix=prefix)

    def long(self) -> list[Buffer]:
        return [data for data in self.wire.writes if len(data) > 65_536]

    def messages(self) -> list[Message]:
        """Of the y-websocket dialect; the long message is the only one."""
        frame = b"".join(self.wire.writes)
        assert frame[:2] == b"\x82\x7f"
        assert int.from_bytes(frame[2:10]) == len(frame) - 10
        return decode_y(frame[10:])


async def opened(room: object, *watchers: Watcher) -> SharedDocument:
    for watcher in watchers:
        shared: SharedDocument = await room.enter(watcher.session, BO, "main")  # type: ignore[attr-defined]
    return shared


def hello() -> Message:
    return Client(BO).hello()


def text_in(messages: list[Message]) -> str:
    (answer,) = messages
    assert isinstance(answer, SyncUpdate)
    assert answer.is_reply
    doc: Doc[Text] = Doc()
    doc.apply_update(answer.update)
    return str(doc.get("text", type=Text))


async def test_R14_W6_newcomers_of_both_dialects_share_the_bytes_of_the_answer(
    store: GatedStore, registries: OpenRegistry
) -> None:
    await journal(store, "a commit", updates_of("x" * 100_000))
    watchers = [Watcher(), Watcher(), Watcher(b"\x06rm_a/b"), Watcher(b"\x06rm_a/c")]
    async with registries().visit(ROOM.id) as room:
        shared = await opened(room, *watchers)
        for watcher in watchers:
            say(shared, watcher.session, hello())
        assert len({id(data) for watcher in watchers for data in watcher.long()}) == 1
        assert text_in(watchers[0].messages()) == "x" * 100_000


async def test_R14_after_an_edit_the_answer_has_it(store: GatedStore, registries: OpenRegistry) -> None:
    await journal(store, "a commit", updates_of("x" * 100_000))
    ana, one, two = Client(ANA), Watcher(), Watcher()
    async with registries().visit(ROOM.id) as room:
        shared = await opened(room, one, two)
        await room.enter(ana.session, ANA, "main")
        say(shared, one.session, hello())
        say(shared, ana.session, ana.typed("new "))
        await room._journal.flush()
        say(shared, two.session, hello())
        assert sorted(text_in(two.messages())) == sorted("new " + "x" * 100_000)


@pytest.mark.parametrize("words", [["early "], ["early ", "later "]])
async def test_R14_the_answer_of_a_large_document_is_its_snapshot_and_what_came_since(
    store: GatedStore, registries: OpenRegistry, words: list[str]
) -> None:
    await journal(store, "a commit", woven(60_000, 20))
    ana, one, two = Client(ANA), Watcher(), Watcher()
    async with registries().visit(ROOM.id) as room:
        room._limits = type(room._limits)(2**26, 100, 60.0)
        shared = await opened(room, one, two)
        await room.enter(ana.session, ANA, "main")
        say(shared, one.session, hello())
        for word in words:
            say(shared, ana.session, ana.typed(word))
        await room._journal.flush()
        say(shared, two.session, hello())
        first, second = one.long(), two.long()
        assert first != []
        assert {memoryview(data).obj is memoryview(first[-1]).obj for data in second} == {True}
        text = text_in(two.messages())
        assert len(text) == 1_200_000 + sum(map(len, words))
        assert all(word in text for word in words)


async def test_R14_without_a_snapshot_at_hand_a_newcomer_to_a_large_document_waits_for_one(
    store: GatedStore, registries: OpenRegistry
) -> None:
    await journal(store, "a commit", woven(60_000, 20))
    watcher = Watcher()
    async with registries().visit(ROOM.id) as room:
        room._limits = type(room._limits)(2**26, 100, 60.0)
        shared = await opened(room, watcher)
        shared._answers.start_from(None)
        say(shared, watcher.session, hello())
        assert watcher.wire.writes == []
        await until(lambda: watcher.wire.writes != [])
        assert len(text_in(watcher.messages())) == 1_200_000


async def test_R14_a_snapshot_that_lacks_a_lot_is_renewed_first(store: GatedStore, registries: OpenRegistry) -> None:
    await journal(store, "a commit", woven(60_000, 20))
    ana, watcher = Client(ANA), Watcher()
    async with registries().visit(ROOM.id) as room:
        room._limits = type(room._limits)(2**26, 100, 60.0)
        shared = await opened(room, watcher)
        await room.enter(ana.session, ANA, "main")
        say(shared, ana.session, ana.typed("z" * 100_000))
        await room._journal.flush()
        say(shared, watcher.session, hello())
        await until(lambda: watcher.wire.writes != [])
        assert len(text_in(watcher.messages())) == 1_300_000
        assert (await store.load(ROOM.id, "main")).tail == ()


async def test_R14_what_nobody_asks_for_is_forgotten(
    store: GatedStore, registries: OpenRegistry, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(answers, "KEEP_SECONDS", 0.01)
    await journal(store, "a commit", updates_of("x" * 100_000))
    watcher = Watcher()
    async with registries().visit(ROOM.id) as room:
        shared = await opened(room, watcher)
        say(shared, watcher.session, hello())
        assert shared._answers._pieces != []
        await until(lambda: shared._answers._pieces == [])
        assert shared._answers._timer is None


async def test_R14_who_has_little_gets_all_and_who_has_most_gets_the_rest(
    store: GatedStore, registries: OpenRegistry
) -> None:
    one, two = updates_of("x" * 100_000, "y" * 10)
    await journal(store, "a commit", [one, two])
    knows = Client(ANA)
    knows.doc.apply_update(one)
    async with registries().visit(ROOM.id) as room:
        shared = await room.enter(knows.session, ANA, "main")
        say(shared, knows.session, knows.hello())
        assert sum(map(len, knows.take())) < 200
        stranger = Client(ANA)
        stranger.typed("z")
        shared = await room.enter(stranger.session, ANA, "main")
        say(shared, stranger.session, stranger.hello())
        assert sorted(stranger.read()) == sorted("z" + "x" * 100_000 + "y" * 10)
