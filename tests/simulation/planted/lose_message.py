"""Planted: now and then a message to the other nodes is lost without a gap in its numbers."""

import sys

from realtime.fanout import RoomTraffic
from tests.simulation.early_snapshots import serve

_EVERY = 8
_put = RoomTraffic.put
_calls = iter(range(10**9))


def _lose(traffic: RoomTraffic, payload: bytes) -> None:
    if next(_calls) % _EVERY != _EVERY - 1:
        _put(traffic, payload)


if __name__ == "__main__":
    RoomTraffic.put = _lose  # type: ignore[assignment, method-assign]
    sys.exit(serve())
