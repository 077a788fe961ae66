"""People who write marks, each a line of its own, so that what is lost or doubled can be named."""

import asyncio
import random
from collections import Counter

from tests.clients import Client, MuxClient
from tests.server import eventually

AHEAD = 40
"""Edits that a writer makes before it waits until they are saved."""


class Writer:
    """Inserts `name.number` at the ends of random lines. `saved` is what the server called saved."""

    def __init__(self, name: str, client: Client, seed: int) -> None:
        self.client = client
        self.name = name
        self.written: list[str] = []
        self.saved = 0
        self._random = random.Random(seed)
        if isinstance(client, MuxClient):
            client.on_saved = self._note_saved

    def _note_saved(self) -> None:
        self.saved = len(self.written)

    def write(self) -> None:
        mark = f"{self.name}.{len(self.written)}"
        lines = str(self.client.file()).split("\n")
        at = sum(len(line) + 1 for line in lines[: self._random.randrange(len(lines))])
        self.written.append(mark)
        self.client.file().insert(at, mark + "\n")

    async def write_many(self, count: int) -> None:
        for _ in range(count):
            self.write()
            await asyncio.sleep(0)
            if isinstance(self.client, MuxClient) and self.client.unsynced > AHEAD:
                await eventually(lambda: self.client.close_code is not None or self.is_saved)
            if self.client.close_code is not None:
                return

    @property
    def is_saved(self) -> bool:
        return self.saved == len(self.written)


def marks(text: str | None) -> Counter[str]:
    return Counter(line for line in (text or "").split("\n") if line)


def promised(writers: list[Writer]) -> set[str]:
    """What must not be lost: the marks that somebody else has seen, and those that were called saved."""
    found: set[str] = set()
    for writer in writers:
        mine = set(writer.written)
        found |= set(writer.written[: writer.saved])
        for other in writers:
            if other is not writer:
                found |= mine & set(marks(other.client.read()))
    return found
