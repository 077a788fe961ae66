"""How often one address may do what needs no token, over all nodes together."""

from rooms.cache import Cache, MemoryCache
from rooms.errors import CacheUnavailable

MAX_KEYS = 10_000


class RateLimit:
    """A token bucket per key: `per_minute` on average, as many at once.

    While the shared cache is away each node counts by itself: nobody is refused for it, and nobody gets without limit.
    """

    def __init__(self, cache: Cache, name: str, per_minute: int) -> None:
        self._cache = cache
        self._here = MemoryCache(max_entries=MAX_KEYS)
        self._name = name
        self._per_minute = per_minute

    async def take(self, key: str) -> float:
        """Seconds to wait; 0 means go on."""
        try:
            return await self._take_from(self._cache, key)
        except CacheUnavailable:
            return await self._take_from(self._here, key)

    async def _take_from(self, cache: Cache, key: str) -> float:
        return await cache.take(f"{self._name}:{key}", per_second=self._per_minute / 60, burst=self._per_minute)
