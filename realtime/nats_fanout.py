"""The fan-out over a NATS broker: core subjects, one for each room, subscribed while the room is open here."""

import asyncio
import contextlib
import hashlib
import logging
import random
import re
from collections.abc import Callable, Iterator

from realtime.errors import FanoutUnavailable
from realtime.fanout import (
    MAX_QUEUE_BYTES,
    PAYLOAD_BYTES,
    FanoutStats,
    OnGap,
    Receive,
    RoomTraffic,
    new_node,
)
from realtime.letters import LETTER_BYTES, read_letter, write_letters
from realtime.nats_link import ANSWER_SECONDS, NatsLink, end
from realtime.nodes import BEAT_SECONDS, SILENT_SECONDS, NodeWatch

_PLAIN = re.compile(r"[A-Za-z0-9_-]{1,100}")
SEND_SECONDS = 0.002
"""What leaves sooner than this after the last time waits for the rest of it: each message wakes broker and nodes."""
_BACKOFF_SECONDS = (0.1, 3.0)
_log = logging.getLogger(__name__)


class NatsFanout:
    """See `realtime.fanout.Fanout`. One connection, dialled anew for ever once it stood; `prefix` parts houses.

    What is published in one turn of the event loop leaves together, one message for each room.
    """

    def __init__(
        self,
        url: str,
        *,
        prefix: str = "sangam",
        max_queue_bytes: int = MAX_QUEUE_BYTES,
        beat_seconds: float = BEAT_SECONDS,
        silent_seconds: float = SILENT_SECONDS,
        answer_seconds: float = ANSWER_SECONDS,
    ) -> None:
        self.node = new_node()
        self._url = url
        self._prefix = prefix
        self._nodes_subject = f"{prefix}.nodes"
        self._max_queue_bytes = max_queue_bytes
        self._answer_seconds = answer_seconds
        self._watch = NodeWatch(self.node, beat_seconds=beat_seconds, silent_seconds=silent_seconds)
        self._watch.when_gone(self._forget)
        self._rooms: dict[str, RoomTraffic] = {}
        self._by_subject: dict[str, RoomTraffic] = {}
        self._link: NatsLink | None = None
        self._tasks: list[asyncio.Task[None]] = []
        self._max_payload = 0
        self._wake = asyncio.Event()
        self._ready: dict[RoomTraffic, None] = {}
        self._is_sending = False
        self._sent_at = 0.0
        self._left: set[str] = set()
        self._is_beat_due = False
        self._queued_bytes = 0
        self._sent = self._received = self._dropped = self._gaps = self._reconnects = 0

    @property
    def is_connected(self) -> bool:
        return self._link is not None

    @property
    def max_payload(self) -> int:
        return self._max_payload

    @property
    def nodes(self) -> frozenset[str]:
        return self._watch.nodes

    async def open(self) -> None:
        await self._dial()
        self._tasks = [asyncio.create_task(self._keep()), asyncio.create_task(self._watch.beat(self._send_beat))]

    async def close(self) -> None:
        tasks, self._tasks = self._tasks, []
        await end(*tasks)
        link, self._link = self._link, None
        if link is not None:
            await self._part(link)

    async def _part(self, link: NatsLink) -> None:
        with contextlib.suppress(FanoutUnavailable, TimeoutError):
            async with asyncio.timeout(0.3):
                await self._hand_on(link)
                await link.publish(self._nodes_subject, b"-" + self.node.encode())
        await link.close()

    async def subscribe(self, room: str, receive: Receive, on_gap: OnGap) -> "_NatsSubscription":
        if room in self._rooms:
            raise ValueError(f"{room} is subscribed already")
        traffic = RoomTraffic(room, receive, on_gap)
        subject = self._subject(room)
        self._rooms[room] = self._by_subject[subject] = traffic
        link = self._link
        if link is not None:
            try:
                await link.subscribe(subject)
                await link.settle(self._answer_seconds)
            except FanoutUnavailable:
                link.lost.set()  # the keeper dials anew and tells the room of the gap
        return _NatsSubscription(self._close_room, traffic)

    def publish(self, room: str, payload: bytes) -> bool:
        traffic = self._rooms.get(room)
        if traffic is None or len(payload) > self._max_payload:
            return False
        size = len(payload) + PAYLOAD_BYTES
        if self._link is None or self._queued_bytes + size > self._max_queue_bytes:
            self._dropped += 1
            traffic.miss()
            if self._link is not None:
                self._call(traffic)
            return False
        self._queued_bytes += size
        traffic.put(payload)
        self._call(traffic)
        return True

    def when_node_gone(self, callback: Callable[[str], None]) -> None:
        self._watch.when_gone(callback)

    def is_gone(self, node: str) -> bool:
        return self.is_connected and self._watch.is_gone(node)

    def stats(self) -> FanoutStats:
        return FanoutStats(
            self.is_connected,
            len(self._rooms),
            len(self.nodes),
            self._queued_bytes,
            self._sent,
            self._received,
            self._dropped,
            self._gaps,
            self._reconnects,
        )

    async def _dial(self) -> None:
        """Connect, subscribe to everything, and only then use the link. Raises FanoutUnavailable."""
        link = await NatsLink.dial(self._url, self.node, self._deliver)
        try:
            await self._stand(link)
        except BaseException:
            await link.abort()
            raise
        self._max_payload = link.max_payload - LETTER_BYTES
        self._left.clear()
        self._link = link

    async def _stand(self, link: NatsLink) -> None:
        """Rooms may be opened meanwhile."""
        subjects = {self._nodes_subject}
        while subjects:
            for subject in subjects:
                await link.subscribe(subject)
            await link.settle(self._answer_seconds)
            subjects = self._by_subject.keys() - link.subjects

    async def _keep(self) -> None:
        while True:
            link = self._link
            assert link is not None
            sending = asyncio.create_task(self._send(link))
            try:
                await self._until_lost(link)
                self._link = None
                await link.abort()
            finally:
                await end(sending)
            self._drop_all()
            _log.warning("the NATS server is gone; rooms go on, each node by itself")
            await self._redial()
            _log.warning("the NATS server is back")
            self._watch.listen_anew()
            self._reconnects += 1
            self._gap_everywhere()

    async def _until_lost(self, link: NatsLink) -> None:
        while True:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(self._watch.beat_seconds):
                    await link.lost.wait()
            try:
                await link.settle(self._answer_seconds)
            except FanoutUnavailable:
                return
            if link.is_lost:
                return

    async def _redial(self) -> None:
        wait, longest = _BACKOFF_SECONDS
        while True:
            try:
                return await self._dial()
            except FanoutUnavailable as error:
                _log.info("no connection yet", extra={"why": str(error)})
            await asyncio.sleep(wait * random.uniform(0.5, 1.0))
            wait = min(2 * wait, longest)

    def _call(self, traffic: RoomTraffic) -> None:
        """Have this room looked at, at the end of the turn."""
        if not self._ready:
            loop = asyncio.get_running_loop()
            wait = self._sent_at + SEND_SECONDS - loop.time()
            if wait > 0:
                loop.call_later(wait, self._hand_on_at_once)
            else:
                loop.call_soon(self._hand_on_at_once)
        self._ready[traffic] = None

    def _hand_on_at_once(self) -> None:
        """As far as the broker takes it now; the rest is the sender's, who waits for it."""
        link = self._link
        self._sent_at = asyncio.get_running_loop().time()
        while link is not None and self._ready and not self._is_sending:
            if not link.is_quick:
                self._wake.set()
                return
            for subject, letter in self._next_letters(link):
                link.publish_at_once(subject, letter)

    async def _send(self, link: NatsLink) -> None:
        try:
            while not link.is_lost:
                await self._wake.wait()
                self._wake.clear()
                await self._hand_on(link)
        except FanoutUnavailable:
            link.lost.set()

    async def _hand_on(self, link: NatsLink) -> None:
        self._is_sending = True
        try:
            if self._is_beat_due:
                self._is_beat_due = False
                await link.publish(self._nodes_subject, b"+" + self.node.encode())
            left, self._left = self._left, set()
            for subject in left - self._by_subject.keys():
                await link.unsubscribe(subject)
            while self._ready:
                for subject, letter in self._next_letters(link):
                    await link.publish(subject, letter)
        finally:
            self._is_sending = False

    def _next_letters(self, link: NatsLink) -> Iterator[tuple[str, bytes]]:
        """What leaves the next room, each with its subject."""
        traffic = next(iter(self._ready))
        del self._ready[traffic]
        subject = self._subject(traffic.room)
        for batch in traffic.take():
            for letter in write_letters(self.node, batch, link.max_payload):
                yield subject, letter
            self._sent += len(batch.payloads)
            self._queued_bytes -= sum(map(len, batch.payloads)) + PAYLOAD_BYTES * len(batch.payloads)

    def _drop_all(self) -> None:
        """What waited goes with the link. It was numbered, so the others notice too."""
        for traffic in self._ready:
            self._dropped += sum(len(batch.payloads) for batch in traffic.take())
        self._ready.clear()
        self._queued_bytes = 0

    def _send_beat(self) -> None:
        self._is_beat_due = True
        self._wake.set()

    def _deliver(self, subject: str, data: bytes) -> None:
        if subject == self._nodes_subject:
            self._hear_beat(data.decode("ascii", "replace"))
        elif (traffic := self._by_subject.get(subject)) is not None:
            origin, batch = read_letter(data)
            if origin != self.node:
                self._hear(origin)
                self._received += len(batch.payloads)
                if traffic.accept(origin, batch):
                    self._gap(traffic)

    def _hear_beat(self, text: str) -> None:
        sign, node = text[:1], text[1:]
        if sign == "-":
            self._watch.leave(node)
        elif sign == "+" and len(node) == len(self.node):
            self._hear(node)

    def _hear(self, node: str) -> None:
        if self._watch.hear(node):
            self._send_beat()
            self._gap_everywhere()

    def _gap_everywhere(self) -> None:
        for traffic in list(self._rooms.values()):
            self._gap(traffic)

    def _gap(self, traffic: RoomTraffic) -> None:
        self._gaps += 1
        traffic.gap()

    def _forget(self, node: str) -> None:
        for traffic in self._rooms.values():
            traffic.forget(node)

    def _subject(self, room: str) -> str:
        """A long name, or one with characters that a subject's token may not have, is shown by its hash."""
        if _PLAIN.fullmatch(room):
            return f"{self._prefix}.room.{room}"
        return f"{self._prefix}.named.{hashlib.sha256(room.encode()).hexdigest()}"

    def _close_room(self, traffic: RoomTraffic) -> None:
        subject = self._subject(traffic.room)
        del self._rooms[traffic.room], self._by_subject[subject]
        self._left.add(subject)
        self._wake.set()


class _NatsSubscription:
    def __init__(self, close: Callable[[RoomTraffic], None], traffic: RoomTraffic) -> None:
        self._close = close
        self._traffic = traffic

    def close(self) -> None:
        if self._traffic.is_open:
            self._traffic.is_open = False
            self._close(self._traffic)
