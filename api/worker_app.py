"""`sangam exec`: a sandbox worker as a process of its own, with its health and its numbers over HTTP."""

import socket
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager

import uvicorn
from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from api.http import json_response
from api.ops import VERSION, by_status
from api.request_head import BoundedHttp
from api.sandboxes import worker
from api.settings import Settings
from api.worker import Worker
from exec_pool.limits import ExecSettings
from exec_pool.runner_pool import Runner


class WorkerMetrics(Collector):
    """The numbers of a worker, when they are asked for."""

    def __init__(self, runner: Runner, worker: Worker) -> None:
        self._runner = runner
        self._worker = worker

    def collect(self) -> Iterator[Metric]:
        """For the registry of metrics."""
        runs, jobs = self._runner.stats(), self._worker.stats()
        yield GaugeMetricFamily("sangam_worker_connected", "1 while nodes can be reached", int(jobs.is_connected))
        yield GaugeMetricFamily("sangam_worker_slots", "Jobs that this worker does at the same time", jobs.slots)
        yield GaugeMetricFamily("sangam_worker_busy", "Jobs that it does now", jobs.busy)
        yield CounterMetricFamily("sangam_worker_taken", "Jobs taken from the queue", jobs.taken)
        yield CounterMetricFamily("sangam_worker_returned", "Jobs handed back at a stop", jobs.returned)
        yield GaugeMetricFamily("sangam_runs_running", "Programs running", runs.running)
        yield GaugeMetricFamily("sangam_runs_queued", "Programs waiting for a cell", runs.queued)
        yield GaugeMetricFamily("sangam_cells_idle", "Cells kept ready", runs.idle_cells)
        yield CounterMetricFamily("sangam_cells_opened", "Cells started", runs.cells_opened)
        yield by_status(runs.finished.items())


class WorkerApp:
    """What a worker answers; the worker itself lives as long as the lifespan of `app`. Raises SettingsError."""

    def __init__(self, settings: Settings, sandbox: ExecSettings) -> None:
        self._runner = Runner(sandbox)
        self._worker = worker(settings, self._runner, sandbox.slot_count())
        self._drain_seconds = settings.drain_seconds
        self._metrics = CollectorRegistry()
        self._metrics.register(WorkerMetrics(self._runner, self._worker))
        self._is_leaving = False
        routes = [("/healthz", self.live), ("/readyz", self.ready), ("/metrics", self.metrics)]
        self.app = Starlette(routes=[Route(*route, methods=["GET"]) for route in routes], lifespan=self._live)

    @asynccontextmanager
    async def _live(self, _app: Starlette) -> AsyncIterator[None]:
        await self._runner.open()
        await self._worker.open()
        try:
            yield
            await self._worker.drain(self._drain_seconds)
        finally:
            await self._worker.close()
            await self._runner.close()

    async def live(self, _request: Request) -> Response:
        """The process answers."""
        return json_response({"status": "ok", "version": VERSION})

    async def ready(self, _request: Request) -> Response:
        """Does it take jobs?"""
        available, jobs = self._runner.availability, self._worker.stats()
        about = {"sandbox": available.ok, "reason": available.reason, "engine": available.engine}
        broker = {"broker": "connected" if jobs.is_connected else "away"}
        return json_response(about | broker, 200 if available.ok and jobs.is_connected else 503)

    async def metrics(self, _request: Request) -> Response:
        """Prometheus text."""
        text = generate_latest(self._metrics)
        return Response(text, media_type="text/plain; version=0.0.4; charset=utf-8")


def serve_worker(
    settings: Settings, sandbox: ExecSettings, listen: Callable[[str, int], socket.socket], host: str, port: int
) -> int:
    """Work until SIGTERM or SIGINT; 0 after an orderly stop."""
    config = uvicorn.Config(
        WorkerApp(settings, sandbox).app,
        host=host,
        port=port,
        loop="uvloop",
        http=BoundedHttp,
        ws="none",
        lifespan="on",
        timeout_graceful_shutdown=1,
        log_config=None,
        access_log=False,
        server_header=False,
    )
    with listen(host, port) as listening:
        where, number = listening.getsockname()[:2]
        server = _WorkerServer(config, f"Sangam's sandbox worker tells how it is at http://{where}:{number}/healthz")
        server.run(sockets=[listening])
    return 0 if server.started else 1


class _WorkerServer(uvicorn.Server):
    """Prints `greeting` once it works. A signal that stopped it in order is not raised again: the status is ours."""

    def __init__(self, config: uvicorn.Config, greeting: str) -> None:
        super().__init__(config)
        self._greeting = greeting

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        if self.started:
            print(self._greeting, flush=True)

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        with super().capture_signals():
            yield
            self._captured_signals.clear()
