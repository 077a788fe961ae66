"""What waits to be written to one socket, bounded in bytes."""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable

from realtime.errors import CloseCode

MAX_FRAMES = 10_000


class Outbox:
    """The write side of one socket; frames leave in the order they were put.

    `put` never blocks and never drops: whoever puts looks at `is_full` first and holds back (see `Session.send`).
    """

    __slots__ = ("_frames", "_on_low", "_ready", "closing", "hopeless", "limit_bytes", "queued_bytes")

    def __init__(self, limit_bytes: int) -> None:
        self.limit_bytes = limit_bytes
        self.queued_bytes = 0
        self.closing: tuple[int, str] | None = None
        self._frames: deque[bytes] = deque()
        self._ready = asyncio.Event()
        self.hopeless = asyncio.Event()
        self._on_low: list[Callable[[], None]] = []

    @property
    def is_full(self) -> bool:
        return self.queued_bytes > self.limit_bytes

    @property
    def is_crowded(self) -> bool:
        """Many small frames wait: answers to somebody who sends a lot and reads nothing."""
        return len(self._frames) > MAX_FRAMES

    async def until_low(self) -> None:
        """Wait for a peer that asks for more than it reads; ends with the connection at the latest."""
        while self.is_full or self.is_crowded:
            low = asyncio.Event()
            self.when_low(low.set)
            await low.wait()

    def put(self, frame: bytes) -> None:
        if self.closing is None:
            self._frames.append(frame)
            self.queued_bytes += len(frame)
            self._ready.set()

    def when_low(self, callback: Callable[[], None]) -> None:
        """Call `callback` once, when the queue has drained to a quarter of its limit."""
        self._on_low.append(callback)

    def close(self, code: int, reason: str = "") -> None:
        """Write what is queued, then close the socket; the first reason given wins."""
        if self.closing is None:
            self.closing = (code, reason[:120])
            self._ready.set()

    def give_up(self) -> None:
        """The peer reads nothing: forget the queue and end the connection without waiting for its writes."""
        self._frames.clear()
        self.queued_bytes = 0
        self.close(CloseCode.OVERLOADED, "reads too slowly")
        self.hopeless.set()

    async def drain(self, send: Callable[[bytes], Awaitable[None]]) -> tuple[int, str]:
        """Write frames with `send` until `close`; the close code and reason."""
        while True:
            await self._ready.wait()
            while self._frames:
                frame = self._frames.popleft()
                await send(frame)
                self.queued_bytes = max(0, self.queued_bytes - len(frame))
                self._tell_low()
            if self.closing is not None:
                return self.closing
            self._ready.clear()

    def _tell_low(self) -> None:
        if self._on_low and self.queued_bytes <= self.limit_bytes // 4:
            callbacks, self._on_low = self._on_low, []
            for callback in callbacks:
                callback()
