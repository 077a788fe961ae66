"""Which other nodes are there: heard by their beats, told gone when they are silent or say goodbye."""

import asyncio
import logging
import time
from collections.abc import Callable

BEAT_SECONDS = 2.0
SILENT_SECONDS = 6.0
"""A node is told gone at most this and one beat after its last sign: within 8 seconds of its death."""
_log = logging.getLogger(__name__)


class NodeWatch:
    """The other nodes of the house, as one node hears them. Owned by its fan-out; no sockets of its own.

    Time is monotonic seconds, so that a clock which is set does nothing. A process that was itself held up has heard
    nobody meanwhile: `check` gives everyone a full silence anew before it judges.
    """

    def __init__(
        self,
        node: str,
        *,
        beat_seconds: float = BEAT_SECONDS,
        silent_seconds: float = SILENT_SECONDS,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.beat_seconds = beat_seconds
        self._node = node
        self._silent_seconds = silent_seconds
        self._clock = clock
        self._checked = self._listening_since = clock()
        self._heard: dict[str, float] = {}
        self._tell_gone: list[Callable[[str], None]] = []

    @property
    def nodes(self) -> frozenset[str]:
        """The other nodes that are there."""
        return frozenset(self._heard)

    def when_gone(self, callback: Callable[[str], None]) -> None:
        """Call `callback(node)` for each node that falls silent or leaves, once per absence."""
        self._tell_gone.append(callback)

    def hear(self, node: str) -> bool:
        """A sign of life. True if the node was not there before: what was said until now may have been missed."""
        if node == self._node:
            return False
        is_new = node not in self._heard
        self._heard[node] = self._clock()
        return is_new

    def listen_anew(self) -> None:
        """Nobody could be heard until now."""
        self._listening_since = self._clock()

    def is_gone(self, node: str) -> bool:
        """Not heard, by one who would have: a node that lives is heard within a silence and a beat."""
        listened = self._clock() - self._listening_since
        return node not in self._heard and node != self._node and listened > self._silent_seconds + self.beat_seconds

    def leave(self, node: str) -> None:
        """A goodbye."""
        if node in self._heard:
            self._lose(node)

    def check(self) -> None:
        """Once a beat: tell of those who were silent too long."""
        now = self._clock()
        late = now - self._checked - self.beat_seconds
        self._checked = now
        if late > self.beat_seconds:
            self._listening_since = now
            self._heard = dict.fromkeys(self._heard, now)
            return
        for node in [node for node, heard in self._heard.items() if now - heard > self._silent_seconds]:
            self._lose(node)

    async def beat(self, send: Callable[[], None]) -> None:
        """Send a sign of life and check, each beat, until cancelled."""
        self._checked = self._clock()
        while True:
            self.check()
            send()
            await asyncio.sleep(self.beat_seconds)

    def _lose(self, node: str) -> None:
        del self._heard[node]
        for callback in self._tell_gone:
            try:
                callback(node)
            except Exception:
                _log.exception("a node's absence could not be dealt with", extra={"node": node})
