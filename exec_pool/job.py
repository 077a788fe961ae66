"""A run: what its owner holds (`Run`), and how one is driven through a cell (`drive`)."""

import asyncio
import logging
import struct
from collections import deque
from collections.abc import Callable

import msgspec

from exec_pool.engine import Cell
from exec_pool.errors import CellFailed, InputFull, RunOver
from exec_pool.language import Language
from exec_pool.limits import Limits
from exec_pool.plans import Plan
from exec_pool.protocol import file_frame, frame
from exec_pool.runs import Ending, Event, EventSink, Output, RunResult, Stream, Usage, Window

log = logging.getLogger(__name__)

STREAMS: dict[str, Stream] = {"O": "stdout", "X": "stderr", "C": "compile"}
WINDOW = 65_536
GRACE_SECONDS = 3.0
START_SECONDS = 10.0
STOP_SECONDS = 1.0
TAIL = 8192


class Run:
    """One submitted run. Every method is for the event loop's own thread.

    `id` is given by the Runner. Input is bounded by `input_bytes` that the program has not read yet; `on_taken` hears
    how much it has read.
    """

    def __init__(self, run_id: str, sink: EventSink, input_bytes: int, on_stop: Callable[["Run"], None]) -> None:
        self.id = run_id
        self.stopped = False
        self.input_closed = False
        self.changed = asyncio.Event()
        self.tail = b""
        self.compiled = b""
        self.window: Window | None = None
        self.written = 0
        self.on_taken: Callable[[int], None] = lambda _: None
        self._sink = sink
        self._on_stop = on_stop
        self._input: deque[bytes] = deque()
        self._input_most = input_bytes
        self._held = 0
        self._sent = 0
        self._result: asyncio.Future[RunResult] = asyncio.get_running_loop().create_future()

    async def result(self) -> RunResult:
        """How the run ended; may be awaited many times and cancelled without harm to the run."""
        return await asyncio.shield(self._result)

    def write(self, data: bytes) -> None:
        """Give the program input. InputFull takes nothing of it; RunOver after the end or `close_stdin`."""
        if self.over or self.input_closed:
            raise RunOver("The program takes no more input.")
        if self._held + len(data) > self._input_most:
            raise InputFull("The program does not read its input; try again later.")
        if data:
            self._input.append(data)
            self._held += len(data)
            self.changed.set()

    def close_stdin(self) -> None:
        """The program reads the end of its input after what was written. Harmless again."""
        self.input_closed = True
        self.changed.set()

    def resize(self, window: Window) -> None:
        """Give the terminal another size; the last one counts. Nothing happens without a terminal, or after the end."""
        self.window = window
        self.changed.set()

    def stop(self) -> None:
        """Kill the whole tree; a run that still waits ends at once. Harmless again and after the end."""
        if not self.over:
            self.stopped = True
            self.changed.set()
            self._on_stop(self)

    @property
    def over(self) -> bool:
        """Has it ended?"""
        return self._result.done()

    def finish(self, result: RunResult) -> None:
        """For the Runner: the result, first one counts."""
        if not self._result.done():
            self._result.set_result(result)
        self._input.clear()
        self.changed.set()

    def emit(self, event: Event) -> None:
        """For the driver: hand an event to the owner, whose errors are his own."""
        try:
            self._sink(event)
        except Exception:
            log.exception("the owner of run %s failed on an event", self.id)
            self.stop()

    def next_input(self) -> bytes:
        """For the driver: the next piece that fits into the window, or nothing."""
        room = WINDOW - self._sent
        if not self._input or room <= 0:
            return b""
        data = self._input.popleft()
        if len(data) > room:
            self._input.appendleft(data[room:])
            data = data[:room]
        self._sent += len(data)
        return data

    def input_taken(self, count: int) -> None:
        """For the driver: the program has read so much."""
        self._sent -= count
        self._held -= count
        self.changed.set()
        self.on_taken(count)

    @property
    def in_flight(self) -> int:
        """For the driver: bytes that were given to it and that the program has not read."""
        return self._sent

    @property
    def input_empty(self) -> bool:
        """For the driver: is all input under way?"""
        return not self._input


class Drive:
    """One run in one cell: a reader (`to_end`) and, from the first step on, a writer task beside it."""

    def __init__(self, run: Run, plan: Plan, limits: Limits) -> None:
        self._started = False
        self._gone_on = False
        self._run = run
        self._plan = plan
        self._limits = limits
        self._step = ""
        self._terminal = plan.job.steps[-1].terminal is not None
        self._overdue = False
        self._ended = False
        self._alarm: asyncio.TimerHandle | None = None
        self._writer: asyncio.Task[None] | None = None

    async def to_end(self, cell: Cell) -> Ending:
        """Send the job and follow it. CellFailed only before a step has started; later that is an Ending, too."""
        self._cell = cell
        self._set_alarm(START_SECONDS)
        try:
            await self._cell.send(self._order())
            return await self._follow()
        except CellFailed as error:
            if not self._started:
                raise
            return await self._broken(error)
        finally:
            self._set_alarm(None)
            self._ended = True
            self._run.changed.set()
            if self._writer:
                await self._writer

    def _order(self) -> bytes:
        """Files and job, and at once the word to go on if the cell has the limits of the first step already."""
        files = b"".join(file_frame(path, content) for path, content in self._plan.files.items())
        self._gone_on = self._cell.limits == self._limits_of(self._plan.job.steps[0].name)
        return files + frame("J", msgspec.json.encode(self._plan.job)) + (frame("G") if self._gone_on else b"")

    def _limits_of(self, step: str) -> tuple[int, int]:
        limits = self._limits
        return limits.compile_memory_bytes if step == "compile" else limits.memory_bytes, limits.processes

    async def _follow(self) -> Ending:
        while True:
            kind, payload = await self._cell.receive()
            if kind == "D":
                return msgspec.json.decode(payload, type=Ending)
            if kind == "S":
                await self._start_step(payload.decode())
            elif kind == "A":
                self._run.input_taken(struct.unpack(">I", payload)[0])
            elif kind == "U":
                self._run.emit(Usage(*struct.unpack(">dQ", payload)))
            elif kind in STREAMS:
                self._output(STREAMS[kind], payload)

    async def _start_step(self, name: str) -> None:
        limits, compiling = self._limits, name == "compile"
        self._step = name
        await self._cell.limit(*self._limits_of(name))
        if self._writer is None:
            self._writer = asyncio.get_running_loop().create_task(self._write())
        self._started = True
        self._set_alarm((limits.compile_wall_seconds if compiling else limits.wall_seconds) + GRACE_SECONDS)
        if not self._gone_on:
            await self._cell.send(frame("G"))
        self._gone_on = False

    def _output(self, stream: Stream, data: bytes) -> None:
        run = self._run
        run.written += len(data)
        if run.written > self._limits.output_bytes + self._limits.compile_output_bytes:
            raise CellFailed("the cell ignores the output limit")
        if stream == "compile":
            run.compiled = (run.compiled + data)[:TAIL]
        elif stream == "stderr" or self._terminal:
            run.tail = (run.tail + data)[-TAIL:]
        run.emit(Output(stream, data))

    async def _write(self) -> None:
        """Input, its end and the wish to stop, one after the other."""
        run, closed, stopped = self._run, False, False
        try:
            while not self._ended:
                run.changed.clear()
                if run.stopped and not stopped:
                    stopped = True
                    self._set_alarm(STOP_SECONDS)
                    await self._cell.send(frame("K"))
                elif run.window and self._step == "run":
                    window, run.window = run.window, None
                    await self._cell.send(frame("T", struct.pack(">HH", window.rows, window.columns)))
                elif data := run.next_input():
                    await self._cell.send(frame("I", data))
                elif run.input_closed and run.input_empty and not closed:
                    closed = True
                    await self._cell.send(frame("E"))
                else:
                    await run.changed.wait()
        except CellFailed:
            return

    def _set_alarm(self, seconds: float | None) -> None:
        if self._alarm:
            self._alarm.cancel()
        loop = asyncio.get_running_loop()
        self._alarm = None if seconds is None else loop.call_later(seconds, self._too_late)

    def _too_late(self) -> None:
        self._overdue = True
        self._cell.signal_death()

    async def _broken(self, error: CellFailed) -> Ending:
        """The cell died under the run: by `stop`, by our alarm, for memory, or for a reason of its own."""
        if self._run.stopped:
            return Ending(step=self._step, signal=9, why="stop")
        if self._overdue:
            return Ending(step=self._step, signal=9, why="wall")
        oom = await self._cell.oom_kills()
        return Ending(step=self._step, signal=9, oom=oom, error="" if oom else f"The sandbox broke down: {error}.")


def heap_full(language: Language, run: Run, ending: Ending) -> bool:
    """Did a managed heap fill up before the kernel had to step in?"""
    return bool(language.heap_full and ending.code != 0 and language.heap_full.encode() in run.tail)
