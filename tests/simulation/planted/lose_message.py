"""Planted: now and then a message to the other nodes is lost without a gap in its numbers."""

import random
import sys

from realtime.fanout import RoomTraffic
from tests.simulation.early_snapshots import serve

_SHARE = 0.5
_put = RoomTraffic.put
_chance = random.Random()


def _lose(traffic: RoomTraffic, payload: bytes) -> None:
    if _chance.random() > _SHARE:
        _put(traffic, payload)


if __name__ == "__main__":
    RoomTraffic.put = _lose  # type: ignore[assignment, method-assign]
    sys.exit(serve())
