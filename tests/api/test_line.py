"""Connections beside their whole binary messages: with the direct line, and as another ASGI server has them."""

import asyncio
import gc
import struct
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress
from typing import Any

import pytest
import uvicorn
from starlette.websockets import WebSocket
from websockets.asyncio.client import ClientConnection
from websockets.frames import Frame, Opcode

from api.connection import Connections
from api.line import Line, LineProtocol
from api.pulse import Pulse
from api.request_head import BoundedHttp
from realtime.outbox import LineOutbox, Outbox, Turn
from tests.api.scene import Scene, raw, until, until_closed
from tests.clients import until_equal, y_client
from tests.server import Server, eventually, running

STEP1 = b"\x00\x00\x01\x00"
PING = b"\x89\x00"


@pytest.fixture(scope="module", params=["api", "tests.plain_asgi"])
def server(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """Both ways, in this file."""
    with running(tmp_path_factory.mktemp("server") / "data", module=request.param, rooms_per_minute=6000) as started:
        yield started
        assert "Traceback" not in started.log.read_text()


def is_step2(answer: object) -> bool:
    return isinstance(answer, bytes) and answer[:2] == b"\x00\x01"


def sessions(server: Server) -> float:
    lines = server.call("GET", "/metrics").text.splitlines()
    return next(float(line.split()[1]) for line in lines if line.startswith("sangam_sessions "))


async def write(socket: ClientConnection, wire: bytes) -> None:
    socket.transport.write(wire)
    await asyncio.sleep(0)


async def test_E60_people_write_together(scene: Scene) -> None:
    clients = [y_client(scene.server, scene.room, member.token) for member in (scene.host, scene.guest)]
    await asyncio.gather(*(client.until_connected() for client in clients))
    clients[0].create_file()
    await until_equal(clients, "")
    clients[1].file().insert(0, "x" * 300_000)
    await until_equal(clients, "x" * 300_000)
    await asyncio.gather(*(client.close() for client in clients))
    await until(lambda: sessions(scene.server) == 0, "nobody is left")


async def test_E60_a_message_in_fragments_is_one_and_pings_come_between(scene: Scene) -> None:
    socket = await scene.y()
    for _ in range(2):
        await socket.send([STEP1[:1], STEP1[1:3], STEP1[3:]])
        assert is_step2(await socket.recv())
        await asyncio.wait_for(await socket.ping(b"there?"), 30)
        await socket.send(STEP1)
        assert is_step2(await socket.recv())
    await write(socket, Frame(Opcode.BINARY, STEP1[:2], fin=False).serialize(mask=True))
    await asyncio.wait_for(await socket.ping(b"amid"), 30)
    await write(socket, Frame(Opcode.CONT, STEP1[2:]).serialize(mask=True))
    assert is_step2(await socket.recv())
    await socket.close(4123)
    assert socket.close_code == 4123
    await until(lambda: sessions(scene.server) == 0, "the session has ended")


async def test_E60_frames_come_in_any_pieces(scene: Scene) -> None:
    socket = await scene.y()
    wire = Frame(Opcode.PONG, b"").serialize(mask=True)
    wire += Frame(Opcode.BINARY, STEP1).serialize(mask=True) * 2 + Frame(Opcode.PING, b"p").serialize(mask=True)
    for size in (1, 3, 7):
        for start in range(0, len(wire), size):
            await write(socket, wire[start : start + size])
        assert is_step2(await socket.recv())
        assert is_step2(await socket.recv())
    await socket.close()


BROKEN = {
    "not masked": (Frame(Opcode.BINARY, STEP1).serialize(mask=False), 1002),
    "a reserved bit": (b"\xc2\x84\0\0\0\0" + STEP1, 1002),
    "an unknown opcode": (b"\x83\x80\0\0\0\0", 1002),
    "a long ping": (b"\x89\xfe\x00\x80\0\0\0\0" + b"x" * 128, 1002),
    "a long pong": (b"\x8a\xfe\x00\x80\0\0\0\0" + b"x" * 128, 1002),
    "a continuation of nothing": (b"\x80\x81\0\0\0\0x", 1002),
    "a message amid another": (b"\x02\x81\0\0\0\0\0\x82\x84\0\0\0\0" + STEP1, 1002),
    "a close of one byte": (b"\x88\x81\0\0\0\0x", 1002),
    "too much announced": (b"\x82\xff" + struct.pack("!Q", 2**40) + b"\0\0\0\0", 1009),
    "text": (b"\x81\x82\0\0\0\0hi", 4400),
}


@pytest.mark.parametrize("name", BROKEN)
async def test_E60_a_broken_frame_ends_its_connection(scene: Scene, name: str) -> None:
    wire, code = BROKEN[name]
    socket = await scene.y()
    await write(socket, Frame(Opcode.BINARY, STEP1).serialize(mask=True) + wire + wire)
    assert await until_closed(socket) == code
    await until(lambda: sessions(scene.server) == 0, "the session has ended")


async def test_E60_a_stop_tells_1012_to_those_who_read_and_waits_for_no_other(scene: Scene) -> None:
    reads, deaf = await scene.y(), await scene.y()
    deaf.transport.pause_reading()
    stopping = asyncio.create_task(asyncio.to_thread(scene.server.stop))
    assert await until_closed(reads) == 1012
    async with asyncio.timeout(30):
        await stopping
    deaf.transport.abort()
    await asyncio.to_thread(scene.server.start)


# The line alone


class Told:
    """Serves one connection; what it is sent it sends back, or keeps the connection waiting for `gate`."""

    def __init__(self, outbox: Outbox) -> None:
        self.outbox = outbox
        self.ends = 0
        self.gate: asyncio.Event | None = None

    def receive(self, payload: bytes) -> Awaitable[None] | None:
        self.outbox.put(payload)
        return None if self.gate is None else self._wait(self.gate)

    async def _wait(self, gate: asyncio.Event) -> None:
        await gate.wait()

    def end(self) -> None:
        self.ends += 1


class Ends:
    """The two ends of a TCP connection: a line, and bytes."""

    def __init__(self, told: Told, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.told = told
        self.reader = reader
        self.writer = writer


@asynccontextmanager
async def line(pulse: Pulse) -> AsyncIterator[Ends]:
    made: list[Told] = []

    class Begin(asyncio.Protocol):
        def connection_made(self, transport: asyncio.BaseTransport) -> None:
            assert isinstance(transport, asyncio.Transport)
            one = Line(transport, Turn(), 2**20)
            made.append(Told(one.outbox))
            transport.set_protocol(one)
            one.begin(made[0], set(), pulse)

    listening = await asyncio.get_running_loop().create_server(Begin, "127.0.0.1", 0)
    reader, writer = await asyncio.open_connection(*listening.sockets[0].getsockname())
    try:
        await eventually(lambda: made)
        yield Ends(made[0], reader, writer)
    finally:
        writer.close()
        listening.close()
        with suppress(ConnectionError):
            await writer.wait_closed()


async def test_E61_who_answers_pings_stays_and_who_does_not_is_closed_with_1011() -> None:
    async with line(Pulse(1.0)) as ends, asyncio.timeout(30):
        for _ in range(3):
            assert await ends.reader.readexactly(2) == PING
            ends.writer.write(Frame(Opcode.PONG, b"").serialize(mask=True))
        assert await ends.reader.readexactly(2) == PING
        assert ends.told.ends == 0
        closing = await ends.reader.read()
        assert closing[:1] == b"\x88"
        assert struct.unpack("!H", closing[2:4]) == (1011,)
        await eventually(lambda: ends.told.ends == 1)


async def test_E61_somebody_who_is_not_read_is_not_blamed_for_missing_answers() -> None:
    async with line(Pulse(0.5)) as ends, asyncio.timeout(30):
        gate = ends.told.gate = asyncio.Event()
        ends.writer.write(Frame(Opcode.BINARY, b"hold").serialize(mask=True))
        pings = 0
        while pings < 4:
            pings += (await ends.reader.readexactly(2)) == PING
            if pings == 0:
                await ends.reader.readexactly(4)
        assert ends.told.outbox.closing is None
        ends.told.gate = None
        gate.set()
        ends.writer.write(Frame(Opcode.BINARY, b"on").serialize(mask=True))
        while await ends.reader.readexactly(2) == PING:
            pass
        assert await ends.reader.readexactly(2) == b"on"


async def test_S5_whoever_ends_it_the_connection_is_left_once() -> None:
    async with line(Pulse()) as ends, asyncio.timeout(30):
        ends.told.outbox.close(4400, "enough")
        ends.told.outbox.close(4401, "twice")
        assert ends.told.ends == 0, "not amid whatever closed it"
        assert (await ends.reader.readexactly(4))[2:] == struct.pack("!H", 4400)
        ends.writer.write(Frame(Opcode.BINARY, b"late").serialize(mask=True))
        ends.writer.write(Frame(Opcode.CLOSE, b"").serialize(mask=True))
        assert b"late" not in await ends.reader.read(), "the server hangs up"
    assert ends.told.ends == 1


@contextmanager
def no_collector() -> Iterator[None]:
    gc.collect()
    gc.disable()
    try:
        yield
    finally:
        gc.enable()


def alive(*kinds: type) -> list[str]:
    return [type(one).__name__ for one in gc.get_objects() if type(one) in kinds]


@asynccontextmanager
async def serving(app: Callable[..., Awaitable[None]]) -> AsyncIterator[str]:
    config = uvicorn.Config(app, port=0, http=BoundedHttp, ws=LineProtocol, lifespan="off", log_config=None)
    server = uvicorn.Server(config)
    task = asyncio.create_task(server.serve())
    await eventually(lambda: server.started)
    try:
        yield f"ws://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}"
    finally:
        server.should_exit = True
        await task


async def test_E62_of_a_handshake_nothing_is_kept_and_of_a_connection_that_ended_neither() -> None:
    connections = Connections(Turn(), 2**20)

    async def app(scope: Any, receive: Any, send: Any) -> None:
        socket = WebSocket(scope, receive, send)
        outbox = connections.outbox(socket)
        await socket.accept()
        await connections.serve(socket, outbox, Told(outbox))

    async with serving(app) as url:
        with no_collector():
            sockets = [await raw(url) for _ in range(5)]
            for socket in sockets:
                await socket.send(b"hello")
                assert await socket.recv() == b"hello"
            assert alive(BoundedHttp, LineProtocol, WebSocket) == []
            assert len(alive(Line)) == 5
            assert not [task for task in asyncio.all_tasks() if "run_asgi" in repr(task.get_coro())]
            for socket in sockets[:4]:
                await socket.close()
            sockets[4].transport.abort()
            await eventually(lambda: alive(Line, LineOutbox, Told) == [])
