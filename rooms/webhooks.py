"""Who outside wants to be told of what happens, and what is on its way to them: the port."""

from collections.abc import Sequence
from typing import Literal, Protocol

import msgspec

Event = Literal["room.ended", "run.judged", "member.joined", "webhook.test"]
State = Literal["waiting", "delivered", "failed"]
WHOLE_SERVER = ""
"""The room of a webhook that is told of all rooms."""


class Webhook(msgspec.Struct, frozen=True, rename="camel"):
    """Somebody who is told. `secret` signs what is sent; it is shown once, to who made it."""

    id: str
    room: str
    url: str
    events: tuple[Event, ...]
    secret: str
    active: bool
    created_at: int
    created_by: str


class Delivery(msgspec.Struct, frozen=True, rename="camel"):
    """One message to one of them. Times are Unix milliseconds; `status` is that of the last answer, 0 for none."""

    id: str
    webhook: str
    event: Event
    body: bytes
    created_at: int
    state: State = "waiting"
    tries: int = 0
    next_at: int = 0
    status: int = 0
    note: str = ""


class Logged(msgspec.Struct, frozen=True):
    """A delivery and its place in the log."""

    seq: int
    delivery: Delivery


class WebhookStore(Protocol):
    """Raises StoreUnavailable."""

    async def open(self) -> None: ...

    async def close(self) -> None: ...

    async def add(self, webhook: Webhook, most: int) -> bool:
        """False if the room has so many already."""

    async def webhook(self, room: str, id_: str) -> Webhook | None: ...

    async def webhooks(self, room: str) -> list[Webhook]:
        """In the order of their ids."""

    async def change(self, webhook: Webhook) -> None:
        """Its url, events and whether it is active."""

    async def remove(self, id_: str) -> None:
        """With all of its deliveries."""

    async def enqueue(self, deliveries: Sequence[Delivery], most: int) -> int:
        """Put in line; how many were not, because so many wait for their webhook already."""

    async def claim(self, now: int, put_off: int, limit: int) -> list[tuple[Delivery, Webhook]]:
        """What is due at `now`, each to one caller only: nobody else gets it before `put_off`."""

    async def settle(self, delivery: Delivery) -> None:
        """What came of a try."""

    async def deliveries(self, webhook: str, before: int, limit: int) -> list[Logged]:
        """The newest first, of those with numbers below `before`."""

    async def forget(self, before: int) -> None:
        """Drop what was made before, unless it still waits."""
