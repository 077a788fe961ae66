"""Who serves a connection, and what becomes of their errors."""

import logging
from collections.abc import Awaitable
from typing import Protocol

from api.errors import close_code
from realtime.errors import RealtimeError
from realtime.outbox import Outbox
from rooms.errors import RoomError

_log = logging.getLogger(__name__)


class Served(Protocol):
    """The application's side of one connection."""

    def receive(self, payload: bytes) -> Awaitable[None] | None:
        """Handle one message; an awaitable means that the next one has to wait for it. Raising ends the connection."""

    def end(self) -> None:
        """Called once, when the connection is closed by either side or lost."""


def end_with(outbox: Outbox, error: Exception) -> None:
    """Close one connection with the code of what went wrong in it; nobody else hears of it."""
    code, reason = close_code(error)
    if isinstance(error, (RealtimeError, RoomError)):
        _log.info("connection ended", extra={"code": int(code), "reason": reason})
    else:
        _log.error("a connection failed", exc_info=error)
    outbox.close(code, reason)
