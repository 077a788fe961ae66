"""A node in a process of its own, for tests that stop it: says what it hears, a line each."""

import asyncio
import sys
from functools import partial

from realtime.nats_fanout import NatsFanout


async def main(url: str) -> None:
    fanout = NatsFanout(url, beat_seconds=0.1, silent_seconds=0.6)
    fanout.when_node_gone(lambda node: print("gone", node, flush=True))
    await fanout.open()
    say = partial(print, flush=True)
    await fanout.subscribe("room", lambda _, payload: say(payload.decode()), lambda: say("gap"))
    print(fanout.node, flush=True)
    await asyncio.Event().wait()


asyncio.run(main(sys.argv[1]))
