"""How entries get into the SQLite store: numbered and logged at once, moved into the tables a little later."""

import asyncio
import logging
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Sequence
from functools import partial
from time import perf_counter
from typing import Protocol

from rooms.errors import StoreUnavailable
from rooms.store import Draft
from rooms.write_log import Row, WriteLog

_log = logging.getLogger(__name__)

MOVE_SECONDS = 3.0
MOVE_AT_BYTES = 2**18
"""What is committed is in the tables after this time, or sooner when it is this much."""
SEGMENT_BYTES = 4 * 2**20
MAX_UNMOVED_BYTES = 64 * 2**20
"""Past it nothing is committed until the tables have taken some."""
MAX_ROOMS = 10_000
"""Rooms whose last number is known without asking the tables."""
MAX_COMMITS = 1000
"""Commits that may be repeated."""
SLOW_SECONDS = 0.02
"""A write that takes longer in the event loop is the last one there for `OUTSIDE_SECONDS`."""
OUTSIDE_SECONDS = 10.0
RETRY_SECONDS = 0.5


class Tables(Protocol):
    """The store behind: each method runs elsewhere, in the order of the calls."""

    async def insert(self, rows: Sequence[Row]) -> None:
        """Those that are there already change nothing. Raises StoreUnavailable."""

    async def last_seq(self, room: str) -> int: ...

    async def outside(self, work: Callable[[], None]) -> None:
        """Run `work` outside of the event loop, after what was asked before."""


class Intake:
    """Owned by its store. Commits are made one after the other; those on the spot let the ones that wait go first."""

    def __init__(self, tables: Tables, log: WriteLog, *, sync: bool) -> None:
        self._tables = tables
        self._log = log
        self._sync = sync
        self._last: dict[str, int] = {}
        self._commits: OrderedDict[str, list[int]] = OrderedDict()
        self._unmoved: list[Row] = []
        self._leaving: list[Row] = []
        self._bytes = 0
        self._taken_rows = self._moved_rows = 0
        self._moving: asyncio.Task[StoreUnavailable | None] | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._outside_until = 0.0
        self._turn = asyncio.Lock()

    async def open(self) -> None:
        """Move what an earlier process left. Raises StoreUnavailable, OSError."""
        left = list(self._log.read())
        await self._tables.insert(left)
        await self._tables.outside(self._log.open)
        await self._forget_before(self._log.number)

    async def close(self) -> None:
        """Leave nothing in the log. Raises StoreUnavailable; then the next process does that."""
        if self._timer is not None:
            self._timer.cancel()
        await self.moved()
        self._log.close()
        await self._forget_before(self._log.number + 1)

    def append(self, commit: str, drafts: Sequence[Draft]) -> list[int] | Awaitable[list[int]]:
        """As the port says; here and now if the disk is quick and the rooms are known."""
        if self._sync or self._bytes > MAX_UNMOVED_BYTES or self._turn.locked():
            return self._append_later(commit, drafts)
        if commit in self._commits:
            return self._commits[commit]
        started = perf_counter()
        if started < self._outside_until:
            return self._append_later(commit, drafts)
        try:
            rows = self._numbered(drafts)
        except KeyError:  # a room whose last number is not known
            return self._append_later(commit, drafts)
        try:
            self._log.append(rows)
        except OSError as error:
            raise _unavailable(error) from error
        now = perf_counter()
        if now - started > SLOW_SECONDS:
            self._outside_until = now + OUTSIDE_SECONDS
        return self._taken(commit, rows)

    async def _append_later(self, commit: str, drafts: Sequence[Draft]) -> list[int]:
        async with self._turn:
            if commit in self._commits:
                return self._commits[commit]
            if self._bytes > MAX_UNMOVED_BYTES:
                await self.moved()
            for room in {draft.room for draft in drafts}:
                await self.learn(room)
            rows = self._numbered(drafts)
            try:
                await self._tables.outside(partial(self._log.append, rows, sync=self._sync))
            except OSError as error:
                raise _unavailable(error) from error
            return self._taken(commit, rows)

    def _numbered(self, drafts: Sequence[Draft]) -> list[Row]:
        last: dict[str, int] = {}
        rows = []
        for draft in drafts:
            room = draft.room
            seq = last[room] = (last[room] if room in last else self._last[room]) + 1
            rows.append((room, seq, draft.time, draft.author, draft.channel, draft.kind, draft.data))
        return rows

    def _taken(self, commit: str, rows: list[Row]) -> list[int]:
        numbers = []
        for row in rows:
            self._last[row[0]] = row[1]
            self._bytes += len(row[6])
            numbers.append(row[1])
        self._commits[commit] = numbers
        if len(self._commits) > MAX_COMMITS:
            self._commits.popitem(last=False)
        self._unmoved += rows
        self._taken_rows += len(rows)
        if self._bytes > MOVE_AT_BYTES:
            self._move()
        elif self._timer is None and self._moving is None:
            self._timer = asyncio.get_running_loop().call_later(MOVE_SECONDS, self._move)
        return numbers

    # Rooms

    async def learn(self, room: str) -> None:
        """Make the room's entries quick to commit. Raises StoreUnavailable."""
        if room not in self._last:
            self._last.setdefault(room, await self._tables.last_seq(room))
            if len(self._last) > MAX_ROOMS:
                self._forget_rooms()

    def _forget_rooms(self) -> None:
        """The older half of those whose numbers are all in the tables."""
        waiting = {row[0] for row in (*self._leaving, *self._unmoved)}
        for room in list(self._last)[: MAX_ROOMS // 2]:
            if room not in waiting:
                del self._last[room]

    async def settled(self, room: str) -> None:
        """Whatever was committed in this room is in the tables. Raises StoreUnavailable."""
        if any(row[0] == room for row in self._leaving) or any(row[0] == room for row in self._unmoved):
            await self.moved()

    # Into the tables

    async def moved(self) -> None:
        """Whatever was committed up to now is in the tables. Raises StoreUnavailable."""
        wanted = self._taken_rows
        while self._moved_rows < wanted:
            error = await asyncio.shield(self._move())
            if error is not None:
                raise error

    def _move(self) -> "asyncio.Task[StoreUnavailable | None]":
        """Single-flight."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        if self._moving is None:
            self._moving = asyncio.get_running_loop().create_task(self._move_once(), name="journal-move")
        return self._moving

    async def _move_once(self) -> StoreUnavailable | None:
        self._leaving, self._unmoved = self._unmoved, []
        size = self._bytes
        error = None
        try:
            number = await self._next_segment()
            await self._tables.insert(self._leaving)
        except (StoreUnavailable, OSError) as failure:
            _log.error("journal entries could not be moved into the tables", extra={"error": repr(failure)})
            self._unmoved[:0] = self._leaving
            error = StoreUnavailable(str(failure))
        else:
            self._moved_rows += len(self._leaving)
            self._bytes -= size
            await self._forget_before(number)
        self._leaving, self._moving = [], None
        if self._unmoved and self._timer is None:
            self._timer = asyncio.get_running_loop().call_later(RETRY_SECONDS if error else MOVE_SECONDS, self._move)
        return error

    async def _next_segment(self) -> int:
        """Begin one if this one has grown large. What is leaving is all in segments before the one returned."""
        if self._log.size < SEGMENT_BYTES:
            return self._log.number
        async with self._turn:
            await self._tables.outside(self._log.open)
        return self._log.number

    async def _forget_before(self, number: int) -> None:
        try:
            await self._tables.outside(partial(self._log.forget_before, number))
        except OSError as error:  # they are read once more at the next start, which changes nothing
            _log.warning("an old log segment stays", extra={"error": repr(error)})


def _unavailable(error: OSError) -> StoreUnavailable:
    return StoreUnavailable(f"the log cannot be written: {error.strerror or error}")
