"""Under which name it is written down that somebody has left with a node that died, should several nodes write it."""

import asyncio
from collections.abc import Coroutine, Iterable
from typing import Any

from rooms.store import Entry


class Farewells:
    """Owned by an open room. An absence is told from the next one of the same node by the number of the last time that
    it said who is there. Most rooms are at one node, so nothing is made before it is needed."""

    __slots__ = ("_names", "_noting", "_said", "told")

    def __init__(self) -> None:
        self._said: dict[str, int] | None = None
        self._names: dict[str, str] | None = None
        self._noting: set[asyncio.Task[Entry]] | None = None
        self.told = 0

    def next_number(self) -> int:
        """For this node, which says who is there."""
        self.told += 1
        return self.told

    def hear(self, node: str, number: int) -> None:
        """`node` has said, for that time, who is there."""
        if self._said is None:
            self._said = {}
        self._said[node] = number

    def node_gone(self, room: str, node: str, members: Iterable[str]) -> None:
        """They may have left with it."""
        number = self._said.pop(node, 0) if self._said is not None else 0
        names = {member: f"left-{room}-{node}-{number}-{member}" for member in members}
        self._names = {**(self._names or {}), **names}

    def name(self, member_id: str) -> str:
        """Once; empty for somebody who left this node, or came back."""
        return self._names.pop(member_id, "") if self._names is not None else ""

    def note(self, writing: Coroutine[Any, Any, Entry]) -> None:
        if self._noting is None:
            self._noting = set()
        task = asyncio.get_running_loop().create_task(writing, name="farewell")
        self._noting.add(task)
        task.add_done_callback(self._noting.discard)

    @property
    def are_noted(self) -> bool:
        return not self._noting

    async def noted(self) -> None:
        """Whatever was begun is written."""
        await asyncio.gather(*(self._noting or ()), return_exceptions=True)
