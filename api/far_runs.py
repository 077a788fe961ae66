"""A program that runs at a sandbox worker: what its owner holds, and what is said to the worker that has it."""

import asyncio
import uuid
from collections.abc import Callable

import msgspec

from api.far_dispatch import Dispatch
from api.far_letters import (
    Asked,
    Failed,
    FromWorker,
    Result,
    RunIt,
    Sized,
    Taken,
    Typed,
    Used,
    Wrote,
    encode,
)
from api.far_thread import Thread
from exec_pool.job import Run
from exec_pool.limits import MIB
from exec_pool.runs import Restarted, RunRequest, RunResult, Window
from exec_pool.turns import Entry

STOP_SECONDS = 5.0
"""A worker that was told to stop and says nothing for so long is not waited for."""
MOST_REPLAYED = MIB // 2
RESTARTED = "The sandbox worker that ran this program is gone. It runs again, from the beginning."
NOT_AGAIN = "The sandbox worker that ran this program is gone, and too much was typed to type it again."
_read_result = msgspec.msgpack.Decoder(RunResult).decode


class FarRun:
    """One run at whichever worker has it. `run` is what its owner holds; `over` is told once, with the result."""

    def __init__(self, request: RunRequest, run: Run, dispatch: Dispatch, over: Callable[["FarRun"], None]) -> None:
        self.run = run
        self.status = ""
        self.entry = Entry(run.id, request.lease or run.id, request.user)
        self._request = request
        self._dispatch = dispatch
        self._over = over
        self._window: Window | None = request.terminal
        self._typed: list[bytes] | None = []
        self._owed = 0
        self._writer: asyncio.Task[None] | None = None
        self._deadline: asyncio.TimerHandle | None = None

    def order(self) -> bytes:
        terminal = self._window if self._request.terminal else None
        return encode(RunIt(msgspec.structs.replace(self._request, terminal=terminal)))

    def begin(self, thread: Thread, *, anew: bool) -> None:
        if anew:
            self.run.emit(Restarted(RESTARTED))
            self.run.input_taken(self.run.in_flight - self._owed)
            self._owed = 0
            if not self._replay(thread):
                self._finish(RunResult(status="internal_error", message=NOT_AGAIN))
                return
        self._end_writer()
        self._writer = asyncio.get_running_loop().create_task(self._write(thread), name="far-run")

    def _replay(self, thread: Thread) -> bool:
        """Type again what was typed; not in a terminal, where people answered what they saw."""
        if self._request.terminal is not None:
            return True
        if self._typed is None:
            return False
        for data in self._typed:
            self._owed += len(data)
            thread.say(encode(Typed(data)))
        return True

    def hear(self, said: FromWorker) -> None:
        match said:
            case Wrote(output):
                self.run.emit(output)
            case Used(usage):
                self.run.emit(usage)
            case Taken(count):
                paid = min(count, self._owed)
                self._owed -= paid
                self.run.input_taken(count - paid)
            case Result(body):
                self._finish(_read_result(body))
            case Failed(why):
                self.lose(why)
            case _:
                pass

    def lose(self, why: str) -> None:
        self._finish(RunResult(status="internal_error", message=why))

    def stop(self) -> None:
        """A run that has not begun ends at once; from a worker the result is awaited for a while."""
        if not self._dispatch.has_begun(self):
            self.give_up("Stopped.")
        elif self._deadline is None:
            loop = asyncio.get_running_loop()
            self._deadline = loop.call_later(STOP_SECONDS, self.give_up, "Stopped.")

    def give_up(self, why: str) -> None:
        """End it here and now."""
        if not self.run.over:
            self._dispatch.withdraw(self)
            self._finish(RunResult(status="stopped", message=why))

    def _finish(self, result: RunResult) -> None:
        if self.run.over:
            return
        self.status = result.status
        self._end_writer()
        if self._deadline is not None:
            self._deadline.cancel()
        self.run.finish(result)
        self._dispatch.end(self)
        self._over(self)

    def _end_writer(self) -> None:
        if self._writer is not None:
            self._writer.cancel()

    async def _write(self, thread: Thread) -> None:
        """Input, its end, the window and the wish to stop, one after the other, as in `exec_pool.job.Drive`."""
        run, closed, stopped = self.run, False, False
        while not thread.closed:
            run.changed.clear()
            if run.stopped and not stopped:
                stopped = True
                thread.say(encode(Asked("stop")))
            elif run.window:
                self._window, run.window = run.window, None
                thread.say(encode(Sized(self._window)))
            elif data := run.next_input():
                self._keep(data)
                thread.say(encode(Typed(data)))
            elif run.input_closed and run.input_empty and not closed:
                closed = True
                thread.say(encode(Asked("eof")))
            else:
                await run.changed.wait()

    def _keep(self, data: bytes) -> None:
        if self._typed is not None:
            self._typed.append(data)
            if sum(map(len, self._typed)) > MOST_REPLAYED:
                self._typed = None


def new_run_id() -> str:
    """As the Runner's."""
    return f"run_{uuid.uuid4().hex[:20]}"
