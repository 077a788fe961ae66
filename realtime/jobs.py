"""Work that any node may do: the queue's port, and the one inside a process."""

import asyncio
import contextlib
import time
from collections import deque
from collections.abc import Callable
from typing import Protocol

import msgspec

from realtime.errors import QueueFull

LEASE_SECONDS = 30.0
"""A job that its worker neither finished nor prolonged for so long goes to another."""
MAX_JOBS = 10_000
REMEMBER_SECONDS = 120.0


class JobStats(msgspec.Struct, frozen=True):
    """`waiting` and `taken` are of the whole queue, as far as this node knows; the others count calls of this node."""

    waiting: int
    taken: int
    submitted: int
    finished: int
    returned: int


class Job(Protocol):
    """One delivery of a job. `attempt` counts deliveries from 1: a worker that died before is why it is above 1.

    At least once: whoever took long may find that another has it too, so its result must bear being told twice.
    """

    id: str
    payload: bytes
    attempt: int

    async def finish(self) -> None:
        """It is done and will not come again, be it that the lease has ended meanwhile. Raises JobsUnavailable."""

    async def give_back(self, seconds: float = 0.0) -> None:
        """Somebody else may have it, after `seconds`. Raises JobsUnavailable."""

    async def prolong(self) -> None:
        """It is being worked on: the lease starts anew. Raises JobsUnavailable."""


class JobQueue(Protocol):
    """First in, first out, as far as leases allow. What is fair between people is the submitter's matter."""

    async def open(self) -> None: ...

    async def close(self) -> None: ...

    async def submit(self, job_id: str, payload: bytes) -> bool:
        """False if a job of this id was submitted within REMEMBER_SECONDS. Raises QueueFull, JobsUnavailable."""

    async def take(self, seconds: float) -> Job | None:
        """The next job; None if there is none for so long. Raises JobsUnavailable."""

    async def stats(self) -> JobStats: ...


class _Waiting(msgspec.Struct):
    id: str
    payload: bytes
    attempts: int = 0
    lease: int = 0
    """Which delivery holds it; 0 while nobody does."""


class LocalJobQueue:
    """See `JobQueue`. It lives and dies with its process, and is never unavailable. `clock` is monotonic."""

    def __init__(
        self,
        *,
        lease_seconds: float = LEASE_SECONDS,
        max_jobs: int = MAX_JOBS,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._lease_seconds = lease_seconds
        self._max_jobs = max_jobs
        self._clock = clock
        self._waiting: deque[_Waiting] = deque()
        self._all: dict[str, _Waiting] = {}
        self._timers: dict[str, asyncio.TimerHandle] = {}
        self._known: dict[str, float] = {}
        self._takers: deque[asyncio.Future[None]] = deque()
        self._submitted = self._finished = self._returned = 0

    async def open(self) -> None: ...

    async def close(self) -> None:
        for timer in self._timers.values():
            timer.cancel()
        self._timers.clear()

    async def submit(self, job_id: str, payload: bytes) -> bool:
        self._forget()
        if job_id in self._known:
            return False
        if len(self._all) >= self._max_jobs:
            raise QueueFull("too many jobs wait")
        job = self._all[job_id] = _Waiting(job_id, payload)
        self._known[job_id] = self._clock() + REMEMBER_SECONDS
        self._submitted += 1
        self._put(job)
        return True

    async def take(self, seconds: float) -> "_LocalJob | None":
        try:
            async with asyncio.timeout(seconds):
                while not self._waiting:
                    await self._until_put()
        except TimeoutError:
            return None
        job = self._waiting.popleft()
        job.attempts += 1
        job.lease = job.attempts
        self._start_lease(job)
        return _LocalJob(self, job)

    async def stats(self) -> JobStats:
        waiting = len(self._waiting)
        taken = len(self._all) - waiting
        return JobStats(waiting, taken, self._submitted, self._finished, self._returned)

    def finish(self, job: _Waiting) -> None:
        """For the job itself."""
        if self._all.pop(job.id, None) is not job:
            return
        self._finished += 1
        if timer := self._timers.pop(job.id, None):
            timer.cancel()
        if not job.lease:
            with contextlib.suppress(ValueError):  # it may wait for its time
                self._waiting.remove(job)
        job.lease = 0

    def give_back(self, job: _Waiting, attempt: int, seconds: float) -> None:
        """For the job itself."""
        if job.lease == attempt:
            self._end_lease(job)
            self._returned += 1
            if seconds > 0:
                self._timers[job.id] = asyncio.get_running_loop().call_later(seconds, self._put, job)
            else:
                self._put(job, first=True)

    def prolong(self, job: _Waiting, attempt: int) -> None:
        """For the job itself."""
        if job.lease == attempt:
            self._start_lease(job)

    def _start_lease(self, job: _Waiting) -> None:
        if timer := self._timers.pop(job.id, None):
            timer.cancel()
        loop = asyncio.get_running_loop()
        self._timers[job.id] = loop.call_later(self._lease_seconds, self.give_back, job, job.lease, 0.0)

    def _end_lease(self, job: _Waiting) -> None:
        job.lease = 0
        self._timers.pop(job.id).cancel()

    def _put(self, job: _Waiting, first: bool = False) -> None:
        self._timers.pop(job.id, None)
        if first:
            self._waiting.appendleft(job)
        else:
            self._waiting.append(job)
        self._call_taker()

    def _call_taker(self) -> None:
        while self._takers:
            taker = self._takers.popleft()
            if not taker.done():
                taker.set_result(None)
                break

    async def _until_put(self) -> None:
        """A taker that is cancelled after it was called passes the call on."""
        taker = asyncio.get_running_loop().create_future()
        self._takers.append(taker)
        try:
            await taker
        except asyncio.CancelledError:
            if taker.done() and not taker.cancelled() and self._waiting:
                self._call_taker()
            raise

    def _forget(self) -> None:
        now = self._clock()
        while self._known and self._known[first := next(iter(self._known))] <= now:
            del self._known[first]


class _LocalJob:
    def __init__(self, queue: LocalJobQueue, job: _Waiting) -> None:
        self.id, self.payload, self.attempt = job.id, job.payload, job.attempts
        self._queue = queue
        self._job = job

    async def finish(self) -> None:
        self._queue.finish(self._job)

    async def give_back(self, seconds: float = 0.0) -> None:
        self._queue.give_back(self._job, self.attempt, seconds)

    async def prolong(self) -> None:
        self._queue.prolong(self._job, self.attempt)
