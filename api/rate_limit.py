"""How often one address may do what needs no token."""

import time
from collections import OrderedDict
from collections.abc import Callable

from rooms.cache import Cache
from rooms.errors import CacheUnavailable

MAX_KEYS = 10_000


class RateLimit:
    """A token bucket per key: `per_minute` on average, as many at once. Forgets the key unused the longest."""

    def __init__(self, per_minute: int, clock: Callable[[], float] = time.monotonic) -> None:
        self._per_minute = per_minute
        self._clock = clock
        self._buckets: OrderedDict[str, tuple[float, float]] = OrderedDict()

    def take(self, key: str) -> float:
        """Seconds to wait; 0 means go on."""
        now = self._clock()
        tokens, since = self._buckets.pop(key, (float(self._per_minute), now))
        tokens = min(self._per_minute, tokens + (now - since) * self._per_minute / 60)
        wait = 0.0 if tokens >= 1 else (1 - tokens) * 60 / self._per_minute
        self._buckets[key] = (tokens if wait else tokens - 1, now)
        if len(self._buckets) > MAX_KEYS:
            self._buckets.popitem(last=False)
        return wait


class SharedRateLimit:
    """The same over all nodes that share a cache.

    While it is away each node counts by itself: nobody is refused for it, and nobody gets without limit.
    """

    def __init__(self, cache: Cache, name: str, per_minute: int) -> None:
        self._cache = cache
        self._name = name
        self._per_minute = per_minute
        self._here = RateLimit(per_minute)

    async def take(self, key: str) -> float:
        """Seconds to wait; 0 means go on."""
        key = f"{self._name}:{key}"
        try:
            return await self._cache.take(key, per_second=self._per_minute / 60, burst=self._per_minute)
        except CacheUnavailable:
            return self._here.take(key)
