"""The orderly end of a node: nobody new is let in, those who are here are sent to the others, everything is saved."""

import asyncio
import logging
import math
import time
from collections.abc import Awaitable, Callable
from functools import partial

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api.errors import error_body
from realtime.errors import CloseCode
from rooms.registry import RoomRegistry

_log = logging.getLogger(__name__)

TICK_SECONDS = 0.05
FEW = 20
"""So many connections are closed in one tick at least: a small server stops at once."""
LAST_SECONDS = 1.0
"""Of the time for a stop: kept for the end of the process, when everything is saved or cannot be."""


class Departure:
    """One per process. A signal begins it, `send_away` is awaited once; all of it fits into `seconds`.

    `finish_work` is what may go on beside the sending away.
    """

    def __init__(
        self, registry: RoomRegistry, finish_work: Callable[[], Awaitable[None]], seconds: float, spread_seconds: float
    ) -> None:
        self._registry = registry
        self._finish_work = finish_work
        self._seconds = max(seconds - LAST_SECONDS, seconds / 2)
        self._spread_seconds = min(spread_seconds, self._seconds / 2)
        self._ends: float | None = None

    def begin(self) -> None:
        """From now on this node is not ready and lets nobody in. May be called by a signal, and again."""
        if self._ends is None:
            self._ends = time.monotonic() + self._seconds

    @property
    def is_under_way(self) -> bool:
        return self._ends is not None

    @property
    def seconds_left(self) -> float:
        """Until it has to be over."""
        ends = self._ends if self._ends is not None else time.monotonic() + self._seconds
        return max(0.0, ends - time.monotonic())

    async def send_away(self) -> None:
        """Close the connections with 1012, spread over time, so that not all of them come to the others at once."""
        self.begin()
        finishing = asyncio.ensure_future(self._finish_work())
        outboxes = self._registry.outboxes()
        ticks = max(1, int(self._spread_seconds / TICK_SECONDS))
        at_once = max(FEW, math.ceil(len(outboxes) / ticks))
        while outboxes:
            for outbox in outboxes[:at_once]:
                outbox.close(CloseCode.RESTARTING, "the server restarts")
            outboxes = outboxes[at_once:]
            if outboxes:
                await asyncio.sleep(TICK_SECONDS)
        try:
            async with asyncio.timeout(self.seconds_left):
                await finishing
        except TimeoutError:
            _log.error("what goes on could not be finished in time")


class Door:
    """ASGI middleware: who wants a WebSocket of a node that leaves is sent elsewhere; a proxy tries the next node."""

    def __init__(self, app: ASGIApp, departure: Departure) -> None:
        self._app = app
        self._departure = departure

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "websocket" and self._departure.is_under_way:
            await self._refuse(scope, send)
        elif scope["type"] == "http" and self._departure.is_under_way:
            await self._app(scope, receive, partial(_send_the_last, send))
        else:
            await self._app(scope, receive, send)

    async def _refuse(self, scope: Scope, send: Send) -> None:
        body = error_body("restarting", "This server restarts; connect again.", scope["state"]["request_id"])
        headers = [(b"retry-after", b"1"), (b"content-type", b"application/json"), (b"connection", b"close")]
        await send({"type": "websocket.http.response.start", "status": 503, "headers": headers})
        await send({"type": "websocket.http.response.body", "body": body})


async def _send_the_last(send: Send, message: Message) -> None:
    """A connection that is kept for the next request would bring it here."""
    if message["type"] == "http.response.start":
        message["headers"] = [*message["headers"], (b"connection", b"close")]
    await send(message)
