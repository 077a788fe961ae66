"""`/api/rooms/{room}/runs`: start, type into, stop; and what a run says, as journal entries."""

import asyncio
import contextlib
import functools
import logging
from collections import Counter
from collections.abc import AsyncIterator, Iterable, Mapping

import msgspec
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route, WebSocketRoute

from api.active_run import ActiveRun
from api.answers import OneRun
from api.away_terminal import AwayTerminal, Onlooker, Order, Seen
from api.codes import file_id
from api.described import describe
from api.desk import Desk
from api.errors import ApiError
from api.http import identify, json_response, read_json
from api.identity import Identity, Reception
from api.lost_work import Kind
from api.relay import Call, Relay
from api.settings import Settings
from api.terminal import Terminal, TerminalSocket
from exec_pool.error_lines import ErrorLine
from exec_pool.errors import LanguageUnavailable, RunOver
from exec_pool.job import Run
from exec_pool.limits import Limits
from exec_pool.programs import Programs
from exec_pool.runs import RunRequest, RunResult, Window
from rooms.archive import checked_path
from rooms.errors import BadPath, FileNotFound
from rooms.registry import RoomRegistry
from rooms.room import MAIN, Room
from rooms.store import SYSTEM

_log = logging.getLogger(__name__)

PLACE_SECONDS = 0.5
NOTED_SECONDS = 1.0
"""Who starts a run is told when every node can know of it; so long at most, should the store be slow."""
PREFIX = "run_"
_GOING = ("run_over", "input_full", "node_gone")
LONGEST_SOURCE = 400


class NewRun(msgspec.Struct, frozen=True, rename="camel"):
    file_id: str
    language: str | None = None
    args: tuple[str, ...] = ()
    options: tuple[str, ...] = ()
    stdin: str = ""
    terminal: Window | None = None


class NewInput(msgspec.Struct, frozen=True):
    text: str = ""
    eof: bool = False


class RunsApi:
    """The handlers and the runs of all rooms; one per process."""

    def __init__(
        self, reception: Reception, registry: RoomRegistry, desk: Desk, runner: Programs, settings: Settings
    ) -> None:
        self._reception = reception
        self._registry = registry
        self._desk = desk
        self._onlookers: dict[tuple[str, str], Onlooker] = {}
        self._runner = runner
        self._runs_per_room = settings.runs_per_room
        self._limits = Limits(
            wall_seconds=settings.run_wall_seconds,
            cpu_seconds=settings.run_cpu_seconds,
            memory_bytes=settings.run_memory_bytes,
            output_bytes=settings.run_output_bytes,
        )
        self._terminal_limits = msgspec.structs.replace(self._limits, wall_seconds=settings.terminal_wall_seconds)
        self._active: dict[str, ActiveRun] = {}
        self._per_room: Counter[str] = Counter()
        self._tasks: set[asyncio.Task[None]] = set()
        self.routes: list[BaseRoute] = [
            Route("/api/rooms/{room}/runs", self.start, methods=["POST"]),
            Route("/api/rooms/{room}/runs/{run}/input", self.type, methods=["POST"]),
            Route("/api/rooms/{room}/runs/{run}/size", self.resize, methods=["POST"]),
            Route("/api/rooms/{room}/runs/{run}/stop", self.stop, methods=["POST"]),
            WebSocketRoute(
                "/api/rooms/{room}/runs/{run}/terminal", TerminalSocket(reception, registry, self.hold).endpoint
            ),
        ]

    @describe(
        "Run a file of the room",
        takes=NewRun, gives=OneRun, status=201,
        errors=("file_not_found", "language_unavailable", "sandbox_unavailable", "too_many_runs"),
    )  # fmt: skip
    async def start(self, request: Request) -> Response:
        identity = await self._may_run(request)
        new = await read_json(request, NewRun)
        room_id = request.path_params["room"]
        if self._per_room[room_id] + self._desk.count_away(room_id, PREFIX) >= self._runs_per_room:
            raise ApiError(429, "too_many_runs", f"{self._runs_per_room} runs are going on in this room; stop one")
        self._per_room[room_id] += 1
        started: asyncio.Future[dict[str, object]] = asyncio.get_running_loop().create_future()
        task = asyncio.create_task(self._run(room_id, identity, new, started), name="run")
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return json_response({"run": await asyncio.shield(started)}, 201)

    async def _may_run(self, request: Request) -> Identity:
        identity = await identify(request, self._reception)
        identity.require("run")
        return identity

    async def _run(
        self, room_id: str, identity: Identity, new: NewRun, started: asyncio.Future[dict[str, object]]
    ) -> None:
        """From submission to the last entry; the room stays open meanwhile. `started` gets whatever stops the start."""
        try:
            async with self._registry.visit(room_id) as room:
                active = ActiveRun(PREFIX + file_id(), room, new.terminal)
                started.set_result(await self._submit(active, identity, new))
                assert active.run is not None
                await self._tell_places(active.room, active.id, active.run)
                result = await active.run.result()
                active.finish()
                await active.note_end(active.stopped_by or SYSTEM, _finished(active, result))
                self._desk.changed(room)
        except Exception as error:
            if started.done():
                _log.exception("a run was lost", extra={"room": room_id})
            else:
                started.set_exception(error)
        finally:
            self._per_room[room_id] -= 1
            self._active = {key: active for key, active in self._active.items() if _goes_on(active)}
            for watching, run_id in list(self._onlookers):
                if run_id not in self._active:
                    self._unwatch(watching, run_id)

    async def _tell_places(self, room: Room, run_id: str, run: Run) -> None:
        """While it waits: its place in the line, whenever that changes; at last 0, if it ever had to wait."""
        told = None
        while (place := self._runner.place(run)) is not None and (place.position > 0 or told is not None):
            if place != told:
                told = place
                event = {"type": "queue", "run": run_id, "position": place.position, "seconds": place.seconds}
                room.tell_everywhere(msgspec.json.encode(event).decode())
            if place.position == 0:
                return
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(run.result(), PLACE_SECONDS)

    async def _submit(self, active: ActiveRun, identity: Identity, new: NewRun) -> dict[str, object]:
        document = (await active.room.document(MAIN)).document
        path = document.paths().get(new.file_id)
        if path is None:
            raise FileNotFound("the room has no such file")
        language = new.language or self._runner.language_of(path)
        if language is None:
            raise LanguageUnavailable(f"no language is known for {path}; choose one")
        files = runnable(document.texts(), path)
        files[path] = (document.text(new.file_id) or "").encode()
        limits = self._terminal_limits if new.terminal else self._limits
        wanted = RunRequest(
            language=language, files=files, entry=path, args=new.args, options=new.options, stdin=new.stdin.encode(),
            terminal=new.terminal, limits=limits, lease=active.room.id, user=identity.member.id,
        )  # fmt: skip
        active.files = files
        active.run = self._runner.submit(wanted, active.on_event)
        self._active[active.id] = active
        version = next((known.version for known in self._runner.languages if known.id == language), "")
        about: dict[str, object] = {
            "run": active.id,
            "fileId": new.file_id,
            "path": path,
            "language": language,
            "version": version,
            "terminal": new.terminal,
            "node": active.room.exchange.node,
        }
        noted = active.note(identity.member.id, "started", about | {"limits": _limits(limits)})
        self._desk.changed(active.room)
        await asyncio.wait([noted], timeout=NOTED_SECONDS)
        return about | {"id": active.id, "place": self._runner.place(active.run)}

    @describe("Type into a run, or end its input", takes=NewInput, status=204, errors=_GOING)
    async def type(self, request: Request) -> Response:
        identity = await self._may_run(request)
        typed = await read_json(request, NewInput)
        member = identity.member.id
        if typed.text:
            await self._do(request, "type", Order(member, typed.text))
        if typed.eof or not typed.text:
            await self._do(request, "eof" if typed.eof else "look", Order(member))
        return Response(status_code=204)

    @describe("The size of a run's terminal", takes=Window, status=204, errors=_GOING)
    async def resize(self, request: Request) -> Response:
        """The size of the terminal, for clients that are not on its socket."""
        identity = await self._may_run(request)
        window = await read_json(request, Window)
        await self._do(request, "resize", Order(identity.member.id, "", window.rows, window.columns))
        return Response(status_code=204)

    @describe("Stop a run", status=204, errors=_GOING)
    async def stop(self, request: Request) -> Response:
        identity = await self._may_run(request)
        await self._do(request, "stop", Order(identity.member.id))
        return Response(status_code=204)

    async def _do(self, request: Request, verb: str, order: Order) -> None:
        """Here, or at the node where it goes on."""
        room_id, run_id = request.path_params["room"], request.path_params["run"]
        if run_id in self._active:
            _obey(self.find(room_id, run_id), verb, order)
        else:
            await self._desk.call(room_id, run_id, verb, msgspec.msgpack.encode(order))

    def find(self, room_id: str, run_id: str) -> ActiveRun:
        """A run that goes on here, in this room; RunOver when there is none."""
        active = self._active.get(run_id)
        if active is None or active.room.id != room_id:
            raise RunOver("this run is over, or never was in this room")
        return active

    @contextlib.asynccontextmanager
    async def hold(self, room_id: str, run_id: str) -> AsyncIterator[Terminal]:
        """A run that goes on in this room, at whichever node. Raises RunOver, ApiError."""
        if run_id in self._active:
            yield self.find(room_id, run_id)
            return
        async with self._desk.reach(room_id, run_id) as (relay, node):
            terminal = AwayTerminal(relay, node, run_id)
            await terminal.open()
            try:
                yield terminal
            finally:
                terminal.close()

    # For people at other nodes

    kind = Kind("started", "finished", lambda run: _ended(run, "lost", None, "The server that ran it is gone."))

    def going(self, room: str) -> list[str]:
        return [active.id for active in self._active.values() if active.room.id == room and _goes_on(active)]

    def has(self, subject: str) -> bool:
        return subject in self._active

    async def perform(self, node: str, room: str, call: Call) -> bytes:
        active = self.find(room, call.subject)
        match call.verb:
            case "watch":
                return self._watch(node, active)
            case "unwatch":
                self._unwatch(node, active.id)
            case verb:
                _obey(active, verb, msgspec.msgpack.decode(call.body, type=Order))
        return b""

    def _watch(self, node: str, active: ActiveRun) -> bytes:
        onlooker = self._onlookers.get((node, active.id))
        relay = active.room.correspondent
        if onlooker is not None:
            onlooker.flush()
        elif active.in_terminal and isinstance(relay, Relay):
            self._onlookers[node, active.id] = Onlooker(active, functools.partial(relay.show, node))
        return msgspec.msgpack.encode(Seen(active.in_terminal, active.screen, active.shown))

    def _unwatch(self, node: str, run_id: str) -> None:
        onlooker = self._onlookers.pop((node, run_id), None)
        if onlooker is not None:
            onlooker.close()

    def disown(self, subject: str) -> None:
        self._active[subject].disown()

    def node_gone(self, node: str) -> None:
        for watching, run_id in list(self._onlookers):
            if watching == node:
                self._unwatch(node, run_id)

    async def close(self, seconds: float) -> None:
        """After the runner was closed: wait for the last entries, at most `seconds`."""
        if self._tasks:
            await asyncio.wait(self._tasks, timeout=seconds)


def runnable(texts: Iterable[tuple[str, str]], entry: str) -> dict[str, bytes]:
    """What can lie beside `entry` on a disk: somebody's odd path must not keep the others from running."""
    files: dict[str, bytes] = {}
    for path, text in texts:
        with contextlib.suppress(BadPath):
            files[checked_path(path)] = text.encode()
    files[entry] = b""
    for path in sorted(files):
        folders = [path[:at] for at, character in enumerate(path) if character == "/"]
        if path == entry:
            for folder in folders:
                files.pop(folder, None)
        elif files.keys() & folders or any(len(part.encode()) > 255 for part in path.split("/")):
            del files[path]
    return files


def _obey(active: ActiveRun, verb: str, order: Order) -> None:
    """Raises RunOver, InputFull."""
    match verb:
        case "type":
            active.write(order.text.encode())
            if order.member:
                active.typed(order.member, order.text)
        case "eof" if active.run is not None:
            active.run.close_stdin()
        case "resize":
            active.resize(order.rows, order.columns)
        case "stop" if active.run is not None:
            active.stopped_by = active.stopped_by or order.member
            active.run.stop()
        case _:
            pass


def _goes_on(active: ActiveRun) -> bool:
    return active.run is not None and not active.run.over


def _limits(limits: Limits) -> dict[str, float]:
    return {
        "wallSeconds": limits.wall_seconds,
        "cpuSeconds": limits.cpu_seconds,
        "memoryBytes": limits.memory_bytes,
        "outputBytes": limits.output_bytes,
    }


def _ended(run: str, status: str, by: str | None, message: str) -> dict[str, object]:
    nothing: dict[str, object] = {
        "exitCode": None,
        "signal": None,
        "cpuSeconds": 0.0,
        "wallSeconds": 0.0,
        "memoryBytes": 0,
    }
    return nothing | {"run": run, "status": status, "by": by, "message": message, "truncated": False, "errors": []}


def _finished(active: ActiveRun, result: RunResult) -> dict[str, object]:
    return {
        "run": active.id,
        "status": result.status,
        "exitCode": result.exit_code,
        "signal": result.signal,
        "cpuSeconds": result.cpu_seconds,
        "wallSeconds": result.wall_seconds,
        "memoryBytes": result.memory_bytes,
        "truncated": result.truncated,
        "by": active.stopped_by if result.status == "stopped" else None,
        "message": result.message,
        "errors": [_placed(error, active.files) for error in result.errors],
    }


def _placed(error: ErrorLine, files: Mapping[str, bytes]) -> dict[str, object]:
    """With the line as it was, so that people whose text has changed meanwhile find it again."""
    lines = files.get(error.path, b"").split(b"\n", error.line)
    text = lines[error.line - 1].decode(errors="replace") if len(lines) >= error.line else ""
    about: dict[str, object] = msgspec.to_builtins(error)
    return about | {"text": text[:LONGEST_SOURCE]}
