"""How one document comes from the store, and goes back there in short."""

import asyncio
import logging
from collections.abc import Iterator, Sequence
from time import perf_counter

from realtime.digest import Digests, Order
from realtime.document import Document
from realtime.errors import BadUpdate
from realtime.loading import WHOLE_BYTES, Loading
from realtime.snapshot import Snapshot
from rooms.store import JournalStore, Stored

_log = logging.getLogger(__name__)

TAIL_ENTRIES = 500
TAIL_BYTES = 32 * 1024
"""After a large snapshot so much is no reason for another."""
STEP_SECONDS = 0.004
"""Others are served at least this often while a document is loaded."""


class Shelf:
    """Owned by a shared document. Whatever it reads or writes is what the journal says; it sees no live document.

    So a snapshot holds the entries up to its number and no other, however many write into the document meanwhile.
    """

    def __init__(self, room: str, name: str, store: JournalStore, max_bytes: int, digests: Digests) -> None:
        self._room = room
        self._name = name
        self._store = store
        self._max_bytes = max_bytes
        self._digests = digests

    async def load(self) -> tuple[Document, Stored, Snapshot | None]:
        """The document, what it was made of and, if it is large, its snapshot. Raises StoreUnavailable, BadUpdate."""
        stored = await self._store.load(self._room, self._name)
        if _is_large(stored):
            stored = await self._condensed_if_possible(stored)
        loading = await self._loaded(stored)
        snapshot = loading.snapshot
        return loading.document, stored, snapshot if snapshot is not None and snapshot.table.parts else None

    async def _loaded(self, stored: Stored) -> Loading:
        loading = Loading(self._max_bytes, stored.snapshot, stored.nested, stored.tail)
        await _in_slices(loading.steps())
        if loading.refused or loading.waiting:
            _log.error(
                "entries of the journal are left out of a document: they cannot be applied, or what they build on is lost",
                extra={
                    "room": self._room,
                    "document": self._name,
                    "after_seq": stored.seq,
                    "refused": sorted(loading.refused),
                    "waiting": len(loading.waiting),
                },
            )
        return loading

    async def shorten(self) -> Snapshot:
        """Write a snapshot of all that is committed, unless the one there is nearly that. Raises as `load`, and OSError."""
        stored = await self._store.load(self._room, self._name)
        found = _decoded(stored)
        if found is not None and (not stored.tail or (found.table.parts and _is_short(stored.tail))):
            return found
        if _size(stored) > WHOLE_BYTES:
            return (await self._condensed(stored))[1]
        loading = await self._loaded(stored)
        made = loading.condensed(is_small=True)
        await self._save(stored, made.encode(), made.table.nested)
        return made

    async def _condensed_if_possible(self, stored: Stored) -> Stored:
        try:
            return (await self._condensed(stored))[0]
        except (BadUpdate, OSError) as error:  # better slow than not at all
            about = {"room": self._room, "document": self._name, "bytes": _size(stored), "error": repr(error)}
            _log.error("a large document is loaded as it is, which may hold up others", extra=about)
            return stored

    async def _condensed(self, stored: Stored) -> tuple[Stored, Snapshot]:
        """The same with nothing but a snapshot, made by another process and written. Raises BadUpdate, OSError."""
        raw = await self._digests.make(Order(stored.snapshot, stored.nested, stored.tail))
        made = Snapshot.decode(raw)
        if made is None:
            raise BadUpdate("no snapshot was made")
        await self._save(stored, raw, made.table.nested)
        return Stored(stored.last, made.table.nested, raw, (), stored.last), made

    async def _save(self, stored: Stored, raw: bytes, nested: int) -> None:
        """A snapshot that cannot be written is no reason not to go on: the journal has everything."""
        try:
            await self._store.save_snapshot(self._room, self._name, stored.last, nested, raw)
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
