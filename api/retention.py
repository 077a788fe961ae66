"""Forgets old history while the server runs, if the settings say so."""

import asyncio
import contextlib
import logging
import time

from rooms.errors import StoreUnavailable
from rooms.trim import TrimStore

_log = logging.getLogger(__name__)

DAY_SECONDS = 86_400.0
_EVERY_SECONDS = DAY_SECONDS / 4


class Retention:
    """One per process; several nodes may do the same. `days` of history are kept, 0 keeps all."""

    def __init__(self, store: TrimStore, days: float) -> None:
        self._store = store
        self._days = days
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        if self._days:
            self._task = asyncio.get_running_loop().create_task(self._trim_always(), name="retention")

    async def stop(self) -> None:
        if self._task is not None:
            self._task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._task

    async def _trim_always(self) -> None:
        while True:
            try:
                gone = await self._store.trim(days_ago(self._days))
                _log.info("history trimmed", extra={"entries": gone, "days": self._days})
            except StoreUnavailable as error:  # the next time will do
                _log.warning("history could not be trimmed", extra={"error": str(error)})
            await asyncio.sleep(_EVERY_SECONDS)


def days_ago(days: float) -> int:
    """In Unix milliseconds."""
    return int((time.time() - days * DAY_SECONDS) * 1000)
