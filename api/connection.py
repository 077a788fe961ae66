"""One WebSocket: how it is read and written, and what ends it."""

import asyncio
import contextlib

from starlette.websockets import WebSocket, WebSocketState

from api.line import EXTENSION, LineProtocol
from api.pulse import Pulse
from api.served import Served, end_with
from realtime.errors import CloseCode, ProtocolViolation
from realtime.outbox import Outbox, QueueOutbox, Turn


class Connections:
    """Serves sockets, over the direct line where the server has one; one per process."""

    def __init__(self, turn: Turn, max_queue_bytes: int) -> None:
        self._max_queue_bytes = max_queue_bytes
        self._turn = turn
        self._pulse = Pulse()

    def outbox(self, socket: WebSocket) -> Outbox:
        """The write side of a socket; call it once, before the socket is accepted."""
        protocol = _protocol(socket)
        if protocol is None:
            return QueueOutbox(self._max_queue_bytes)
        return protocol.open(self._turn, self._max_queue_bytes)

    async def serve(self, socket: WebSocket, outbox: Outbox, served: Served) -> None:
        """Let an accepted socket be served; whatever ends it, `served` is told, once.

        Over the line this returns at once, and the application shall return too. Otherwise it returns at the end.
        """
        protocol = _protocol(socket)
        if protocol is not None:
            protocol.hand_over(served, self._pulse)
        elif isinstance(outbox, QueueOutbox):
            try:
                await _serve_messages(socket, outbox, served)
            finally:
                served.end()
                await _close(socket, outbox)


def _protocol(socket: WebSocket) -> LineProtocol | None:
    protocol = socket.scope.get("extensions", {}).get(EXTENSION)
    return protocol if isinstance(protocol, LineProtocol) else None


async def _serve_messages(socket: WebSocket, outbox: QueueOutbox, served: Served) -> None:
    reading = asyncio.create_task(_read_messages(socket, outbox, served), name="socket-read")
    writing = asyncio.create_task(outbox.drain(socket.send_bytes), name="socket-write")
    try:
        await asyncio.wait([reading, writing], return_when=asyncio.FIRST_COMPLETED)
        if outbox.closing is not None and not outbox.is_hopeless:
            await asyncio.wait([writing], timeout=2.0)
    finally:
        reading.cancel()
        writing.cancel()
        await asyncio.gather(reading, writing, return_exceptions=True)


async def _read_messages(socket: WebSocket, outbox: Outbox, served: Served) -> None:
    while outbox.closing is None:
        message = await socket.receive()
        if message["type"] == "websocket.disconnect":
            return
        try:
            await _hand(served, message.get("bytes"))
        except Exception as error:
            end_with(outbox, error)


async def _hand(served: Served, payload: bytes | None) -> None:
    if payload is None:
        raise ProtocolViolation("text frames are not part of the protocol")
    pending = served.receive(payload)
    if pending is not None:
        await pending


async def _close(socket: WebSocket, outbox: Outbox) -> None:
    if socket.application_state is WebSocketState.CONNECTED:
        code, reason = outbox.closing or (CloseCode.BYE, "")
        with contextlib.suppress(Exception):
            await asyncio.wait_for(socket.close(code, reason), 2.0)
