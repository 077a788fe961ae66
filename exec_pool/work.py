"""Work: jobs that wait for their turn and are done somewhere. The port, and its adapter in this process.

A job is data; who submits it holds a `Ticket`, hears what is said on the way and gets exactly one result. Where the
work is done is the adapter's affair: `LocalWork` does it here.
"""

import asyncio
import logging
import time
from collections import OrderedDict
from collections.abc import Awaitable, Callable
from functools import partial
from typing import Protocol

import msgspec

from exec_pool.errors import ExecError, SandboxUnavailable, WorkLost
from exec_pool.turns import Bounds, Entry, Place, Turns

log = logging.getLogger(__name__)

REMEMBERED = 1000
CLOSING = "The server is closing; try again in a moment."


class Job(msgspec.Struct, frozen=True, kw_only=True):
    """One piece of work. The same `id` again is the same job. `slots`: programs it runs at the same time."""

    id: str
    room: str
    user: str
    body: bytes
    slots: int = 1


Say = Callable[[bytes], None]
Perform = Callable[[Job, Say], Awaitable[bytes]]


class WorkStats(msgspec.Struct, frozen=True):
    """Numbers for metrics."""

    waiting: int
    running: int
    refused: int
    done: int
    lost: int


class Ticket(Protocol):
    """What the submitter of a job holds."""

    def place(self) -> Place | None:
        """Where it stands in the line; None when it is over."""

    async def result(self) -> bytes:
        """The one result, however often it is awaited; cancelling that changes nothing. Raises WorkLost when the job
        was cancelled, could not be done, or the server stopped before its end."""

    def cancel(self) -> None:
        """It is not wanted any more. Harmless again and after the end."""


class WorkQueue(Protocol):
    """Takes jobs in, fairly."""

    def submit(self, job: Job, hear: Say, bounds: Bounds | None = None) -> Ticket:
        """Raises RunnerFull (with `retry_seconds`) or SandboxUnavailable; then nothing was taken."""

    async def drain(self, seconds: float) -> None:
        """Take nothing any more, give running jobs so long to end, lose the rest."""

    def stats(self) -> WorkStats:
        """The numbers of this moment."""


class LocalTicket:
    """A ticket of LocalWork."""

    def __init__(self, job: Job, hear: Say, work: "LocalWork") -> None:
        self.job = job
        self.hear = hear
        self.task: asyncio.Task[None] | None = None
        self._work = work
        self._result: asyncio.Future[bytes] = asyncio.get_running_loop().create_future()
        self._result.add_done_callback(retrieve)

    def place(self) -> Place | None:
        return None if self.over else self._work.place(self.job.id)

    async def result(self) -> bytes:
        return await asyncio.shield(self._result)

    def cancel(self) -> None:
        self._work.withdraw(self, "It was cancelled.")

    @property
    def over(self) -> bool:
        """Has it a result?"""
        return self._result.done()

    def finish(self, result: bytes | Exception) -> None:
        """For the queue: the first result counts."""
        if self._result.done():
            return
        if isinstance(result, Exception):
            self._result.set_exception(result)
        else:
            self._result.set_result(result)


def retrieve(future: asyncio.Future[bytes]) -> None:
    """Nobody has to await a result; a lost one is told to whoever does."""
    if not future.cancelled():
        future.exception()


class LocalWork:
    """A `WorkQueue` whose jobs `perform` does in this process, at most `slots` programs at the same time."""

    def __init__(self, perform: Perform, slots: int, bounds: Bounds | None = None) -> None:
        self._perform = perform
        self._turns = Turns(slots, bounds or Bounds())
        self._tickets: OrderedDict[str, LocalTicket] = OrderedDict()
        self._refused = 0
        self._done = 0
        self._lost = 0
        self._closing = False

    def submit(self, job: Job, hear: Say, bounds: Bounds | None = None) -> LocalTicket:
        """See `WorkQueue`. A known `id` gives the ticket that there is."""
        if job.id in self._tickets:
            return self._tickets[job.id]
        if self._closing:
            raise SandboxUnavailable(CLOSING)
        try:
            self._turns.join(Entry(job.id, job.room, job.user, job.slots), bounds)
        except Exception:
            self._refused += 1
            raise
        ticket = LocalTicket(job, hear, self)
        self._tickets[job.id] = ticket
        self._forget()
        self._pump()
        return ticket

    def place(self, job_id: str) -> Place | None:
        """Where a job stands."""
        return self._turns.place(job_id)

    def withdraw(self, ticket: LocalTicket, why: str) -> None:
        """End a job without a result."""
        if ticket.over:
            return
        self._end(ticket, WorkLost(why))
        if ticket.task:
            ticket.task.cancel()  # it leaves the line when what it runs is gone
        else:
            self._turns.leave(ticket.job.id)
            self._pump()

    async def drain(self, seconds: float) -> None:
        """See `WorkQueue`."""
        self._closing = True
        for ticket in self._open():
            if ticket.task is None:
                self.withdraw(ticket, CLOSING)
        tasks = [ticket.task for ticket in self._tickets.values() if ticket.task and not ticket.task.done()]
        if tasks:
            await asyncio.wait(tasks, timeout=seconds)
        for ticket in self._open():
            self.withdraw(ticket, CLOSING)
        await asyncio.gather(*tasks, return_exceptions=True)

    def stats(self) -> WorkStats:
        """See `WorkQueue`."""
        turns = self._turns
        return WorkStats(turns.waiting(), turns.running(), self._refused, self._done, self._lost)

    def _open(self) -> list[LocalTicket]:
        return [ticket for ticket in self._tickets.values() if not ticket.over]

    def _pump(self) -> None:
        while entry := self._turns.take():
            ticket = self._tickets[entry.id]
            ticket.task = asyncio.get_running_loop().create_task(self._serve(ticket), name="job")
            ticket.task.add_done_callback(partial(self._done_with, ticket, time.monotonic()))

    async def _serve(self, ticket: LocalTicket) -> None:
        try:
            self._end(ticket, await self._perform(ticket.job, ticket.hear))
        except ExecError as error:
            self._end(ticket, WorkLost(str(error)))
        except Exception:
            log.exception("job %s", ticket.job.id)
            self._end(ticket, WorkLost("The server failed at it; its log says why."))

    def _done_with(self, ticket: LocalTicket, started: float, _task: asyncio.Task[None]) -> None:
        """A callback, because a task that is cancelled before its first step never comes to a `finally`."""
        self._end(ticket, WorkLost(CLOSING))
        self._turns.leave(ticket.job.id, time.monotonic() - started)
        self._pump()

    def _end(self, ticket: LocalTicket, result: bytes | Exception) -> None:
        if not ticket.over:
            self._done += not isinstance(result, Exception)
            self._lost += isinstance(result, Exception)
            ticket.finish(result)

    def _forget(self) -> None:
        """Remember the last tickets only; those that are not over are bounded by the line."""
        for job_id in list(self._tickets)[: len(self._tickets) - REMEMBERED]:
            if self._tickets[job_id].over:
                del self._tickets[job_id]
