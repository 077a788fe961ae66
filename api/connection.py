"""One WebSocket: a reader, a writer and what ends them."""

import asyncio
import contextlib
import logging
from collections.abc import Awaitable, Callable

from starlette.websockets import WebSocket, WebSocketState

from api.errors import close_code
from realtime.errors import CloseCode, ProtocolViolation, RealtimeError
from realtime.outbox import Outbox
from rooms.errors import RoomError

_log = logging.getLogger(__name__)


async def serve_socket(socket: WebSocket, outbox: Outbox, receive: Callable[[bytes], Awaitable[None]]) -> None:
    """Feed each frame of an accepted socket to `receive` and write what the outbox holds, until either side ends.

    An error raised by `receive` ends this socket alone, with its code.
    """
    reader = asyncio.create_task(_read(socket, outbox, receive), name="socket-read")
    writer = asyncio.create_task(outbox.drain(socket.send_bytes), name="socket-write")
    hopeless = asyncio.create_task(outbox.hopeless.wait(), name="socket-hopeless")
    tasks: list[asyncio.Task[object]] = [reader, writer, hopeless]
    try:
        await asyncio.wait([writer, hopeless, reader], return_when=asyncio.FIRST_COMPLETED)
        if reader.done() and not writer.done() and outbox.closing is not None:
            await asyncio.wait([writer], timeout=2.0)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await _close(socket, outbox)


async def _read(socket: WebSocket, outbox: Outbox, receive: Callable[[bytes], Awaitable[None]]) -> None:
    try:
        while True:
            message = await socket.receive()
            if message["type"] == "websocket.disconnect":
                return
            frame = message.get("bytes")
            if frame is None:
                raise ProtocolViolation("text frames are not part of the protocol")
            await receive(frame)
    except (RealtimeError, RoomError) as error:
        code, reason = close_code(error)
        _log.info("connection ended", extra={"code": int(code), "reason": reason})
        outbox.close(code, reason)
    except Exception:
        _log.exception("a connection failed")
        outbox.close(CloseCode.INTERNAL, "internal_error")


async def _close(socket: WebSocket, outbox: Outbox) -> None:
    if socket.application_state is WebSocketState.CONNECTED and socket.client_state is WebSocketState.CONNECTED:
        code, reason = outbox.closing or (CloseCode.BYE, "")
        with contextlib.suppress(Exception):
            await asyncio.wait_for(socket.close(code, reason), 2.0)
