"""Forgets while the server runs: rooms that were deleted, and old history if the settings say so."""

import asyncio
import contextlib
import logging
import time

from rooms.errors import StoreUnavailable
from rooms.store import RoomStore
from rooms.trim import TrimStore

_log = logging.getLogger(__name__)

DAY_SECONDS = 86_400.0
_EVERY_SECONDS = DAY_SECONDS / 4


class Retention:
    """One per process; several nodes may do the same. 0 `history_days` keep all."""

    def __init__(self, history: TrimStore, rooms: RoomStore, history_days: float, deleted_days: float) -> None:
        self._history = history
        self._rooms = rooms
        self._history_days = history_days
        self._deleted_days = deleted_days
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Once the stores are open."""
        self._task = asyncio.get_running_loop().create_task(self._forget_always(), name="retention")

    async def stop(self) -> None:
        if self._task is not None:
            self._task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._task

    async def _forget_always(self) -> None:
        while True:
            try:
                await self._forget()
            except StoreUnavailable as error:  # the next time will do
                _log.warning("nothing could be forgotten", extra={"error": str(error)})
            await asyncio.sleep(_EVERY_SECONDS)

    async def _forget(self) -> None:
        gone = await self._rooms.erase_rooms(days_ago(self._deleted_days))
        if gone:
            _log.info("deleted rooms erased", extra={"rooms": gone, "days": self._deleted_days})
        if self._history_days:
            entries = await self._history.trim(days_ago(self._history_days))
            _log.info("history trimmed", extra={"entries": entries, "days": self._history_days})


def days_ago(days: float) -> int:
    """In Unix milliseconds."""
    return int((time.time() - days * DAY_SECONDS) * 1000)
