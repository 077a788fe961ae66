"""What the fan-out's tests share: an ear in a room, and waiting."""

import asyncio
import time
from collections.abc import Callable

from realtime.fanout import Fanout, Subscription


class Ear:
    """What one node hears in one room."""

    def __init__(self) -> None:
        self.heard: list[tuple[str, bytes]] = []
        self.gaps = 0

    @property
    def payloads(self) -> list[bytes]:
        return [payload for _, payload in self.heard]

    async def listen(self, fanout: Fanout, room: str) -> Subscription:
        return await fanout.subscribe(room, self._receive, self._on_gap)

    def _receive(self, origin: str, payload: bytes) -> None:
        self.heard.append((origin, payload))

    def _on_gap(self) -> None:
        self.gaps += 1


async def until(condition: Callable[[], object], seconds: float = 30.0) -> None:
    """Wait for a condition; AssertionError with its name when it does not come."""
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, f"waited {seconds} s"
        await asyncio.sleep(0.005)
