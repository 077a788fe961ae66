"""How a broker is, measured once."""

import asyncio
import time

import msgspec
from nats import errors

from realtime.fanout import new_node
from realtime.nats_link import ANSWER_SECONDS, NatsLink

_PINGS = 5


class BrokerHealth(msgspec.Struct, frozen=True):
    """`answer_seconds` is the best of a few round trips; `keeps_jobs` says that JetStream is on."""

    server: str
    answer_seconds: float
    max_payload: int
    keeps_jobs: bool


async def probe_broker(url: str) -> BrokerHealth:
    """Raises FanoutUnavailable."""
    link = await NatsLink.dial(url, new_node())
    try:
        took = []
        for _ in range(_PINGS):
            started = time.perf_counter()
            await link.settle()
            took.append(time.perf_counter() - started)
        return BrokerHealth(link.server, min(took), link.max_payload, await _keeps_jobs(link))
    finally:
        await link.abort()


async def _keeps_jobs(link: NatsLink) -> bool:
    try:
        async with asyncio.timeout(ANSWER_SECONDS):
            await link.jetstream().account_info()
    except (errors.Error, OSError, TimeoutError):
        return False
    return True
