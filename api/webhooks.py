"""Telling others what happened: signed as Standard Webhooks has it, tried again and again, never in the way."""

import asyncio
import base64
import contextlib
import datetime
import hmac
import logging
import secrets
import time
from collections import OrderedDict, deque
from collections.abc import Iterator

import msgspec
from prometheus_client.core import CounterMetricFamily, Metric

from api.aiohttp_outgoing import Outgoing
from api.codes import file_id
from rooms.clock import unix_ms
from rooms.errors import StoreUnavailable
from rooms.webhooks import WHOLE_SERVER, Delivery, Event, Webhook, WebhookStore

_log = logging.getLogger(__name__)

TRIES = 7
FACTOR = 5
AT_ONCE = 16
LOOK_SECONDS = 2.0
CLAIM_SECONDS = 60.0
KNOWN_SECONDS = 5.0
"""Another node may have changed a webhook: it is used as it was for so long at most."""
MOST_UNTOLD = 10_000
MOST_WAITING = 1000
"""Of one webhook."""
MOST_KNOWN = 10_000
KEPT_MILLISECONDS = 30 * 86_400_000
_FORGET_SECONDS = 3600.0
GONE = 410
_SECRET = "whsec_"


class Webhooks:
    """One per process, and any number of nodes on one store: what one has put in line another may send.

    `first_seconds` is the first pause after a failure; each is five times the one before, seven tries in all.
    """

    def __init__(self, store: WebhookStore, outgoing: Outgoing, first_seconds: float) -> None:
        self.store = store
        self._outgoing = outgoing
        self._first_seconds = first_seconds
        self._untold: deque[tuple[Event, str, bytes]] = deque()
        self._known: OrderedDict[str, tuple[float, list[Webhook]]] = OrderedDict()
        self._wake = asyncio.Event()
        self._tasks: list[asyncio.Task[None]] = []
        self._sending: set[asyncio.Task[None]] = set()
        self._delivered = self._failed = self._dropped = 0

    async def open(self) -> None:
        """Raises StoreUnavailable."""
        await self.store.open()
        loop = asyncio.get_running_loop()
        self._tasks = [loop.create_task(self._work(), name="webhooks"), loop.create_task(self._forget_always())]

    async def close(self) -> None:
        """What is under way may be sent again by the next start: receivers know it by its id."""
        for task in (*self._tasks, *self._sending):
            task.cancel()
        await asyncio.gather(*self._tasks, *self._sending, return_exceptions=True)
        with contextlib.suppress(StoreUnavailable):
            await self._put_in_line()
        await self._outgoing.close()
        await self.store.close()

    def may_call(self, url: str) -> bool:
        return self._outgoing.may_call(url)

    def tell(self, event: Event, room: str, data: dict[str, object]) -> None:
        """Whoever asked for it is told. Beyond a bound it is dropped and counted."""
        if len(self._untold) >= MOST_UNTOLD:
            self._dropped += 1
            return
        now = datetime.datetime.now(datetime.UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
        body = msgspec.json.encode({"type": event, "timestamp": now, "data": {"room": room} | data})
        self._untold.append((event, room, body))
        self._wake.set()

    async def tell_one(self, webhook: Webhook, event: Event, data: dict[str, object]) -> str:
        """Put one message to one of them in line; its id. Raises StoreUnavailable."""
        body = msgspec.json.encode({"type": event, "data": {"room": webhook.room} | data})
        delivery = _delivery(webhook, event, body)
        self._dropped += await self.store.enqueue([delivery], MOST_WAITING)
        self._wake.set()
        return delivery.id

    def changed(self, room: str) -> None:
        """What is known of a room's webhooks is no longer so."""
        self._known.pop(room, None)

    async def _work(self) -> None:
        while True:
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._wake.wait(), LOOK_SECONDS)
            self._wake.clear()
            try:
                await self._put_in_line()
                await self._send_due()
            except StoreUnavailable as error:
                _log.warning("webhooks wait for the store", extra={"error": str(error)})
                await asyncio.sleep(LOOK_SECONDS)

    async def _put_in_line(self) -> None:
        while self._untold:
            event, room, body = self._untold[0]
            wanted = [webhook for webhook in await self._of(room) if webhook.active and event in webhook.events]
            if wanted:
                deliveries = [_delivery(webhook, event, body) for webhook in wanted]
                self._dropped += await self.store.enqueue(deliveries, MOST_WAITING)
            self._untold.popleft()

    async def _of(self, room: str) -> list[Webhook]:
        return [*await self._known_of(room), *await self._known_of(WHOLE_SERVER)]

    async def _known_of(self, room: str) -> list[Webhook]:
        until, found = self._known.get(room, (0.0, []))
        if until < time.monotonic():
            found = await self.store.webhooks(room)
            self._known[room] = (time.monotonic() + KNOWN_SECONDS, found)
            if len(self._known) > MOST_KNOWN:
                self._known.popitem(last=False)
        return found

    async def _send_due(self) -> None:
        while (free := AT_ONCE - len(self._sending)) > 0:
            now = unix_ms()
            claimed = await self.store.claim(now, now + int(CLAIM_SECONDS * 1000), free)
            for delivery, webhook in claimed:
                task = asyncio.get_running_loop().create_task(self._send(delivery, webhook), name="webhook")
                self._sending.add(task)
                task.add_done_callback(self._sent)
            if len(claimed) < free:
                return

    def _sent(self, task: asyncio.Task[None]) -> None:
        self._sending.discard(task)
        self._wake.set()
        if not task.cancelled() and task.exception() is not None:
            _log.warning("a webhook is left for later", exc_info=task.exception())

    async def _send(self, delivery: Delivery, webhook: Webhook) -> None:
        sent = await self._outgoing.send("POST", webhook.url, delivery.body, headers_of(delivery, webhook.secret))
        tries = delivery.tries + 1
        after = msgspec.structs.replace(delivery, tries=tries, status=sent.status, note=sent.note)
        if sent.taken:
            self._delivered += 1
            after = msgspec.structs.replace(after, state="delivered")
        elif tries >= TRIES or sent.status == GONE or not webhook.active:
            self._failed += 1
            after = msgspec.structs.replace(after, state="failed")
        else:
            pause = self._first_seconds * FACTOR ** (tries - 1)
            after = msgspec.structs.replace(after, next_at=unix_ms() + int(pause * 1000))
        if sent.status == GONE:
            await self.store.change(msgspec.structs.replace(webhook, active=False))
            self.changed(webhook.room)
        await self.store.settle(after)

    async def _forget_always(self) -> None:
        while True:
            with contextlib.suppress(StoreUnavailable):
                await self.store.forget(unix_ms() - KEPT_MILLISECONDS)
            await asyncio.sleep(_FORGET_SECONDS)

    def collect(self) -> Iterator[Metric]:
        """For the registry of metrics."""
        yield CounterMetricFamily("sangam_webhooks_delivered", "Messages that a webhook took", self._delivered)
        yield CounterMetricFamily("sangam_webhooks_failed", "Messages that none took, at last", self._failed)
        yield CounterMetricFamily("sangam_webhooks_dropped", "Messages for which the line was too long", self._dropped)


def new_secret() -> str:
    """256 random bits, as the receivers' libraries read them."""
    return _SECRET + base64.b64encode(secrets.token_bytes(32)).decode()


def headers_of(delivery: Delivery, secret: str) -> dict[str, str]:
    """Its id, the time, and a signature of both and the body: https://www.standardwebhooks.com"""
    now = str(int(time.time()))
    signed = f"{delivery.id}.{now}.".encode() + delivery.body
    digest = hmac.digest(base64.b64decode(secret.removeprefix(_SECRET)), signed, "sha256")
    return {
        "Content-Type": "application/json",
        "User-Agent": "Sangam",
        "webhook-id": delivery.id,
        "webhook-timestamp": now,
        "webhook-signature": f"v1,{base64.b64encode(digest).decode()}",
    }


def _delivery(webhook: Webhook, event: Event, body: bytes) -> Delivery:
    return Delivery("msg_" + file_id() + file_id(), webhook.id, event, body, unix_ms(), next_at=unix_ms())
