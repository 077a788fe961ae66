"""The journal of all open rooms: group commit first, everybody sees it after.

While one commit is in flight the next batch fills, so its size follows the load. Only when the store is slower than
`slow_seconds`, or fails, is a batch shown before it is safe; then the state is `unsaved` and everybody is told.
"""

import asyncio
import logging
from collections.abc import Callable
from typing import Literal, Protocol

import msgspec

from rooms.store import Entry, JournalStore

_log = logging.getLogger(__name__)

JournalState = Literal["saved", "unsaved", "behind"]
"""`behind`: the unsaved tail has passed its limit, rooms take no more edits."""

_UNSAVED_TICK_SECONDS = 0.05
_RETRY_SECONDS = (0.2, 0.5, 1.0, 2.0, 5.0)


class Sealed(Protocol):
    """What one target gathered for one batch. Each method is called at most once; `settle` after `show`."""

    entries: list[Entry]

    def show(self) -> None:
        """Send it to everybody."""

    def settle(self) -> None:
        """Its entries are committed: tell the authors."""


class Target(Protocol):
    """Something that gathers entries: a document of a room, or the room's events."""

    def seal(self) -> Sealed:
        """Close what has gathered; what follows belongs to the next batch."""


class JournalStats(msgspec.Struct, frozen=True):
    state: JournalState
    unsaved_bytes: int
    commits: int
    entries: int
    failures: int


class Journal:
    """One per process. Everything happens in the event loop; only the store's commit runs elsewhere."""

    def __init__(
        self,
        store: JournalStore,
        *,
        interval_seconds: float,
        slow_seconds: float,
        max_unsaved_bytes: int,
        on_state: Callable[[JournalState], None],
        observe_commit: Callable[[float], None] = lambda _seconds: None,
    ) -> None:
        self._store = store
        self._interval_seconds = interval_seconds
        self._slow_seconds = slow_seconds
        self._max_unsaved_bytes = max_unsaved_bytes
        self._on_state = on_state
        self._observe_commit = observe_commit
        self._open: dict[Target, None] = {}
        self._unshown: list[Sealed] = []
        self._uncommitted: list[Sealed] = []
        self._unsaved_bytes = 0
        self._scheduled = False
        self._last_flush = 0.0
        self._committing: asyncio.Task[None] | None = None
        self._ticker: asyncio.TimerHandle | None = None
        self._commits = self._entries = self._failures = 0
        self.state: JournalState = "saved"

    def touch(self, target: Target) -> None:
        """`target` has something for the next batch."""
        self._open[target] = None
        if not self._scheduled and self._committing is None:
            self._schedule()

    def _schedule(self) -> None:
        """At once after a pause, else when the interval is over: under load a batch then takes more than one edit."""
        self._scheduled = True
        loop = asyncio.get_running_loop()
        due = self._last_flush + self._interval_seconds
        if due <= loop.time():
            loop.call_soon(self._flush)
        else:
            loop.call_at(due, self._flush)

    def _flush(self) -> None:
        self._scheduled = False
        self._last_flush = asyncio.get_running_loop().time()
        self._seal_open()
        if self._uncommitted:
            self._committing = asyncio.get_running_loop().create_task(self._commit(), name="journal-commit")
            self._ticker = asyncio.get_running_loop().call_later(self._slow_seconds, self._turn_unsaved)
        else:
            self._show()

    def _seal_open(self) -> None:
        targets, self._open = self._open, {}
        for target in targets:
            sealed = target.seal()
            self._unshown.append(sealed)
            if sealed.entries:
                self._uncommitted.append(sealed)
                self._unsaved_bytes += sum(len(entry.data) for entry in sealed.entries)

    def _show(self) -> None:
        unshown, self._unshown = self._unshown, []
        for sealed in unshown:
            _guarded(sealed.show)

    async def _commit(self) -> None:
        """Write until nothing is left, then let the next `touch` start anew."""
        loop = asyncio.get_running_loop()
        failures = 0
        while self._uncommitted:
            batch = list(self._uncommitted)
            started = loop.time()
            try:
                await self._store.append([entry for sealed in batch for entry in sealed.entries])
            except Exception as error:  # whatever it is, the entries stay and are tried again
                self._failures += 1
                _log.error("journal commit failed", extra={"error": repr(error), "failures": failures + 1})
                self._turn_unsaved()
                await asyncio.sleep(_RETRY_SECONDS[min(failures, len(_RETRY_SECONDS) - 1)])
                failures += 1
                continue
            failures = 0
            self._committed(batch, loop.time() - started)
        self._committing = None
        if self._open:
            self._schedule()

    def _committed(self, batch: list[Sealed], seconds: float) -> None:
        self._commits += 1
        self._entries += sum(len(sealed.entries) for sealed in batch)
        self._observe_commit(seconds)
        del self._uncommitted[: len(batch)]
        self._unsaved_bytes = sum(len(entry.data) for sealed in self._uncommitted for entry in sealed.entries)
        self._stop_ticker()
        self._show()
        for sealed in batch:
            _guarded(sealed.settle)
        if self._uncommitted:
            self._ticker = asyncio.get_running_loop().call_later(self._slow_seconds, self._turn_unsaved)
        else:
            self._set_state("saved")

    def _turn_unsaved(self) -> None:
        """The store is slow or failing: show what waits, now and every tick, and say that it is not safe yet."""
        self._stop_ticker()
        self._seal_open()
        self._set_state("behind" if self._unsaved_bytes > self._max_unsaved_bytes else "unsaved")
        self._show()
        self._ticker = asyncio.get_running_loop().call_later(_UNSAVED_TICK_SECONDS, self._turn_unsaved)

    def _stop_ticker(self) -> None:
        if self._ticker is not None:
            self._ticker.cancel()
            self._ticker = None

    def _set_state(self, state: JournalState) -> None:
        if state != self.state:
            self.state = state
            _log.warning("journal state", extra={"state": state, "unsaved_bytes": self._unsaved_bytes})
            self._on_state(state)

    async def flush(self) -> None:
        """Wait until everything touched so far is committed; the caller sets the time limit."""
        while self._open or self._scheduled or self._committing is not None:
            if self._committing is not None:
                await asyncio.shield(self._committing)
            else:
                await asyncio.sleep(0)

    def stats(self) -> JournalStats:
        return JournalStats(
            self.state,
            self._unsaved_bytes,
            self._commits,
            self._entries,
            self._failures,
        )


def _guarded(step: Callable[[], None]) -> None:
    """One journal serves all rooms: whatever goes wrong in one of them stops no other."""
    try:
        step()
    except Exception:
        _log.exception("a batch could not be told to its room")
