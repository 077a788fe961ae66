"""What every sandbox engine offers: a `Cell` that speaks frames, and an `Engine` that starts cells.

Two engines exist: bubblewrap (`bwrap_engine.py`) and Docker (`aiodocker_engine.py`). Process 1 of a cell is the same
runner in both, so that everything above this file is written once.
"""

import asyncio
from abc import ABC, abstractmethod
from typing import Protocol

from exec_pool.errors import CellFailed
from exec_pool.protocol import Frames


class Cell(ABC):
    """One live cell. Owner: `cells.py`. Frames are read by one task at a time; `signal_death` may come at any time.

    `image` is what it was started from (empty: the engine's own), `lease` whom it belongs to, `limits` the memory
    (bytes) and the processes its programs may have now, (0, 0) while that is not known.
    """

    def __init__(self, uid: int, image: str) -> None:
        self.uid = uid
        self.image = image
        self.runs = 0
        self.lease = ""
        self.limits = (0, 0)
        self._frames = Frames()
        self._ready: list[tuple[str, bytes]] = []

    async def receive(self) -> tuple[str, bytes]:
        """The next frame; CellFailed when the cell is gone."""
        while not self._ready:
            self._ready = list(self._frames.feed(await self.read()))
            self._ready.reverse()
        return self._ready.pop()

    async def expect(self, kind: str, seconds: float) -> bytes:
        """The payload of the next frame, which must be of this kind and come in time; else CellFailed."""
        try:
            async with asyncio.timeout(seconds):
                got, payload = await self.receive()
        except TimeoutError as error:
            raise CellFailed("the cell does not answer") from error
        if got != kind:
            raise CellFailed(f"the cell said {got!r} instead of {kind!r}")
        return payload

    async def limit(self, memory_bytes: int, processes: int) -> None:
        """Set the limits of the programs if they differ from what they have. CellFailed when that is refused."""
        if self.limits != (memory_bytes, processes):
            self.limits = (0, 0)
            await self.set_limits(memory_bytes, processes + 1)  # the runner is one process more
            self.limits = (memory_bytes, processes)

    @abstractmethod
    async def read(self) -> bytes:
        """Some bytes, at least one; CellFailed when the cell is gone."""

    @abstractmethod
    async def send(self, data: bytes) -> None:
        """Write frames; CellFailed when the cell is gone."""

    @abstractmethod
    async def set_limits(self, memory_bytes: int, processes: int) -> None:
        """Limits of everything in the cell; CellFailed when they are refused."""

    @abstractmethod
    async def oom_kills(self) -> int:
        """How many processes died here for memory, as far as that can still be told."""

    @abstractmethod
    async def complaint(self) -> str:
        """What a cell that did not start said, shortened."""

    @abstractmethod
    def signal_death(self) -> None:
        """Kill everything in the cell. Does not wait; harmless again."""

    @abstractmethod
    async def bury(self) -> None:
        """After death, free what the cell held; CellFailed when something of it stays."""


class Engine(Protocol):
    """Starts cells. Owner: the Runner. Cells it started must be buried before `close`."""

    name: str
    python: str
    images: bool  # may a language bring an image of its own?
    roots: tuple[str, ...]  # where toolchains of the operator's are in a cell

    async def open(self) -> None:
        """Look whether it can work here; SandboxUnavailable with the way out when it cannot."""

    async def start(self, uid: int, image: str) -> Cell:
        """A new cell as this user of the machine; the caller awaits its R frame. CellFailed with what was said."""

    async def close(self) -> None:
        """Free what the engine itself held."""
