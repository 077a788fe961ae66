"""Sealing, waiting longer, and what passwords have to be: the parts by themselves."""

import asyncio
import base64
import json
from pathlib import Path

import hypothesis
import hypothesis.strategies as st
import pytest

from api.errors import ApiError
from api.people.argon2_passwords import Passwords
from api.people.backoff import Backoff
from api.people.cryptography_seal import Seal, Unsealable
from api.people.keyring import Keyring
from api.people.password_rules import check_password
from api.people.refusal import Refusal
from rooms.cache import MemoryCache
from rooms.redis_cache import RedisCache
from tests.services.redis import RedisServer


def keyring(*secrets: str) -> Keyring:
    return Keyring(",".join(secret * 40 for secret in secrets), Path("/nowhere"))


@hypothesis.given(
    data=st.binary(max_size=300), place=st.text(max_size=40), at=st.integers(0, 400), bit=st.integers(0, 7)
)
def test_I15_what_is_sealed_opens_unchanged_at_its_place_only(data: bytes, place: str, at: int, bit: int) -> None:
    seal = Seal(keyring("a"))
    sealed = seal.close(data, place)
    assert seal.open(sealed, place) == data
    assert sealed != seal.close(data, place)
    with pytest.raises(Unsealable):
        seal.open(sealed, place + "x")
    spoilt = bytearray(sealed)
    spoilt[at % len(sealed)] ^= 1 << bit
    with pytest.raises(Unsealable):
        seal.open(bytes(spoilt), place)
    for short in (b"", sealed[:1], sealed[:5], sealed[:20], sealed[:-1]):
        with pytest.raises(Unsealable):
            seal.open(short, place)


def test_I15_older_keys_read_and_only_the_current_one_writes() -> None:
    old, both, new = Seal(keyring("a")), Seal(keyring("b", "a")), Seal(keyring("b"))
    sealed = old.close(b"data", "place")
    assert both.open(sealed, "place") == b"data"
    assert not both.is_current(sealed)
    with pytest.raises(Unsealable):
        new.open(sealed, "place")
    assert new.open(both.close(b"data", "place"), "place") == b"data"
    assert both.indexes("a@b.example") == [new.index("a@b.example"), old.index("a@b.example")]


def test_I15_a_key_file_is_made_once_kept_private_and_read_again_when_it_changes(tmp_path: Path) -> None:
    one, two = Keyring("", tmp_path), Keyring("", tmp_path)
    one.open()
    two.open()
    assert one.current == two.current
    two.rotate()
    assert one.current == two.current
    assert len(one.keys) == 2
    path = tmp_path / "keys.json"
    assert path.stat().st_mode & 0o777 == 0o600
    assert [len(base64.b64decode(key)) for key in json.loads(path.read_text())["keys"]] == [32, 32]


class Clock:
    """Stands still until it is set."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


async def refusals(backoff: Backoff, times: int, who: str = "asha", address: str = "10.0.0.1") -> int:
    """How many of so many failing attempts, all at once, were not let through."""
    tries = [backoff.attempt(who, address) for _ in range(times)]
    return sum(isinstance(found, Refusal) for found in await asyncio.gather(*tries, return_exceptions=True))


async def test_I23_the_wait_doubles_and_a_right_answer_ends_it() -> None:
    clock = Clock()
    backoff = Backoff(MemoryCache(clock), clock)
    assert await refusals(backoff, 5) == 0
    waits = []
    for _ in range(7):
        await backoff.attempt("asha", "10.0.0.1")
        with pytest.raises(Refusal) as refused:
            await backoff.attempt("asha", "10.0.0.1")
        waits.append(refused.value.retry_seconds)
        clock.now += waits[-1] + 0.001
    assert waits == pytest.approx([1, 2, 4, 8, 16, 32, 64], abs=0.01)
    await (await backoff.attempt("asha", "10.0.0.1")).succeeded()
    assert await refusals(backoff, 5) == 0


async def test_I23_a_stranger_elsewhere_keeps_nobody_out_for_long() -> None:
    clock = Clock()
    backoff = Backoff(MemoryCache(clock), clock)
    assert await refusals(backoff, 200, address="10.6.6.6") >= 194
    await (await backoff.attempt("asha", "10.0.0.1")).succeeded()
    spread = [await refusals(backoff, 1, address=f"10.7.0.{number}") for number in range(100)]
    assert sum(spread) >= 75
    clock.now += 61
    await (await backoff.attempt("asha", "10.0.0.1")).succeeded()


async def test_I23_one_address_cannot_try_one_password_on_everybody() -> None:
    clock = Clock()
    backoff = Backoff(MemoryCache(clock), clock)
    assert sum([await refusals(backoff, 1, who=f"person{number}") for number in range(200)]) >= 135


async def test_I23_many_at_once_are_counted_over_nodes_that_share_a_cache(redis_server: RedisServer) -> None:
    caches = [RedisCache(redis_server.url, prefix="i23", answer_seconds=20.0) for _ in range(2)]
    for cache in caches:
        await cache.open()
    try:
        one, two = (Backoff(cache) for cache in caches)
        assert await refusals(one, 5) == 0
        assert await refusals(two, 20) >= 15, "five are free at one node, not at each"
    finally:
        for cache in caches:
            await cache.close()


async def test_I23_while_the_cache_is_away_each_node_counts_for_itself(own_redis: RedisServer) -> None:
    cache = RedisCache(own_redis.url)
    await cache.open()
    own_redis.kill()
    try:
        assert await refusals(Backoff(cache), 20) >= 10
    finally:
        await cache.close()


async def test_I17_passwords_are_argon2id_and_too_many_at_once_are_told_to_wait() -> None:
    passwords = Passwords(most_waiting=10)
    kept = await passwords.hash("Quiet-River-８８")
    assert kept.startswith("$argon2id$v=19$m=19456,t=2,p=1$")
    assert await passwords.fits(kept, "Quiet-River-88"), "the same letters typed in another way"
    assert not await passwords.fits(None, "the password of nobody")
    assert not await passwords.fits("nonsense", "x")
    found = await asyncio.gather(*(passwords.fits(None, "x") for _ in range(17)), return_exceptions=True)
    assert sum(isinstance(one, Refusal) and one.status == 503 for one in found) == 7
    passwords.close()


GOOD = ["Quiet-River-88", "correct horse battery staple", "पासवर्ड-मेरा-7", "xK9#mQ2$vL"]
BAD = [
    "P@ssw0rd1!",
    "Football#1",
    "Iloveyou1!",
    "1Qaz2wsx!",
    "aaaaaaaaaaaaaaaaaaaaa",
    "x" * 201,
    "Short-1",
    "ñÑ-nodigits",
]


@pytest.mark.parametrize("password", GOOD)
def test_I17_a_password_of_several_kinds_or_a_long_one_is_fine(password: str) -> None:
    check_password(password)


@pytest.mark.parametrize("password", BAD)
def test_I17_a_password_that_is_tried_first_is_refused(password: str) -> None:
    with pytest.raises(ApiError) as refused:
        check_password(password)
    assert (refused.value.status, refused.value.code) == (422, "weak_password")
