"""Calling a program back with a result: allow-listed hosts only, no redirects, few tries, never in anybody's way."""

import asyncio
import http.client
import logging
from urllib.parse import urlsplit

_log = logging.getLogger(__name__)

TRIES = 3
SECONDS = 5.0
AT_ONCE = 8
MOST_WAITING = 1000


class Callbacks:
    """One per process. `hosts` are `NAME` (its usual port) or `NAME:PORT`, `,` between them; none: no callbacks."""

    def __init__(self, hosts: str) -> None:
        self._hosts = frozenset(host.strip().lower() for host in hosts.split(",") if host.strip())
        self._gate = asyncio.Semaphore(AT_ONCE)
        self._tasks: set[asyncio.Task[None]] = set()

    @property
    def is_on(self) -> bool:
        """Is there any host that may be called?"""
        return bool(self._hosts)

    def allows(self, url: str) -> bool:
        """May this address be called? Only what the operator named: names are not looked up to decide it."""
        try:
            parts = urlsplit(url)
            port = parts.port
        except ValueError:
            return False
        if parts.scheme not in ("http", "https") or not parts.hostname or parts.username or parts.password:
            return False
        if any(character <= " " or character == "\x7f" for character in url):
            return False
        name = parts.hostname.lower()
        usual = port is None or port == (443 if parts.scheme == "https" else 80)
        return (usual and name in self._hosts) or f"{name}:{port}" in self._hosts

    def put(self, url: str, body: bytes) -> None:
        """Send it in the background. One too many is dropped and logged, as is one that nobody takes."""
        if len(self._tasks) >= MOST_WAITING:
            _log.warning("a callback was dropped: too many wait")
            return
        task = asyncio.get_running_loop().create_task(self._deliver(url, body), name="callback")
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _deliver(self, url: str, body: bytes) -> None:
        async with self._gate:
            for _ in range(TRIES):
                try:
                    if await asyncio.to_thread(_put, url, body) < 300:
                        return
                except (OSError, http.client.HTTPException):
                    continue
        _log.warning("a callback was not taken", extra={"host": urlsplit(url).hostname})

    async def close(self) -> None:
        """Wait a little for those that are under way, drop the rest."""
        tasks = list(self._tasks)
        if tasks:
            await asyncio.wait(tasks, timeout=1.0)
        for task in tasks:
            task.cancel()


def _put(url: str, body: bytes) -> int:
    """PUT it; the status of the answer, of which nothing else is read and which is not followed."""
    parts = urlsplit(url)
    kind = http.client.HTTPSConnection if parts.scheme == "https" else http.client.HTTPConnection
    connection = kind(parts.hostname or "", parts.port, timeout=SECONDS)
    try:
        path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        connection.request("PUT", path, body, {"Content-Type": "application/json"})
        return connection.getresponse().status
    finally:
        connection.close()
