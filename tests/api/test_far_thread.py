"""The talk between a node and a worker over a way that loses, doubles and delays."""

import asyncio
import random
from collections.abc import Callable
from functools import partial

import pytest

from api.far_thread import OVER, TAKEN_OVER, Letter, Thread, encode, read, void

MOST = 2000


class Way:
    """Two ends; `chance` of each letter to be lost, and of each to come twice or late."""

    def __init__(self, seed: int, chance: float) -> None:
        self.random = random.Random(seed)
        self.chance = chance
        self.heard: dict[str, list[bytes | None]] = {"node": [], "worker": []}
        self.node = self._end("node", to_worker=True)
        self.worker = self._end("worker", to_worker=False)

    def _end(self, name: str, *, to_worker: bool) -> Thread:
        send, hear = partial(self._carry, name), self.heard[name].append
        return Thread("t", send, hear, to_worker=to_worker, most=MOST, again_seconds=0.05)

    def _carry(self, name: str, letter: bytes) -> None:
        loop, other = asyncio.get_running_loop(), self.worker if name == "node" else self.node
        for _ in range(1 + (self.random.random() < self.chance)):
            if self.random.random() >= self.chance:
                late = self.random.random() * 0.02 if self.random.random() < self.chance else 0.0
                loop.call_later(late, other.take, read(letter))

    async def until_heard(self) -> None:
        async with asyncio.timeout(30):
            await self.node.until_heard()
            await self.worker.until_heard()

    def close(self) -> None:
        self.node.close()
        self.worker.close()


def messages(seed: int, count: int) -> list[bytes]:
    """Some of them longer than a letter, some empty."""
    chance = random.Random(seed)
    return [chance.randbytes(chance.choice((0, 1, 50, 1000, 9000))) for _ in range(count)]


@pytest.mark.parametrize(("seed", "chance"), [(1, 0.0), (2, 0.1), (3, 0.3), (4, 0.5)])
async def test_E75_everything_arrives_once_and_in_order(seed: int, chance: float) -> None:
    way = Way(seed, chance)
    there, back = messages(seed, 60), messages(seed + 100, 60)
    for one, other in zip(there, back, strict=True):
        way.node.say(one)
        way.worker.say(other)
        if len(one) == 1:
            await asyncio.sleep(0)
    await way.until_heard()
    assert way.heard == {"worker": there, "node": back}
    way.close()


async def test_E75_what_is_said_after_a_cut_is_heard_after_it() -> None:
    way = Way(1, 1.0)
    way.node.say(b"during the cut")
    way.chance = 0.0
    way.node.repeat()
    await way.until_heard()
    assert way.heard["worker"] == [b"during the cut"]
    way.close()


async def test_E75_a_great_message_waits_for_the_other_end_to_hear_its_beginning() -> None:
    sent: list[Letter] = []
    keep: Callable[[bytes], None] = lambda letter: sent.append(read(letter))  # noqa: E731
    thread = Thread("t", keep, lambda _: None, to_worker=True, most=2**20)
    thread.say(b"x" * 2**22)
    assert sum(len(letter.body) for letter in sent) < 2**20
    thread.take(Letter("t", False, 0, sent[-1].number))
    assert sum(len(letter.body) for letter in sent) > 2**19
    thread.close()


@pytest.mark.parametrize("number", [OVER, TAKEN_OVER])
async def test_E71_an_end_that_is_told_void_hears_and_says_no_more(number: int) -> None:
    way = Way(1, 0.0)
    way.worker.take(read(void("t", number, to_worker=True)))
    assert way.heard["worker"] == [None]
    assert way.worker.is_taken_over == (number == TAKEN_OVER)
    way.worker.say(b"late")
    way.worker.take(read(encode(Letter("t", True, 1, 0, body=b"late"))))
    await way.until_heard()
    assert way.heard == {"node": [], "worker": [None]}
    way.close()
