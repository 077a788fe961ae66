"""A room with two people who go on working while somebody attacks it."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed

from tests.clients import Client, mux_client, sized, uint, until_equal, y_client
from tests.server import Joined, Server, eventually

ABSURD_SECONDS = 15.0
"""An edit in a hundred that takes longer than this was held up by the attack; machines that run tests are slow, too."""


class Scene:
    """A room: its host, a participant (who is the attacker, unless told otherwise) and an observer."""

    def __init__(self, server: Server) -> None:
        self.server = server
        self.host = server.create_room()
        self.guest = server.join(self.host.links["participant"], "Mal")
        self.observer = server.join(self.host.links["observer"], "Obi")
        self.room = self.host.room_id

    async def y(self, member: Joined | None = None, document: str = "main") -> ClientConnection:
        """A raw socket of the y-websocket dialect, past its greeting."""
        token = (member or self.guest).token
        socket = await raw(f"{self.server.ws}/ws/{self.room}/{document}?token={token}")
        assert isinstance(await socket.recv(), bytes)
        return socket

    async def collab(self, member: Joined | None = None, document: str = "main") -> ClientConnection:
        """A raw socket of the other dialect, authenticated for one document."""
        socket = await raw(f"{self.server.ws}/collab")
        await socket.send(self.framed(token_body((member or self.guest).token), document))
        answer = await socket.recv()
        assert isinstance(answer, bytes)
        assert b"\x02\x02" in answer, answer
        return socket

    def framed(self, body: bytes, document: str = "main") -> bytes:
        return sized(f"{self.room}/{document}".encode()) + body

    @asynccontextmanager
    async def bystanders(self) -> AsyncIterator[None]:
        """Two people type; afterwards neither may have lost the connection, an edit or much time."""
        a = y_client(self.server, self.room, self.host.token)
        b = mux_client(self.server, self.room, self.server.join(self.host.links["participant"], "Bina").token)
        await asyncio.gather(a.until_connected(), b.until_connected())
        file_id = "bystander0000000"
        a.create_file(file_id, path="calm.py")
        await eventually(lambda: b.read(file_id) is not None)
        seconds: list[float] = []
        typing = asyncio.create_task(_type(a, b, file_id, seconds))
        try:
            yield
        finally:
            typing.cancel()
            ended = (await asyncio.gather(typing, return_exceptions=True))[0]
        assert not isinstance(ended, AssertionError), ended
        assert sorted(seconds)[-1 - len(seconds) // 100 :][:1] < [ABSURD_SECONDS], sorted(seconds)[-5:]
        a.file(file_id).insert(0, "still here\n")
        await until_equal([a, b], file_id=file_id)
        assert (a.close_code, b.close_code) == (None, None)
        await asyncio.gather(a.close(), b.close())


async def _type(a: Client, b: Client, file_id: str, seconds: list[float]) -> None:
    """One letter after the other, each awaited on the other side."""
    while True:
        before = b.read(file_id)
        started = time.monotonic()
        a.file(file_id).insert(0, "x")
        await eventually(lambda before=before: b.read(file_id) != before, "an edit of a bystander never arrived")  # type: ignore[misc]
        seconds.append(time.monotonic() - started)


async def until(holds: Callable[[], object], what: str = "", seconds: float = 30.0) -> None:
    """Like `eventually`, for what asks the server over HTTP: in a thread, so that nobody's typing is held up."""
    deadline = time.monotonic() + seconds
    while not await asyncio.to_thread(holds):
        assert time.monotonic() < deadline, what or f"never happened: {holds}"
        await asyncio.sleep(0.05)


async def raw(url: str) -> ClientConnection:
    return await connect(url, max_size=None, compression=None, ping_interval=None, max_queue=None)


async def until_closed(socket: ClientConnection, seconds: float = 20.0) -> int | None:
    """Read what comes until the server ends it; the close code."""
    async with asyncio.timeout(seconds):
        try:
            while True:
                await socket.recv()
        except ConnectionClosed:
            return socket.close_code


def token_body(token: str) -> bytes:
    return b"\x02\x00" + sized(token.encode()) + sized(b"4.8.0")


def update_frame(update: bytes) -> bytes:
    return b"\x00\x02" + sized(update)


def typed(client: int, clock: int, text: str = "a", root: str = "t") -> bytes:
    """An update: `text` into a root type, after nothing."""
    return (
        b"\x01\x01" + uint(client) + uint(clock) + b"\x04\x01" + sized(root.encode()) + sized(text.encode()) + b"\x00"
    )


def memory_bytes(server: Server) -> int:
    """What the server's process has in memory now."""
    status = Path(f"/proc/{server.process.pid}/status").read_text()
    return int(status.split("VmRSS:")[1].split()[0]) * 1024
