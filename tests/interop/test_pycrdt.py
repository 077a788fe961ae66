"""pycrdt's own Provider against the real server, over two WebSocket libraries."""

from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Any

import httpx
import pytest
from httpx_ws import AsyncWebSocketSession, WebSocketDisconnect, aconnect_ws
from pycrdt import Channel, Doc, Provider, Text
from pycrdt.websocket.websocket import HttpxWebsocket
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidStatus

from tests.server import Joined, Server, eventually


class Frames(Channel):
    """A connection of the `websockets` library as pycrdt wants it."""

    def __init__(self, socket: ClientConnection) -> None:
        self._socket = socket

    @property
    def path(self) -> str:
        return str(self._socket.request.path) if self._socket.request else ""

    async def send(self, message: bytes) -> None:
        await self._socket.send(message)

    async def recv(self) -> bytes:
        frame = await self._socket.recv()
        assert isinstance(frame, bytes)
        return frame

    async def __anext__(self) -> bytes:
        try:
            return await self.recv()
        except ConnectionClosed:
            raise StopAsyncIteration from None


@asynccontextmanager
async def over_websockets(url: str, doc: Doc[Any]) -> AsyncIterator[Provider]:
    async with connect(url) as socket, Provider(doc, Frames(socket)) as provider:
        yield provider


@asynccontextmanager
async def over_httpx(url: str, doc: Doc[Any]) -> AsyncIterator[Provider]:
    """The channel that comes with pycrdt-websocket."""
    async with over_http(url) as socket, Provider(doc, HttpxWebsocket(socket, url)) as provider:
        yield provider


@asynccontextmanager
async def over_http(url: str) -> AsyncIterator[AsyncWebSocketSession]:
    async with httpx.AsyncClient() as client:
        opening: AbstractAsyncContextManager[AsyncWebSocketSession] = aconnect_ws(url.replace("ws:", "http:"), client)
        async with opening as socket:
            yield socket


Connecting = Callable[[str, Doc[Any]], AbstractAsyncContextManager[Provider]]
WAYS = pytest.mark.parametrize("connecting", [over_websockets, over_httpx])


def new_text() -> tuple[Doc[Any], Text]:
    doc: Doc[Any] = Doc()
    return doc, doc.get("text", type=Text)


def address(server: Server, member: Joined, document: str = "") -> str:
    return f"{server.ws}/ws/{member.room_id}{document}?token={member.token}"


@WAYS
async def test_W4_two_providers_write_together(server: Server, connecting: Connecting) -> None:
    host = server.create_room()
    guest = server.join(host.links["participant"], "Bo")
    (one, ones), (two, twos) = new_text(), new_text()
    ones += "written before "
    async with connecting(address(server, host), one), connecting(address(server, guest), two) as provider:
        await provider.synced.wait()
        await eventually(lambda: str(twos) == "written before ")
        twos += "and after é𝄞"
        await eventually(lambda: str(ones) == "written before and after é𝄞")


@WAYS
async def test_R4_who_comes_later_gets_everything(server: Server, connecting: Connecting) -> None:
    host = server.create_room()
    for number in range(3):
        doc, text = new_text()
        async with connecting(address(server, host, "/board"), doc) as provider:
            await provider.synced.wait()
            assert str(text) == "x" * number
            text += "x"


@WAYS
async def test_R5_an_observers_edits_reach_nobody(server: Server, connecting: Connecting) -> None:
    host = server.create_room()
    observer = server.join(host.links["observer"], "Olga")
    (one, ones), (two, twos) = new_text(), new_text()
    async with connecting(address(server, host), one), connecting(address(server, observer), two) as provider:
        await provider.synced.wait()
        twos += "graffiti"
        ones += "lesson"
        await eventually(lambda: "lesson" in str(twos))
        assert str(ones) == "lesson"


@pytest.mark.parametrize(
    ("room", "token", "status"),
    [
        ("{room}", "", 401),
        ("{room}", "?token=no-such-token", 401),
        ("rm_of_nobody", "?token={token}", 403),
        ("{room}/no-such-document", "?token={token}", 404),
        ("{room}/desk/mb_somebody", "?token={token}", 403),
    ],
)
async def test_E3_a_refusal_is_an_http_answer(server: Server, room: str, token: str, status: int) -> None:
    guest = server.join(server.create_room().links["participant"], "Bo")
    path = (room + token).format(room=guest.room_id, token=guest.token)
    with pytest.raises(InvalidStatus) as refusal:
        await connect(f"{server.ws}/ws/{path}")
    assert refusal.value.response.status_code == status
    assert b'"code"' in (refusal.value.response.body or b"")


async def test_W2_a_text_frame_ends_its_own_session_only(server: Server) -> None:
    host = server.create_room()
    doc, text = new_text()
    async with over_websockets(address(server, host), doc) as provider:
        await provider.synced.wait()
        async with connect(address(server, host)) as rude:
            await rude.send("text")
            with pytest.raises(ConnectionClosed) as end:
                while True:
                    await rude.recv()
        assert end.value.rcvd is not None and end.value.rcvd.code == 4400
        async with over_http(address(server, host)) as rude_too:
            await rude_too.send_bytes(b"\xff\xff\xff")
            with pytest.raises(WebSocketDisconnect) as ended:
                while True:
                    await rude_too.receive_bytes()
        assert ended.value.code == 4400
        text += "still here"
        other, others = new_text()
        async with over_websockets(address(server, host), other):
            await eventually(lambda: str(others) == "still here")
