"""The fan-out inside one process: the default, and many nodes at one hub where tests want them."""

import asyncio
import contextlib
from collections.abc import Callable
from functools import partial

from realtime.fanout import Batch, FanoutStats, OnGap, Receive, RoomTraffic, new_node
from realtime.nodes import BEAT_SECONDS, SILENT_SECONDS, NodeWatch

MAX_PAYLOAD = 2**20


class LocalHub:
    """Where the nodes of one process meet. Owned by whoever builds the nodes; one event loop."""

    def __init__(self, max_payload: int = MAX_PAYLOAD) -> None:
        self.max_payload = max_payload
        self.nodes: dict[str, LocalFanout] = {}

    def carry(self, origin: str, target: str, deliver: Callable[[], None]) -> None:
        """Bring a message to another node: in the next turn. A simulation overrides this to lose or delay it."""
        asyncio.get_running_loop().call_soon(deliver)


class LocalFanout:
    """See `realtime.fanout.Fanout`. Alone at its hub it costs a look at an empty list for each payload."""

    def __init__(
        self,
        hub: LocalHub | None = None,
        *,
        node: str = "",
        beat_seconds: float = BEAT_SECONDS,
        silent_seconds: float = SILENT_SECONDS,
    ) -> None:
        self.node = node or new_node()
        self.is_connected = False
        self._hub = hub or LocalHub()
        self._watch = NodeWatch(self.node, beat_seconds=beat_seconds, silent_seconds=silent_seconds)
        self._watch.when_gone(self._forget)
        self._rooms: dict[str, RoomTraffic] = {}
        self._beating: asyncio.Task[None] | None = None
        self._sent = self._received = self._dropped = self._gaps = self._reconnects = 0

    @property
    def max_payload(self) -> int:
        return self._hub.max_payload

    @property
    def nodes(self) -> frozenset[str]:
        return self._watch.nodes

    async def open(self) -> None:
        self._hub.nodes[self.node] = self
        self.is_connected = True
        self._beating = asyncio.create_task(self._watch.beat(self._send_beat))

    async def close(self) -> None:
        if self._beating is None:
            return
        self._beating.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await self._beating
        self._beating = None
        for other in self._others():
            self._hub.carry(self.node, other.node, partial(other._watch.leave, self.node))
        self.is_connected = False
        self._hub.nodes.pop(self.node, None)

    async def subscribe(self, room: str, receive: Receive, on_gap: OnGap) -> "_LocalSubscription":
        if room in self._rooms:
            raise ValueError(f"{room} is subscribed already")
        traffic = self._rooms[room] = RoomTraffic(room, receive, on_gap)
        return _LocalSubscription(self._rooms, traffic)

    def publish(self, room: str, payload: bytes) -> bool:
        traffic = self._rooms.get(room)
        if traffic is None or len(payload) > self.max_payload:
            return False
        if not self.is_connected:
            traffic.miss()
            self._dropped += 1
            return False
        traffic.put(payload)
        self._sent += 1
        self._bring(room, traffic.take())
        return True

    def when_node_gone(self, callback: Callable[[str], None]) -> None:
        self._watch.when_gone(callback)

    def is_gone(self, node: str) -> bool:
        """Who never came to the hub need not be waited for."""
        if node in self._hub.nodes:
            return self.is_connected and self._watch.is_gone(node)
        return node not in self.nodes

    def miss_everywhere(self) -> None:
        """Something may be missing in every room."""
        for traffic in list(self._rooms.values()):
            self._gap(traffic)

    def stats(self) -> FanoutStats:
        return FanoutStats(
            self.is_connected,
            len(self._rooms),
            len(self.nodes),
            0,
            self._sent,
            self._received,
            self._dropped,
            self._gaps,
            self._reconnects,
        )

    def _others(self) -> list["LocalFanout"]:
        return [other for other in self._hub.nodes.values() if other is not self]

    def _bring(self, room: str, batches: list[Batch]) -> None:
        for other in self._others():
            for batch in batches:
                self._hub.carry(self.node, other.node, partial(other._accept, self.node, room, batch))

    def _send_beat(self) -> None:
        if self.is_connected:
            for other in self._others():
                self._hub.carry(self.node, other.node, partial(other._hear, self.node))

    def _hear(self, node: str) -> None:
        if self.is_connected and self._watch.hear(node):
            self._send_beat()
            self.miss_everywhere()

    def _accept(self, origin: str, room: str, batch: Batch) -> None:
        self._hear(origin)
        traffic = self._rooms.get(room)
        if traffic is not None and self.is_connected:
            self._received += len(batch.payloads)
            if traffic.accept(origin, batch):
                self._gap(traffic)

    def _gap(self, traffic: RoomTraffic) -> None:
        self._gaps += 1
        traffic.gap()

    def _forget(self, node: str) -> None:
        for traffic in self._rooms.values():
            traffic.forget(node)


class _LocalSubscription:
    __slots__ = ("_rooms", "_traffic")

    def __init__(self, rooms: dict[str, RoomTraffic], traffic: RoomTraffic) -> None:
        self._rooms = rooms
        self._traffic = traffic

    def close(self) -> None:
        if self._traffic.is_open:
            self._traffic.is_open = False
            self._rooms.pop(self._traffic.room, None)
