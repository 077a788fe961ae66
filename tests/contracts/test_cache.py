"""What every cache does, in memory and on a real Redis alike."""

import asyncio
import secrets
import time
from collections.abc import AsyncIterator, Awaitable, Callable

import pytest

from rooms.cache import MAX_VALUE_BYTES, Bucket, Cache, MemoryCache, Score
from rooms.errors import CacheUnavailable
from rooms.redis_cache import RedisCache
from tests.contracts.fanouts import until
from tests.services.processes import free_port
from tests.services.proxy import Proxy
from tests.services.redis import RedisServer

Join = Callable[[], Awaitable[Cache]]
BRIEF = 0.15
PATIENCE = 30.0


@pytest.fixture(params=["memory", "redis"])
async def join(request: pytest.FixtureRequest) -> AsyncIterator[Join]:
    """Each call opens the cache for another node; in memory there is one object for all."""
    opened: list[Cache] = []
    make: Callable[[], Cache]
    if request.param == "memory":
        memory = MemoryCache()
        make = lambda: memory  # noqa: E731
    else:
        server: RedisServer = request.getfixturevalue("redis_server")
        prefix = f"t{secrets.token_hex(4)}"
        make = lambda: RedisCache(server.url, prefix)  # noqa: E731

    async def join() -> Cache:
        cache = make()
        await cache.open()
        opened.append(cache)
        return cache

    yield join
    for cache in opened:
        await cache.close()


async def until_true(ask: Callable[[], Awaitable[bool]], seconds: float = PATIENCE) -> None:
    end = time.monotonic() + seconds
    while not await ask():
        assert time.monotonic() < end
        await asyncio.sleep(0.01)


async def test_C1_a_value_is_there_for_every_node_and_for_its_time(join: Join) -> None:
    near, far = await join(), await join()
    await near.put("k", b"\x00\xffvalue", 60)
    await near.put("brief", b"x", BRIEF)
    assert await far.get("k") == b"\x00\xffvalue"
    await until_true(lambda: gone(far, "brief"))
    await far.drop("k")
    assert await near.get("k") is None
    assert await near.get("never") is None


async def gone(cache: Cache, key: str) -> bool:
    return await cache.get(key) is None


async def test_C2_a_bucket_is_shared_and_says_how_long_to_wait(join: Join) -> None:
    near, far = await join(), await join()
    answers = await asyncio.gather(*((near, far)[n % 2].take("k", per_second=0.01, burst=10) for n in range(20)))
    assert sum(wait == 0 for wait in answers) == 10
    assert all(50 < wait <= 100 for wait in answers if wait)
    assert await near.take("another", per_second=0.01, burst=10) == 0


async def test_C2_a_bucket_fills_again(join: Join) -> None:
    cache = await join()
    wait, taken = 0.0, 0
    while not wait:  # on a slow machine it fills a little meanwhile
        wait, taken = await cache.take("k", per_second=10, burst=2), taken + 1
    assert taken > 2 and wait <= 0.1

    async def given() -> bool:
        return await cache.take("k", per_second=10, burst=2) == 0

    await until_true(given)
    assert await cache.take("k", per_second=10, burst=2, count=3) > 0.05


async def test_C3_a_lease_has_one_holder_and_tokens_grow(join: Join) -> None:
    near, far = await join(), await join()
    tries = await asyncio.gather(*((near, far)[n % 2].acquire("l", f"n{n % 2}", 60) for n in range(10)))
    won = [lease for lease in tries if lease is not None]
    assert len(won) == 1
    assert await far.holder("l") in {"n0", "n1"}
    tokens = [won[0].token]
    for _ in range(5):
        await near.release(won[-1])
        lease = await far.acquire("l", "x", 60)
        assert lease is not None
        won.append(lease)
        tokens.append(lease.token)
    assert tokens == sorted(set(tokens))
    assert tokens[0] > time.time() * 900_000, (
        "as high as the clock, so that a cache which lost everything goes on above"
    )
    assert await near.holder("l") == "x"


async def test_C4_a_lease_that_ended_belongs_to_its_successor(join: Join) -> None:
    near, far = await join(), await join()
    first = await near.acquire("l", "near", 60)
    assert first is not None and await near.renew(first, BRIEF)

    async def ended() -> bool:
        return await near.holder("l") is None

    await until_true(ended)
    assert not await near.renew(first, 60)
    second = await far.acquire("l", "far", 60)
    assert second is not None and second.token > first.token
    assert not await near.renew(first, 60)
    await near.release(first)
    assert await far.holder("l") == "far"
    assert await far.renew(second, 60)


async def test_C5_values_of_a_group_have_their_own_times(join: Join) -> None:
    near, far = await join(), await join()
    await near.note("room", "near", b"a:b\x00", 60)
    await far.note("room", "far", b"", BRIEF)
    await near.note("another", "near", b"z", 60)
    assert await far.notes("room") in ({"near": b"a:b\x00", "far": b""}, {"near": b"a:b\x00"})

    async def only_near() -> bool:
        return await near.notes("room") == {"near": b"a:b\x00"}

    await until_true(only_near)
    await near.note("room", "near", b"newer", BRIEF)

    async def nobody() -> bool:
        return await near.notes("room") == {}

    await until_true(nobody)
    assert await near.notes("never") == {}


async def test_C6_scores_add_up_and_are_in_one_order(join: Join) -> None:
    near, far = await join(), await join()
    assert await near.add_score("b", "ana", 2, 60) == 2
    assert await far.add_score("b", "ana", 1.5, 60) == 3.5
    for member in ("zoe", "bo", "Émile"):
        await far.add_score("b", member, 1, 60)
    await far.add_score("b", "last", -1, 60)
    expected = [("ana", 3.5), ("bo", 1.0), ("zoe", 1.0), ("Émile", 1.0), ("last", -1.0)]
    assert await near.top("b", 10) == [Score(*pair) for pair in expected]
    assert await near.top("b", 2) == [Score(*pair) for pair in expected[:2]]
    assert await near.top("never", 2) == []


async def test_C8_a_value_that_is_too_large_is_refused(join: Join) -> None:
    cache = await join()
    await cache.put("k", bytes(MAX_VALUE_BYTES), 60)
    with pytest.raises(ValueError):
        await cache.put("k", bytes(MAX_VALUE_BYTES + 1), 60)
    with pytest.raises(ValueError):
        await cache.note("g", "n", bytes(MAX_VALUE_BYTES + 1), 60)


async def test_C8_memory_forgets_what_was_not_used_for_longest() -> None:
    cache = MemoryCache(max_entries=3)
    for key in ("a", "b", "c"):
        await cache.put(key, key.encode(), 60)
    await cache.get("a")
    await cache.put("d", b"d", 60)
    assert [await cache.get(key) for key in "abcd"] == [b"a", None, b"c", b"d"]


async def fails(cache: Cache) -> bool:
    """Whether every kind of call fails, and each within a second."""
    lease_free = (cache.get("k"), cache.put("k", b"", 1), cache.take("k", per_second=1, burst=1))
    for call in (*lease_free, cache.acquire("l", "o", 1), cache.notes("g"), cache.top("b", 1)):
        started = time.monotonic()
        with pytest.raises(CacheUnavailable):
            await call
        assert time.monotonic() - started < PATIENCE
    return True


async def works(cache: Cache) -> bool:
    try:
        await cache.put("k", b"x", 60)
        return await cache.get("k") == b"x" and await cache.take("t", per_second=1000, burst=1000) == 0
    except CacheUnavailable:
        return False


async def test_C7_a_redis_that_is_killed_and_comes_back(own_redis: RedisServer) -> None:
    cache = RedisCache(own_redis.url)
    await cache.open()
    assert await works(cache)
    token = (await cache.acquire("l", "o", 60) or pytest.fail()).token
    own_redis.kill()
    assert await fails(cache)
    own_redis.start()
    await until_true(lambda: works(cache))
    again = await cache.acquire("l", "o", 60)
    assert again is not None and again.token > token, "C3: it has lost everything"
    await cache.close()


async def test_C7_a_redis_that_is_paused(own_redis: RedisServer) -> None:
    cache = RedisCache(own_redis.url)
    await cache.open()
    own_redis.pause()
    started = time.monotonic()
    answers = await asyncio.gather(*(cache.get("k") for _ in range(200)), return_exceptions=True)
    assert all(isinstance(answer, CacheUnavailable) for answer in answers)
    assert time.monotonic() - started < PATIENCE, "they waited one after the other"
    assert await fails(cache)
    own_redis.resume()
    await until_true(lambda: works(cache))
    await cache.close()


async def test_C7_a_redis_behind_a_cut_cable(own_redis: RedisServer) -> None:
    async with Proxy(own_redis.port) as proxy:
        cache = RedisCache(f"redis://127.0.0.1:{proxy.port}/0")
        await cache.open()
        proxy.swallow()
        assert await fails(cache)
        proxy.flow()
        await until_true(lambda: works(cache))
        proxy.cut_lines()
        await until_true(lambda: works(cache))
        await cache.close()


async def test_C7_a_caller_who_gives_up_leaves_no_answer_to_the_next(redis_server: RedisServer) -> None:
    async with Proxy(redis_server.port) as proxy:
        cache = RedisCache(f"redis://127.0.0.1:{proxy.port}/0", f"t{secrets.token_hex(4)}", answer_seconds=PATIENCE)
        await cache.open()
        for number in range(20):
            await cache.put(f"k{number}", b"%d" % number, 60)
        proxy.delay_seconds = 0.01
        for _ in range(3):
            asked = [asyncio.create_task(cache.get(f"k{number}")) for number in range(20)]
            await until(lambda: proxy.delay_seconds)
            await asyncio.wait(asked, timeout=0.012)
            for task in asked:
                task.cancel()
            await asyncio.gather(*asked, return_exceptions=True)
            assert [await cache.get(f"k{number}") for number in range(20)] == [b"%d" % number for number in range(20)]
        await cache.close()


async def test_C9_what_cannot_be_used_is_told_in_a_sentence(own_redis: RedisServer) -> None:
    for url in (f"redis://ana:secret@127.0.0.1:{free_port()}/0", "redis://nowhere.invalid", "http://x", ""):
        with pytest.raises(CacheUnavailable, match="no Redis at") as caught:
            await asyncio.wait_for(RedisCache(url).open(), PATIENCE)
        assert "secret" not in str(caught.value)
    own_redis.pause()
    with pytest.raises(CacheUnavailable, match="no Redis at"):
        await asyncio.wait_for(RedisCache(own_redis.url).open(), PATIENCE)


async def test_C2_a_clock_that_is_set_back_does_not_close_a_bucket() -> None:
    now = [1000.0]
    cache = MemoryCache(clock=lambda: now[0])
    assert await cache.take("k", per_second=1, burst=1) == 0
    now[0] -= 500
    assert await cache.take("k", per_second=1, burst=1) <= 1
    now[0] += 1
    assert await cache.take("k", per_second=1, burst=1) == 0


async def test_C2_several_buckets_are_spent_together_or_not_at_all(join: Join) -> None:
    cache = await join()
    wide, narrow = Bucket("wide", 1.0, 10.0), Bucket("narrow", 0.5, 2.0)
    assert (await cache.spend(())).wait == 0
    first = await cache.spend((wide, narrow))
    assert first.wait == 0
    assert first.left == pytest.approx((9, 1), abs=0.2)
    assert (await cache.spend((wide, narrow))).wait == 0
    refused = await cache.spend((wide, narrow))
    assert 1 < refused.wait <= 2
    assert refused.left == pytest.approx((8, 0), abs=0.3)
    assert (await cache.spend((wide,))).left == pytest.approx((7,), abs=0.3)
    many = await asyncio.gather(*(cache.spend((Bucket("k", 0.01, 10.0),)) for _ in range(20)))
    assert sum(spent.wait == 0 for spent in many) == 10
