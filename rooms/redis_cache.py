"""The cache on a Redis: every step that must not be torn apart is a script, every failure is told within a second."""

import asyncio
import logging
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from typing import Any, cast
from urllib.parse import urlsplit

from redis.asyncio import BlockingConnectionPool, Redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import RedisError

from rooms.cache import Bucket, CacheHealth, CacheStats, Lease, Score, Spent, check_value
from rooms.errors import CacheUnavailable

_ANSWER_SECONDS = 0.5
_REST_SECONDS = 1.0
"""After a failure nobody asks for so long: whoever waits for a cache that is gone waits once."""
_ASK_SECONDS = 2.0
"""So often somebody asks, so that the operator knows how it is even while nobody needs it."""
_CONNECTIONS = 32
_PINGS = 5
_TOKEN_SECONDS = 86_400
_NOW = "local t = redis.call('TIME'); local now = t[1] * 1000 + math.floor(t[2] / 1000);"

_TAKE = f"""{_NOW}
local rate, burst, count = tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[3])
local bucket = redis.call('HMGET', KEYS[1], 'level', 'at')
local level, at = tonumber(bucket[1]) or burst, tonumber(bucket[2]) or now
level = math.min(burst, level + math.max(0, now - at) / 1000 * rate)
local wait = math.max(0, (count - level) / rate)
if wait == 0 then level = level - count end
redis.call('HSET', KEYS[1], 'level', tostring(level), 'at', now)
redis.call('PEXPIRE', KEYS[1], math.ceil(burst / rate * 1000) + 1000)
return tostring(wait)
"""
# All or nothing: first what each would have to wait, then what is left.
_SPEND = f"""{_NOW}
local wait, levels, told = 0, {{}}, {{}}
for i, key in ipairs(KEYS) do
  local rate, burst = tonumber(ARGV[2 * i - 1]), tonumber(ARGV[2 * i])
  local bucket = redis.call('HMGET', key, 'level', 'at')
  local level, at = tonumber(bucket[1]) or burst, tonumber(bucket[2]) or now
  levels[i] = math.min(burst, level + math.max(0, now - at) / 1000 * rate)
  wait = math.max(wait, (1 - levels[i]) / rate)
end
for i, key in ipairs(KEYS) do
  local rate, burst = tonumber(ARGV[2 * i - 1]), tonumber(ARGV[2 * i])
  if wait == 0 then levels[i] = levels[i] - 1 end
  redis.call('HSET', key, 'level', tostring(levels[i]), 'at', now)
  redis.call('PEXPIRE', key, math.ceil(burst / rate * 1000) + 1000)
  told[i + 1] = tostring(levels[i])
end
told[1] = tostring(wait)
return told
"""
# A token is the time in microseconds, or one more than the last: it grows even when Redis has lost everything.
_ACQUIRE = f"""{_NOW}
local held = redis.call('HMGET', KEYS[1], 'until', 'token')
if held[1] and tonumber(held[1]) > now then return 0 end
local token = math.max((tonumber(held[2]) or 0) + 1, t[1] * 1000000 + t[2])
redis.call('HSET', KEYS[1], 'owner', ARGV[1], 'token', string.format('%.0f', token), 'until', now + ARGV[2])
redis.call('PEXPIRE', KEYS[1], ARGV[2] + {_TOKEN_SECONDS * 1000})
return token
"""
_RENEW = f"""{_NOW}
local held = redis.call('HMGET', KEYS[1], 'until', 'token')
if held[2] ~= ARGV[1] or tonumber(held[1]) <= now then return 0 end
redis.call('HSET', KEYS[1], 'until', now + ARGV[2])
redis.call('PEXPIRE', KEYS[1], ARGV[2] + {_TOKEN_SECONDS * 1000})
return 1
"""
_RELEASE = "if redis.call('HGET', KEYS[1], 'token') == ARGV[1] then redis.call('HSET', KEYS[1], 'until', 0) end"
_HOLDER = f"""{_NOW}
local held = redis.call('HMGET', KEYS[1], 'until', 'owner')
if held[1] and tonumber(held[1]) > now then return held[2] end
return false
"""
_NOTE = f"""{_NOW}
redis.call('HSET', KEYS[1], ARGV[1], string.format('%.0f', now + ARGV[3]) .. ':' .. ARGV[2])
if redis.call('PTTL', KEYS[1]) < tonumber(ARGV[3]) then redis.call('PEXPIRE', KEYS[1], ARGV[3]) end
"""
_NOTES = f"""{_NOW}
local found, all = {{}}, redis.call('HGETALL', KEYS[1])
for i = 1, #all, 2 do
  local mark = string.find(all[i + 1], ':', 1, true)
  if tonumber(string.sub(all[i + 1], 1, mark - 1)) > now then
    found[#found + 1] = all[i]
    found[#found + 1] = string.sub(all[i + 1], mark + 1)
  else
    redis.call('HDEL', KEYS[1], all[i])
  end
end
return found
"""
_SCORE = """local score = redis.call('ZINCRBY', KEYS[1], ARGV[2], ARGV[1])
redis.call('PEXPIRE', KEYS[1], ARGV[3])
return score
"""


_log = logging.getLogger(__name__)


class RedisCache:
    """See `rooms.cache.Cache`. A pool of connections, made as they are needed; `prefix` parts houses."""

    def __init__(self, url: str, prefix: str = "sangam", answer_seconds: float = _ANSWER_SECONDS) -> None:
        self._url = url
        self._prefix = prefix
        self._answer_seconds = answer_seconds
        self._resting_until = 0.0
        self._is_available = False
        self._failures = 0
        self._redis: Redis | None = None
        self._asking: asyncio.Task[None] | None = None
        self._scripts: dict[str, Any] = {}

    async def open(self) -> None:
        """Raises CacheUnavailable, with the address and the reason, if nobody answers."""
        try:
            pool = BlockingConnectionPool.from_url(
                self._url,
                max_connections=_CONNECTIONS,
                timeout=self._answer_seconds,
                socket_timeout=self._answer_seconds,
                socket_connect_timeout=self._answer_seconds,
                retry=Retry(NoBackoff(), 0),
            )
            self._redis = Redis.from_pool(pool)
            async with asyncio.timeout(4 * self._answer_seconds):
                await self._redis.ping()
            self._is_available = True
            self._asking = asyncio.create_task(self._ask_again_and_again())
        except (RedisError, OSError, TimeoutError, ValueError) as error:
            await self.close()
            raise CacheUnavailable(f"no Redis at {_shown(self._url)}: {str(error) or 'it does not answer'}") from error

    async def _ask_again_and_again(self) -> None:
        while True:
            await asyncio.sleep(_ASK_SECONDS)
            with suppress(CacheUnavailable), self._failing() as redis:
                await redis.ping()

    async def close(self) -> None:
        if self._asking is not None:
            self._asking.cancel()
            await asyncio.gather(self._asking, return_exceptions=True)
        redis, self._redis = self._redis, None
        if redis is not None:
            await redis.aclose()

    async def get(self, key: str) -> bytes | None:
        with self._failing() as redis:
            return cast(bytes | None, await redis.get(self._key("value", key)))

    async def put(self, key: str, value: bytes, seconds: float) -> None:
        check_value(value)
        with self._failing() as redis:
            await redis.set(self._key("value", key), value, px=_milliseconds(seconds))

    async def drop(self, key: str) -> None:
        with self._failing() as redis:
            await redis.delete(self._key("value", key))

    async def take(self, key: str, *, per_second: float, burst: float, count: float = 1.0) -> float:
        return float(await self._run(_TAKE, self._key("bucket", key), per_second, burst, count))

    async def spend(self, buckets: Sequence[Bucket]) -> Spent:
        values = [value for bucket in buckets for value in (bucket.per_second, bucket.burst)]
        keys = [self._key("bucket", bucket.key) for bucket in buckets]
        wait, *left = cast(list[bytes], await self._run_on(_SPEND, keys, *values))
        return Spent(float(wait), tuple(map(float, left)))

    async def acquire(self, name: str, owner: str, seconds: float) -> Lease | None:
        token = int(await self._run(_ACQUIRE, self._key("lease", name), owner, _milliseconds(seconds)))
        return Lease(name, token) if token else None

    async def renew(self, lease: Lease, seconds: float) -> bool:
        return bool(await self._run(_RENEW, self._key("lease", lease.name), lease.token, _milliseconds(seconds)))

    async def release(self, lease: Lease) -> None:
        await self._run(_RELEASE, self._key("lease", lease.name), lease.token)

    async def holder(self, name: str) -> str | None:
        owner = cast(bytes | None, await self._run(_HOLDER, self._key("lease", name)))
        return owner.decode() if owner is not None else None

    async def note(self, group: str, name: str, value: bytes, seconds: float) -> None:
        check_value(value)
        await self._run(_NOTE, self._key("group", group), name, value, _milliseconds(seconds))

    async def notes(self, group: str) -> dict[str, bytes]:
        flat = cast(list[bytes], await self._run(_NOTES, self._key("group", group)))
        return {name.decode(): value for name, value in zip(flat[::2], flat[1::2], strict=True)}

    async def add_score(self, board: str, member: str, by: float, seconds: float) -> float:
        # Kept negative, so that Redis's own order is ours for equal scores too.
        return -float(await self._run(_SCORE, self._key("board", board), member, -by, _milliseconds(seconds)))

    async def top(self, board: str, limit: int) -> list[Score]:
        with self._failing() as redis:
            found = await redis.zrange(self._key("board", board), 0, limit - 1, withscores=True)
        return [Score(member.decode(), -score) for member, score in cast(list[tuple[bytes, float]], found)]

    def stats(self) -> CacheStats:
        return CacheStats(self._is_available, self._failures)

    async def health(self) -> CacheHealth:
        """Measured now. Raises CacheUnavailable."""
        took = []
        for _ in range(_PINGS):
            started = time.perf_counter()
            await self.get("health")
            took.append(time.perf_counter() - started)
        with self._failing() as redis:
            about = await redis.info()
        evicts = about.get("maxmemory_policy", "noeviction") != "noeviction"
        return CacheHealth(str(about["redis_version"]), min(took), bool(about.get("maxmemory")), evicts)

    async def _run(self, script: str, key: str, *values: object) -> Any:
        return await self._run_on(script, [key], *values)

    async def _run_on(self, script: str, keys: list[str], *values: object) -> Any:
        with self._failing() as redis:
            if script not in self._scripts:
                self._scripts[script] = redis.register_script(script)
            return await self._scripts[script](keys=keys, args=values, client=redis)

    @contextmanager
    def _failing(self) -> Iterator[Redis]:
        """Every failure is CacheUnavailable, and is followed by a rest."""
        if self._redis is None or time.monotonic() < self._resting_until:
            self._failures += 1
            raise CacheUnavailable("the cache is away")
        try:
            yield self._redis
            self._note("the Redis server is back", is_available=True)
        except (RedisError, OSError, TimeoutError) as error:
            self._resting_until = time.monotonic() + _REST_SECONDS
            self._failures += 1
            self._note("the Redis server is gone; limits hold for each node by itself", is_available=False)
            raise CacheUnavailable(f"the cache does not answer: {error}") from error

    def _note(self, said: str, *, is_available: bool) -> None:
        if is_available != self._is_available:
            self._is_available = is_available
            _log.warning(said)

    def _key(self, kind: str, name: str) -> str:
        return f"{self._prefix}:{kind}:{name}"


def _milliseconds(seconds: float) -> int:
    return max(1, round(seconds * 1000))


def _shown(url: str) -> str:
    """The address without user and password."""
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}{parts.path}"
