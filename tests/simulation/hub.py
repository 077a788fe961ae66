"""A hub that loses, delays and parts, by a seed: many nodes in one process, and every fault repeatable."""

import asyncio
import random
from collections.abc import Callable

from realtime.local_fanout import LocalHub


class FaultyHub(LocalHub):
    """Messages from one node to another keep their order, as over a broker, or are lost.

    `drop` and `delay_turns` (turns of the event loop) are for every pair; `part` and `join` for some.
    """

    def __init__(self, seed: int, drop: float = 0.0, delay_turns: int = 0) -> None:
        super().__init__()
        self.drop = drop
        self.delay_turns = delay_turns
        self.lost = 0
        self._random = random.Random(seed)
        self._parted: set[frozenset[str]] = set()
        self._lines: dict[tuple[str, str], list[tuple[int, Callable[[], None]]]] = {}

    def part(self, one: str, other: str) -> None:
        """Nothing passes between two nodes, and neither is told."""
        self._parted.add(frozenset((one, other)))

    def join(self) -> None:
        """Everything passes again."""
        self._parted.clear()

    @property
    def in_flight(self) -> int:
        """Messages on their way."""
        return sum(map(len, self._lines.values()))

    def carry(self, origin: str, target: str, deliver: Callable[[], None]) -> None:
        if frozenset((origin, target)) in self._parted or self._random.random() < self.drop:
            self.lost += 1
            return
        line = self._lines.setdefault((origin, target), [])
        line.append((self._random.randint(0, self.delay_turns), deliver))
        if len(line) == 1:
            asyncio.get_running_loop().call_soon(self._advance, origin, target)

    def _advance(self, origin: str, target: str) -> None:
        line = self._lines[origin, target]
        turns, deliver = line[0]
        if turns:
            line[0] = (turns - 1, deliver)
        else:
            line.pop(0)
            deliver()
        if line:
            asyncio.get_running_loop().call_soon(self._advance, origin, target)
