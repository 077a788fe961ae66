"""Live traffic of rooms between nodes: the port, and the bookkeeping that both of its adapters share."""

import logging
import secrets
from collections.abc import Callable
from typing import Protocol

import msgspec

Receive = Callable[[str, bytes], None]
"""Called with the origin node and a payload, in the event loop."""
OnGap = Callable[[], None]
MAX_QUEUE_BYTES = 8 * 2**20
"""Payloads of one node that the broker has not taken yet."""
PAYLOAD_BYTES = 16
"""What a payload costs besides its bytes: so many empty ones are bounded too."""
_log = logging.getLogger(__name__)


class FanoutStats(msgspec.Struct, frozen=True):
    """Counts since the start, and what is now (`is_connected`, `rooms`, `nodes`, `queued_bytes`).

    `dropped` payloads were not handed on; `gaps` are calls of `on_gap`.
    """

    is_connected: bool
    rooms: int
    nodes: int
    queued_bytes: int
    sent: int
    received: int
    dropped: int
    gaps: int
    reconnects: int


class Subscription(Protocol):
    """A room that this node has open."""

    def close(self) -> None:
        """No call of `receive` or `on_gap` follows. Again is nothing."""


class Fanout(Protocol):
    """How nodes with the same room open hear each other. At most once, in order per origin and room.

    Whatever may have been missed is told: `on_gap` follows every loss, and the room makes up for it from the other
    nodes' state and the journal. `node` is this run of this process, unique.
    """

    node: str

    @property
    def is_connected(self) -> bool: ...

    @property
    def max_payload(self) -> int:
        """Bytes of the largest payload that travels; a larger one goes by reference to the journal."""

    @property
    def nodes(self) -> frozenset[str]:
        """The other nodes that are there, as far as this one hears."""

    async def open(self) -> None:
        """Connect. Raises FanoutUnavailable."""

    async def close(self) -> None:
        """Say goodbye and hand on what waits, within a second."""

    async def subscribe(self, room: str, receive: Receive, on_gap: OnGap) -> Subscription:
        """Hear the other nodes in `room`; once per room and node, ValueError otherwise.

        Returns when the broker has confirmed it: what is published from now on is received. While the broker is away it
        returns at once, and `on_gap` follows when the subscription stands. Own payloads never come back.
        """

    def publish(self, room: str, payload: bytes) -> bool:
        """Hand `payload` to the other nodes in a subscribed room; never waits.

        False if it was not taken: not subscribed, not connected, too much waiting, or over `max_payload`.
        True does not say that it arrived.
        """

    def when_node_gone(self, callback: Callable[[str], None]) -> None:
        """Call `callback(node)` for each node that left or is silent. One that comes (back) is a gap everywhere."""

    def is_gone(self, node: str) -> bool:
        """Whether `node` is not there: not heard by one that has listened for long enough to say so.

        While the broker is away, and for a silence after it came back, nobody is told gone that was not heard since.
        """

    def stats(self) -> FanoutStats: ...


def new_node() -> str:
    """An id for a run of a process."""
    return secrets.token_hex(8)


class Batch(msgspec.Struct):
    """Payloads of one origin in one room; the first has the number `first`.

    Without payloads it says that some were lost, and that this number comes next.
    """

    first: int
    payloads: list[bytes]


class RoomTraffic:
    """One room's traffic at one node: numbers what leaves, notices what is missing of what comes.

    A number that leaps says that payloads were lost between. Owned by its adapter; `close` makes it deaf.
    """

    __slots__ = ("_expected", "_next", "_on_gap", "_receive", "batches", "is_open", "missed", "room")

    def __init__(self, room: str, receive: Receive, on_gap: OnGap) -> None:
        self.room = room
        self.is_open = True
        self.batches: list[Batch] = []
        self.missed = False
        self._receive = receive
        self._on_gap = on_gap
        self._next = 1
        self._expected: dict[str, int] = {}

    def put(self, payload: bytes) -> None:
        """Number a payload that will leave."""
        last = self.batches[-1] if self.batches else None
        if last is not None and last.first + len(last.payloads) == self._next:
            last.payloads.append(payload)
        else:
            self.batches.append(Batch(self._next, [payload]))
        self._next += 1

    def miss(self) -> None:
        """Number a payload that cannot leave: the others find out by the next one, or by `marker`."""
        self._next += 1
        self.missed = True

    def take(self) -> list[Batch]:
        """What is to leave now."""
        batches, self.batches = self.batches, []
        if self.missed:
            self.missed = False
            batches.append(Batch(self._next, []))
        return batches

    def accept(self, origin: str, batch: Batch) -> bool:
        """Hand on what came; True if something before it is missing. It never raises."""
        expected = self._expected.get(origin, batch.first)
        self._expected[origin] = max(expected, batch.first + len(batch.payloads))
        for payload in batch.payloads:
            self._hand_on(origin, payload)
        return batch.first > expected or not batch.payloads

    def _hand_on(self, origin: str, payload: bytes) -> None:
        if self.is_open:
            try:
                self._receive(origin, payload)
            except Exception:
                _log.exception("a payload of another node could not be used", extra={"room": self.room})

    def forget(self, origin: str) -> None:
        """A node that is gone needs no number any more."""
        self._expected.pop(origin, None)

    def gap(self) -> None:
        """Tell the room that something may be missing; the numbers start anew."""
        self._expected.clear()
        if self.is_open:
            try:
                self._on_gap()
            except Exception:
                _log.exception("a gap could not be dealt with", extra={"room": self.room})
