"""What the journal of several nodes holds, and people who go on writing whatever happens to their node."""

import asyncio
import contextlib
import time

from websockets.exceptions import InvalidStatus

from tests.clients import MuxClient
from tests.crash.writers import Writer, marks
from tests.services.nodes import Nodes

PAUSE_SECONDS = 0.03


class Wanderer(Writer):
    """Writes a mark now and then, comes back when its connection ends, and notes when it sees whose marks."""

    def __init__(self, name: str, client: MuxClient, seed: int) -> None:
        super().__init__(name, client, seed)
        self.at: dict[str, float] = {}
        self.seen: dict[str, float] = {}
        self.ended: list[int | None] = []
        client.on_change = self._look

    def _look(self) -> None:
        now = time.monotonic()
        for mark in marks(self.client.read()):
            self.seen.setdefault(mark, now)

    async def write_until(self, over: asyncio.Event) -> None:
        while not over.is_set():
            if self.client.close_code is not None:
                self.ended.append(self.client.close_code)
                with contextlib.suppress(InvalidStatus):
                    await self.client.until_connected()
                continue
            self.at[f"{self.name}.{len(self.written)}"] = time.monotonic()
            self.write()
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(over.wait(), PAUSE_SECONDS)


def longest_wait(people: list[Wanderer]) -> float:
    """Of anybody, for anybody's edit, in seconds."""
    waits = [
        other.seen[mark] - at
        for writer in people
        for mark, at in writer.at.items()
        for other in people
        if other != writer
    ]
    return max(waits)


def numbers(nodes: Nodes, room: str) -> list[int]:
    """Of all entries of a room."""
    found = nodes.sql(f"SELECT seq FROM entries WHERE room = (SELECT key FROM rooms WHERE id = '{room}') ORDER BY seq")
    return [int(line) for line in found.splitlines()]
