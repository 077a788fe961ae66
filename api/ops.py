"""What an operator looks at: health, metrics, and what this server offers."""

from collections.abc import Iterable, Iterator

from prometheus_client import CollectorRegistry, Histogram, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from api.http import json_response
from api.settings import Settings
from exec_pool.runner_pool import Runner
from exec_pool.work import WorkQueue, WorkStats
from rooms.registry import RoomRegistry
from rooms.sqlite_store import SqliteStore

VERSION = "0.1.0"
_COMMIT_BUCKETS = (0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1.0, 5.0)


class Metrics:
    """Pull only: long-lived objects have `stats()`, this turns them into Prometheus text when asked."""

    def __init__(self) -> None:
        self.prometheus = CollectorRegistry()
        self.commit_seconds = Histogram(
            "sangam_journal_commit_seconds",
            "Time of one group commit",
            buckets=_COMMIT_BUCKETS,
            registry=self.prometheus,
        )
        self._sources: tuple[RoomRegistry, Runner, WorkQueue] | None = None

    def watch(self, registry: RoomRegistry, runner: Runner, work: WorkQueue) -> None:
        self._sources = (registry, runner, work)
        self.prometheus.register(self)

    def collect(self) -> Iterator[Metric]:
        if self._sources is None:
            return
        registry, runner, work = self._sources
        yield from _jobs(work.stats())
        rooms, journal, runs = registry.stats(), registry.journal.stats(), runner.stats()
        yield GaugeMetricFamily("sangam_rooms", "Open rooms", rooms.rooms)
        yield GaugeMetricFamily("sangam_sessions", "Live sessions", rooms.sessions)
        yield GaugeMetricFamily("sangam_sessions_behind", "Sessions that read too slowly", rooms.sessions_behind)
        yield GaugeMetricFamily("sangam_queued_bytes", "Bytes waiting for slow readers", rooms.queued_bytes)
        yield GaugeMetricFamily("sangam_journal_saved", "1 while nothing is unsaved", int(journal.state == "saved"))
        yield GaugeMetricFamily("sangam_journal_unsaved_bytes", "Bytes not committed yet", journal.unsaved_bytes)
        yield CounterMetricFamily("sangam_journal_commits", "Group commits", journal.commits)
        yield CounterMetricFamily("sangam_journal_entries", "Committed entries", journal.entries)
        yield CounterMetricFamily("sangam_journal_failures", "Failed commits", journal.failures)
        yield GaugeMetricFamily("sangam_runs_running", "Programs running", runs.running)
        yield GaugeMetricFamily("sangam_runs_queued", "Programs waiting for a cell", runs.queued)
        yield _by_status(runs.finished.items())

    def text(self) -> bytes:
        return generate_latest(self.prometheus)


def _jobs(stats: WorkStats) -> Iterator[Metric]:
    yield GaugeMetricFamily("sangam_jobs_running", "Submissions and foreign executions that go on", stats.running)
    yield GaugeMetricFamily("sangam_jobs_waiting", "Those that wait for their turn", stats.waiting)
    yield CounterMetricFamily("sangam_jobs_refused", "Those for which the line was too long", stats.refused)
    yield CounterMetricFamily("sangam_jobs_done", "Those with a result", stats.done)
    yield CounterMetricFamily("sangam_jobs_lost", "Those that ended without one", stats.lost)


def _by_status(finished: Iterable[tuple[str, int]]) -> Metric:
    family = CounterMetricFamily("sangam_runs", "Finished runs by status", labels=["status"])
    for status, count in finished:
        family.add_metric([status], count)
    return family


class OpsApi:
    """The handlers; one per process."""

    def __init__(
        self, registry: RoomRegistry, store: SqliteStore, runner: Runner, metrics: Metrics, settings: Settings
    ) -> None:
        self._registry = registry
        self._store = store
        self._runner = runner
        self._metrics = metrics
        self._settings = settings
        self.routes = [
            Route("/healthz", self.live, methods=["GET"]),
            Route("/readyz", self.ready, methods=["GET"]),
            Route("/metrics", self.metrics, methods=["GET"]),
            Route("/api/config", self.config, methods=["GET"]),
        ]

    async def live(self, _request: Request) -> Response:
        return PlainTextResponse("ok")

    async def ready(self, _request: Request) -> Response:
        """Ready while edits are saved; the run engine may be missing, rooms work without it."""
        state = self._registry.journal.state
        return json_response({"journal": state}, 200 if state == "saved" else 503)

    async def metrics(self, _request: Request) -> Response:
        return Response(self._metrics.text(), media_type="text/plain; version=0.0.4; charset=utf-8")

    async def config(self, _request: Request) -> Response:
        available, settings = self._runner.availability, self._settings
        languages = [
            {
                "id": language.id,
                "name": language.name,
                "version": language.version,
                "available": language.available,
                "reason": language.reason,
                "extensions": language.extensions,
                "fileName": language.file_name,
                "sample": language.sample,
                "options": language.options,
            }
            for language in self._runner.languages
        ]
        limits = {
            "maxFrameBytes": settings.max_frame_bytes,
            "maxFileBytes": settings.max_file_bytes,
            "maxArchiveBytes": settings.max_archive_bytes,
            "maxDocumentBytes": settings.max_document_bytes,
            "runWallSeconds": settings.run_wall_seconds,
            "runCpuSeconds": settings.run_cpu_seconds,
            "runMemoryBytes": settings.run_memory_bytes,
            "runOutputBytes": settings.run_output_bytes,
        }
        execution = {"available": available.ok, "reason": available.reason, "engine": available.engine}
        answer = {"version": VERSION, "openRooms": settings.open_rooms, "execution": execution}
        return json_response(answer | {"languages": languages, "limits": limits})
