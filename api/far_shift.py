"""One job at a sandbox worker, from its delivery to the moment when its node has heard the end."""

import asyncio
import contextlib
import logging

import msgspec

from api.far_dispatch import room_of
from api.far_letters import (
    Asked,
    Call,
    DoIt,
    Failed,
    FromNode,
    FromWorker,
    Hello,
    Progress,
    Result,
    Returned,
    RunIt,
    Sized,
    Taken,
    Typed,
    Used,
    Wrote,
    encode,
    read_call,
    read_from_node,
)
from api.far_thread import Thread
from api.far_thread import read as read_letter
from exec_pool.errors import ExecError, InputFull, RunOver
from exec_pool.job import Run
from exec_pool.judge_bench import when_free
from exec_pool.programs import Programs
from exec_pool.runs import Event, Output, RunRequest, Usage
from exec_pool.work import Perform
from realtime.errors import JobsUnavailable
from realtime.fanout import Fanout
from realtime.jobs import Job

_log = logging.getLogger(__name__)

ORDER_SECONDS = 10.0
"""A node that gives no order for so long has forgotten the job, or is gone."""
HEARD_SECONDS = 15.0
RETRY_SECONDS = 0.5
MOST_RETRIES = 60
FAILED = "The sandbox worker failed at it; its log says why."


class Shift:
    """Owned by the worker's task for it. `void` and `leave` end it early: for good, or for another worker."""

    def __init__(self, job: Job, programs: Programs, perform: Perform, fanout: Fanout, prolong_seconds: float) -> None:
        self.call: Call = read_call(job.payload)
        self._job = job
        self._programs = programs
        self._perform = perform
        self._fanout = fanout
        self._prolong_seconds = prolong_seconds
        self._order: asyncio.Future[RunIt | DoIt] = asyncio.get_running_loop().create_future()
        self._run: Run | None = None
        self._early: list[FromNode] = []
        self._is_over = self._is_leaving = False
        self._working: asyncio.Task[FromWorker] | None = None
        name = f"{fanout.node} {self.call.number} {job.attempt}"
        self._thread = Thread(name, self._send, self._hear, to_worker=False, most=fanout.max_payload)

    async def to_end(self) -> None:
        """Raises nothing that the worker could do anything about."""
        try:
            subscription = await self._fanout.subscribe(room_of(self.call.job), self._receive, self._thread.repeat)
        except ValueError:  # it is here already, and came again because its lease had ended
            await self._part(finished=False, seconds=self._prolong_seconds)
            return
        if self._fanout.is_gone(self.call.node):
            self._is_over = True
        prolonging = asyncio.create_task(self._prolong(), name="prolong")
        try:
            await self._work()
        finally:
            prolonging.cancel()
            self._thread.close()
            subscription.close()

    async def _work(self) -> None:
        self._thread.say(encode(Hello((self.call.number, self._job.attempt))))
        self._working = asyncio.create_task(self._do(), name="shift")
        try:
            said = await self._working
        except asyncio.CancelledError:
            said = Returned()
        if not self._is_over:
            self._thread.say(encode(said))
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(1.0 if isinstance(said, Returned) else HEARD_SECONDS):
                    await self._thread.until_heard()
        if not self._thread.is_taken_over:
            await self._part(finished=self._is_over or not isinstance(said, Returned))

    async def _do(self) -> FromWorker:
        """What it comes to. Cancelled by `void` and `leave`."""
        try:
            async with asyncio.timeout(0.0 if self._is_over else ORDER_SECONDS):
                order = await self._order
        except TimeoutError:
            self._is_over = True
            return Returned()
        try:
            if isinstance(order, RunIt):
                return await self._run_it(order.request)
            return Result(await self._perform(order.job, self._tell))
        except ExecError as error:
            return Failed(str(error))
        except Exception:
            _log.exception("job %s", self.call.job)
            return Failed(FAILED)

    def _tell(self, body: bytes) -> None:
        self._thread.say(encode(Progress(body)))

    async def _run_it(self, request: RunRequest) -> FromWorker:
        run = self._run = await when_free(lambda: self._programs.submit(request, self._on_event))
        run.on_taken = lambda count: self._thread.say(encode(Taken(count)))
        for said in self._early:
            _obey(run, said)
        try:
            return Result(msgspec.msgpack.encode(await run.result()))
        finally:
            run.stop()

    def _on_event(self, event: Event) -> None:
        match event:
            case _ if self._is_leaving:
                pass
            case Output():
                self._thread.say(encode(Wrote(event)))
            case Usage():
                self._thread.say(encode(Used(event)))
            case _:
                pass

    def void(self) -> None:
        """Nobody wants it any more."""
        self._is_over = True
        self._thread.close()
        if self._working is not None:
            self._working.cancel()

    def leave(self) -> None:
        """Stop, for another worker to begin anew; nothing if the end is there already."""
        self._is_leaving = True
        if self._working is not None:
            self._working.cancel()

    def _send(self, letter: bytes) -> None:
        self._fanout.publish(room_of(self.call.job), letter)

    def _receive(self, node: str, payload: bytes) -> None:
        letter = read_letter(payload)
        if node == self.call.node and letter.to_worker and letter.thread == self._thread.name:
            self._thread.take(letter)

    def _hear(self, message: bytes | None) -> None:
        if message is None:
            self.void()
            return
        said = read_from_node(message)
        if isinstance(said, RunIt | DoIt):
            if not self._order.done():
                self._order.set_result(said)
        elif self._run is not None:
            _obey(self._run, said)
        else:
            self._early.append(said)

    async def _prolong(self) -> None:
        while True:
            await asyncio.sleep(self._prolong_seconds)
            with contextlib.suppress(JobsUnavailable):
                await self._job.prolong()

    async def _part(self, *, finished: bool, seconds: float = 0.0) -> None:
        """Tell the queue, which may be away for a while; if it stays away, another worker finds it done."""
        for _ in range(MOST_RETRIES):
            try:
                await (self._job.finish() if finished else self._job.give_back(seconds))
                return
            except JobsUnavailable:
                await asyncio.sleep(RETRY_SECONDS)


def _obey(run: Run, said: FromNode) -> None:
    match said:
        case Typed(data):
            with contextlib.suppress(RunOver, InputFull):
                run.write(data)
        case Asked("eof"):
            run.close_stdin()
        case Asked("stop"):
            run.stop()
        case Sized(window):
            run.resize(window)
        case _:
            pass
