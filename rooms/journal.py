"""The journal of all open rooms: group commit first, everybody sees it after.

A batch is what came in one turn of the event loop. A store that is quick commits it on the spot; while another one
commits, the next batch fills, so its size follows the load. Only when the store is slower than `slow_seconds`, or
fails, is a batch shown before it is safe; then the state is `unsaved` and everybody is told.
"""

import asyncio
import logging
import uuid
from collections.abc import Awaitable, Callable
from itertools import count
from time import perf_counter
from typing import Literal, Protocol

import msgspec

from realtime.outbox import Turn
from rooms.store import Draft, JournalStore

_log = logging.getLogger(__name__)

JournalState = Literal["saved", "unsaved", "behind"]
"""`behind`: the unsaved tail has passed its limit, rooms take no more edits."""

HOLD_SECONDS = 0.005
"""What other nodes told waits so long at most for a commit that is on its way here, to be shown with it."""
_UNSAVED_TICK_SECONDS = 0.05
_RETRY_SECONDS = (0.2, 0.5, 1.0, 2.0, 5.0)


class Sealed(Protocol):
    """What one target gathered for one batch. Each method is called at most once; `settle` after `show`."""

    drafts: list[Draft]

    def show(self) -> None:
        """Send it to everybody, as far as that may be done before it is committed."""

    async def review(self) -> None:
        """Its commit failed for a while: leave empty what others have committed since. Raises StoreUnavailable."""

    def settle(self, numbers: list[int]) -> None:
        """Its drafts are committed under these numbers: tell the authors."""


class Target(Protocol):
    """Something that gathers entries: a document of a room, or the room's events."""

    def seal(self) -> Sealed:
        """Close what has gathered; what follows belongs to the next batch."""


class Heard(Protocol):
    """A document that other nodes have told something."""

    def show_heard(self) -> None: ...


def _size(batch: list[Sealed]) -> int:
    return sum(len(draft.data) for sealed in batch for draft in sealed.drafts)


class JournalStats(msgspec.Struct, frozen=True):
    state: JournalState
    unsaved_bytes: int
    commits: int
    entries: int
    failures: int


class Journal:
    """One per process, in the event loop. One room's trouble in showing or settling a batch stops no other room."""

    def __init__(
        self,
        store: JournalStore,
        turn: Turn,
        *,
        slow_seconds: float,
        max_unsaved_bytes: int,
        on_state: Callable[[JournalState], None],
        observe_commit: Callable[[float], None] = lambda _seconds: None,
    ) -> None:
        self._store = store
        self._turn = turn
        self._slow_seconds = slow_seconds
        self._max_unsaved_bytes = max_unsaved_bytes
        self._on_state = on_state
        self._observe_commit = observe_commit
        self._open: dict[Target, None] = {}
        self._heard: dict[Heard, None] = {}
        self._holding: asyncio.TimerHandle | None = None
        self._unshown: list[Sealed] = []
        self._uncommitted: list[Sealed] = []
        self._unsaved_bytes = 0
        self._scheduled = False
        self._names = map(f"{uuid.uuid4().hex}-{{}}".format, count())
        self._committing: asyncio.Task[None] | None = None
        self._ticker: asyncio.TimerHandle | None = None
        self._commits = self._entries = self._failures = 0
        self.state: JournalState = "saved"

    def touch(self, target: Target) -> None:
        """`target` has something for the next batch."""
        self._open[target] = None
        if not self._scheduled and self._committing is None:
            self._schedule()

    def hear(self, target: Heard) -> None:
        """`target` has something of other nodes to show, which is committed there: at the end of this turn, or soon."""
        if not self._heard:
            loop = asyncio.get_running_loop()
            if self._committing is None:
                loop.call_soon(self._show_heard_alone)
            else:
                self._holding = loop.call_later(HOLD_SECONDS, self._show_heard_alone)
        self._heard[target] = None

    def forget(self, target: Heard) -> None:
        """It shows nothing any more."""
        self._heard.pop(target, None)

    def _show_heard_alone(self) -> None:
        with self._turn:
            self._show_heard()

    def _show_heard(self) -> None:
        if self._holding is not None:
            self._holding.cancel()
            self._holding = None
        heard, self._heard = self._heard, {}
        for target in heard:
            try:
                target.show_heard()
            except Exception:
                _log.exception("what another node told could not be shown")

    def _schedule(self) -> None:
        self._scheduled = True
        asyncio.get_running_loop().call_soon(self._flush)

    def _flush(self) -> None:
        """Whatever this makes to be sent is written at its end, not a turn of the loop later."""
        self._scheduled = False
        with self._turn:
            self._flush_now()
        if self._committing is None:
            self._turn.rest()

    def _flush_now(self) -> None:
        """Nothing is on its way when this is called: all that waits is what gathered."""
        batch = self._seal_open()
        if not batch:
            self._show()
            return
        name, started = next(self._names), perf_counter()
        try:
            numbers = self._append(name, batch)
        except Exception:  # it is tried again, and told if it fails again
            numbers = self._ask(name, batch)
        if isinstance(numbers, list):
            self._committed(batch, numbers, perf_counter() - started)
        else:
            self._await(batch)
            self._committing = asyncio.get_running_loop().create_task(self._commit(name, batch, numbers))
            self._ticker = asyncio.get_running_loop().call_later(self._slow_seconds, self._turn_unsaved)

    def _seal_open(self) -> list[Sealed]:
        """Those that have something to commit."""
        targets, self._open = self._open, {}
        batch = []
        for target in targets:
            sealed = target.seal()
            self._unshown.append(sealed)
            if sealed.drafts:
                batch.append(sealed)
        return batch

    def _await(self, batch: list[Sealed]) -> None:
        self._uncommitted += batch
        self._unsaved_bytes += _size(batch)

    def _append(self, name: str, batch: list[Sealed]) -> list[int] | Awaitable[list[int]]:
        drafts = batch[0].drafts if len(batch) == 1 else [draft for sealed in batch for draft in sealed.drafts]
        return self._store.append(name, drafts)

    async def _ask(self, name: str, batch: list[Sealed]) -> list[int]:
        numbers = self._append(name, batch)
        return numbers if isinstance(numbers, list) else await numbers

    def _show(self) -> None:
        unshown, self._unshown = self._unshown, []
        for sealed in unshown:
            try:
                sealed.show()
            except Exception:
                _log.exception("a batch could not be shown to its room")
        if self._heard:
            self._show_heard()

    async def _commit(self, name: str, batch: list[Sealed], answer: Awaitable[list[int]]) -> None:
        """See this batch and what gathers meanwhile through, then let the next `touch` start anew."""
        failures, started = 0, perf_counter()
        while True:
            try:
                numbers = await answer
            except Exception as error:  # whatever it is, the drafts stay and are tried again, under the same name
                self._failures += 1
                _log.error("journal commit failed", extra={"error": repr(error), "failures": failures + 1})
                self._turn_unsaved()
                await asyncio.sleep(_RETRY_SECONDS[min(failures, len(_RETRY_SECONDS) - 1)])
                failures += 1
                if failures > 1:
                    await self._review(batch)
                answer = self._ask(name, batch)
                continue
            del self._uncommitted[: len(batch)]
            self._unsaved_bytes -= _size(batch)
            self._stop_ticker()
            with self._turn:
                self._committed(batch, numbers, perf_counter() - started)
            if not self._uncommitted:
                break
            self._ticker = asyncio.get_running_loop().call_later(self._slow_seconds, self._turn_unsaved)
            failures, started = 0, perf_counter()
            name, batch = next(self._names), list(self._uncommitted)
            answer = self._ask(name, batch)
        self._committing = None
        if self._open:
            self._schedule()

    async def _review(self, batch: list[Sealed]) -> None:
        try:
            for sealed in batch:
                await sealed.review()
        except Exception as error:  # it would only save space
            _log.info("a batch is not reviewed", extra={"error": repr(error)})

    def _committed(self, batch: list[Sealed], numbers: list[int], seconds: float) -> None:
        self._commits += 1
        self._entries += len(numbers)
        self._observe_commit(seconds)
        self._show()
        end = 0
        for sealed in batch:
            start, end = end, end + len(sealed.drafts)
            try:
                sealed.settle(numbers[start:end])
            except Exception:
                _log.exception("a batch could not be settled")
        if self.state != "saved" and not self._uncommitted:
            self._set_state("saved")

    def _turn_unsaved(self) -> None:
        """The store is slow or failing: show what waits, now and every tick, and say that it is not safe yet."""
        self._stop_ticker()
        self._await(self._seal_open())
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
