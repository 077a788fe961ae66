"""`/api/v2/connect`: a program that is talked to while it runs, in Piston's messages."""

import asyncio
import codecs
import contextlib
import uuid
from collections import Counter

import msgspec
from starlette.responses import Response
from starlette.websockets import WebSocket, WebSocketDisconnect

from api.foreign import ForeignAccess, Refused
from api.piston_shapes import BadExecution, Execution, execution, signal_name
from exec_pool.errors import ExecError, InputFull, RunOver
from exec_pool.job import Run
from exec_pool.judge_bench import Bench
from exec_pool.limits import Limits
from exec_pool.programs import Programs
from exec_pool.runs import Event, Output, RunRequest, RunResult

INIT_SECONDS = 1.0
MOST_SOCKETS = 16
DEADLY = {"SIGABRT", "SIGALRM", "SIGHUP", "SIGINT", "SIGKILL", "SIGPIPE", "SIGQUIT", "SIGTERM", "SIGUSR1", "SIGUSR2"}
HARMLESS = {"SIGCHLD", "SIGCONT", "SIGSTOP", "SIGTSTP", "SIGURG", "SIGWINCH", "SIGTTIN", "SIGTTOU", "SIGIO", "SIGPWR"}
OTHERS = {"SIGBUS", "SIGFPE", "SIGILL", "SIGPROF", "SIGSEGV", "SIGSTKFLT", "SIGSYS", "SIGTRAP", "SIGVTALRM"}
SIGNALS = DEADLY | HARMLESS | OTHERS | {"SIGXCPU", "SIGXFSZ"}


class _Closed(Exception):
    """The socket is to be closed with a code of Piston's."""

    def __init__(self, code: int, reason: str) -> None:
        super().__init__(reason)
        self.code = code


class PistonSocket:
    """The endpoint; one per process. A caller may have 16 sockets at a time."""

    def __init__(self, runner: Programs, access: ForeignAccess, most: Limits) -> None:
        self._runner = runner
        self._access = access
        self._most = most
        self._open: Counter[str] = Counter()

    async def endpoint(self, socket: WebSocket) -> None:
        """Authenticated before it is accepted."""
        try:
            caller = self._access.identify(socket)
            if self._open[caller] >= MOST_SOCKETS:
                raise Refused(429, "too many sockets of this token")
        except Refused as error:
            body = msgspec.json.encode({"message": str(error)})
            await socket.send_denial_response(Response(body, error.status, media_type="application/json"))
            return
        self._open[caller] += 1
        try:
            await socket.accept()
            await _Talk(socket, self._runner, self._access, caller, self._most).to_end()
        finally:
            self._open[caller] -= 1


class _Talk:
    """One socket: a task reads what the client says, another drives the program and writes."""

    def __init__(self, socket: WebSocket, runner: Programs, access: ForeignAccess, caller: str, most: Limits) -> None:
        self._socket = socket
        self._runner = runner
        self._access = access
        self._caller = caller
        self._most = most
        self._wanted: asyncio.Future[Execution] = asyncio.get_running_loop().create_future()
        self._run: Run | None = None
        self._early = b""
        self._is_stopped = False

    async def to_end(self) -> None:
        """Until the program has ended, the client has gone, or something was wrong."""
        reading = asyncio.create_task(self._read(), name="piston-read")
        working = asyncio.create_task(self._work(), name="piston-work")
        try:
            await asyncio.wait([reading, working], return_when=asyncio.FIRST_COMPLETED)
            await self._close(next(task for task in (reading, working) if task.done()))
        finally:
            for task in (reading, working):
                task.cancel()
            await asyncio.gather(reading, working, return_exceptions=True)

    async def _close(self, task: asyncio.Task[None]) -> None:
        code, reason = 4999, "Job Completed"
        error = task.exception()
        if isinstance(error, WebSocketDisconnect):
            return
        if isinstance(error, _Closed):
            code, reason = error.code, str(error)
        elif error is not None:
            told = isinstance(error, ExecError | BadExecution | Refused)
            await self._say({"type": "error", "message": str(error) if told else "the server failed at it"})
            code, reason = 4002, "Notified Error"
        await self._socket.close(code, reason)

    async def _read(self) -> None:
        while True:
            message = await self._socket.receive()
            if message["type"] == "websocket.disconnect":
                raise WebSocketDisconnect(message.get("code") or 1005)
            self._hear(_decoded(message.get("text") or message.get("bytes") or b""))

    def _hear(self, message: dict[str, object]) -> None:
        kind = message.get("type")
        if kind == "init":
            if self._wanted.done():
                raise _Closed(4000, "Already Initialized")
            self._access.spend(self._caller)
            self._wanted.set_result(execution(message, self._runner.languages, self._most))
        elif kind in ("data", "signal") and not self._wanted.done():
            raise _Closed(4003, "Not yet initialized")
        elif kind == "data":
            if message.get("stream") != "stdin":
                raise _Closed(4004, "Can only write to stdin")
            self._type(str(message.get("data", "")).encode(errors="replace"))
        elif kind == "signal":
            if message.get("signal") not in SIGNALS:
                raise _Closed(4005, "Invalid signal")
            if message.get("signal") not in HARMLESS:
                self._stop()

    def _type(self, data: bytes) -> None:
        if self._run is None:
            self._early += data
            if len(self._early) > 2**20:
                raise InputFull("The program does not read its input.")
            return
        with contextlib.suppress(RunOver):  # its end is on the way
            self._run.write(data)

    def _stop(self) -> None:
        """Every deadly signal ends the whole program: a cell knows no other."""
        self._is_stopped = True
        if self._run is not None:
            self._run.stop()

    async def _work(self) -> None:
        try:
            async with asyncio.timeout(INIT_SECONDS):
                wanted = await asyncio.shield(self._wanted)
        except TimeoutError:
            raise _Closed(4001, "Initialization Timeout") from None
        await self._say({"type": "runtime", "language": wanted.name, "version": wanted.version})
        lease = f"piston {uuid.uuid4()}"
        try:
            build = await self._compile(wanted, lease)
            if build is not None and not self._is_stopped:
                await self._execute(wanted, build, lease)
        finally:
            self._runner.end_lease(lease)

    async def _compile(self, wanted: Execution, lease: str) -> bytes | None:
        bench = Bench(self._runner)
        building = asyncio.create_task(
            bench.build_files(wanted.info.id, wanted.files, wanted.entry, wanted.limits, lease)
        )
        try:
            built = await building
        finally:
            building.cancel()
        if built.compiled:
            await self._say({"type": "stage", "stage": "compile"})
            await self._say_data("stderr", built.output.decode(errors="replace"))
            await self._say_exit("compile", built.result)
        return built.build

    async def _execute(self, wanted: Execution, build: bytes, lease: str) -> None:
        events: asyncio.Queue[Output | None] = asyncio.Queue()  # bounded by the output limit of the run
        request = RunRequest(
            language=wanted.info.id,
            files=wanted.files,
            entry=wanted.entry,
            args=wanted.args,
            limits=wanted.limits,
            lease=lease,
            stage="run",
            build=build,
        )

        def hear(event: Event) -> None:
            if isinstance(event, Output):
                events.put_nowait(event)

        await self._say({"type": "stage", "stage": "run"})
        run = self._run = self._runner.submit(request, hear)
        try:
            self._type(self._early)
            ending = asyncio.create_task(run.result())
            ending.add_done_callback(lambda _: events.put_nowait(None))
            await self._say_output(events)
            await self._say_exit("run", await ending)
        finally:
            run.stop()

    async def _say_output(self, events: "asyncio.Queue[Output | None]") -> None:
        decoders = {stream: codecs.getincrementaldecoder("utf-8")("replace") for stream in ("stdout", "stderr")}
        while (event := await events.get()) is not None:
            if event.stream in decoders:
                await self._say_data(event.stream, decoders[event.stream].decode(event.data))
        for stream, decoder in decoders.items():
            await self._say_data(stream, decoder.decode(b"", True))

    async def _say_data(self, stream: str, text: str) -> None:
        if text:
            await self._say({"type": "data", "stream": stream, "data": text})

    async def _say_exit(self, name: str, result: RunResult) -> None:
        await self._say({"type": "exit", "stage": name, "code": result.exit_code, "signal": signal_name(result)})

    async def _say(self, message: dict[str, object]) -> None:
        await self._socket.send_text(msgspec.json.encode(message).decode())


def _decoded(data: str | bytes) -> dict[str, object]:
    try:
        message = msgspec.json.decode(data)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise BadExecution("the message is not JSON") from error
    if not isinstance(message, dict):
        raise BadExecution("a message is an object")
    return message
