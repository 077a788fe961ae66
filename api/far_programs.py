"""`Programs` of a node whose runs are done by sandbox workers."""

import asyncio
import collections

import msgspec

from api.far_board import Board
from api.far_dispatch import Dispatch
from api.far_letters import Demand, Offer
from api.far_runs import FarRun, new_run_id
from exec_pool.errors import LanguageUnavailable, RunnerFull, SandboxUnavailable
from exec_pool.job import Run
from exec_pool.language import Language, LanguageInfo, language_of, merged
from exec_pool.languages import LANGUAGES
from exec_pool.limits import ExecSettings, checked_limits
from exec_pool.plans import Toolchain, checked_files, make_plan
from exec_pool.programs import Availability, RunnerStats
from exec_pool.runs import EventSink, RunRequest
from exec_pool.toolchains import describe
from exec_pool.turns import Bounds, Place
from realtime.fanout import Fanout
from realtime.jobs import JobQueue

NOBODY = "No sandbox worker is there; an administrator can start one with: sangam exec"
LOOKING = "Sandbox workers are being looked for; try again in a moment."
LOOK_SECONDS = 3.0
"""A worker that is there is heard within this."""
LINE = Bounds(total=2000, room=20, user=20)


class FarPrograms:
    """See `Programs`. `dispatch` is for jobs of other kinds. `open` raises FanoutUnavailable, JobsUnavailable."""

    def __init__(self, settings: ExecSettings, fanout: Fanout, queue: JobQueue) -> None:
        """Raises SettingsWrong for a languages file that cannot be used."""
        self.table: tuple[Language, ...] = merged(LANGUAGES, settings.languages)
        self.languages: tuple[LanguageInfo, ...] = ()
        self.availability = Availability(False, LOOKING, "workers", checking=True)
        self._settings = settings
        self._fanout = fanout
        self._queue = queue
        self.board = Board(fanout, self._demand, self._heard)
        self.dispatch = Dispatch(fanout, queue, self.board, LINE)
        self._runs: dict[str, FarRun] = {}
        self._finished: collections.Counter[str] = collections.Counter()
        self._refused = 0
        self._is_looking = True
        self._is_closed = False
        self._changed = asyncio.Event()
        self._timer: asyncio.TimerHandle | None = None
        self._look()

    async def open(self) -> None:
        await self._fanout.open()
        try:
            await self._queue.open()
        except BaseException:
            await self._fanout.close()
            raise
        await self.board.open()
        await self.dispatch.open()
        self._timer = asyncio.get_running_loop().call_later(LOOK_SECONDS, self._stop_looking)

    async def checked(self) -> Availability:
        while self.availability.checking:
            self._changed.clear()
            await self._changed.wait()
        return self.availability

    async def close(self) -> None:
        self._is_closed = True
        if self._timer is not None:
            self._timer.cancel()
        for far in list(self._runs.values()):
            far.run.stopped = True
            far.give_up("The server is closing.")
        await self.dispatch.close()
        await self.board.close()
        await self._queue.close()
        await self._fanout.close()

    def language_of(self, path: str) -> str | None:
        return language_of(path, self.table)

    def submit(self, request: RunRequest, on_event: EventSink) -> Run:
        self._check(request)
        run = Run(new_run_id(), on_event, self._settings.input_bytes, self._stop)
        far = FarRun(request, run, self.dispatch, self._over)
        try:
            self.dispatch.join(far)
        except RunnerFull:
            self._refused += 1
            raise
        self._runs[run.id] = far
        return run

    def _check(self, request: RunRequest) -> None:
        """What a worker would refuse is refused here."""
        if not self.availability.ok or self._is_closed:
            raise SandboxUnavailable(self.availability.reason or "The server is closing.")
        row = next((row for row in self.table if row.id == request.language), None)
        if row is None:
            raise LanguageUnavailable(f"This server does not know the language {request.language!r}.")
        info = next(info for info in self.languages if info.id == row.id)
        if not info.available:
            raise LanguageUnavailable(info.reason)
        limits = checked_limits(request.limits or self._settings.limits)
        checked_files(request, self._settings.files_bytes)
        make_plan(row, request, limits, Toolchain({}))

    def end_lease(self, lease: str) -> None:
        """Workers end leases by themselves, after a rest."""

    def place(self, run: Run) -> Place | None:
        return self.dispatch.place(run.id) if not run.over else None

    def stats(self) -> RunnerStats:
        begun = sum(self.dispatch.has_begun(far) for far in self._runs.values())
        return RunnerStats(begun, len(self._runs) - begun, 0, 0, self._refused, dict(self._finished))

    def _stop(self, run: Run) -> None:
        if far := self._runs.get(run.id):
            far.stop()

    def _over(self, far: FarRun) -> None:
        self._finished[far.status] += 1
        self._runs.pop(far.run.id, None)

    def _demand(self) -> Demand:
        return Demand(self.dispatch.rooms)

    def _stop_looking(self) -> None:
        self._is_looking = False
        self._look()

    def _look(self) -> None:
        """Who offers what?"""
        offers = self.board.working
        if offers:
            self.availability = Availability(True, "", offers[0].engine)
        else:
            reasons = [offer.reason for offer in self.board.offers.values() if offer.reason]
            reason = reasons[0] if reasons else LOOKING if self._is_looking else NOBODY
            checking = self._is_looking or any(offer.is_checking for offer in self.board.offers.values())
            self.availability = Availability(False, reason, "workers", checking)
        self.languages = tuple(_offered(row, offers, self.availability.reason) for row in self.table)
        self._changed.set()

    def _heard(self) -> None:
        """Somebody on the board has something new."""
        self._look()
        self.dispatch.pump()


def _offered(row: Language, offers: list[Offer], reason: str) -> LanguageInfo:
    """The language as the first worker has it that can run it."""
    found = [info for offer in offers for info in offer.languages if info.id == row.id]
    available = [info for info in found if info.available]
    info = (available or found or [describe(row, None, reason)])[0]
    return msgspec.structs.replace(info, sample=row.sample)
