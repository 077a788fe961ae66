"""Whether somebody who is seen at this node for the first time has come to the room, or only changed nodes."""

import asyncio
from collections.abc import Callable, Iterable
from contextlib import suppress
from time import monotonic
from typing import Protocol

from rooms.errors import StoreUnavailable
from rooms.store import JournalStore

FRESH_SECONDS = 10.0
"""A room that was opened here less long ago may not have heard yet who is at other nodes."""
_ENTRIES = 200


class House(Protocol):
    """The other nodes."""

    @property
    def is_alone(self) -> bool: ...


class Comings:
    """Owned by an open room, to which it keeps no way back: the room is gone from memory when it is let go.

    Most rooms are at one node, so nothing is made before it is needed.
    """

    __slots__ = ("_awaited", "_fresh_until", "_grace_seconds", "_house", "_room", "_store", "_tasks")

    def __init__(self, room: str, store: JournalStore, house: House, grace_seconds: float) -> None:
        self._room = room
        self._store = store
        self._house = house
        self._grace_seconds = grace_seconds
        self._fresh_until = monotonic() + FRESH_SECONDS
        self._awaited: dict[str, float] | None = None
        self._tasks: set[asyncio.Task[None]] | None = None

    def expect(self, members: Iterable[str]) -> None:
        """Their node is gone: who comes back within the grace was never gone."""
        now = monotonic()
        still = {member: until for member, until in (self._awaited or {}).items() if until > now}
        self._awaited = still | dict.fromkeys(members, now + self._grace_seconds) or None

    def came(self, member: str, notice: Callable[[], None]) -> None:
        """No other node has said that the member is there. `notice` is called, now or soon, if it is a coming."""
        if self._awaited is not None and self._awaited.pop(member, 0.0) > monotonic():
            return
        if self._house.is_alone or monotonic() > self._fresh_until:
            notice()
            return
        task = asyncio.get_running_loop().create_task(self._ask(member, notice), name="coming")
        self._tasks = self._tasks if self._tasks is not None else set()
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def settle(self) -> None:
        """Wait for what the journal is being asked."""
        await asyncio.gather(*(self._tasks or ()))

    async def _ask(self, member: str, notice: Callable[[], None]) -> None:
        with suppress(StoreUnavailable):
            kinds = ("joined", "left")
            found = await self._store.entries(
                self._room, ["room"], after=None, before=None, limit=_ENTRIES, kinds=kinds
            )
            if next((entry.kind for entry in reversed(found) if entry.author == member), "left") == "joined":
                return
        notice()
