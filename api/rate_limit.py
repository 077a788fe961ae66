"""How often somebody may ask: token buckets over all nodes that share a cache."""

import time
from collections import OrderedDict
from collections.abc import Callable, Sequence

from rooms.cache import Bucket, Cache, MemoryCache, Spent
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


class SharedBuckets:
    """The buckets of all nodes that share a cache.

    While it is away each node counts by itself: nobody is refused for it, and nobody gets without limit.
    """

    def __init__(self, cache: Cache) -> None:
        self._cache = cache
        self._here = MemoryCache(max_entries=MAX_KEYS)

    async def spend(self, buckets: Sequence[Bucket]) -> Spent:
        """One from each, or from none."""
        try:
            return await self._cache.spend(buckets)
        except CacheUnavailable:
            return await self._here.spend(buckets)


class SharedRateLimit:
    """One kind of bucket: `per_minute` on average, as many at once. 0 is no limit."""

    def __init__(self, cache: Cache, name: str, per_minute: int) -> None:
        self._buckets = SharedBuckets(cache)
        self._name = name
        self._per_minute = per_minute

    async def take(self, key: str) -> float:
        """Seconds to wait; 0 means go on."""
        if not self._per_minute:
            return 0.0
        bucket = Bucket(f"{self._name}:{key}", self._per_minute / 60, self._per_minute)
        return (await self._buckets.spend((bucket,))).wait
