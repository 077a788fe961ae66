"""`WorkQueue` of a node whose submissions and foreign executions are done by sandbox workers."""

import asyncio
from collections import OrderedDict

from api.far_dispatch import Dispatch
from api.far_letters import DoIt, Failed, FromWorker, Progress, Result, encode
from api.far_programs import FarPrograms
from api.far_thread import Thread
from exec_pool.errors import RunnerFull, SandboxUnavailable, WorkLost
from exec_pool.turns import Bounds, Entry, Place
from exec_pool.work import CLOSING, REMEMBERED, Job, Say, WorkStats, retrieve

LINE = Bounds()


class FarTicket:
    """See `Ticket`; the errand of its job."""

    def __init__(self, job: Job, hear: Say, work: "FarWork") -> None:
        self.job = job
        self.entry = Entry(job.id, job.room, job.user, job.slots)
        self._hear = hear
        self._work = work
        self._result: asyncio.Future[bytes] = asyncio.get_running_loop().create_future()
        self._result.add_done_callback(retrieve)

    def place(self) -> Place | None:
        return None if self.over else self._work.dispatch.place(self.job.id)

    async def result(self) -> bytes:
        return await asyncio.shield(self._result)

    def cancel(self) -> None:
        self.withdraw("It was cancelled.")

    def withdraw(self, why: str) -> None:
        """End it without a result."""
        if not self.over:
            self._work.dispatch.withdraw(self)
            self.lose(why)

    @property
    def over(self) -> bool:
        return self._result.done()

    async def until_over(self) -> None:
        """Whatever it came to."""
        await asyncio.wait([self._result])

    # For the dispatch

    def order(self) -> bytes:
        return encode(DoIt(self.job))

    def begin(self, thread: Thread, *, anew: bool) -> None:
        """What was said on the way is said again from the beginning."""

    def hear(self, said: FromWorker) -> None:
        match said:
            case Progress(body) if not self.over:
                self._hear(body)
            case Result(body):
                self._end(body)
            case Failed(why):
                self.lose(why)
            case _:
                pass

    def lose(self, why: str) -> None:
        self._end(WorkLost(why))

    def _end(self, result: bytes | WorkLost) -> None:
        if self.over:
            return
        if isinstance(result, WorkLost):
            self._result.set_exception(result)
        else:
            self._result.set_result(result)
        self._work.dispatch.end(self)
        self._work.count(lost=isinstance(result, WorkLost))


class FarWork:
    """See `WorkQueue`. It lives on the dispatch of `programs`, which is opened and closed with that."""

    def __init__(self, programs: FarPrograms) -> None:
        self.dispatch: Dispatch = programs.dispatch
        self._programs = programs
        self._tickets: OrderedDict[str, FarTicket] = OrderedDict()
        self._refused = self._done = self._lost = 0
        self._is_closing = False

    def submit(self, job: Job, hear: Say, bounds: Bounds | None = None) -> FarTicket:
        if job.id in self._tickets:
            return self._tickets[job.id]
        if self._is_closing:
            raise SandboxUnavailable(CLOSING)
        if not self._programs.availability.ok:
            raise SandboxUnavailable(self._programs.availability.reason)
        ticket = FarTicket(job, hear, self)
        try:
            self.dispatch.join(ticket, bounds or LINE)
        except RunnerFull:
            self._refused += 1
            raise
        self._tickets[job.id] = ticket
        for job_id in list(self._tickets)[: len(self._tickets) - REMEMBERED]:
            if self._tickets[job_id].over:
                del self._tickets[job_id]
        return ticket

    async def drain(self, seconds: float) -> None:
        self._is_closing = True
        for ticket in self._open():
            if not self.dispatch.has_begun(ticket):
                ticket.withdraw(CLOSING)
        waits = [asyncio.create_task(ticket.until_over()) for ticket in self._open()]
        if waits:
            await asyncio.wait(waits, timeout=seconds)
        for ticket in self._open():
            ticket.withdraw(CLOSING)
        await asyncio.gather(*waits)

    def stats(self) -> WorkStats:
        tickets = self._open()
        begun = sum(self.dispatch.has_begun(ticket) for ticket in tickets)
        return WorkStats(len(tickets) - begun, begun, self._refused, self._done, self._lost)

    def count(self, *, lost: bool) -> None:
        """For tickets: one has ended."""
        self._done += not lost
        self._lost += lost

    def _open(self) -> list[FarTicket]:
        return [ticket for ticket in self._tickets.values() if not ticket.over]
