"""uvicorn's WebSocket protocol with a direct line between its transport and a room.

An ASGI application may take the line from the scope's extensions (`sangam.line`): then whole binary messages are handed
over as they arrive, without a queue or a task switch, and ready frames are written to the transport. All else, and
everything on a server without this class, takes the ordinary way of ASGI messages.
"""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable
from typing import Any

from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol

from realtime.frames import announced_length, read_frame
from realtime.outbox import LineOutbox, Turn

EXTENSION = "sangam.line"
ABORT_SECONDS = 2.0
"""How long what is written at a stop may take to leave."""

Receive = Callable[[bytes], Awaitable[None] | None]
"""Handles one message; an awaitable means that the next one has to wait for it."""


class LineProtocol(WebSocketsSansIOProtocol):
    """One connection. Until the line is taken it behaves like its parent."""

    _line: "Line | None" = None
    _partial = b""
    _in_fragments = False

    def handle_connect(self, event: Any) -> None:
        """Called with the handshake; the application's task has not begun yet."""
        super().handle_connect(event)
        if hasattr(self, "scope"):
            self.scope["extensions"][EXTENSION] = Line(self)  # type: ignore[assignment]

    def take_line(self, line: "Line") -> None:
        """From now on whole binary messages go to the line."""
        self._line = line

    def data_received(self, data: bytes) -> None:
        """Whole binary messages go straight to the line, everything else through the library's parser."""
        line = self._line
        if line is None or self._in_fragments or self.close_sent:
            super().data_received(data)
            return
        if self._partial:
            data, self._partial = self._partial + data, b""
        start, size = 0, len(data)
        while start < size:
            end, payload = read_frame(data, start)
            if end == 0:
                self._keep(data[start:])
                return
            if payload is not None and len(payload) <= self.config.ws_max_size:
                line.deliver(payload)
            elif not self._to_library(data, start, end):
                return
            start = end

    def _to_library(self, data: bytes, start: int, end: int) -> bool:
        """False once the library has to have all that follows: in a fragmented message, or after an error."""
        super().data_received(data[start:end])
        if self.frames or self.close_sent:
            self._in_fragments = True
            self._partial = b""
            if end < len(data):
                super().data_received(data[end:])
            return False
        return True

    def _keep(self, rest: bytes) -> None:
        """Hold an incomplete frame, unless its head announces too much: then the library closes with 1009 at once."""
        self._partial = rest
        if announced_length(rest, 0) > self.config.ws_max_size:
            self._to_library(rest, 0, len(rest))
            self._partial = b""

    def send_receive_event_to_app(self) -> None:
        """A message that came in fragments ends up here; on an open line it joins the others."""
        if self._line is None or self.curr_msg_data_type == "text" or self.close_sent:
            super().send_receive_event_to_app()
            return
        payload, self.frames = b"".join(self.frames), []
        self._line.deliver(payload)

    async def send(self, message: Any) -> None:
        """As the parent; but a refusal that was answered over HTTP ends the handshake, and is no error to log."""
        await super().send(message)
        if message["type"] == "websocket.http.response.body" and not message.get("more_body", False):
            self.handshake_complete = True

    def shutdown(self) -> None:
        """The server stops: a peer that reads nothing must not hold it up."""
        super().shutdown()
        self.loop.call_later(ABORT_SECONDS, self.transport.abort)

    def pause_writing(self) -> None:
        super().pause_writing()
        if self._line is not None:
            self._line.outbox.pause()

    def resume_writing(self) -> None:
        super().resume_writing()
        if self._line is not None:
            self._line.outbox.resume()


class Line:
    """The direct way between one accepted connection and whoever serves it."""

    __slots__ = ("_backlog", "_protocol", "_receive", "_waiting", "outbox")

    def __init__(self, protocol: LineProtocol) -> None:
        self._protocol = protocol
        self._receive: Receive | None = None
        self._backlog: deque[bytes] = deque()
        self._waiting: asyncio.Task[None] | None = None

    def open(self, turn: Turn, max_queue_bytes: int) -> LineOutbox:
        """Take over writing: the outbox. Its queue is the transport's buffer."""
        transport = self._protocol.transport
        transport.set_write_buffer_limits(high=max_queue_bytes, low=max_queue_bytes // 4)
        self.outbox = LineOutbox(transport, turn, self._wake)
        return self.outbox

    def _wake(self) -> None:
        """End the application's wait for the next message: the outbox was closed from this side."""
        self._protocol.queue.put_nowait({"type": "websocket.disconnect", "code": 1005})

    def listen(self, receive: Receive) -> None:
        """Take over reading: each binary message goes to `receive`, in order."""
        self._receive = receive
        self._protocol.take_line(self)

    def deliver(self, payload: bytes) -> None:
        """One message has come; while an earlier one is being waited for it queues, and reading is paused."""
        if self._waiting is not None:
            self._backlog.append(payload)
            self._protocol.transport.pause_reading()
            return
        assert self._receive is not None
        pending = self._receive(payload)
        if pending is not None:
            self._protocol.transport.pause_reading()
            self._waiting = asyncio.get_running_loop().create_task(self._wait(pending), name="line-wait")

    async def _wait(self, pending: Awaitable[None]) -> None:
        assert self._receive is not None
        await pending
        while self._backlog:
            more = self._receive(self._backlog.popleft())
            if more is not None:
                await more
        self._waiting = None
        if not self._protocol.transport.is_closing():
            self._protocol.transport.resume_reading()

    def end(self) -> None:
        """Nobody serves this connection any more: what was waited for is not."""
        if self._waiting is not None:
            self._waiting.cancel()

    def abort(self) -> None:
        """Drop the connection at once, whatever waits to be written."""
        self._protocol.transport.abort()
