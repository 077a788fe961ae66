"""A sandbox worker: takes jobs from the queue as long as it has slots, and does them for whichever node they are of."""

import asyncio
import logging
import socket
from functools import partial

import msgspec

from api.far_board import Board
from api.far_letters import Offer
from api.far_shift import Shift
from exec_pool.programs import Programs
from exec_pool.work import Perform
from realtime.errors import JobsUnavailable
from realtime.fanout import Fanout
from realtime.jobs import Job, JobQueue

_log = logging.getLogger(__name__)

TAKE_SECONDS = 1.0
REST_SECONDS = 0.25
PROLONGS = 4
"""How often a lease is prolonged in its time."""


class WorkerStats(msgspec.Struct, frozen=True):
    """`busy` of `slots` now; the others since the start. `is_connected`: nodes can be heard."""

    slots: int
    busy: int
    taken: int
    returned: int
    is_connected: bool


class Worker:
    """Opens and closes the fan-out and the queue; `programs`, in which `perform` does jobs, is its owner's."""

    def __init__(
        self,
        programs: Programs,
        perform: Perform,
        fanout: Fanout,
        queue: JobQueue,
        *,
        slots: int,
        lease_seconds: float,
    ) -> None:
        self._programs = programs
        self._perform = perform
        self._fanout = fanout
        self._queue = queue
        self._slots = slots
        self._prolong_seconds = lease_seconds / PROLONGS
        self._shifts: dict[Shift, asyncio.Task[None]] = {}
        self._taken = self._returned = 0
        self._is_leaving = False
        self._freed = asyncio.Event()
        self._board = Board(fanout, self._offer, lambda: None)
        self._taking: asyncio.Task[None] | None = None
        fanout.when_node_gone(self._node_gone)

    async def open(self) -> None:
        """Raises FanoutUnavailable, JobsUnavailable."""
        await self._fanout.open()
        try:
            await self._queue.open()
        except BaseException:
            await self._fanout.close()
            raise
        await self._board.open()
        self._taking = asyncio.create_task(self._take(), name="worker")

    async def drain(self, seconds: float) -> None:
        """Take nothing more, give what goes on so long to end, hand the rest back."""
        self._is_leaving = True
        self._freed.set()
        self._board.tell()
        if self._taking is not None:
            await self._taking
        if self._shifts:
            await asyncio.wait(self._shifts.values(), timeout=seconds)
        for shift in list(self._shifts):
            self._returned += 1
            shift.leave()
        await asyncio.gather(*self._shifts.values(), return_exceptions=True)

    async def close(self) -> None:
        """After `drain`."""
        await self._board.close()
        await self._queue.close()
        await self._fanout.close()

    def stats(self) -> WorkerStats:
        """The numbers of this moment."""
        return WorkerStats(self._slots, len(self._shifts), self._taken, self._returned, self._fanout.is_connected)

    def _offer(self) -> Offer:
        available = self._programs.availability
        slots = self._slots if available.ok else 0
        about = socket.gethostname(), slots, len(self._shifts), available.engine, available.reason, available.checking
        return Offer(*about, self._programs.languages, self._is_leaving)

    async def _take(self) -> None:
        while not self._is_leaving:
            if len(self._shifts) >= self._slots:
                self._freed.clear()
                await self._freed.wait()
                continue
            try:
                job = await self._queue.take(TAKE_SECONDS) if self._programs.availability.ok else None
            except JobsUnavailable as error:
                _log.warning("no jobs", extra={"why": str(error)})
                job = None
                await asyncio.sleep(REST_SECONDS)
            except Exception:
                _log.exception("the queue could not be asked")
                job = None
                await asyncio.sleep(REST_SECONDS)
            if not self._programs.availability.ok:
                await asyncio.sleep(REST_SECONDS)
            if job is not None:
                await self._begin(job)

    async def _begin(self, job: Job) -> None:
        if self._is_leaving:
            await job.give_back()
            return
        try:
            shift = Shift(job, self._programs, self._perform, self._fanout, self._prolong_seconds)
        except msgspec.DecodeError:
            _log.error("something in the queue is no job", extra={"job": job.id})
            await job.finish()
            return
        self._taken += 1
        task = asyncio.create_task(shift.to_end(), name="shift")
        self._shifts[shift] = task
        task.add_done_callback(partial(self._ended, shift))

    def _ended(self, shift: Shift, task: asyncio.Task[None]) -> None:
        del self._shifts[shift]
        self._freed.set()
        if not task.cancelled() and (error := task.exception()):
            _log.error("a job broke off", exc_info=error, extra={"job": shift.call.job})

    def _node_gone(self, node: str) -> None:
        """Nobody is there for its results."""
        for shift in list(self._shifts):
            if shift.call.node == node:
                shift.void()
