"""Calling a program back with a result: allow-listed hosts only, no redirects, few tries, never in anybody's way."""

import asyncio
import logging
from urllib.parse import urlsplit

from api.aiohttp_outgoing import Hosts, Outgoing

_log = logging.getLogger(__name__)

TRIES = 3
AT_ONCE = 8
MOST_WAITING = 1000


class Callbacks:
    """One per process. `hosts` are `NAME` (its usual port) or `NAME:PORT`, `,` between them; none: no callbacks."""

    def __init__(self, hosts: str) -> None:
        self._hosts = Hosts(hosts)
        self._outgoing = Outgoing(self._hosts)
        self._gate = asyncio.Semaphore(AT_ONCE)
        self._tasks: set[asyncio.Task[None]] = set()

    @property
    def is_on(self) -> bool:
        """Is there any host that may be called?"""
        return bool(self._hosts)

    def allows(self, url: str) -> bool:
        """May this address be called? Only what the operator named."""
        return self._hosts.allow(url)

    def put(self, url: str, body: bytes) -> None:
        """Send it in the background. One too many is dropped and logged, as is one that nobody takes."""
        if len(self._tasks) >= MOST_WAITING:
            _log.warning("a callback was dropped: too many wait")
            return
        task = asyncio.get_running_loop().create_task(self._deliver(url, body), name="callback")
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _deliver(self, url: str, body: bytes) -> None:
        headers = {"Content-Type": "application/json"}
        async with self._gate:
            for _ in range(TRIES):
                if (await self._outgoing.send("PUT", url, body, headers)).taken:
                    return
        _log.warning("a callback was not taken", extra={"host": urlsplit(url).hostname})

    async def close(self) -> None:
        """Wait a little for those that are under way, drop the rest."""
        tasks = list(self._tasks)
        if tasks:
            await asyncio.wait(tasks, timeout=1.0)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await self._outgoing.close()
