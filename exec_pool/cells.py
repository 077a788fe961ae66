"""The cells of a server: a few fresh ones kept ready, and used ones that wait for the next run of their lease.

A cell serves one lease (one room) only. It is wiped between runs and thrown away after any abnormal end, after
`lease_runs` runs or `lease_idle_seconds` of rest. A run without a lease gets a fresh cell that nobody gets after it.
"""

import asyncio
import itertools
import logging
import os
from collections.abc import Coroutine
from typing import Any, TypeVar

from exec_pool.engine import Cell, Engine
from exec_pool.errors import CellFailed
from exec_pool.limits import UID_BLOCKS, ExecSettings
from exec_pool.protocol import frame

log = logging.getLogger(__name__)

WIPE_SECONDS = 2.0
Home = tuple[str, str]  # a lease and an image
T = TypeVar("T")


class Cells:
    """Owner: the Runner. `take` and then `give_back` or `discard`, exactly one of them."""

    def __init__(self, engine: Engine, settings: ExecSettings) -> None:
        self.opened = 0
        self._engine = engine
        self._settings = settings
        self._fresh: list[Cell] = []
        self._resting: dict[Home, Cell] = {}
        self._returning: dict[Home, asyncio.Task[None]] = {}
        self._live: set[Cell] = set()
        self._uids: list[int] = []
        # Servers on one machine keep their users apart by their process ids.
        self._new_uids = itertools.count(settings.uid_base + os.getpid() % UID_BLOCKS * 1000)
        self._tasks: set[asyncio.Task[Any]] = set()
        self._taken = 0
        self._refilling = False
        self._closed = False

    def idle(self) -> int:
        """How many cells wait for work."""
        return len(self._fresh) + len(self._resting)

    async def take(self, lease: str, image: str = "", new: bool = False) -> Cell:
        """A cell for this lease: its own rested one, a fresh one, or a `new` one. CellFailed when none starts."""
        home = (lease, image)
        self._taken += 1
        try:
            if home in self._returning and not new:
                await asyncio.wait([self._returning[home]])
            cell = None if new else self._resting.pop(home, None)
            if cell is None:
                usable = self._fresh and not new and not image
                cell = self._fresh.pop() if usable else await self._open(image)
        except BaseException:
            self._taken -= 1
            raise
        cell.lease = lease
        cell.runs += 1
        return cell

    def give_back_soon(self, cell: Cell) -> None:
        """`give_back` in the background; a `take` for the same lease waits for it."""
        self._taken -= 1
        home, task = (cell.lease, cell.image), self.spawn(self._give_back(cell))
        if cell.lease:
            self._returning[home] = task
        task.add_done_callback(lambda done: self._returned(home, done))

    def _returned(self, home: Home, task: asyncio.Task[None]) -> None:
        if self._returning.get(home) is task:
            del self._returning[home]

    async def _give_back(self, cell: Cell) -> None:
        """After a run that ended in order: wipe the cell and let it rest for its lease."""
        settings, home = self._settings, (cell.lease, cell.image)
        worn = not settings.reuse_cells or not cell.lease or cell.runs >= settings.lease_runs
        if worn or home in self._resting:
            await self._end(cell)
            return
        try:
            await cell.send(frame("W"))
            await cell.expect("R", WIPE_SECONDS)
        except CellFailed:
            await self._end(cell)
            return
        if home in self._resting:
            await self._end(cell)
            return
        if len(self._resting) >= 2 * settings.slot_count():
            longest = next(iter(self._resting))
            self.spawn(self._end(self._resting.pop(longest)))
        self._resting[home] = cell
        asyncio.get_running_loop().call_later(settings.lease_idle_seconds, self._expire, cell, cell.runs)

    def end_lease(self, lease: str) -> None:
        """Nobody comes for this lease again: what rests for it ends, as does what is still being wiped."""
        for home, task in self._returning.items():
            if home[0] == lease:
                task.add_done_callback(lambda _: self._end_resting(lease))
        self._end_resting(lease)

    def _end_resting(self, lease: str) -> None:
        for home in [home for home in self._resting if home[0] == lease]:
            self.spawn(self._end(self._resting.pop(home)))

    def discard(self, cell: Cell) -> None:
        """Kill a taken cell now, and free what it held in the background."""
        self._taken -= 1
        self.spawn(self._end(cell))

    def refill(self) -> None:
        """Bring the number of fresh cells up again, one at a time, in the background."""
        if not self._refilling and not self._closed:
            self._refilling = True
            self.spawn(self._refill())

    def kill(self) -> None:
        """Kill every cell and start no more. Whoever drives one notices by itself."""
        self._closed = True
        for cell in list(self._live):
            cell.signal_death()

    async def close(self) -> None:
        """After `kill`, and when nobody drives a cell any more: wait for the end of all, close the engine."""
        self.kill()
        while self._tasks:
            await asyncio.gather(*self._tasks, return_exceptions=True)
        self._fresh, self._resting = [], {}
        await asyncio.gather(*(self._bury(cell) for cell in list(self._live)))
        await self._engine.close()

    def spawn(self, work: Coroutine[Any, Any, T]) -> asyncio.Task[T]:
        """Do this in the background; `close` waits for it."""
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task

    def _expire(self, cell: Cell, runs: int) -> None:
        home = (cell.lease, cell.image)
        if self._resting.get(home) is cell and cell.runs == runs:
            del self._resting[home]
            self.spawn(self._end(cell))

    async def _refill(self) -> None:
        """While a core is free of runs: starting a cell takes one for a moment, and runs go first."""
        cores = os.cpu_count() or 1
        try:
            while not self._closed and len(self._fresh) < self._settings.warm_cells and self._taken < cores:
                self._fresh.append(await self._open(""))
        except CellFailed as error:
            if not self._closed:
                log.warning("a cell did not start: %s", error)
        finally:
            self._refilling = False

    async def _open(self, image: str) -> Cell:
        """A new cell that is ready. It is started whatever happens to the caller: nothing is forgotten half-way."""
        return await asyncio.shield(self.spawn(self._start(image)))

    async def _start(self, image: str) -> Cell:
        self._refuse_when_closed()
        uid = self._uids.pop() if self._uids else next(self._new_uids)
        try:
            cell = await self._engine.start(uid, image)
        except CellFailed:
            self._uids.append(uid)
            raise
        self.opened += 1
        self._live.add(cell)
        try:
            self._refuse_when_closed()
            await cell.expect("R", self._settings.start_seconds)
        except CellFailed as error:
            said = await cell.complaint()
            await self._end(cell)
            raise CellFailed(said or str(error)) from error
        return cell

    def _refuse_when_closed(self) -> None:
        if self._closed:
            raise CellFailed("the server is closing")

    async def _end(self, cell: Cell) -> None:
        cell.signal_death()
        await self._bury(cell)

    async def _bury(self, cell: Cell) -> None:
        try:
            await cell.bury()
        except CellFailed as error:
            log.warning("a cell was not removed: %s", error)
            return
        if cell in self._live:
            self._live.discard(cell)
            self._uids.append(cell.uid)
