"""What must be known later of what is done now: a record in the audit log, a word to who asked for it."""

import asyncio
import contextlib
import logging
import time
from collections import deque
from collections.abc import Iterator

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector
from starlette.requests import Request

from api.admission import address_of
from api.webhooks import Webhooks
from rooms.audit import AuditStore, Deed
from rooms.errors import StoreUnavailable
from rooms.webhooks import Event

_log = logging.getLogger(__name__)

MOST_WAITING = 10_000
AT_ONCE = 500
PATIENCE_SECONDS = 1.0
"""Who did something waits so long for its record; the record is written when the store is back."""
_AGAIN_SECONDS = 1.0
SYSTEM = "system"


class Witness(Collector):
    """One per process. Records of one moment are written together; each caller is answered after its own."""

    def __init__(self, store: AuditStore, webhooks: Webhooks) -> None:
        self.store = store
        self.webhooks = webhooks
        self._waiting: deque[tuple[Deed, asyncio.Future[None]]] = deque()
        self._wake = asyncio.Event()
        self._task: asyncio.Task[None] | None = None
        self._node = ""
        self._written = self._failures = self._dropped = 0

    async def open(self, node: str) -> None:
        """Raises StoreUnavailable."""
        await self.store.open()
        await self.webhooks.open()
        self._node = node
        self._task = asyncio.get_running_loop().create_task(self._write_always(), name="audit")
        await self.record("server.started", SYSTEM, node=node)

    async def close(self) -> None:
        """Writes what waits, if the store takes it at once."""
        if self._task is not None:
            await self.record("server.stopped", SYSTEM, node=self._node)
            self._task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._task
            while self._waiting and await self._write():
                pass
        if self._waiting:
            _log.error("records of the audit log were lost", extra={"records": len(self._waiting)})
        await self.store.close()
        await self.webhooks.close()

    async def record(
        self,
        action: str,
        actor: str,
        *,
        request: Request | None = None,
        room: str = "",
        subject: str = "",
        **details: str,
    ) -> None:
        """Returns when it is written, or after PATIENCE_SECONDS while the store is away."""
        deed = Deed(
            time=int(time.time() * 1000),
            action=action,
            actor=actor,
            room=room,
            subject=subject,
            address=address_of(request.scope) if request else "",
            request=request.state.request_id if request else "",
            details=details,
        )
        if len(self._waiting) >= MOST_WAITING:
            self._dropped += 1
            _log.error("the audit log takes nothing; a record is lost", extra={"action": action, "actor": actor})
            return
        written: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.append((deed, written))
        self._wake.set()
        await asyncio.wait([written], timeout=PATIENCE_SECONDS)

    def tell(self, event: Event, room: str, data: dict[str, object]) -> None:
        """To the webhooks that asked for it; at once, and without waiting for them."""
        self.webhooks.tell(event, room, data)

    async def _write_always(self) -> None:
        while True:
            await self._wake.wait()
            self._wake.clear()
            while self._waiting:
                if not await self._write():
                    await asyncio.sleep(_AGAIN_SECONDS)

    async def _write(self) -> bool:
        batch = [self._waiting[place] for place in range(min(AT_ONCE, len(self._waiting)))]
        try:
            await self.store.append([deed for deed, _ in batch])
        except StoreUnavailable as error:
            self._failures += 1
            _log.error("the audit log cannot be written", extra={"error": str(error), "waiting": len(self._waiting)})
            return False
        for _, written in batch:
            self._waiting.popleft()
            if not written.done():
                written.set_result(None)
        self._written += len(batch)
        return True

    def collect(self) -> Iterator[Metric]:
        """For the registry of metrics."""
        yield CounterMetricFamily("sangam_audit_records", "Records written to the audit log", self._written)
        yield CounterMetricFamily("sangam_audit_failures", "Tries to write that failed", self._failures)
        yield CounterMetricFamily("sangam_audit_dropped", "Records that were lost", self._dropped)
        yield GaugeMetricFamily("sangam_audit_waiting", "Records that wait to be written", len(self._waiting))
        yield from self.webhooks.collect()
