"""The benchmark of runs: what is compared with what."""

import asyncio

from loadtests.exec.measures import Once, Plain, in_turns, rate, spread
from loadtests.exec.rush import fair_shares


async def test_L9_every_measure_meets_every_round() -> None:
    heard: list[str] = []

    def measure(name: str) -> Once:
        async def once() -> float:
            heard.append(name)
            return float(len(heard))

        return once

    async def rest() -> None:
        heard.append("-")

    seconds = await in_turns({"plain": measure("plain"), "cell": measure("cell")}, rest, 20)
    rounds = [tuple(heard[at : at + 4]) for at in range(0, len(heard), 4)]
    assert len(rounds) == len(seconds["plain"]) == len(seconds["cell"]) == 20
    assert set(rounds) == {("-", "plain", "-", "cell"), ("-", "cell", "-", "plain")}


def test_L9_a_spread_is_of_all_measurements() -> None:
    found = spread([0.001 * number for number in range(1, 101)])
    assert (round(found.p50, 4), found.count) == (0.0505, 100)
    assert 0.094 < found.p95 < 0.096


async def test_L9_a_rate_counts_what_ended() -> None:
    async def once(_: int) -> None:
        await asyncio.sleep(0)

    assert await rate(once, 4, 0.05) > 100


async def test_L9_plain_is_the_same_program_in_a_bare_process() -> None:
    plain = Plain()
    try:
        assert 0 < await plain.once() < 30
    finally:
        plain.close()


def test_L9_a_fair_share_is_what_equal_turns_would_give() -> None:
    assert fair_shares([1, 1, 1, 1], 8.0) == [8.0] * 4
    assert fair_shares([1, 1, 3], 5.0) == [3.0, 3.0, 5.0]
