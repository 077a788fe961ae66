"""What newcomers get: the whole document, encoded once for all who come while it stays as it is."""

import asyncio
from collections.abc import Awaitable, Sequence
from typing import Protocol

from realtime.amending import Amendable
from realtime.document import Document
from realtime.lib0 import write_uint
from realtime.outbox import Buffer
from realtime.protocol import step2_body
from realtime.session import Session
from realtime.snapshot import Snapshot
from rooms.shelf import Shelf

KEEP_SECONDS = 20.0
"""How long an encoding is kept that nobody asks for."""
SMALL_BYTES = 4096
"""A document up to this size is encoded faster than it is found again, and most rooms have one."""
LARGE_BYTES = 2**20
"""A document up to this size is encoded in a few milliseconds."""
MAX_AMENDED_BYTES = 64 * 1024
"""A snapshot that lacks more than this is not amended in a few milliseconds."""


class Home(Protocol):
    """The document whose newcomers these are."""

    document: Document

    def reply(self, session: Session, body: Sequence[Buffer]) -> None: ...

    async def mended(self) -> None: ...


class Answers:
    """Owned by a shared document.

    Of a large document it keeps a snapshot, and adds to it what came since: those bytes are shared by everybody who
    waits for them, whatever version they get.
    """

    __slots__ = ("_asked", "_base", "_home", "_pieces", "_shelf", "_timer", "_version")

    def __init__(self, home: Home, shelf: Shelf) -> None:
        self._home = home
        self._shelf = shelf
        self._version = -1
        self._pieces: list[Buffer] = []
        self._base: Amendable | None = None
        self._asked = False
        self._timer: asyncio.TimerHandle | None = None

    def answer(self, session: Session, state_vector: bytes) -> Awaitable[None] | None:
        """Reply to a SyncStep1; an awaitable if that takes a while. Raises ProtocolViolation on a malformed vector."""
        document = self._home.document
        if not document.is_mostly_news(state_vector):
            self._give(session, [step2_body(document.diff(state_vector))])
            return None
        if document.size > SMALL_BYTES:
            self._keep()
        body = self._quick()
        if body is None:
            return self._answer_later(session)
        self._give(session, body)
        return None

    async def _answer_later(self, session: Session) -> None:
        """With a large document of which no snapshot is at hand, or only one that lacks a lot."""
        await self._shelf.write()
        await self._home.mended()
        self._give(session, self._quick() or self._made([self._home.document.encode()]))

    def _give(self, session: Session, body: Sequence[Buffer]) -> None:
        asks_again = session.live and session.acknowledges
        self._home.reply(session, body)
        if asks_again:
            session.ask(self._home.document.state_vector(), unexpected=False)

    def start_from(self, snapshot: Snapshot | None) -> None:
        """This is (nearly) the document; None to forget what there is."""
        self._base = Amendable(snapshot) if snapshot is not None else None
        self._version = -1
        self._pieces = []
        if snapshot is not None:
            self._keep()

    def renew(self, snapshot: Snapshot) -> None:
        """A newer one was made; it is kept if anybody has asked lately."""
        if self._timer is not None:
            self.start_from(snapshot)

    def _quick(self) -> list[Buffer] | None:
        """The body of a SyncStep2 with the whole document, to be left as it is; None if making it takes long."""
        document = self._home.document
        if document.version == self._version:
            return self._pieces
        if document.size <= SMALL_BYTES:
            return [step2_body(document.encode())]
        update = self._amended(document)
        if update is None and document.size <= LARGE_BYTES:
            update = [document.encode()]
        return None if update is None else self._made(update)

    def _made(self, update: list[Buffer]) -> list[Buffer]:
        self._pieces = [b"\x00\x01" + write_uint(sum(map(len, update))), *update]
        self._version = self._home.document.version
        return self._pieces

    def _amended(self, document: Document) -> list[Buffer] | None:
        """The snapshot and what it lacks, as one update; None if that is much."""
        if self._base is None:
            return None
        news = document.diff(self._base.vector)
        return self._base.amended(news) if len(news) - self._base.deletions_size <= MAX_AMENDED_BYTES else None

    def _keep(self) -> None:
        self._asked = True
        if self._timer is None:
            self._timer = asyncio.get_running_loop().call_later(KEEP_SECONDS, self._look)

    def _look(self) -> None:
        self._timer = None
        if self._asked:
            self._keep()
            self._asked = False
        else:
            self.start_from(None)

    def close(self) -> None:
        """Forget it all."""
        self.start_from(None)
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
