"""A node in a process of its own, for tests that stop it: says what it hears, a line each."""

import asyncio
import sys
from functools import partial

from realtime.nats_fanout import NatsFanout

say = partial(print, flush=True)


def receive(_origin: str, payload: bytes) -> None:
    if len(payload) < 100:
        say(payload.decode())


async def main(url: str) -> None:
    fanout = NatsFanout(url, beat_seconds=0.1, silent_seconds=3.0)
    fanout.when_node_gone(lambda node: print("gone", node, flush=True))
    await fanout.open()
    await fanout.subscribe("room", receive, partial(say, "gap"))
    print(fanout.node, flush=True)
    await asyncio.Event().wait()


asyncio.run(main(sys.argv[1]))
