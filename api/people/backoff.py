"""Who tries and fails waits longer each time: per account and address, per account, and per address."""

import time
from collections.abc import Awaitable, Callable
from typing import TypeVar

import msgspec

from api.people.refusal import Refusal
from rooms.cache import Cache, MemoryCache
from rooms.errors import CacheUnavailable

_Result = TypeVar("_Result")
_REMEMBERED_SECONDS = 3600.0


class Patience(msgspec.Struct, frozen=True):
    """So many failures are free; each one more doubles the wait, up to `most_seconds`."""

    free: int
    most_seconds: float


PAIR = Patience(5, 900.0)
ACCOUNT = Patience(20, 60.0)
"""Short, because a stranger must not be able to keep somebody out."""
ADDRESS = Patience(60, 900.0)
"""Many, because a class shares one."""


class Backoff:
    """Over all nodes that share the cache; while it is away each counts for itself."""

    def __init__(self, cache: Cache, clock: Callable[[], float] = time.time) -> None:
        self._cache = cache
        self._here = MemoryCache()
        self._clock = clock

    async def attempt(self, who: str, address: str) -> "Attempt":
        """Counts before anything is tried, so that many at once do not all go through. Raises Refusal 429."""
        keys = ((f"{who}@{address}", PAIR), (f"{who}@*", ACCOUNT), (f"*@{address}", ADDRESS))
        for place, (key, patience) in enumerate(keys):
            wait = await self._ask(lambda cache, key=key, patience=patience: self._take(cache, key, patience))  # type: ignore[misc]
            if wait:
                for earlier, _ in keys[:place]:
                    await self._ask(lambda cache, key=earlier: _count(cache, key, -1))  # type: ignore[misc]
                raise Refusal(429, "too_many_requests", f"too many failed attempts; wait {wait:.0f} s", wait)
        return Attempt(self, [key for key, _ in keys])

    async def _take(self, cache: Cache, key: str, patience: Patience) -> float:
        """0.0, or the seconds to wait."""
        failures = await _count(cache, key, 1)
        if failures <= patience.free:
            return 0.0
        seconds = min(patience.most_seconds, 2.0 ** min(failures - patience.free - 1, 20))
        if await cache.acquire(f"backoff:{key}", "one", seconds):
            await cache.put(f"backoff:{key}", str(self._clock() + seconds).encode(), seconds)
            return 0.0
        await _count(cache, key, -1)
        until = float(await cache.get(f"backoff:{key}") or 0)
        return max(1.0, until - self._clock())

    async def forgive(self, keys: list[str]) -> None:
        for key in keys[:2]:
            await self._ask(lambda cache, key=key: _clear(cache, key))  # type: ignore[misc]
        await self._ask(lambda cache: _count(cache, keys[2], -1))

    async def ration(self, what: str, *, per_hour: float, burst: float) -> bool:
        """Whether it may be done once more."""
        key = f"ration:{what}"
        return not await self._ask(lambda cache: cache.take(key, per_second=per_hour / 3600, burst=burst))

    async def _ask(self, question: Callable[[Cache], Awaitable[_Result]]) -> _Result:
        try:
            return await question(self._cache)
        except CacheUnavailable:
            return await question(self._here)


class Attempt:
    """One that was counted as a failure until it is known to be none."""

    def __init__(self, backoff: Backoff, keys: list[str]) -> None:
        self._backoff = backoff
        self._keys = keys

    async def succeeded(self) -> None:
        await self._backoff.forgive(self._keys)


async def _count(cache: Cache, key: str, by: int) -> int:
    return int(await cache.add_score(f"attempts:{key}", "failures", by, _REMEMBERED_SECONDS))


async def _clear(cache: Cache, key: str) -> None:
    failures = await _count(cache, key, 0)
    await _count(cache, key, -failures)
