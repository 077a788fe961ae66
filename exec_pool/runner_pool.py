"""The Runner: the front of this package. It checks the sandbox, queues runs and drives them, never a bare process."""

import asyncio
import collections
import logging
import os
import resource
import shutil
import sys
import uuid

import msgspec

from exec_pool.bwrap_cell import Cell, Shell, runner_text
from exec_pool.cells import Cells
from exec_pool.cgroups import find_slice
from exec_pool.errors import CellFailed, LanguageUnavailable, RunnerFull, SandboxUnavailable
from exec_pool.job import Drive, Run, heap_full
from exec_pool.languages import LANGUAGES, Language, LanguageInfo, language_of
from exec_pool.limits import ExecSettings, Limits, checked_limits
from exec_pool.plans import Plan, Toolchain, checked_files, make_plan
from exec_pool.probe import find_fault, find_versions
from exec_pool.runs import Ending, EventSink, Output, RunRequest, RunResult, Usage, verdict
from exec_pool.seccomp import filter_program
from exec_pool.toolchains import describe, find_tools, hidden_paths

log = logging.getLogger(__name__)

ENGINE = "bubblewrap"


class Availability(msgspec.Struct, frozen=True):
    """Can code run here? `reason` says why not and how to mend it; `checking` while the probe is under way."""

    ok: bool
    reason: str
    engine: str
    checking: bool = False


class RunnerStats(msgspec.Struct, frozen=True):
    """Numbers for metrics; `finished` counts results by status since the start."""

    running: int
    queued: int
    idle_cells: int
    cells_opened: int
    refused: int
    finished: dict[str, int]


class Waiting(msgspec.Struct, frozen=True):
    """A run that has no cell yet."""

    run: Run
    lease: str
    language: Language
    plan: Plan
    limits: Limits


class Runner:
    """One per process, on one event loop. `open` returns at once; the probe goes on behind it (`checked`)."""

    def __init__(self, settings: ExecSettings) -> None:
        self.availability = Availability(False, "Code execution is not started yet.", ENGINE)
        self.languages: tuple[LanguageInfo, ...] = ()
        self._settings = settings
        self._cells: Cells | None = None
        self._toolchain = Toolchain({})
        self._python = ""
        self._queue: collections.deque[Waiting] = collections.deque()
        self._running: dict[str, str] = {}
        self._tasks: dict[asyncio.Task[None], Run] = {}
        self._check: asyncio.Task[None] | None = None
        self._finished: collections.Counter[str] = collections.Counter()
        self._refused = 0
        self._closed = False

    async def open(self) -> None:
        """Find the tools and start the probe. Never raises for a machine without a sandbox: see `availability`."""
        self._toolchain = find_tools(LANGUAGES, self._usable_paths())
        self._decide(Availability(False, "The sandbox is being checked; try again in a moment.", ENGINE, True), None)
        self._check = asyncio.get_running_loop().create_task(self._probe())

    async def checked(self) -> Availability:
        """Wait for the probe."""
        if self._check:
            await asyncio.shield(self._check)
        return self.availability

    async def close(self) -> None:
        """Kill everything that was started; nothing of it is left when this returns. Runs end as `stopped`."""
        self._closed = True
        self._decide(Availability(False, "Code execution is off: the server is closing.", ENGINE), None)
        for waiting in self._queue:
            self._end(waiting.run, RunResult(status="stopped", message="The server is closing."))
        self._queue.clear()
        for run in self._tasks.values():
            run.stop()
        if self._cells:
            self._cells.kill()
        await asyncio.gather(*self._tasks, *([self._check] if self._check else []), return_exceptions=True)
        if self._cells:
            await self._cells.close()

    def language_of(self, path: str) -> str | None:
        """The id of the language of a file, by its extension."""
        return language_of(path)

    def submit(self, request: RunRequest, on_event: EventSink) -> Run:
        """Queue a run. Raises SandboxUnavailable, LanguageUnavailable, BadRequest or RunnerFull, and starts nothing."""
        if not self.availability.ok:
            raise SandboxUnavailable(self.availability.reason)
        language = self._language(request.language)
        limits = checked_limits(request.limits or self._settings.limits)
        self._check_room(request.lease)
        checked_files(request, self._settings.files_bytes)
        plan = make_plan(language, request, limits, self._toolchain)
        run = Run(
            f"run_{uuid.uuid4().hex[:20]}", on_event, max(self._settings.input_bytes, len(request.stdin)), self._unqueue
        )
        run.write(request.stdin)
        self._queue.append(Waiting(run, request.lease, language, plan, limits))
        self._pump()
        return run

    def stats(self) -> RunnerStats:
        """The numbers of this moment."""
        cells = self._cells
        return RunnerStats(
            running=len(self._running),
            queued=len(self._queue),
            idle_cells=cells.idle() if cells else 0,
            cells_opened=cells.opened if cells else 0,
            refused=self._refused,
            finished=dict(self._finished),
        )

    def _language(self, language_id: str) -> Language:
        for row, info in zip(LANGUAGES, self.languages, strict=True):
            if row.id == language_id:
                if not info.available:
                    raise LanguageUnavailable(info.reason)
                return row
        raise LanguageUnavailable(f"This server does not know the language {language_id!r}.")

    def _check_room(self, lease: str) -> None:
        mine = sum(waiting.lease == lease for waiting in self._queue) if lease else 0
        if len(self._queue) >= self._settings.queue or mine >= self._settings.queue_per_lease:
            self._refused += 1
            raise RunnerFull("Too many programs wait to run; try again in a moment.")

    def _pump(self) -> None:
        """Start what may start."""
        while self._queue and len(self._running) < self._settings.slot_count():
            waiting = self._queue.popleft()
            if waiting.run.stopped:
                self._end(waiting.run, RunResult(status="stopped", message="Stopped."))
                continue
            self._running[waiting.run.id] = waiting.lease
            task = asyncio.get_running_loop().create_task(self._serve(waiting))
            self._tasks[task] = waiting.run
            task.add_done_callback(self._tasks.pop)

    async def _serve(self, waiting: Waiting) -> None:
        run = waiting.run
        try:
            ending = await self._perform(run, waiting.plan, waiting.limits, waiting.lease)
        except CellFailed as error:
            ending = Ending(step="run", error=f"The sandbox did not start: {error}.")
        except Exception:
            log.exception("run %s", run.id)
            ending = Ending(step="run", error="The sandbox broke down; the log of the server says why.")
        finally:
            del self._running[run.id]
        if ending.error and not run.stopped:
            log.error("run %s: %s", run.id, ending.error)
        full = heap_full(waiting.language, run, ending)
        self._end(run, verdict(ending, waiting.limits, run.stopped, full))
        self._pump()

    def _end(self, run: Run, result: RunResult) -> None:
        self._finished[result.status] += 1
        run.finish(result)

    async def _perform(self, run: Run, plan: Plan, limits: Limits, lease: str) -> Ending:
        """Drive a run through a cell; once more in a fresh one if the first broke before anything started."""
        cells = self._cells
        if cells is None:
            raise CellFailed("there is no sandbox")
        try:
            return await self._perform_in(cells, await cells.take(lease), Drive(run, plan, limits))
        except CellFailed as error:
            if self._closed:
                raise
            log.warning("run %s starts anew: %s", run.id, error)
        return await self._perform_in(cells, await cells.take(lease, new=True), Drive(run, plan, limits))

    async def _perform_in(self, cells: Cells, cell: Cell, drive: Drive) -> Ending:
        try:
            ending = await drive.to_end(cell, cells)
        except BaseException:
            cells.spawn(cells.discard(cell))
            raise
        self._let_go(cells, cell, ending)
        return ending

    def _let_go(self, cells: Cells, cell: Cell, ending: Ending) -> None:
        """Part with a cell, behind the back of the run: only one that ended in order may be used again."""
        if ending.why or ending.oom or ending.error or ending.signal is not None:
            cells.spawn(cells.discard(cell))
        else:
            cells.give_back_soon(cell)
        cells.refill()

    def _unqueue(self, run: Run) -> None:
        """A run was stopped; if it still waits, that is its end."""
        for waiting in [waiting for waiting in self._queue if waiting.run is run]:
            self._queue.remove(waiting)
            self._end(run, RunResult(status="stopped", message="Stopped."))

    def _decide(self, availability: Availability, versions: dict[str, str] | None) -> None:
        if availability.ok and self._closed:
            return
        self.availability = availability
        off = "" if availability.ok else availability.reason
        self.languages = tuple(describe(row, self._toolchain, versions, off) for row in LANGUAGES)

    async def _probe(self) -> None:
        try:
            cells, self._python = await asyncio.to_thread(self._prepare)
            self._cells = cells
            if self._closed:
                raise SandboxUnavailable(self.availability.reason)
            if fault := await find_fault(self._try, self._python):
                raise SandboxUnavailable(f"Code execution is off: {fault}.")
            self._decide(Availability(True, "", ENGINE), None)
            self._decide(Availability(True, "", ENGINE), await find_versions(self._try, self._python, self._toolchain))
            cells.refill()
        except SandboxUnavailable as error:
            await self._give_up(str(error))
        except Exception:
            log.exception("the sandbox could not be checked")
            await self._give_up("Code execution is off: the sandbox could not be checked; the log says why.")

    async def _give_up(self, reason: str) -> None:
        if not self._closed:
            log.warning("%s", reason)
            self._decide(Availability(False, reason, ENGINE), None)
        cells, self._cells = self._cells, None
        if cells:
            await cells.close()

    def _prepare(self) -> tuple[Cells, str]:
        """The cells of this machine and its Python, if it has what they need."""
        settings = self._settings
        if not settings.enabled:
            raise SandboxUnavailable("Code execution is switched off in the settings of this server.")
        if sys.platform != "linux" or os.geteuid() != 0:
            raise SandboxUnavailable(
                "Code execution is off: only root can give every program a user and limits of its own. "
                "Start Sangam as root on Linux, or in a container that runs as root."
            )
        python = _program("python3", "python3")
        shell = Shell(
            prefix=(_program("prlimit", "util-linux"), "--core=1:1") if _may_dump() else (),
            bwrap=_program(settings.bwrap, "bubblewrap"),
            setpriv=_program("setpriv", "util-linux"),
            python=python,
            seccomp=filter_program(),
            runner=runner_text(),
            toolchain_paths=self._usable_paths(),
            scratch_bytes=settings.scratch_bytes,
            start_seconds=settings.start_seconds,
        )
        return Cells(
            shell, find_slice(settings.cgroup_mounts, settings.cgroup_self, settings.cell_cores), settings
        ), python

    def _usable_paths(self) -> tuple[str, ...]:
        hidden = hidden_paths(self._settings.toolchain_paths)
        for path in hidden:
            log.info("%s cannot be used for code execution: other users cannot reach it", path)
        return tuple(path for path in self._settings.toolchain_paths if path not in hidden)

    async def _try(self, plan: Plan, limits: Limits) -> tuple[Ending, bytes]:
        """For the probe: perform a plan, give its end and its standard output."""
        parts: list[bytes] = []

        def keep(event: Output | Usage) -> None:
            if isinstance(event, Output) and event.stream == "stdout":
                parts.append(event.data)

        run = Run("probe", keep, 0, lambda _: None)
        run.close_stdin()
        ending = await self._perform(run, plan, limits, "")
        return ending, b"".join(parts)


def _may_dump() -> bool:
    return resource.getrlimit(resource.RLIMIT_CORE)[1] != 0


def _program(name: str, package: str) -> str:
    """The path of a program the sandbox itself needs."""
    found = shutil.which(name, path="/usr/bin:/bin:/usr/local/bin")
    if not found:
        raise SandboxUnavailable(
            f"Code execution is off: {os.path.basename(name)} is not installed. "
            f"An administrator can add it with: apt-get install {package}"
        )
    return found
