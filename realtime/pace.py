"""How often a busy event loop looks for news."""

from collections.abc import Callable
from time import perf_counter, sleep

REST_SECONDS = 0.0007
"""So long the loop rests after a turn while it is busy."""
BUSY_SECONDS = 0.0015
"""Turns that follow each other closer than this make it busy."""
_BUSY_TURNS, _MOST_TURNS, _QUIET_TURN = 8, 16, 4


class Pace:
    """Lets what comes within a moment be handled together, when very much comes. Owned by the loop's `Turn`.

    A turn begins cold: what woke the processor, asked the kernel and touched the journal costs as much as the one edit
    that it was for. A thousand times a second it is worth waiting for a few edits more; otherwise nothing waits.
    """

    __slots__ = ("_clock", "_close", "_ended", "_sleep")

    def __init__(self, clock: Callable[[], float] = perf_counter, rest: Callable[[float], None] = sleep) -> None:
        self._clock = clock
        self._sleep = rest
        self._ended = 0.0
        self._close = 0

    def rest(self) -> None:
        """Call it at the end of a turn, once everything is sent."""
        now = self._clock()
        if now - self._ended < BUSY_SECONDS:
            self._close = min(self._close + 1, _MOST_TURNS)
        else:
            self._close = max(self._close - _QUIET_TURN, 0)
        if self._close >= _BUSY_TURNS:
            self._sleep(REST_SECONDS)
            now = self._clock()
        self._ended = now
