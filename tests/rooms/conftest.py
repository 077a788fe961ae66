"""Open rooms on a real store, without sockets: what a session is sent is read from its outbox."""

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from pathlib import Path

import pytest
from pycrdt import Doc, Text

from realtime.local_fanout import LocalFanout
from realtime.outbox import QueueOutbox, Turn
from realtime.protocol import Message, SyncStep1, SyncUpdate, decode_y
from realtime.session import Session
from rooms.errors import StoreUnavailable
from rooms.registry import RoomRegistry
from rooms.room import Room, RoomLimits
from rooms.shared_document import SharedDocument
from rooms.sqlite_store import SqliteStore
from rooms.store import Draft, Entry, Link, Member, RoomRecord, Stored

ROOM = RoomRecord("rm_test", "Test", "pair", "python", 1)
ANA = Member("mb_ana", "Ana", "host", 1)
BO = Member("mb_bo", "Bo", "participant", 2)


class GatedStore(SqliteStore):
    """The real store, whose commits a test can hold back or make fail."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder, "normal")
        self.gate = asyncio.Event()
        self.gate.set()
        self.failing = self.unreadable = False
        self.loads = self.reads = 0
        self.snapshots: list[tuple[int, bytes]] = []
        self.batches: list[list[Entry]] = []

    async def append(self, commit: str, drafts: Sequence[Draft]) -> list[int]:
        await self.gate.wait()
        if self.failing:
            raise StoreUnavailable("database or disk is full")
        answer = super().append(commit, drafts)
        numbers = answer if isinstance(answer, list) else await answer
        self.batches.append([numbered(draft, seq) for draft, seq in zip(drafts, numbers, strict=True)])
        return numbers

    async def load(self, room: str, document: str) -> Stored:
        if self.unreadable:
            raise StoreUnavailable("disk I/O error")
        self.reads += 1
        return await super().load(room, document)

    async def save_snapshot(self, room: str, document: str, seq: int, nested: int, state: bytes) -> None:
        self.snapshots.append((seq, state))
        await super().save_snapshot(room, document, seq, nested, state)

    async def members(self, room: str) -> list[Member]:
        self.loads += 1
        return await super().members(room)


def numbered(draft: Draft, seq: int) -> Entry:
    return Entry(draft.room, seq, draft.time, draft.author, draft.channel, draft.kind, draft.data)


class Client:
    """One session and the replica behind it."""

    def __init__(self, member: Member, *, limit_bytes: int = 2**20) -> None:
        self.member = member
        self.doc: Doc[Text] = Doc()
        self.text = self.doc.get("text", type=Text)
        self.outbox = QueueOutbox(limit_bytes)
        user = b'{"id":"%s"}' % member.id.encode()
        self.session = Session(self.outbox, member_id=member.id, user_json=user, prefix=b"")
        self.acks: list[bool] = []
        self.session.acknowledges = True
        self._sent: list[bytes] = []
        self.doc.observe(lambda event: self._sent.append(event.update))

    def take(self) -> list[bytes]:
        """The bodies that were sent since the last time, acknowledgements counted apart."""
        frames = list(self.outbox._payloads)
        self.outbox._payloads.clear()
        self.outbox._queued_bytes = 0
        self.acks += [frame == b"\x08\x01" for frame in frames if frame[:1] == b"\x08"]
        return [frame for frame in frames if frame[:1] not in (b"\x08", b"\x05")]

    def read(self) -> str:
        """Apply what came and return the text."""
        for frame in self.take():
            for message in decode_y(frame):
                if isinstance(message, SyncUpdate):
                    self.doc.apply_update(message.update)
                    self._sent.clear()
        return str(self.text)

    def typed(self, text: str) -> Message:
        self._sent.clear()
        self.text.insert(0, text)
        return SyncUpdate(self._sent[0], False)

    def last(self) -> bytes:
        """The update of its last change."""
        made = self._sent[-1]
        self._sent.clear()
        return made

    def hello(self) -> Message:
        return SyncStep1(self.doc.get_state())


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[GatedStore]:
    store = GatedStore(tmp_path / "data")
    await store.open()
    await store.create_room(ROOM, [Link("code-one", "", "participant")])
    await store.add_member(ROOM.id, ANA.id, ANA.name, ANA.role, b"ana")
    await store.add_member(ROOM.id, BO.id, BO.name, BO.role, b"bo")
    yield store
    store.gate.set()
    store.failing = False
    await store.close()


_waiting: list[asyncio.Future[None]] = []


def say(shared: SharedDocument, session: Session, message: Message) -> None:
    """Hand a message over as a connection does; what has to wait waits beside the test."""
    pending = shared.receive(session, message)
    if pending is not None:
        _waiting.append(asyncio.ensure_future(pending))


async def nothing(_room: Room) -> None:
    pass


OpenRegistry = Callable[..., RoomRegistry]


@pytest.fixture
async def registries(store: GatedStore) -> AsyncIterator[OpenRegistry]:
    """Make registries that are drained at the end."""
    made: list[RoomRegistry] = []

    def make(
        *, slow_seconds: float = 30.0, max_unsaved_bytes: int = 10_000, idle_seconds: float = 60.0, grace: float = 60.0
    ) -> RoomRegistry:
        limits = RoomLimits(max_document_bytes=1_000_000, max_sessions=100, leave_grace_seconds=grace)
        registry = RoomRegistry(
            store,
            store,
            limits,
            Turn(),
            LocalFanout(),
            slow_seconds=slow_seconds,
            max_unsaved_bytes=max_unsaved_bytes,
            idle_seconds=idle_seconds,
            on_open=nothing,
        )
        made.append(registry)
        return registry

    yield make
    store.gate.set()
    store.failing = False
    for registry in made:
        await registry.drain(5)


async def until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(30):
        while not condition():
            await asyncio.sleep(0.001)
