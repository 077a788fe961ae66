"""Everything around judging and foreign programs, put together: the work queue and the APIs that feed it."""

from collections.abc import Iterator

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector
from starlette.routing import BaseRoute

from api.callbacks import Callbacks
from api.desk import Desk
from api.identity import Reception
from api.judge0 import Judge0Api
from api.piston import PistonApi
from api.settings import Settings
from api.submissions import SubmissionsApi
from api.witness import Witness
from exec_pool.programs import Programs
from exec_pool.work import WorkQueue
from rooms.registry import RoomRegistry
from rooms.store import JournalStore


class Judging:
    """One per process. `drain` before the runner is closed, `close` after it."""

    def __init__(
        self,
        reception: Reception,
        registry: RoomRegistry,
        desk: Desk,
        runner: Programs,
        work: WorkQueue,
        journal: JournalStore,
        witness: Witness,
        settings: Settings,
    ) -> None:
        self.work = work
        self._drain_seconds = settings.drain_seconds / 2
        self._callbacks = Callbacks(settings.callback_hosts)
        self.submissions = SubmissionsApi(reception, registry, desk, runner, work, journal, witness, settings)
        judge0 = Judge0Api(runner, self.work, self._callbacks, settings)
        piston = PistonApi(runner, self.work, settings)
        self.routes: list[BaseRoute] = [*self.submissions.routes, *judge0.routes, *piston.routes]

    async def drain(self) -> None:
        """Take nothing more; what runs may end, for half the time that a stop may take."""
        await self.work.drain(self._drain_seconds)

    async def close(self, seconds: float) -> None:
        """Wait for the last entries and callbacks, at most `seconds` for the former."""
        await self.submissions.close(seconds)
        await self._callbacks.close()


class JobMetrics(Collector):
    """The numbers of the work queue, when they are asked for."""

    def __init__(self, work: WorkQueue) -> None:
        self._work = work

    def collect(self) -> Iterator[Metric]:
        """For the registry of metrics."""
        stats = self._work.stats()
        yield GaugeMetricFamily("sangam_work_running", "Submissions and foreign executions that go on", stats.running)
        yield GaugeMetricFamily("sangam_work_waiting", "Those that wait for their turn", stats.waiting)
        yield CounterMetricFamily("sangam_work_refused", "Those for which the line was too long", stats.refused)
        yield CounterMetricFamily("sangam_work_done", "Those with a result", stats.done)
        yield CounterMetricFamily("sangam_work_lost", "Those that ended without one", stats.lost)
