"""What newcomers get: the whole document, encoded once for all who come while it stays as it is."""

import asyncio

from realtime.amending import Base
from realtime.document import Document
from realtime.lib0 import write_uint
from realtime.outbox import Buffer
from realtime.snapshot import Snapshot

KEEP_SECONDS = 20.0
"""How long an encoding is kept that nobody asks for."""
LARGE_BYTES = 2**20
"""A document up to this size is encoded in a few milliseconds."""
MAX_AMENDED_BYTES = 64 * 1024
"""A snapshot that lacks more than this is not amended in a few milliseconds."""


class Answers:
    """Owned by a shared document.

    Of a large document it keeps a snapshot, and adds to it what came since: those bytes are shared by everybody who
    waits for them, whatever version they get.
    """

    __slots__ = ("_asked", "_base", "_pieces", "_timer", "_version")

    def __init__(self) -> None:
        self._version = -1
        self._pieces: list[Buffer] = []
        self._base: Base | None = None
        self._asked = False
        self._timer: asyncio.TimerHandle | None = None

    def start_from(self, snapshot: Snapshot | None) -> None:
        """This is (nearly) the document; None to forget what there is."""
        self._base = Base(snapshot) if snapshot is not None else None
        self._version = -1
        self._pieces = []
        if snapshot is not None:
            self._keep()

    def is_ready(self, document: Document) -> bool:
        """Whether `whole` is quick."""
        return document.version == self._version or self._base is not None or document.size <= LARGE_BYTES

    def whole(self, document: Document) -> list[Buffer]:
        """The body of a SyncStep2 with the whole document, to be left as it is."""
        self._keep()
        if document.version != self._version:
            update = self._amended(document) or [document.encode()]
            self._pieces = [b"\x00\x01" + write_uint(sum(map(len, update))), *update]
            self._version = document.version
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
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
