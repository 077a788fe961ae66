"""How one document comes from the store, and goes back there in short."""

import asyncio
import logging
from collections.abc import Iterable, Iterator, Sequence
from itertools import chain
from time import monotonic, perf_counter
from typing import Protocol

from msgspec import structs

from realtime.aside import Order
from realtime.digest import Digests
from realtime.document import Document
from realtime.errors import BadUpdate
from realtime.loading import WHOLE_BYTES, Loading, snapshot_of
from realtime.snapshot import Snapshot
from realtime.update import EMPTY_UPDATE
from rooms.store import SYSTEM, Draft, JournalStore, Stored

_log = logging.getLogger(__name__)

SNAPSHOT_ENTRIES = 500
SNAPSHOT_BYTES = 2**20
SNAPSHOT_SHARE = 4
"""Another snapshot is due after so much, and a part of the document's size more."""
REST_SECONDS = 30.0
FLOOD_BYTES = 8 * 2**20
"""One follows another so much later, or after so much: who replaces everything again and again costs no more."""
TAIL_ENTRIES = 500
TAIL_BYTES = 32 * 1024
"""After a large snapshot so much is no reason for another."""
QUICK_BYTES = 256 * 1024
"""A document that took no more the last time is encoded in half a millisecond..."""
QUICK_GROWN_BYTES = 4 * 2**20
"""...and in a few if all of this was added since, which happens once: then it is known to be larger."""
PATIENCE = 2
"""One that is quick waits for a moment in which all is committed, until it is due so many times over."""
STEP_SECONDS = 0.004
"""Others are served at least this often while a document is loaded."""


class Home(Protocol):
    """The shared document."""

    def committed(self) -> Document | None:
        """The live document, if it is now what this node has committed and nothing else."""

    def shortened(self, snapshot: Snapshot) -> None:
        """This was written. More may be committed since."""


class Shelf:
    """Owned by a shared document. Whatever it reads or writes is what the journal says.

    A snapshot holds the entries up to its number and no other, however many write into the document meanwhile: it is
    made of what the store says; or of the live document in a moment in which that is the same (J7).
    """

    __slots__ = (
        *("_digests", "_home", "_is_faithful", "_max_bytes", "_name", "_rested", "_room", "_seq", "_size", "_store"),
        *("_writing", "bytes", "entries"),
    )

    def __init__(self, room: str, name: str, store: JournalStore, max_bytes: int, digests: Digests, home: Home) -> None:
        self._room = room
        self._name = name
        self._store = store
        self._max_bytes = max_bytes
        self._digests = digests
        self._home = home
        self._writing: asyncio.Task[None] | None = None
        self._rested = 0.0
        self._is_faithful = False
        self._seq = self._size = 0
        self.entries = self.bytes = 0

    async def load(self) -> tuple[Document, Snapshot | None]:
        """The document and, if it is large, its snapshot. Raises StoreUnavailable, BadUpdate."""
        try:
            return await self._load_from(await self._store.load(self._room, self._name))
        except BadUpdate as error:
            return await self._load_from(await self._rescued(error))

    async def _rescued(self, error: BadUpdate) -> Stored:
        """In place of a broken snapshot, a new one of all entries. Raises the error if they are not all there."""
        about = {"room": self._room, "document": self._name, "error": str(error)}
        history = await self._store.history(self._room, self._name)
        if history is None:
            _log.error("a snapshot is broken and history was forgotten: the document stays closed", extra=about)
            raise error
        _log.error("a snapshot is broken: the document is built of all its entries", extra=about)
        return await self._condensed_if_possible(history)

    async def _load_from(self, stored: Stored) -> tuple[Document, Snapshot | None]:
        if _is_large(stored):
            stored = await self._condensed_if_possible(stored)
        loading = await self._loaded(stored)
        snapshot = loading.snapshot
        self.entries, self.bytes = len(stored.tail), sum(map(len, stored.tail))
        self._seq, self._size = max(self._seq, stored.upto), loading.document.size
        self._is_faithful = not (self._store.is_shared or loading.refused or loading.waiting)
        return loading.document, snapshot if snapshot is not None and snapshot.table.parts else None

    async def _loaded(self, stored: Stored) -> Loading:
        loading = Loading(self._max_bytes, stored.snapshot, stored.nested, stored.tail)
        await _in_slices(loading.steps())
        if loading.refused or loading.waiting:
            _log.error(
                "entries of the journal are left out of a document: they are damaged, or build on lost ones",
                extra={
                    **{"room": self._room, "document": self._name, "after_seq": stored.seq},
                    **{"refused": sorted(loading.refused), "waiting": len(loading.waiting)},
                },
            )
        return loading

    async def updates(self) -> Iterator[bytes]:
        """All that the journal holds, in order, no single one large. Raises StoreUnavailable, BadUpdate."""
        stored = await self._store.load(self._room, self._name)
        snapshot = _decoded(stored)
        bare = () if stored.snapshot is None or snapshot is not None else (stored.snapshot,)
        return chain(bare, snapshot.updates() if snapshot is not None else (), stored.tail)

    async def lacks(self, document: Document, told: Iterable[tuple[str, bytes]]) -> list[tuple[str, bytes]]:
        """What a live document has and the journal has not; of whom, as far as that was told (author, update).

        Raises StoreUnavailable, BadUpdate.
        """
        stored = (await self._loaded(await self._store.load(self._room, self._name))).document
        lacking = [(author, stored.join(update)) for author, update in told if stored.fits(update)]
        lacking.append((SYSTEM, stored.join(document.diff(stored.state_vector()))))
        return [(author, update) for author, update in lacking if update != EMPTY_UPDATE]

    async def without_known(self, drafts: list[Draft]) -> list[Draft]:
        """The same, each without what the journal has already. Raises StoreUnavailable, BadUpdate."""
        stored = (await self._loaded(await self._store.load(self._room, self._name))).document
        return [
            structs.replace(draft, data=stored.join(draft.data))
            if draft.kind == "update" and stored.fits(draft.data)
            else draft
            for draft in drafts
        ]

    async def order(self, uncommitted: Sequence[bytes]) -> Order:
        """All that the document is made of; `uncommitted` was taken before this is called. Raises StoreUnavailable."""
        stored = await self._store.load(self._room, self._name)
        return Order(stored.snapshot, stored.nested, (*stored.tail, *uncommitted))

    def count(self, drafts: Sequence[Draft], size: int, seq: int) -> None:
        """So much was committed, up to `seq`. Once it is a lot for a document of `size`, that is written in short."""
        self.entries += len(drafts)
        for draft in drafts:
            self.bytes += len(draft.data)
        self._seq = seq
        if self.entries < SNAPSHOT_ENTRIES and self.bytes < SNAPSHOT_BYTES:
            return
        more = size // SNAPSHOT_SHARE
        by_bytes = self.bytes / (SNAPSHOT_BYTES + more)
        much = max(by_bytes, self.entries / (SNAPSHOT_ENTRIES + more // 1024))
        if much < 1 or self._writing is not None:
            return
        is_rested = monotonic() >= self._rested
        if self._is_small and much < PATIENCE:
            if self._quick() is not None and (is_rested or by_bytes >= 1):
                self._begin()
        elif is_rested or self.bytes >= FLOOD_BYTES:
            self._begin()

    def _begin(self) -> "asyncio.Task[None]":
        """Single-flight. What is quick is encoded here and now, so it has `_seq` and nothing beyond."""
        if self._writing is None:
            document = self._quick()
            made = snapshot_of(document, [], is_small=True) if document is not None else None
            self.entries = self.bytes = 0
            self._rested = monotonic() + REST_SECONDS
            writing = self._write(made, self._seq)
            self._writing = asyncio.get_running_loop().create_task(writing, name="snapshot")
        return self._writing

    def _quick(self) -> Document | None:
        """The live document, if it is what the entries up to `_seq` say and encoded in no time."""
        document = self._home.committed() if self._is_small else None
        return document if document is not None and document.size <= QUICK_GROWN_BYTES else None

    @property
    def _is_small(self) -> bool:
        return self._is_faithful and self._size <= QUICK_BYTES

    async def write(self) -> None:
        """Write a snapshot of all that is committed, or see the one through that is being written. Never raises."""
        await asyncio.shield(self._begin())

    async def write_news(self) -> None:
        """The same, if anything was committed since the last one. Never raises."""
        if self.entries:
            await self.write()

    async def _write(self, made: Snapshot | None, seq: int) -> None:
        try:
            if made is not None:
                self._size = len(made.whole)
                await self._save(seq, made.encode(), made.table.nested)
                return
            made = await self._shorten()
            self._size = len(made.whole)
            self._home.shortened(made)
        except Exception as error:  # the journal has everything; a later snapshot will do
            _log.warning("snapshot failed", extra={"room": self._room, "error": repr(error)})
        finally:
            self._writing = None

    async def _shorten(self) -> Snapshot:
        """Write a snapshot, unless the one there is nearly that. Raises as `load`, and OSError."""
        stored = await self._store.load(self._room, self._name)
        found = _decoded(stored)
        if found is not None and (not stored.tail or (found.table.parts and _is_short(stored.tail))):
            return found
        if _size(stored) > WHOLE_BYTES:
            return (await self._condensed(stored))[1]
        loading = await self._loaded(stored)
        made = loading.condensed(is_small=True)
        await self._save(stored.upto, made.encode(), made.table.nested)
        return made

    async def _condensed_if_possible(self, stored: Stored) -> Stored:
        try:
            return (await self._condensed(stored, is_urgent=True))[0]
        except (BadUpdate, OSError) as error:  # better slow than not at all
            about = {"room": self._room, "document": self._name, "bytes": _size(stored), "error": repr(error)}
            _log.error("a large document is loaded as it is, which may hold up others", extra=about)
            return stored

    async def _condensed(self, stored: Stored, *, is_urgent: bool = False) -> tuple[Stored, Snapshot]:
        """The same with nothing but a snapshot, made by another process and written. Raises BadUpdate, OSError."""
        order = Order(stored.snapshot, stored.nested, stored.tail)
        raw = await self._digests.make(order, is_urgent=is_urgent)
        made = Snapshot.decode(raw)
        if made is None:
            raise BadUpdate("no snapshot was made")
        await self._save(stored.upto, raw, made.table.nested)
        return Stored(stored.upto, made.table.nested, raw, (), stored.upto), made

    async def _save(self, seq: int, raw: bytes, nested: int) -> None:
        """A snapshot that cannot be written is no reason not to go on: the journal has everything."""
        try:
            await self._store.save_snapshot(self._room, self._name, seq, nested, raw)
        except Exception as error:
            _log.warning("snapshot failed", extra={"room": self._room, "error": repr(error)})


def _size(stored: Stored) -> int:
    return len(stored.snapshot or b"") + sum(map(len, stored.tail))


def _is_short(tail: Sequence[bytes]) -> bool:
    """Quick to apply, and to write into an answer."""
    return len(tail) <= TAIL_ENTRIES and sum(map(len, tail)) <= TAIL_BYTES


def _is_large(stored: Stored) -> bool:
    """Whether some of it cannot be applied in steps that are short."""
    bare = stored.snapshot is not None and _decoded(stored) is None
    steps = sum(map(len, stored.tail)) + (len(stored.snapshot or b"") if bare else 0)
    return steps > WHOLE_BYTES


def _decoded(stored: Stored) -> Snapshot | None:
    return Snapshot.decode(stored.snapshot) if stored.snapshot is not None else None


async def _in_slices(steps: Iterator[None]) -> None:
    started = perf_counter()
    for _ in steps:
        if perf_counter() - started > STEP_SECONDS:
            await asyncio.sleep(0)
            started = perf_counter()
