"""Snapshots of one document: made from the journal when enough was added to it, beside everything else."""

import asyncio
import contextlib
import logging

from realtime.compaction import Compactor
from rooms.store import JournalStore, Stored

_log = logging.getLogger(__name__)

SNAPSHOT_ENTRIES = 500
SNAPSHOT_BYTES = 1_048_576
"""So much after the last snapshot makes the next one due: loading reads not much more."""


class Snapshots:
    """Owned by a document of an open room."""

    def __init__(self, store: JournalStore, compactor: Compactor, room: str, document: str) -> None:
        self._store = store
        self._compactor = compactor
        self._room = room
        self._document = document
        self._entries = self._bytes = 0
        self._saving: asyncio.Task[None] | None = None

    def loaded(self, stored: Stored) -> None:
        """The document was loaded from this."""
        self._entries, self._bytes = len(stored.tail), sum(map(len, stored.tail))

    def committed(self, entries: int, size: int) -> None:
        """So much was added to the journal."""
        self._entries += entries
        self._bytes += size
        if (self._entries >= SNAPSHOT_ENTRIES or self._bytes >= SNAPSHOT_BYTES) and self._saving is None:
            self._saving = asyncio.get_running_loop().create_task(self._save(), name="snapshot")

    async def settle(self) -> None:
        """Save one now, if anything was added since the last one; after one that is being made."""
        if self._saving is not None:
            await asyncio.wait([self._saving])
        if self._entries and self._saving is None:
            self._saving = asyncio.get_running_loop().create_task(self._save(), name="snapshot")
        if self._saving is not None:
            with contextlib.suppress(asyncio.CancelledError):
                await self._saving

    async def _save(self) -> None:
        """A failed one is tried again when the next is due: the journal has everything."""
        self._entries = self._bytes = 0
        try:
            stored = await self._store.load(self._room, self._document)
            if stored.tail:
                made = await self._compactor.compact(stored.snapshot, stored.nested, stored.tail)
                await self._store.save_snapshot(self._room, self._document, stored.upto, made.nested, made.state)
        except Exception as error:
            _log.warning("snapshot failed", extra={"room": self._room, "error": repr(error)})
        finally:
            self._saving = None
