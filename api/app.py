"""The composition root: everything that lives in a process is built here, opened bottom-up and closed in reverse."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import msgspec
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route, WebSocketRoute

from api.aiohttp_outgoing import Hosts, Outgoing
from api.archive import ArchiveApi
from api.audit_api import AuditApi
from api.collab import CollabSocket
from api.connection import Connections
from api.departure import Departure
from api.desk import Desk
from api.edge import edge
from api.errors import KNOWN, ApiError, respond
from api.house import House
from api.identity import Reception
from api.judging import JobMetrics, Judging
from api.openapi import Reference
from api.operators import Operators
from api.ops import VERSION, Metrics, OpsApi
from api.pages import DIST, Pages
from api.people.people import People
from api.rate_limit import SharedRateLimit
from api.retention import Retention
from api.rights import RightsApi
from api.rooms import RoomsApi
from api.runs import RunsApi
from api.sandboxes import Sandboxes
from api.settings import Settings
from api.stores import audit_of, beside_of, store_of, webhooks_of
from api.webhooks import Webhooks
from api.webhooks_api import WebhooksApi
from api.websocket import YSocket
from api.witness import Witness
from exec_pool.limits import ExecSettings
from realtime.outbox import Turn
from realtime.pace import Pace
from rooms.registry import RoomRegistry
from rooms.room import Room, RoomLimits
from rooms.store import Store

_EDITOR = DIST.parent / "node_modules" / "@esbuild" / "linux-x64" / "bin"


class _Parts(msgspec.Struct, frozen=True):
    """What the process is made of."""

    settings: Settings
    store: Store
    metrics: Metrics
    turn: Turn
    house: House
    sandboxes: Sandboxes
    people: People
    reception: Reception
    registry: RoomRegistry
    desk: Desk
    runs: RunsApi
    judging: Judging
    retention: Retention
    departure: Departure
    witness: Witness


def create_app(settings: Settings) -> Starlette:
    """The whole server as one ASGI application; nothing is opened before its lifespan starts."""
    parts = _build(settings)
    pages, reference = Pages(), Reference(VERSION)
    calls = [*_calls(parts), *reference.routes, *pages.reference_routes, Route("/api/{path:path}", _no_such_call)]
    app = Starlette(
        routes=[*_sockets(parts), *calls, *pages.routes],
        middleware=edge(settings, parts.house.cache, parts.departure, pages.policy),
        exception_handlers=dict.fromkeys((*KNOWN, ApiError, HTTPException, Exception), respond),
        lifespan=lambda _app: _life(parts),
    )
    reference.write(app.routes)
    app.state.departure = parts.departure
    return app


def _build(settings: Settings) -> _Parts:
    store = store_of(settings)
    metrics = Metrics()
    turn = Turn(Pace())
    house = House(settings)
    sandboxes = Sandboxes(settings, exec_settings(settings))
    runner = sandboxes.programs

    async def on_open(room: Room) -> None:
        await desk.opened(room)

    registry = _registry(settings, store, turn, house, metrics, on_open)
    desk = Desk(registry, store)
    people = People(settings, store, house.cache)
    opening = SharedRateLimit(house.cache, "open-rooms", settings.open_rooms_per_minute)
    reception = Reception(store, people.in_rooms, open_rooms=settings.open_rooms, opening=opening)
    witness = _witness(settings)
    runs = RunsApi(reception, registry, desk, runner, settings)
    judging = Judging(reception, registry, desk, runner, sandboxes.work, store, witness, settings)
    desk.employ(runs, judging.submissions)
    metrics.watch(registry, runner, house)
    for measured in (JobMetrics(judging.work), witness):
        metrics.prometheus.register(measured)
    retention = Retention(beside_of(settings), store, settings.history_days, settings.deleted_days)
    departure = Departure(registry, judging.drain, settings.drain_seconds, settings.spread_seconds)
    at_the_edge = people, reception, registry, desk, runs, judging, retention, departure, witness
    return _Parts(settings, store, metrics, turn, house, sandboxes, *at_the_edge)


@asynccontextmanager
async def _life(parts: _Parts) -> AsyncIterator[None]:
    departure = parts.departure
    await parts.store.open()
    parts.retention.start()
    try:
        await parts.house.open()
        await parts.people.open()
        await parts.witness.open(parts.house.fanout.node)
        await parts.sandboxes.open()
        yield
        if not departure.is_under_way:  # a server that is not ours has closed the connections
            await departure.send_away()
        await parts.desk.close()
        await parts.sandboxes.close()
        half = departure.seconds_left / 2
        await asyncio.gather(parts.runs.close(half), parts.judging.close(half))
        await parts.registry.drain(departure.seconds_left)
    finally:
        await parts.witness.close()
        await parts.people.close()
        await parts.house.close()
        await parts.retention.stop()
        await parts.store.close()


def _calls(parts: _Parts) -> list[BaseRoute]:
    """Everything over HTTP but the pages."""
    reception, registry, store, settings = parts.reception, parts.registry, parts.store, parts.settings
    runner, witness = parts.sandboxes.programs, parts.witness
    operators = Operators(settings.operator_tokens, parts.people.callers)
    return [
        *OpsApi(registry, store, runner, parts.metrics, settings, parts.house, parts.departure).routes,
        *RoomsApi(reception, registry, store, store, parts.house.cache, settings, runner.table, witness).routes,
        *RightsApi(reception, registry, store, witness).routes,
        *parts.people.routes,
        *parts.runs.routes,
        *parts.judging.routes,
        *ArchiveApi(reception, registry, settings).routes,
        *WebhooksApi(reception, operators, witness).routes,
        *AuditApi(operators, witness).routes,
    ]


def _witness(settings: Settings) -> Witness:
    outgoing = Outgoing(Hosts(settings.webhook_hosts))
    webhooks = Webhooks(webhooks_of(settings), outgoing, settings.webhook_retry_seconds)
    return Witness(audit_of(settings), webhooks)


def _sockets(parts: _Parts) -> list[BaseRoute]:
    reception, registry, settings = parts.reception, parts.registry, parts.settings
    connections = Connections(parts.turn, settings.max_queue_bytes)
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
