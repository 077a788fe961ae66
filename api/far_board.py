"""Where sandbox workers say what they offer and nodes how much they need: everybody hears everybody, every second."""

import asyncio
import contextlib
import logging
import math
from collections.abc import Callable

from api.far_letters import Demand, Notice, Offer, encode, read_notice
from realtime.fanout import Fanout, Subscription

_log = logging.getLogger(__name__)

BOARD = "board"
BEAT_SECONDS = 1.0


class Board:
    """One per node or worker that takes part. `mine` is what this one has to say; `on_change` hears of news."""

    def __init__(self, fanout: Fanout, mine: Callable[[], Notice], on_change: Callable[[], None]) -> None:
        self.offers: dict[str, Offer] = {}
        self._demands: dict[str, Demand] = {}
        self._fanout = fanout
        self._mine = mine
        self._on_change = on_change
        self._subscription: Subscription | None = None
        self._beating: asyncio.Task[None] | None = None
        fanout.when_node_gone(self._forget)

    async def open(self) -> None:
        """After the fan-out."""
        self._subscription = await self._fanout.subscribe(BOARD, self._receive, self.tell)
        self._beating = asyncio.create_task(self._beat(), name="board")

    async def close(self) -> None:
        """Before the fan-out."""
        if self._beating is not None:
            self._beating.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._beating
        if self._subscription is not None:
            self._subscription.close()

    def tell(self) -> None:
        """Say it now: something has changed."""
        self._fanout.publish(BOARD, encode(self._mine()))

    @property
    def working(self) -> list[Offer]:
        """Of the workers that take jobs."""
        return [offer for offer in self.offers.values() if offer.slots and not offer.is_leaving]

    def share(self, rooms: int) -> int:
        """How many jobs a node with work for so many rooms may have under way: of all slots, as many as its rooms of
        all rooms, and some more, so that no worker is idle while the next job is on its way to it."""
        slots = sum(offer.slots for offer in self.working)
        everybody = rooms + sum(demand.rooms for demand in self._demands.values())
        mine = math.ceil(slots * rooms / everybody) if everybody else slots
        return max(1, mine + max(1, mine // 4))

    async def _beat(self) -> None:
        while True:
            self.tell()
            await asyncio.sleep(BEAT_SECONDS)

    def _receive(self, node: str, payload: bytes) -> None:
        notice = read_notice(payload)
        if isinstance(notice, Offer):
            self.offers[node] = notice
        else:
            self._demands[node] = notice
        self._on_change()

    def _forget(self, node: str) -> None:
        if self.offers.pop(node, None):
            _log.warning("a sandbox worker is gone", extra={"worker": node})
        self._demands.pop(node, None)
        self._on_change()
