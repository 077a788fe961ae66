"""Where this node's programs run, put together: here, at sandbox workers, or at those and one of its own."""

from api.far_programs import FarPrograms
from api.far_work import FarWork
from api.house import BEATS
from api.settings import Settings, SettingsError
from api.worker import Worker
from exec_pool.judge_work import Workplace
from exec_pool.limits import ExecSettings
from exec_pool.programs import Programs
from exec_pool.runner_pool import Runner
from exec_pool.work import LocalWork, WorkQueue
from realtime.errors import FanoutUnavailable, JobsUnavailable
from realtime.fanout import Fanout
from realtime.jobs import JobQueue
from realtime.nats_fanout import NatsFanout
from realtime.nats_jobs import NatsJobQueue

QUEUE = "work"


class Sandboxes:
    """One per process. `programs` and `work` are what the API has; `open` and `close` are of everything behind them."""

    def __init__(self, settings: Settings, sandbox: ExecSettings) -> None:
        """Raises SettingsError, SettingsWrong."""
        self._runner: Runner | None = None
        self._worker: Worker | None = None
        self._drain_seconds = settings.drain_seconds / 2
        self.programs: Programs
        self.work: WorkQueue
        if settings.exec_place == "here":
            runner = self.programs = Runner(sandbox)
            self.work = LocalWork(Workplace(runner, settings.judge_seconds).perform, sandbox.slot_count())
            return
        if settings.exec_place == "both":
            self._runner = Runner(sandbox)
            self._worker = worker(settings, self._runner, sandbox.slot_count())
        far = self.programs = FarPrograms(sandbox, far_fanout(settings), far_queue(settings))
        self.work = FarWork(far)

    async def open(self) -> None:
        """Raises SettingsError with a sentence that says what to do."""
        try:
            if self._runner is not None and self._worker is not None:
                await self._runner.open()
                await self._worker.open()
            await self.programs.open()
        except (FanoutUnavailable, JobsUnavailable) as error:
            raise SettingsError(f"SANGAM_NATS_URL: {error}; or set SANGAM_EXEC_PLACE=here") from error

    async def close(self) -> None:
        """After `work` was drained. What the worker of this node does for others is handed back."""
        await self.programs.close()
        if self._worker is not None and self._runner is not None:
            await self._worker.drain(0.0)
            await self._worker.close()
            await self._runner.close()


def worker(settings: Settings, runner: Runner, slots: int) -> Worker:
    """A worker that takes jobs of all nodes. Raises SettingsError."""
    return Worker(
        runner,
        Workplace(runner, settings.judge_seconds).perform,
        far_fanout(settings),
        far_queue(settings),
        slots=slots,
        lease_seconds=settings.node_silent_seconds,
    )


def far_fanout(settings: Settings) -> Fanout:
    """How nodes and workers hear each other; apart from the rooms'."""
    silent = settings.node_silent_seconds
    return NatsFanout(
        _broker(settings), prefix=f"{settings.house}.exec", beat_seconds=silent / BEATS, silent_seconds=silent
    )


def far_queue(settings: Settings) -> JobQueue:
    """What all nodes put jobs into, and all workers take them from; a silent worker's job goes to another."""
    return NatsJobQueue(_broker(settings), QUEUE, house=settings.house, lease_seconds=settings.node_silent_seconds)


def _broker(settings: Settings) -> str:
    if not settings.nats_url:
        raise SettingsError("sandbox workers and nodes meet at a NATS server: set SANGAM_NATS_URL")
    return settings.nats_url
