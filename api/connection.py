"""One WebSocket: how it is read and written, and what ends it."""

import asyncio
import contextlib
import logging
from collections.abc import Awaitable

from starlette.websockets import WebSocket, WebSocketState

from api.errors import close_code
from api.line import EXTENSION, Line, Receive
from realtime.errors import CloseCode, ProtocolViolation, RealtimeError
from realtime.outbox import LineOutbox, Outbox, QueueOutbox, Turn
from rooms.errors import RoomError

_log = logging.getLogger(__name__)


class Connections:
    """Serves accepted sockets, over the direct line where the server has one; one per process."""

    def __init__(self, turn: Turn, max_queue_bytes: int) -> None:
        self._max_queue_bytes = max_queue_bytes
        self._turn = turn

    def outbox(self, socket: WebSocket) -> Outbox:
        """The write side of a socket; call it once, before `serve`."""
        line = _line(socket)
        if line is None:
            return QueueOutbox(self._max_queue_bytes)
        return line.open(self._turn, self._max_queue_bytes)

    async def serve(self, socket: WebSocket, outbox: Outbox, receive: Receive) -> None:
        """Hand each message to `receive` and write what the outbox is given, until either side ends.

        An error raised by `receive` ends this socket alone, with its code.
        """
        reader = _Reader(outbox, receive)
        line = _line(socket)
        try:
            if line is not None and isinstance(outbox, LineOutbox):
                line.listen(reader.receive)
                await _read(socket, outbox, line)
            elif isinstance(outbox, QueueOutbox):
                await _serve_messages(socket, outbox, reader)
        finally:
            if line is not None:
                line.end()
            if line is not None and outbox.is_hopeless:
                line.abort()
            else:
                await _close(socket, outbox)


def _line(socket: WebSocket) -> Line | None:
    line = socket.scope.get("extensions", {}).get(EXTENSION)
    return line if isinstance(line, Line) else None


class _Reader:
    """Keeps what goes wrong with one message from everybody else."""

    def __init__(self, outbox: Outbox, receive: Receive) -> None:
        self._outbox = outbox
        self._receive = receive

    def receive(self, payload: bytes) -> Awaitable[None] | None:
        if self._outbox.closing is not None:
            return None
        try:
            pending = self._receive(payload)
        except Exception as error:
            self._fail(error)
            return None
        return None if pending is None else self._wait(pending)

    async def _wait(self, pending: Awaitable[None]) -> None:
        try:
            await pending
        except Exception as error:
            self._fail(error)

    def _fail(self, error: Exception) -> None:
        code, reason = close_code(error)
        if isinstance(error, (RealtimeError, RoomError)):
            _log.info("connection ended", extra={"code": int(code), "reason": reason})
        else:
            _log.error("a connection failed", exc_info=error)
        self._outbox.close(code, reason)


async def _read(socket: WebSocket, outbox: Outbox, line: Line) -> None:
    """What does not come over the line: messages from before it was open, text, the end."""
    while outbox.closing is None:
        message = await socket.receive()
        if message["type"] == "websocket.disconnect":
            return
        payload = message.get("bytes")
        if payload is None:
            _refuse_text(outbox)
        else:
            line.deliver(payload)


async def _serve_messages(socket: WebSocket, outbox: QueueOutbox, reader: _Reader) -> None:
    reading = asyncio.create_task(_read_messages(socket, outbox, reader), name="socket-read")
    writing = asyncio.create_task(outbox.drain(socket.send_bytes), name="socket-write")
    try:
        await asyncio.wait([reading, writing], return_when=asyncio.FIRST_COMPLETED)
        if outbox.closing is not None and not outbox.is_hopeless:
            await asyncio.wait([writing], timeout=2.0)
    finally:
        reading.cancel()
        writing.cancel()
        await asyncio.gather(reading, writing, return_exceptions=True)


async def _read_messages(socket: WebSocket, outbox: Outbox, reader: _Reader) -> None:
    while outbox.closing is None:
        message = await socket.receive()
        if message["type"] == "websocket.disconnect":
            return
        payload = message.get("bytes")
        if payload is None:
            _refuse_text(outbox)
            return
        pending = reader.receive(payload)
        if pending is not None:
            await pending


def _refuse_text(outbox: Outbox) -> None:
    outbox.close(*close_code(ProtocolViolation("text frames are not part of the protocol")))


async def _close(socket: WebSocket, outbox: Outbox) -> None:
    if socket.application_state is WebSocketState.CONNECTED:
        code, reason = outbox.closing or (CloseCode.BYE, "")
        with contextlib.suppress(Exception):
            await asyncio.wait_for(socket.close(code, reason), 2.0)
