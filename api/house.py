"""What the nodes of a house share besides the store: fan-out and cache, embedded unless their addresses are set."""

from api.settings import Settings, SettingsError
from realtime.errors import FanoutUnavailable
from realtime.fanout import Fanout
from realtime.local_fanout import LocalFanout
from realtime.nats_fanout import NatsFanout
from rooms.cache import Cache, MemoryCache
from rooms.errors import CacheUnavailable
from rooms.redis_cache import RedisCache

BEATS = 3
"""Signs of life in the time after which a node is taken for dead."""


class House:
    """One per process. Lost later, both come back by themselves; `open` is strict, so a mistake is seen at once."""

    def __init__(self, settings: Settings) -> None:
        self.fanout: Fanout = _fanout(settings)
        self.cache: Cache = _cache(settings)

    async def open(self) -> None:
        """Raises SettingsError with a sentence that says what to do."""
        try:
            await self.cache.open()
            await self.fanout.open()
        except CacheUnavailable as error:
            raise _what_to_do("SANGAM_REDIS_URL", error) from error
        except FanoutUnavailable as error:
            await self.cache.close()
            raise _what_to_do("SANGAM_NATS_URL", error) from error

    async def close(self) -> None:
        await self.fanout.close()
        await self.cache.close()


def _fanout(settings: Settings) -> Fanout:
    if not settings.nats_url:
        return LocalFanout()
    silent = settings.node_silent_seconds
    return NatsFanout(settings.nats_url, prefix=settings.house, beat_seconds=silent / BEATS, silent_seconds=silent)


def _cache(settings: Settings) -> Cache:
    if not settings.redis_url:
        return MemoryCache()
    return RedisCache(settings.redis_url, settings.house)


def _what_to_do(setting: str, error: Exception) -> SettingsError:
    return SettingsError(f"{setting}: {error}; start it, correct the address, or leave {setting} out on a single node")
