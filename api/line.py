"""uvicorn's WebSocket protocol with a direct line between its transport and a room.

An ASGI application may open the line that the scope's extensions offer (`sangam.line`) and hand a connection over to
whoever serves it. Then the application returns: what is left of the connection is a `Line`, without a task, a scope, a
queue or a parser. Whole binary messages are delivered as they arrive, and ready frames are written to the transport.
All else, and everything on a server without this class, takes the ordinary way of ASGI messages.
"""

import asyncio
import logging
from collections import deque
from collections.abc import Awaitable
from typing import Any, Protocol

from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol
from websockets.frames import Frame, Opcode

from api.formal import Formal
from api.served import Served, end_with
from realtime.errors import CloseCode, ProtocolViolation
from realtime.frames import announced_length, is_pong, read_frame, read_messages
from realtime.outbox import LineOutbox, Turn

EXTENSION = "sangam.line"
ABORT_SECONDS = 2.0
"""How long what is written at a stop may take to leave."""
CLOSE_SECONDS = 10.0
"""How long a peer may take to read what was written before a close, and to answer it."""

_log = logging.getLogger(__name__)


class Pulse(Protocol):
    """Who looks whether peers are still there."""

    def add(self, line: "Line") -> None: ...
    def discard(self, line: "Line") -> None: ...


class LineProtocol(WebSocketsSansIOProtocol):
    """One connection until it is handed over. Until the line is opened it behaves like its parent."""

    _line: "Line | None" = None
    _early = b""

    def handle_connect(self, event: Any) -> None:
        """Called with the handshake; the application's task has not begun yet."""
        super().handle_connect(event)
        if hasattr(self, "scope"):
            self.scope["extensions"][EXTENSION] = self  # type: ignore[assignment]

    def open(self, turn: Turn, max_queue_bytes: int) -> LineOutbox:
        """Take over writing, before the connection is accepted. The queue is the transport's buffer."""
        self.transport.set_write_buffer_limits(high=max_queue_bytes, low=max_queue_bytes // 4)
        self._line = Line(self.transport, turn, self.config.ws_max_size)
        return self._line.outbox

    def hand_over(self, served: Served, pulse: Pulse) -> None:
        """Take over reading and all that follows. Nothing of this object is needed once the application returned."""
        line, transport = self._line, self.transport
        assert line is not None
        self.stop_keepalive()
        self.transport = _HandedOver()  # type: ignore[assignment]
        if self.disconnected:
            served.end()
            return
        self.connections.discard(self)
        transport.set_protocol(line)
        line.begin(served, self.connections, pulse)
        if not self.queue.empty() or self.conn.reader.buffer:  # it spoke before the handshake was over
            transport.abort()
        elif self._early:
            transport.resume_reading()
            line.data_received(self._early)

    def data_received(self, data: bytes) -> None:
        """What comes between the opening of the line and the handing over waits for the latter."""
        if self._line is None or self.close_sent:
            super().data_received(data)
        else:
            self._early += data
            self.transport.pause_reading()

    async def send(self, message: Any) -> None:
        """As the parent; but a refusal that was answered over HTTP ends the handshake, and is no error to log."""
        await super().send(message)
        if message["type"] == "websocket.http.response.body" and not message.get("more_body", False):
            self.handshake_complete = True

    def on_task_complete(self, task: asyncio.Task[None]) -> None:
        """The application has returned. Objects that know each other would wait for the garbage collector."""
        super().on_task_complete(task)
        if isinstance(self.transport, _HandedOver):
            vars(self.conn).clear()
            vars(self).clear()

    def shutdown(self) -> None:
        """The server stops: a peer that reads nothing must not hold it up."""
        super().shutdown()
        self.loop.call_later(ABORT_SECONDS, self.transport.abort)

    def pause_writing(self) -> None:
        super().pause_writing()
        if self._line is not None:
            self._line.pause_writing()

    def resume_writing(self) -> None:
        super().resume_writing()
        if self._line is not None:
            self._line.resume_writing()


def _file(transport: asyncio.Transport) -> int:
    """The number of the socket, if what is written there arrives as it is; else -1."""
    if transport.get_extra_info("ssl_object") is not None:
        return -1
    file: int = transport.get_extra_info("socket").fileno()
    return file


class _HandedOver:
    """In the place of a transport that belongs to a line: the parent closes its own when the application returns."""

    def close(self) -> None:
        pass


class Line(asyncio.Protocol):
    """One connection that was handed over: all that is kept of it. Owned by its transport."""

    __slots__ = (
        "_backlog",
        "_connections",
        "_formal",
        "_max_size",
        "_partial",
        "_pulse",
        "_served",
        "_transport",
        "_waiting",
        "is_alive",
        "outbox",
        "place",
    )

    def __init__(self, transport: asyncio.Transport, turn: Turn, max_size: int) -> None:
        self.outbox = LineOutbox(transport, turn, self._close, _file(transport))
        self._transport = transport
        self._max_size = max_size
        self._partial = b""
        self._formal: Formal | None = None
        self._served: Served | None = None
        self._waiting: asyncio.Task[None] | None = None
        self._backlog: deque[bytes] | None = None
        self.is_alive = True
        self.place = 0

    def begin(self, served: Served, connections: set[Any], pulse: Pulse) -> None:
        """Each binary message goes to `served` from now on, in order. `connections` are those of the server."""
        self._served = served
        self._connections = connections
        self._pulse = pulse
        connections.add(self)
        pulse.add(self)

    # Reading

    def data_received(self, data: bytes) -> None:
        """Whole binary messages are delivered at once, everything else is for the library."""
        if self._formal is not None:
            self._judge(data)
            return
        if self._partial:
            data, self._partial = self._partial + data, b""
        messages, start = read_messages(data, self._max_size)
        for message in messages:
            self.deliver(message)
        size = len(data)
        while start < size:
            end, payload = read_frame(data, start)
            if end == 0:
                self._keep(data[start:])
                return
            if payload is not None and len(payload) <= self._max_size:
                self.deliver(payload)
            elif is_pong(data, start):
                self.is_alive = True
            elif not self._judge(data[start:end]):
                self._judge(data[end:])
                return
            start = end

    def _keep(self, rest: bytes) -> None:
        """Hold an incomplete frame, unless its head announces too much: then the library closes with 1009 at once."""
        if announced_length(rest, 0) > self._max_size:
            self._judge(rest)
        else:
            self._partial = rest

    def deliver(self, payload: bytes) -> None:
        """One message has come; while an earlier one is being waited for it queues, and reading is paused.

        An error ends this connection alone, with its code.
        """
        served = self._served
        if served is None or self.outbox.closing is not None:
            return
        if self._backlog is not None:
            self._backlog.append(payload)
            self._transport.pause_reading()
            return
        try:
            pending = served.receive(payload)
        except Exception as error:
            end_with(self.outbox, error)
            return
        if pending is not None:
            self._transport.pause_reading()
            self._backlog = deque()
            self._waiting = asyncio.get_running_loop().create_task(self._wait(pending), name="line-wait")

    async def _wait(self, pending: Awaitable[None]) -> None:
        assert self._backlog is not None
        try:
            await pending
            while self._backlog and self._served is not None and self.outbox.closing is None:
                following = self._served.receive(self._backlog.popleft())
                if following is not None:
                    await following
        except Exception as error:
            end_with(self.outbox, error)
        self._waiting = self._backlog = None
        if not self._transport.is_closing():
            self.is_alive = True
            self._transport.resume_reading()

    # Everything that is no whole binary message

    def _judge(self, data: bytes) -> bool:
        """Let the library read; False if all that follows is for it too: amid fragments, after an error or a close."""
        formal = self._formal = self._formal or Formal(self._max_size)
        partial, self._partial = self._partial, b""
        for frame in formal.read(partial + data):
            self._take(formal, frame)
        self._write(formal.to_send())
        if formal.is_over:
            self._transport.close()
            self._end()
        if not formal.is_needed:
            self._formal = None
        return self._formal is None

    def _take(self, formal: Formal, frame: Frame) -> None:
        if frame.opcode is Opcode.TEXT:
            end_with(self.outbox, ProtocolViolation("text frames are not part of the protocol"))
        elif frame.opcode is Opcode.PONG:
            self.is_alive = True
        elif frame.opcode in (Opcode.BINARY, Opcode.CONT):
            payload = formal.joined(frame)
            if payload is not None:
                self.deliver(payload)

    # Writing

    def _write(self, wire: bytes) -> None:
        if wire:
            self.outbox.write_through(wire)

    def beat(self, ping: bytes) -> None:
        """Once in a while: has the peer answered the last ping? One that is not being read cannot."""
        if not self.is_alive and self._waiting is None:
            self.outbox.close(CloseCode.INTERNAL, "keepalive ping timeout")
            self._transport.close()
        elif self.outbox.closing is None:
            self.is_alive = False
            self._write(ping)

    def pause_writing(self) -> None:
        self.outbox.pause()

    def resume_writing(self) -> None:
        self.outbox.resume()

    # The end

    def _close(self) -> None:
        """The outbox was closed, perhaps amid a broadcast: whoever serves this hears of it a little later."""
        loop = asyncio.get_running_loop()
        loop.call_soon(self._end)
        if self.outbox.is_hopeless:
            self._transport.abort()
            return
        self._formal = self._formal or Formal(self._max_size)
        assert self.outbox.closing is not None
        self._write(self._formal.close(*self.outbox.closing))
        if not self._transport.is_closing():
            self._transport.resume_reading()
            loop.call_later(CLOSE_SECONDS, self._transport.abort)

    def shutdown(self) -> None:
        """The server stops, and a peer that reads nothing must not hold it up."""
        self.outbox.close(CloseCode.RESTARTING, "the server restarts")
        self._transport.close()
        asyncio.get_running_loop().call_later(ABORT_SECONDS, self._transport.abort)

    def connection_lost(self, _exc: Exception | None) -> None:
        self._connections.discard(self)
        self.outbox.lose()
        self._end()

    def _end(self) -> None:
        served, self._served = self._served, None
        if served is None:
            return
        self._pulse.discard(self)
        if self._waiting is not None:
            self._waiting.cancel()
        try:
            served.end()
        except Exception:
            _log.exception("a connection could not be left")
