"""The composition root: everything that lives in a process is built here, opened bottom-up and closed in reverse."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route, WebSocketRoute

from api.archive import ArchiveApi
from api.collab import CollabSocket
from api.connection import Connections
from api.departure import Departure, Door
from api.desk import Desk
from api.errors import KNOWN, ApiError, respond
from api.house import House
from api.identity import Reception
from api.judging import JobMetrics, Judging
from api.observability import RequestLog
from api.ops import Metrics, OpsApi
from api.pages import DIST, Pages
from api.retention import Retention
from api.rooms import RoomsApi
from api.runs import RunsApi
from api.settings import Settings
from api.stores import beside_of, store_of
from api.websocket import YSocket
from exec_pool.limits import ExecSettings
from exec_pool.runner_pool import Runner
from realtime.outbox import Turn
from realtime.pace import Pace
from rooms.registry import RoomRegistry
from rooms.room import Room, RoomLimits
from rooms.store import Store

_EDITOR = DIST.parent / "node_modules" / "@esbuild" / "linux-x64" / "bin"


def create_app(settings: Settings) -> Starlette:
    """The whole server as one ASGI application; nothing is opened before its lifespan starts."""
    store = store_of(settings)
    metrics = Metrics()
    turn = Turn(Pace())
    house = House(settings)
    runner = Runner(exec_settings(settings))

    async def on_open(room: Room) -> None:
        await desk.opened(room)

    registry = _registry(settings, store, turn, house, metrics, on_open)
    desk = Desk(registry, store)
    retention = Retention(beside_of(settings), settings.history_days)
    reception = Reception(store, open_rooms=settings.open_rooms)
    runs = RunsApi(reception, registry, desk, runner, settings)
    judging = Judging(reception, registry, desk, runner, exec_settings(settings).slot_count(), settings)
    desk.employ(runs, judging.submissions)
    metrics.watch(registry, runner, house)
    metrics.prometheus.register(JobMetrics(judging.work))

    departure = Departure(registry, judging.drain, settings.drain_seconds, settings.spread_seconds)

    @asynccontextmanager
    async def lifespan(_app: Starlette) -> AsyncIterator[None]:
        await store.open()
        retention.start()
        try:
            await house.open()
            await runner.open()
            yield
            if not departure.is_under_way:  # a server that is not ours has closed the connections
                await departure.send_away()
            await desk.close()
            await runner.close()
            await asyncio.gather(runs.close(departure.seconds_left / 2), judging.close(departure.seconds_left / 2))
            await registry.drain(departure.seconds_left)
        finally:
            await house.close()
            await retention.stop()
            await store.close()

    pages = Pages()
    app = Starlette(
        routes=[
            *OpsApi(registry, store, runner, metrics, settings, house, departure).routes,
            *RoomsApi(reception, registry, store, store, house.cache, settings, runner.table).routes,
            *runs.routes,
            *judging.routes,
            *ArchiveApi(reception, registry, settings).routes,
            *_sockets(reception, registry, turn, settings),
            Route("/api/{path:path}", _no_such_call),
            *pages.routes,
        ],
        middleware=[Middleware(RequestLog, policy=pages.policy), Middleware(Door, departure=departure)],
        exception_handlers=dict.fromkeys((*KNOWN, ApiError, HTTPException, Exception), respond),
        lifespan=lifespan,
    )
    app.state.departure = departure
    return app


def _sockets(reception: Reception, registry: RoomRegistry, turn: Turn, settings: Settings) -> list[WebSocketRoute]:
    connections = Connections(turn, settings.max_queue_bytes)
    y_socket = YSocket(reception, registry, connections, echo_updates=settings.echo_updates)
    return [
        WebSocketRoute("/ws/{room}", y_socket.endpoint),
        WebSocketRoute("/ws/{room}/{document:path}", y_socket.endpoint),
        WebSocketRoute("/collab", CollabSocket(reception, registry, connections, settings).endpoint),
    ]


def _registry(
    settings: Settings,
    store: Store,
    turn: Turn,
    house: House,
    metrics: Metrics,
    on_open: Callable[[Room], Awaitable[None]],
) -> RoomRegistry:
    return RoomRegistry(
        store,
        store,
        RoomLimits(settings.max_document_bytes, settings.max_room_sessions, settings.leave_grace_seconds),
        turn,
        house.fanout,
        slow_seconds=settings.slow_commit_seconds,
        max_unsaved_bytes=settings.max_unsaved_bytes,
        idle_seconds=settings.idle_seconds,
        on_open=on_open,
        observe_commit=metrics.count_commit,
    )


def exec_settings(settings: Settings) -> ExecSettings:
    """The settings of the sandbox. Compilers are also looked for in the operator's folders; esbuild in the editor's."""
    paths = [path for path in settings.exec_toolchains.split(":") if path]
    return ExecSettings(
        enabled=settings.exec_engine != "off",
        engine="auto" if settings.exec_engine == "off" else settings.exec_engine,
        docker_url=settings.exec_docker_url,
        image=settings.exec_image,
        runtime=settings.exec_runtime,
        languages=settings.exec_languages,
        slots=settings.exec_slots,
        warm_cells=settings.exec_warm_cells,
        reuse_cells=settings.exec_reuse_cells,
        toolchain_paths=(*paths, *(str(path) for path in (_EDITOR,) if Path(path).is_dir())),
    )


async def _no_such_call(_request: Request) -> Response:
    raise ApiError(404, "not_found", "there is no such call")
