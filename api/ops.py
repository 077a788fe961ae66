"""What an operator looks at: health, metrics, and what this server offers."""

from bisect import bisect_left
from collections.abc import Iterable, Iterator
from itertools import accumulate

from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily, Metric
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from api.answers import ConfigNow, Readiness
from api.departure import Departure
from api.described import describe
from api.house import House
from api.http import json_response
from api.settings import Settings
from exec_pool.programs import Programs
from rooms.registry import RoomRegistry
from rooms.store import Store

VERSION = "0.1.0"
_COMMIT_BUCKETS = (0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1.0, 5.0)


class Metrics:
    """Pull only: long-lived objects have `stats()`, this turns them into Prometheus text when asked."""

    def __init__(self) -> None:
        self.prometheus = CollectorRegistry()
        self._commits = [0] * (len(_COMMIT_BUCKETS) + 1)
        self._commit_seconds = 0.0
        self._sources: tuple[RoomRegistry, Programs, House] | None = None

    def count_commit(self, seconds: float) -> None:
        """Of one group commit. There are thousands a second, so the library hears of them when somebody asks."""
        self._commits[bisect_left(_COMMIT_BUCKETS, seconds)] += 1
        self._commit_seconds += seconds

    def _commit_times(self) -> Metric:
        bounds = [*map(str, _COMMIT_BUCKETS), "+Inf"]
        buckets = list(zip(bounds, accumulate(self._commits), strict=True))
        return HistogramMetricFamily(
            "sangam_journal_commit_seconds", "Time of one group commit", buckets, self._commit_seconds
        )

    def watch(self, registry: RoomRegistry, runner: Programs, house: House) -> None:
        self._sources = (registry, runner, house)
        self.prometheus.register(self)

    def collect(self) -> Iterator[Metric]:
        if self._sources is None:
            return
        registry, runner, house = self._sources
        rooms, journal, runs = registry.stats(), registry.journal.stats(), runner.stats()
        yield self._commit_times()
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
        yield GaugeMetricFamily("sangam_cells_idle", "Cells kept ready", runs.idle_cells)
        yield by_status(runs.finished.items())
        yield from _of_house(house)

    def text(self) -> bytes:
        return generate_latest(self.prometheus)


def by_status(finished: Iterable[tuple[str, int]]) -> Metric:
    """Counts of runs for the metrics."""
    family = CounterMetricFamily("sangam_runs", "Finished runs by status", labels=["status"])
    for status, count in finished:
        family.add_metric([status], count)
    return family


def _of_house(house: House) -> Iterator[Metric]:
    fanout, cache = house.fanout.stats(), house.cache.stats()
    yield GaugeMetricFamily("sangam_fanout_connected", "1 while other nodes can be reached", int(fanout.is_connected))
    yield GaugeMetricFamily("sangam_fanout_nodes", "Other nodes that are there", fanout.nodes)
    yield GaugeMetricFamily("sangam_fanout_rooms", "Rooms whose traffic is heard", fanout.rooms)
    yield GaugeMetricFamily("sangam_fanout_queued_bytes", "Bytes waiting for the broker", fanout.queued_bytes)
    yield CounterMetricFamily("sangam_fanout_sent", "Payloads handed on to other nodes", fanout.sent)
    yield CounterMetricFamily("sangam_fanout_received", "Payloads of other nodes", fanout.received)
    yield CounterMetricFamily("sangam_fanout_dropped", "Payloads that could not be handed on", fanout.dropped)
    yield CounterMetricFamily("sangam_fanout_gaps", "Rooms told that something may be missing", fanout.gaps)
    yield CounterMetricFamily("sangam_fanout_reconnects", "Connections made anew", fanout.reconnects)
    yield GaugeMetricFamily("sangam_cache_available", "1 while the cache answers", int(cache.is_available))
    yield CounterMetricFamily("sangam_cache_failures", "Calls that the cache did not answer", cache.failures)


class OpsApi:
    """The handlers; one per process."""

    def __init__(
        self,
        registry: RoomRegistry,
        store: Store,
        runner: Programs,
        metrics: Metrics,
        settings: Settings,
        house: House,
        departure: Departure,
    ) -> None:
        self._registry = registry
        self._store = store
        self._runner = runner
        self._metrics = metrics
        self._settings = settings
        self._house = house
        self._departure = departure
        self.routes = [
            Route("/healthz", self.live, methods=["GET"]),
            Route("/readyz", self.ready, methods=["GET"]),
            Route("/metrics", self.metrics, methods=["GET"]),
            Route("/api/config", self.config, methods=["GET"]),
        ]

    @describe("The process answers", needs="anybody", gives=str, gives_media="text/plain")
    async def live(self, _request: Request) -> Response:
        return PlainTextResponse("ok")

    @describe("Edits are saved and this node stays", needs="anybody", gives=Readiness, also=(503,))
    async def ready(self, _request: Request) -> Response:
        """Ready while edits are saved and it stays. Rooms work without a run engine, other nodes or the cache."""
        state = self._registry.journal.state
        others = "connected" if self._house.fanout.is_connected else "away"
        cache = "available" if self._house.cache.stats().is_available else "away"
        is_ready = state == "saved" and not self._departure.is_under_way
        about = {"journal": state, "fanout": others, "cache": cache, "restarting": self._departure.is_under_way}
        return json_response(about, 200 if is_ready else 503)

    @describe("Measures for Prometheus", needs="anybody", gives=str, gives_media="text/plain")
    async def metrics(self, _request: Request) -> Response:
        return Response(self._metrics.text(), media_type="text/plain; version=0.0.4; charset=utf-8")

    @describe("What this server is and has", needs="anybody", gives=ConfigNow)
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
