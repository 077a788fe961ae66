"""The cells of a server: a few fresh ones kept ready, and used ones that wait for the next run of their lease.

A cell serves one lease (one room) only. It is wiped between runs and thrown away after any abnormal end, after
`lease_runs` runs or `lease_idle_seconds` of rest. Blocking work happens in threads of our own: starting a cell in
exactly one thread that lives as long as the cells do, because the kernel ties `--die-with-parent` to the thread.
"""

import asyncio
import contextlib
import itertools
import logging
import os
import subprocess
from collections.abc import Coroutine
from concurrent.futures import ThreadPoolExecutor

from exec_pool.bwrap_cell import Cell, Shell, open_cell
from exec_pool.cgroups import SliceV1, SliceV2
from exec_pool.errors import CellFailed
from exec_pool.limits import ExecSettings
from exec_pool.protocol import frame
from exec_pool.strays import end_strays

log = logging.getLogger(__name__)

# Servers on one machine keep their users apart by their process ids.
UID_BLOCKS = 100_000
WIPE_SECONDS = 2.0


class Cells:
    """Owner: the Runner. `take` and then `give_back` or `discard`, exactly one of them."""

    def __init__(self, shell: Shell, slice_: SliceV1 | SliceV2, settings: ExecSettings) -> None:
        self.opened = 0
        self._shell = shell
        self._slice = slice_
        self._settings = settings
        self._fresh: list[Cell] = []
        self._resting: dict[str, Cell] = {}
        self._returning: dict[str, asyncio.Task[None]] = {}
        self._live: set[Cell] = set()
        self._uids: list[int] = []
        end_strays(range(settings.uid_base, settings.uid_base + UID_BLOCKS * 1000))
        self._new_uids = itertools.count(settings.uid_base + os.getpid() % UID_BLOCKS * 1000)
        self._numbers = itertools.count()
        self._opener = ThreadPoolExecutor(1, "sangam-cells")
        self._limiter = ThreadPoolExecutor(1, "sangam-cells-limits")
        self._undertaker = ThreadPoolExecutor(2, "sangam-cells-end")
        self._tasks: set[asyncio.Task[None]] = set()
        self._refilling = False
        self._closed = False

    def idle(self) -> int:
        """How many cells wait for work."""
        return len(self._fresh) + len(self._resting)

    async def take(self, lease: str, new: bool = False) -> Cell:
        """A cell for this lease: its own rested one, a fresh one, or a `new` one. CellFailed when none starts."""
        if lease in self._returning and not new:
            await asyncio.wait([self._returning[lease]])
        cell = None if new else self._resting.pop(lease, None)
        if cell is None:
            cell = self._fresh.pop() if self._fresh and not new else await self._open()
        cell.lease = lease
        cell.runs += 1
        return cell

    def give_back_soon(self, cell: Cell) -> None:
        """`give_back` in the background; a `take` for the same lease waits for it."""
        lease, task = cell.lease, self.spawn(self.give_back(cell))
        if lease:
            self._returning[lease] = task
        task.add_done_callback(lambda done: self._returned(lease, done))

    def _returned(self, lease: str, task: asyncio.Task[None]) -> None:
        if self._returning.get(lease) is task:
            del self._returning[lease]

    async def give_back(self, cell: Cell) -> None:
        """After a run that ended in order: wipe the cell and let it rest for its lease."""
        settings = self._settings
        worn = not settings.reuse_cells or not cell.lease or cell.runs >= settings.lease_runs
        if worn or cell.lease in self._resting:
            await self.discard(cell)
            return
        try:
            await cell.send(frame("W"))
            await cell.expect("R", WIPE_SECONDS)
        except CellFailed:
            await self.discard(cell)
            return
        if cell.lease in self._resting:
            await self.discard(cell)
            return
        if len(self._resting) >= 2 * settings.slot_count():
            longest = next(iter(self._resting))
            self.spawn(self.discard(self._resting.pop(longest)))
        self._resting[cell.lease] = cell
        asyncio.get_running_loop().call_later(settings.lease_idle_seconds, self._expire, cell, cell.runs)

    async def discard(self, cell: Cell) -> None:
        """Kill a cell and free what it held; cancelling the caller does not stop that."""
        cell.signal_death()
        await asyncio.shield(self.spawn(self._bury(cell)))

    def refill(self) -> None:
        """Bring the number of fresh cells up again, one at a time, in the background."""
        if not self._refilling and not self._closed:
            self._refilling = True
            self.spawn(self._refill())

    async def set_limits(self, cell: Cell, memory_bytes: int, processes: int) -> None:
        """Set a cell's limits if they differ from what it has. CellFailed when the kernel refuses."""
        if cell.limits == (memory_bytes, processes):
            return
        try:
            await asyncio.get_running_loop().run_in_executor(self._limiter, cell.limit, memory_bytes, processes)
        except OSError as error:
            raise CellFailed(f"limits cannot be set ({error})") from error

    def kill(self) -> None:
        """Kill every cell and start no more. Whoever drives one notices by itself."""
        self._closed = True
        for cell in list(self._live):
            cell.signal_death()

    async def close(self) -> None:
        """After `kill`, and when nobody drives a cell any more: wait for the end of all, remove the slice."""
        self.kill()
        loop = asyncio.get_running_loop()
        await loop.run_in_executor(self._undertaker, self._opener.shutdown)
        self.kill()
        while self._tasks:
            await asyncio.gather(*self._tasks, return_exceptions=True)
        self._fresh, self._resting = [], {}
        await asyncio.gather(*(self._bury(cell) for cell in list(self._live)))
        try:
            await loop.run_in_executor(self._undertaker, self._slice.remove)
        except OSError as error:
            log.warning("control groups could not be removed: %s", error)
        self._limiter.shutdown()
        self._undertaker.shutdown()

    def spawn(self, work: Coroutine[None, None, None]) -> asyncio.Task[None]:
        """Do this in the background; `close` waits for it."""
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task

    def _expire(self, cell: Cell, runs: int) -> None:
        if self._resting.get(cell.lease) is cell and cell.runs == runs:
            del self._resting[cell.lease]
            self.spawn(self.discard(cell))

    async def _refill(self) -> None:
        try:
            while not self._closed and len(self._fresh) < self._settings.warm_cells:
                self._fresh.append(await self._open())
        except CellFailed as error:
            if not self._closed:
                log.warning("a cell did not start: %s", error)
        finally:
            self._refilling = False

    async def _open(self) -> Cell:
        self._refuse_when_closed()
        uid = self._uids.pop() if self._uids else next(self._new_uids)
        loop = asyncio.get_running_loop()
        try:
            cell = await loop.run_in_executor(self._opener, self._start, uid)
        except CellFailed:
            self._uids.append(uid)
            raise
        self.opened += 1
        try:
            self._refuse_when_closed()
            await cell.expect("R", self._settings.start_seconds)
        except CellFailed as error:
            said = await loop.run_in_executor(self._undertaker, cell.complaint)
            await self.discard(cell)
            raise CellFailed(said or str(error)) from error
        return cell

    def _refuse_when_closed(self) -> None:
        if self._closed:
            raise CellFailed("the server is closing")

    def _start(self, uid: int) -> Cell:
        self._refuse_when_closed()
        try:
            group = self._slice.cell(f"cell-{next(self._numbers)}")
        except OSError as error:
            raise CellFailed(f"no control group ({error})") from error
        try:
            cell = open_cell(self._shell, group, uid)
        except CellFailed:
            with contextlib.suppress(OSError):
                group.remove()
            raise
        self._live.add(cell)
        with contextlib.suppress(OSError):  # the usual limits, ahead of time; a run looks again
            cell.limit(self._settings.limits.memory_bytes, self._settings.limits.processes)
        return cell

    async def _bury(self, cell: Cell) -> None:
        try:
            await asyncio.get_running_loop().run_in_executor(self._undertaker, cell.bury)
        except (OSError, subprocess.SubprocessError) as error:
            log.warning("a cell was not removed: %s", error)
            return
        self._live.discard(cell)
        self._uids.append(cell.uid)
