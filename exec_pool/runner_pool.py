"""The Runner: the front of this package. It checks the sandbox, queues runs and drives them, never a bare process."""

import asyncio
import collections
import logging
import time
import uuid

import msgspec

from exec_pool.cells import Cells
from exec_pool.engine import Cell, Engine
from exec_pool.engines import engines
from exec_pool.error_lines import error_lines
from exec_pool.errors import CellFailed, LanguageUnavailable, RunnerFull, SandboxUnavailable
from exec_pool.job import Drive, Run, heap_full
from exec_pool.language import Language, LanguageInfo, language_of, merged
from exec_pool.languages import LANGUAGES
from exec_pool.limits import ExecSettings, Limits, checked_limits
from exec_pool.plans import Plan, checked_files, make_plan
from exec_pool.probe import Survey, find_fault, survey
from exec_pool.programs import Availability, RunnerStats
from exec_pool.runs import Ending, Event, EventSink, Output, RunRequest, RunResult, verdict
from exec_pool.toolchains import describe
from exec_pool.turns import Bounds, Entry, Place, Turns

log = logging.getLogger(__name__)

UNBOUNDED = 2**31


class Waiting(msgspec.Struct, frozen=True):
    """A run that has no cell yet."""

    run: Run
    request: RunRequest
    language: Language
    plan: Plan
    limits: Limits


class Runner:
    """`Programs` of this process. `open` returns at once; the probe goes on behind it (`checked`)."""

    def __init__(self, settings: ExecSettings) -> None:
        """Raises SettingsWrong for a languages file that cannot be used."""
        self.table = merged(LANGUAGES, settings.languages)
        self.availability = Availability(False, "Code execution is not started yet.", _first_engine(settings))
        self.languages: tuple[LanguageInfo, ...] = ()
        self._settings = settings
        self._cells: Cells | None = None
        self._found: dict[str, Survey] = {}
        self._turns = Turns(settings.slot_count(), Bounds(UNBOUNDED, UNBOUNDED, UNBOUNDED))
        self._queue: dict[str, tuple[Waiting, ...]] = {}
        self._running: dict[str, str] = {}
        self._tasks: dict[asyncio.Task[None], tuple[Waiting, ...]] = {}
        self._check: asyncio.Task[None] | None = None
        self._finished: collections.Counter[str] = collections.Counter()
        self._refused = 0
        self._closed = False

    async def open(self) -> None:
        """Start the probe. Never raises for a machine without a sandbox: see `availability`."""
        self._decide(False, "The sandbox is being checked; try again in a moment.", checking=True)
        self._check = asyncio.get_running_loop().create_task(self._probe())

    async def checked(self) -> Availability:
        """Wait for the probe."""
        if self._check:
            await asyncio.shield(self._check)
        return self.availability

    async def close(self) -> None:
        """Kill everything that was started; nothing of it is left when this returns. Runs end as `stopped`."""
        self._closed = True
        self._decide(False, "Code execution is off: the server is closing.")
        for key in list(self._queue):
            self._give_up_waiting(key, "The server is closing.")
        for waiting in [waiting for together in self._tasks.values() for waiting in together]:
            waiting.run.stop()
        if self._cells:
            self._cells.kill()
        await asyncio.gather(*self._tasks, *([self._check] if self._check else []), return_exceptions=True)
        if self._cells:
            await self._cells.close()

    def language_of(self, path: str) -> str | None:
        """The id of the language of a file, by its extension."""
        return language_of(path, self.table)

    def submit(self, request: RunRequest, on_event: EventSink) -> Run:
        """Queue a run. Raises SandboxUnavailable, LanguageUnavailable, BadRequest or RunnerFull, and starts nothing."""
        return self.submit_together((request, on_event))[0]

    def submit_together(self, *wanted: tuple[RunRequest, EventSink]) -> list[Run]:
        """Queue runs that need each other: they begin at the same moment. Raises as `submit` does."""
        together = tuple(self._checked(*one) for one in wanted)
        first = together[0]
        self._check_room(first.request.lease)
        self._queue[first.run.id] = together
        room = first.request.lease or first.run.id
        self._turns.join(Entry(first.run.id, room, first.request.user, len(together)))
        self._pump()
        return [waiting.run for waiting in together]

    def end_lease(self, lease: str) -> None:
        """No more runs of this lease come: its cells make room for those of others."""
        if self._cells:
            self._cells.end_lease(lease)

    def place(self, run: Run) -> Place | None:
        """Where a run stands in the line, position 0 if it has begun; None when it is over."""
        return self._turns.place(run.id)

    def _checked(self, request: RunRequest, on_event: EventSink) -> Waiting:
        if not self.availability.ok:
            raise SandboxUnavailable(self.availability.reason)
        language = self._language(request.language)
        limits = checked_limits(request.limits or self._settings.limits)
        checked_files(request, self._settings.files_bytes)
        plan = make_plan(language, request, limits, self._found[language.image].toolchain)
        run = Run(
            f"run_{uuid.uuid4().hex[:20]}", on_event, max(self._settings.input_bytes, len(request.stdin)), self._unqueue
        )
        run.write(request.stdin)
        return Waiting(run, request, language, plan, limits)

    def stats(self) -> RunnerStats:
        """The numbers of this moment."""
        cells = self._cells
        return RunnerStats(
            running=len(self._running),
            queued=sum(map(len, self._queue.values())),
            idle_cells=cells.idle() if cells else 0,
            cells_opened=cells.opened if cells else 0,
            refused=self._refused,
            finished=dict(self._finished),
        )

    def _language(self, language_id: str) -> Language:
        for row, info in zip(self.table, self.languages, strict=True):
            if row.id == language_id:
                if not info.available:
                    raise LanguageUnavailable(info.reason)
                return row
        raise LanguageUnavailable(f"This server does not know the language {language_id!r}.")

    def _check_room(self, lease: str) -> None:
        mine = sum(together[0].request.lease == lease for together in self._queue.values()) if lease else 0
        if len(self._queue) >= self._settings.queue or mine >= self._settings.queue_per_lease:
            self._refused += 1
            wait = self._turns.retry_seconds(mine or len(self._queue))
            raise RunnerFull("Too many programs wait to run; try again in a moment.", wait)

    def _pump(self) -> None:
        """Start what may start."""
        while entry := self._turns.take():
            together = self._queue.pop(entry.id)
            self._running |= {waiting.run.id: waiting.request.lease for waiting in together}
            task = asyncio.get_running_loop().create_task(self._serve_all(entry.id, together))
            self._tasks[task] = together
            task.add_done_callback(self._tasks.pop)

    async def _serve_all(self, key: str, together: tuple[Waiting, ...]) -> None:
        started = time.monotonic()
        try:
            if len(together) == 1:
                await self._serve(together[0])
            else:
                await asyncio.gather(*map(self._serve, together))
        finally:
            self._turns.leave(key, time.monotonic() - started)
            self._pump()

    async def _serve(self, waiting: Waiting) -> None:
        run = waiting.run
        try:
            ending = await self._perform(run, waiting.plan, waiting.limits, waiting.request.lease)
        except CellFailed as error:
            ending = Ending(step="run", error=f"The sandbox did not start: {error}.")
        except Exception:
            log.exception("run %s", run.id)
            ending = Ending(step="run", error="The sandbox broke down; the log of the server says why.")
        finally:
            del self._running[run.id]
        if ending.error and not run.stopped:
            log.error("run %s: %s", run.id, ending.error)
        self._end(run, _result(waiting, ending))

    def _end(self, run: Run, result: RunResult) -> None:
        self._finished[result.status] += 1
        run.finish(result)

    async def _perform(self, run: Run, plan: Plan, limits: Limits, lease: str) -> Ending:
        """Drive a run through a cell; once more in a fresh one if the first broke before anything started."""
        cells = self._cells
        if cells is None:
            raise CellFailed("there is no sandbox")
        try:
            return await self._perform_in(cells, await cells.take(lease, plan.image), Drive(run, plan, limits))
        except CellFailed as error:
            if self._closed:
                raise
            log.warning("run %s starts anew: %s", run.id, error)
        return await self._perform_in(cells, await cells.take(lease, plan.image, new=True), Drive(run, plan, limits))

    async def _perform_in(self, cells: Cells, cell: Cell, drive: Drive) -> Ending:
        try:
            ending = await drive.to_end(cell)
        except BaseException:
            cells.discard(cell)
            raise
        self._let_go(cells, cell, ending)
        return ending

    def _let_go(self, cells: Cells, cell: Cell, ending: Ending) -> None:
        """Part with a cell, behind the back of the run: only one that ended in order may be used again."""
        if ending.why or ending.oom or ending.error or ending.signal is not None:
            cells.discard(cell)
        else:
            cells.give_back_soon(cell)
        cells.refill()

    def _unqueue(self, run: Run) -> None:
        """A run was stopped; if it still waits, that is its end."""
        for key, together in list(self._queue.items()):
            if any(waiting.run is run for waiting in together):
                self._give_up_waiting(key, "Stopped.")
        self._pump()

    def _give_up_waiting(self, key: str, message: str) -> None:
        self._turns.leave(key)
        for waiting in self._queue.pop(key):
            self._end(waiting.run, RunResult(status="stopped", message=message))

    def _decide(self, ok: bool, reason: str = "", engine: str = "", checking: bool = False) -> None:
        if ok and self._closed:
            return
        self.availability = Availability(ok, reason, engine or self.availability.engine, checking)
        self.languages = tuple(describe(row, self._found.get(row.image), reason) for row in self.table)

    async def _probe(self) -> None:
        """The first engine that holds is taken; the reason of the last one that does not is told."""
        reason = "Code execution is switched off in the settings of this server."
        for engine in engines(self._settings) if self._settings.enabled else ():
            try:
                await self._try_engine(engine)
                return
            except SandboxUnavailable as error:
                reason = str(error)
            except Exception:
                log.exception("the sandbox could not be checked")
                reason = "Code execution is off: the sandbox could not be checked; the log says why."
            await self._give_up(engine, reason)
        if not self._closed:
            self._decide(False, reason)

    async def _try_engine(self, engine: Engine) -> None:
        await engine.open()
        cells = self._cells = Cells(engine, self._settings)
        if self._closed:
            raise SandboxUnavailable(self.availability.reason)
        if fault := await find_fault(self._try, engine.python):
            raise SandboxUnavailable(f"Code execution is off: {fault}.")
        for image in dict.fromkeys(("", *(row.image for row in self.table))):
            self._found[image] = await self._look_into(image, engine)
            self._decide(True, engine=engine.name)
        cells.refill()

    async def _look_into(self, image: str, engine: Engine) -> Survey:
        rows = tuple(row for row in self.table if row.image == image)
        if image and not engine.images:
            log.warning("%s: only the Docker engine has images", ", ".join(row.id for row in rows))
            return Survey({}, {}, False)

        async def perform(plan: Plan, limits: Limits) -> tuple[Ending, bytes]:
            return await self._try(msgspec.structs.replace(plan, image=image), limits)

        return await survey(perform, engine.python, rows, engine.roots if not image else ())

    async def _give_up(self, engine: Engine, reason: str) -> None:
        if not self._closed:
            is_last = self._settings.engine != "auto" or engine.name == "bubblewrap"
            log.log(logging.WARNING if is_last else logging.INFO, "%s: %s", engine.name, reason)
        cells, self._cells, self._found = self._cells, None, {}
        await (cells.close() if cells else engine.close())

    async def _try(self, plan: Plan, limits: Limits) -> tuple[Ending, bytes]:
        """For the probe: perform a plan, give its end and its standard output."""
        parts: list[bytes] = []

        def keep(event: Event) -> None:
            if isinstance(event, Output) and event.stream == "stdout":
                parts.append(event.data)

        run = Run("probe", keep, 0, lambda _: None)
        run.close_stdin()
        ending = await self._perform(run, plan, limits, "")
        return ending, b"".join(parts)


def _first_engine(settings: ExecSettings) -> str:
    return "docker" if settings.engine == "docker" else "bubblewrap"


def _result(waiting: Waiting, ending: Ending) -> RunResult:
    """The verdict, with the lines of the room's files that are to blame."""
    run, request = waiting.run, waiting.request
    full = heap_full(waiting.language, run, ending)
    result = verdict(ending, waiting.limits, run.stopped, full)
    compiling = result.status == "compile_error"
    if not compiling and result.status != "failed":
        return result
    text = run.compiled if compiling else run.tail
    errors = error_lines(waiting.language, text, request.files.keys(), request.entry, compiling)
    return msgspec.structs.replace(result, errors=errors)
