"""Pings: is the peer of each connection still there?"""

import asyncio

from api.line import Line

PING_SECONDS = 20.0
"""Between two pings of a connection; a peer that has not answered one by the next is gone."""
_PLACES = 100
_PING = b"\x89\x00"


class Pulse:
    """One timer for all connections of a process. Each has a place in a ring, so that not all are asked at once.

    A connection is asked for the first time a round after it came.
    """

    def __init__(self, seconds: float = PING_SECONDS) -> None:
        self._tick_seconds = seconds / _PLACES
        self._places: list[set[Line]] = [set() for _ in range(_PLACES)]
        self._now = 0
        self._timer: asyncio.TimerHandle | None = None

    def add(self, line: Line) -> None:
        line.place = self._now
        self._places[self._now].add(line)
        if self._timer is None:
            self._wait()

    def discard(self, line: Line) -> None:
        self._places[line.place].discard(line)

    def _wait(self) -> None:
        self._timer = asyncio.get_running_loop().call_later(self._tick_seconds, self._tick)

    def _tick(self) -> None:
        """The timer rests while nobody is there."""
        self._timer = None
        self._now = (self._now + 1) % _PLACES
        for line in list(self._places[self._now]):
            line.beat(_PING)
        if any(self._places):
            self._wait()
