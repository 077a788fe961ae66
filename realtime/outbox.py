"""What waits to be written to one socket, bounded in bytes.

Two ways to the same end: `LineOutbox` hands ready frames to a transport, one write per event-loop turn;
`QueueOutbox` works with anything that can send one message at a time.
"""

import asyncio
import os
from collections import deque
from collections.abc import Awaitable, Callable, Iterator, Sequence
from typing import Protocol

from realtime.errors import CloseCode
from realtime.frames import Bundle, binary_frame, frame_head
from realtime.pace import Pace

Buffer = bytes | memoryview

MAX_PAYLOADS = 10_000
"""Messages in a queue, however small."""
MAX_TURN_BYTES = 65_536


class Outbox:
    """The write side of one socket; messages leave in the order they were put, none after `close`.

    Putting never blocks and never drops: whoever puts looks at `is_full` and holds back (see `SharedDocument`).
    Owned by its connection.
    """

    __slots__ = ("_on_low", "closing", "is_hopeless")

    is_full: bool
    is_crowded: bool
    """Too much waits for somebody who sends a lot and reads nothing; many small messages count too."""

    def __init__(self) -> None:
        self.closing: tuple[int, str] | None = None
        self.is_hopeless = False
        self._on_low: list[Callable[[], None]] = []

    def put(self, payload: bytes) -> None:
        """A message for this socket alone."""
        raise NotImplementedError

    def put_bundle(self, bundle: Bundle) -> None:
        """Messages that many sockets get."""
        raise NotImplementedError

    def put_pieces(self, pieces: Sequence[Buffer]) -> None:
        """One message, of which others get long pieces too: those are not copied where that can be helped."""
        self.put(b"".join(pieces))

    @property
    def queued_bytes(self) -> int:
        raise NotImplementedError

    async def until_low(self) -> None:
        """Wait for a peer that asks for more than it reads; ends with the connection at the latest."""
        while self.is_crowded:
            low = asyncio.Event()
            self.when_low(low.set)
            await low.wait()

    def when_low(self, callback: Callable[[], None]) -> None:
        """Call `callback` once, when the queue has drained to a quarter of its limit."""
        self._on_low.append(callback)

    def close(self, code: int, reason: str = "") -> None:
        """Write what was put, then close the socket; the first reason given wins."""
        if self.closing is None:
            self.closing = (code, reason.encode()[:120].decode(errors="ignore"))

    def give_up(self) -> None:
        """The peer reads nothing: end the connection without waiting for its writes."""
        self.is_hopeless = True
        self.close(CloseCode.OVERLOADED, "reads too slowly")

    def _tell_low(self) -> None:
        callbacks, self._on_low = self._on_low, []
        for callback in callbacks:
            callback()


class QueueOutbox(Outbox):
    """Keeps messages until `drain` has sent them."""

    __slots__ = ("_payloads", "_queued_bytes", "_ready", "limit_bytes")

    def __init__(self, limit_bytes: int) -> None:
        super().__init__()
        self.limit_bytes = limit_bytes
        self._queued_bytes = 0
        self._payloads: deque[bytes] = deque()
        self._ready = asyncio.Event()

    @property
    def queued_bytes(self) -> int:
        return self._queued_bytes

    @property
    def is_full(self) -> bool:  # type: ignore[override]
        return self._queued_bytes > self.limit_bytes

    @property
    def is_crowded(self) -> bool:  # type: ignore[override]
        return self.is_full or len(self._payloads) > MAX_PAYLOADS

    def put(self, payload: bytes) -> None:
        if self.closing is None:
            self._payloads.append(payload)
            self._queued_bytes += len(payload)
            self._ready.set()

    def put_bundle(self, bundle: Bundle) -> None:
        for payload in bundle.payloads:
            self.put(payload)

    def close(self, code: int, reason: str = "") -> None:
        super().close(code, reason)
        self._ready.set()

    def give_up(self) -> None:
        self._payloads.clear()
        self._queued_bytes = 0
        super().give_up()

    async def drain(self, send: Callable[[bytes], Awaitable[None]]) -> None:
        """Send until `close`."""
        while self.closing is None or self._payloads:
            await self._ready.wait()
            while self._payloads:
                payload = self._payloads.popleft()
                await send(payload)
                self._queued_bytes = max(0, self._queued_bytes - len(payload))
                if self._on_low and self._queued_bytes <= self.limit_bytes // 4:
                    self._tell_low()
            self._ready.clear()


class Transport(Protocol):
    """The part of an asyncio transport that a line writes to."""

    def write(self, data: Buffer) -> None: ...
    def is_closing(self) -> bool: ...
    def get_write_buffer_size(self) -> int: ...


class Turn:
    """The outboxes that were put something in this turn of the event loop: each is written once, at its end.

    As a context it writes at the end of that.
    """

    __slots__ = ("_pace", "_waiting", "is_ending")

    def __init__(self, pace: Pace | None = None) -> None:
        self._pace = pace
        self.is_ending = False
        self._waiting: list[LineOutbox] = []

    def add(self, outbox: "LineOutbox") -> None:
        if not self._waiting and not self.is_ending:
            asyncio.get_running_loop().call_soon(self._write)
        self._waiting.append(outbox)

    def __enter__(self) -> None:
        self.is_ending = True

    def __exit__(self, *_exc: object) -> None:
        self.is_ending = False
        self._write()

    def rest(self) -> None:
        """Everything of this turn is sent: let more come before the next one, if very much comes."""
        if self._pace is not None:
            self._pace.rest()

    def _write(self) -> None:
        waiting, self._waiting = self._waiting, []
        for outbox in waiting:
            outbox.write()


def _few(pieces: Sequence[Buffer]) -> Iterator[Buffer]:
    """The same bytes, neighbours joined unless they are long."""
    short: list[Buffer] = []
    for piece in pieces:
        if len(piece) > MAX_TURN_BYTES:
            yield from _joined(short)
            short = []
            yield piece
        else:
            short.append(piece)
    yield from _joined(short)


def _joined(short: list[Buffer]) -> Iterator[Buffer]:
    if short:
        yield b"".join(short)


class LineOutbox(Outbox):
    """Writes ready frames to a transport. `is_full` is what the transport says of its buffer (`pause`, `resume`).

    What is put in one turn waits for its end, unless it is a lot: then the transport has to hear of it at once.
    `_may_hold` is whether the transport was given something, and may not have written it yet.
    """

    __slots__ = (
        *("_file", "_may_hold", "_on_close", "_parts", "_size", "_transport", "_turn"),
        *("is_crowded", "is_full"),
    )

    def __init__(self, transport: Transport, turn: Turn, on_close: Callable[[], None], file: int = -1) -> None:
        """With a `file`, the transport's own socket, most writes go there directly, at four fifths of the cost."""
        super().__init__()
        self._file = file
        self._on_close = on_close
        self._transport = transport
        self._turn = turn
        self._parts: list[bytes] = []
        self._size = 0
        self._may_hold = True
        self.is_full = self.is_crowded = False

    @property
    def queued_bytes(self) -> int:
        return self._transport.get_write_buffer_size()

    def put(self, payload: bytes) -> None:
        self._put(binary_frame(payload))

    def put_bundle(self, bundle: Bundle) -> None:
        """At the end of a turn, when nothing else can follow, it is written as it is."""
        if self._parts or not self._turn.is_ending:
            self._put(bundle.wire)
        elif self.closing is None:
            self._write(bundle.wire)

    def put_pieces(self, pieces: Sequence[Buffer]) -> None:
        """A long message goes to the transport in its pieces, so that many who get it share them while they wait."""
        length = sum(map(len, pieces))
        if length <= MAX_TURN_BYTES:
            self.put(b"".join(pieces))
        elif self.closing is None:
            self.write()
            for piece in _few([frame_head(length), *pieces]):
                self.write_through(piece)

    def _put(self, wire: bytes) -> None:
        if self.closing is None:
            if not self._parts:
                self._turn.add(self)
            self._parts.append(wire)
            self._size += len(wire)
            if self._size > MAX_TURN_BYTES:
                self.write()

    def write(self) -> None:
        """What was put since the last time, in one write. The same bytes go to everybody who got only a bundle."""
        parts = self._parts
        if parts:
            wire = parts[0] if len(parts) == 1 else b"".join(parts)
            parts.clear()
            self._size = 0
            self._write(wire)

    def _write(self, wire: bytes) -> None:
        """The number of a closed file may be somebody else's by now: a transport that closes is not written to.

        What the socket does not take stays shared with all who wait for the rest of the same bytes.
        """
        if self._may_hold and not self._is_through():
            self.write_through(wire)
            return
        if self._transport.is_closing():
            return
        try:
            written = os.write(self._file, wire)
        except BlockingIOError:
            written = 0
        except OSError:  # the transport will find out
            return
        if written < len(wire):
            self.write_through(memoryview(wire)[written:] if written else wire)

    def _is_through(self) -> bool:
        """Whether what comes next may go to the socket itself."""
        if self._file >= 0 and not self._transport.get_write_buffer_size():
            self._may_hold = False
        return not self._may_hold

    def write_through(self, wire: Buffer) -> None:
        """Give it to the transport, after all that it was given before."""
        if not self._transport.is_closing():
            self._may_hold = True
            self._transport.write(wire)

    def close(self, code: int, reason: str = "") -> None:
        if self.closing is None:
            self.write()
            super().close(code, reason)
            self._on_close()

    def give_up(self) -> None:
        self._parts, self._size = [], 0
        super().give_up()

    def lose(self) -> None:
        """The connection is gone: nothing is written or told any more, and `on_close` is let go."""
        self._parts, self._size = [], 0
        self._on_low.clear()
        self.closing = self.closing or (CloseCode.BYE, "the connection is lost")
        self._on_close = _nothing

    def pause(self) -> None:
        """The transport's buffer has passed its high mark."""
        self.is_full = self.is_crowded = True

    def resume(self) -> None:
        """The transport's buffer is low again."""
        self.is_full = self.is_crowded = False
        self._tell_low()


def _nothing() -> None:
    pass
