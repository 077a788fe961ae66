"""What nodes share but may lose: values, rate limits, leases, summaries, scores. The port and its default."""

import time
from collections import OrderedDict
from collections.abc import Callable, Sequence
from typing import Generic, Protocol, TypeVar

import msgspec

MAX_VALUE_BYTES = 64 * 1024
MAX_ENTRIES = 100_000
MAX_GROUP = 1000
"""Values of one group."""


class Lease(msgspec.Struct, frozen=True):
    """`token` grows with every holder of the name: who writes under a lease shows it, and the older one is refused.

    A lease can end unnoticed, by a pause of its holder; only the token protects what it guards.
    """

    name: str
    token: int


class Score(msgspec.Struct, frozen=True):
    member: str
    score: float


class Bucket(msgspec.Struct, frozen=True):
    """Holds `burst` and fills by `per_second`."""

    key: str
    per_second: float
    burst: float


class Spent(msgspec.Struct, frozen=True):
    """What came of taking one from each of several buckets: `wait` seconds until it could be had, 0 if it was;
    what is left in each."""

    wait: float
    left: tuple[float, ...]


class CacheStats(msgspec.Struct, frozen=True):
    """`is_available` is what the last call found; `failures` counts since the start."""

    is_available: bool
    failures: int


class CacheHealth(msgspec.Struct, frozen=True):
    """`answer_seconds` is the best of a few calls. Without `evicts` a full cache refuses what is new."""

    server: str
    answer_seconds: float
    is_bounded: bool
    evicts: bool


class Cache(Protocol):
    """Every call raises CacheUnavailable within a bounded time when the cache cannot be asked.

    The caller decides what that means. Times to live are seconds; a value over MAX_VALUE_BYTES is a ValueError. All of
    it can vanish at any moment; nothing that must last belongs here.
    """

    async def open(self) -> None: ...

    async def close(self) -> None: ...

    async def get(self, key: str) -> bytes | None: ...

    async def put(self, key: str, value: bytes, seconds: float) -> None: ...

    async def drop(self, key: str) -> None: ...

    async def take(self, key: str, *, per_second: float, burst: float, count: float = 1.0) -> float:
        """Take from a bucket that holds `burst` and fills by `per_second`: 0.0, or the seconds until it can be had."""

    async def spend(self, buckets: Sequence[Bucket]) -> Spent:
        """Take one from each, or from none if one of them has none."""

    async def acquire(self, name: str, owner: str, seconds: float) -> Lease | None:
        """None while somebody has it, be it `owner` itself."""

    async def renew(self, lease: Lease, seconds: float) -> bool:
        """False if it had ended: it must be acquired anew."""

    async def release(self, lease: Lease) -> None: ...

    async def holder(self, name: str) -> str | None: ...

    async def note(self, group: str, name: str, value: bytes, seconds: float) -> None:
        """One of several small values of a group, each with its own time; such as a room's people, by node."""

    async def notes(self, group: str) -> dict[str, bytes]: ...

    async def add_score(self, board: str, member: str, by: float, seconds: float) -> float:
        """The member's new score; the board lives `seconds` from now."""

    async def top(self, board: str, limit: int) -> list[Score]:
        """The highest first; equal scores by the member's bytes."""

    def stats(self) -> CacheStats: ...


def check_value(value: bytes) -> None:
    """Raises ValueError for what belongs elsewhere."""
    if len(value) > MAX_VALUE_BYTES:
        raise ValueError(f"a value of {len(value)} bytes; a cache takes {MAX_VALUE_BYTES}")


class _Held(msgspec.Struct):
    owner: str
    token: int


class _Bucket(msgspec.Struct):
    level: float
    at: float


V = TypeVar("V")


class _Shelf(Generic[V]):
    """Values until their time; past `most` the one that was not used for longest goes."""

    def __init__(self, clock: Callable[[], float], most: int) -> None:
        self._clock = clock
        self._most = most
        self._values: OrderedDict[str, tuple[float, V]] = OrderedDict()

    def __len__(self) -> int:
        return len(self._values)

    def get(self, key: str) -> V | None:
        until, value = self._values.get(key, (0.0, None))
        if value is None or until <= self._clock():
            self._values.pop(key, None)
            return None
        self._values.move_to_end(key)
        return value

    def put(self, key: str, value: V, seconds: float) -> None:
        self._values[key] = (self._clock() + seconds, value)
        self._values.move_to_end(key)
        if len(self._values) > self._most:
            self._values.popitem(last=False)

    def drop(self, key: str) -> None:
        self._values.pop(key, None)

    def items(self) -> list[tuple[str, V]]:
        now = self._clock()
        return [(key, value) for key, (until, value) in self._values.items() if until > now]

    @property
    def longest(self) -> float:
        """Seconds until the last of its values ends."""
        return max((until for until, _ in self._values.values()), default=0.0) - self._clock()


class MemoryCache:
    """See `Cache`. For a single node: it is gone with the process, and never unavailable. `clock` is monotonic."""

    def __init__(self, clock: Callable[[], float] = time.monotonic, max_entries: int = MAX_ENTRIES) -> None:
        self._clock = clock
        self._values: _Shelf[bytes] = _Shelf(clock, max_entries)
        self._buckets: _Shelf[_Bucket] = _Shelf(clock, max_entries)
        self._leases: _Shelf[_Held] = _Shelf(clock, max_entries)
        self._groups: _Shelf[_Shelf[bytes]] = _Shelf(clock, max_entries)
        self._boards: _Shelf[dict[str, float]] = _Shelf(clock, max_entries)
        self._last_token = 0

    async def open(self) -> None: ...

    async def close(self) -> None: ...

    async def get(self, key: str) -> bytes | None:
        return self._values.get(key)

    async def put(self, key: str, value: bytes, seconds: float) -> None:
        check_value(value)
        self._values.put(key, value, seconds)

    async def drop(self, key: str) -> None:
        self._values.drop(key)

    async def take(self, key: str, *, per_second: float, burst: float, count: float = 1.0) -> float:
        level = self._level(Bucket(key, per_second, burst))
        wait = max(0.0, (count - level) / per_second)
        self._fill(Bucket(key, per_second, burst), level if wait else level - count)
        return wait

    async def spend(self, buckets: Sequence[Bucket]) -> Spent:
        levels = [self._level(bucket) for bucket in buckets]
        waits = [(1 - level) / bucket.per_second for bucket, level in zip(buckets, levels, strict=True)]
        wait = max(0.0, *waits) if waits else 0.0
        left = tuple(level if wait else level - 1 for level in levels)
        for bucket, level in zip(buckets, left, strict=True):
            self._fill(bucket, level)
        return Spent(wait, left)

    def _level(self, bucket: Bucket) -> float:
        now = self._clock()
        found = self._buckets.get(bucket.key) or _Bucket(bucket.burst, now)
        return min(bucket.burst, found.level + max(0.0, now - found.at) * bucket.per_second)

    def _fill(self, bucket: Bucket, level: float) -> None:
        self._buckets.put(bucket.key, _Bucket(level, self._clock()), bucket.burst / bucket.per_second)

    async def acquire(self, name: str, owner: str, seconds: float) -> Lease | None:
        if self._leases.get(name) is not None:
            return None
        self._last_token = max(self._last_token + 1, time.time_ns() // 1000)
        self._leases.put(name, _Held(owner, self._last_token), seconds)
        return Lease(name, self._last_token)

    async def renew(self, lease: Lease, seconds: float) -> bool:
        held = self._leases.get(lease.name)
        if held is None or held.token != lease.token:
            return False
        self._leases.put(lease.name, held, seconds)
        return True

    async def release(self, lease: Lease) -> None:
        held = self._leases.get(lease.name)
        if held is not None and held.token == lease.token:
            self._leases.drop(lease.name)

    async def holder(self, name: str) -> str | None:
        held = self._leases.get(name)
        return held.owner if held else None

    async def note(self, group: str, name: str, value: bytes, seconds: float) -> None:
        check_value(value)
        shelf = self._groups.get(group)
        if shelf is None:
            shelf = _Shelf(self._clock, MAX_GROUP)
        shelf.put(name, value, seconds)
        self._groups.put(group, shelf, shelf.longest)

    async def notes(self, group: str) -> dict[str, bytes]:
        shelf = self._groups.get(group)
        return dict(shelf.items()) if shelf is not None else {}

    async def add_score(self, board: str, member: str, by: float, seconds: float) -> float:
        scores = self._boards.get(board) or {}
        scores[member] = scores.get(member, 0.0) + by
        self._boards.put(board, scores, seconds)
        return scores[member]

    async def top(self, board: str, limit: int) -> list[Score]:
        scores = self._boards.get(board) or {}
        best = sorted(scores.items(), key=lambda item: (-item[1], item[0].encode()))
        return [Score(member, score) for member, score in best[:limit]]

    def stats(self) -> CacheStats:
        return CacheStats(True, 0)
