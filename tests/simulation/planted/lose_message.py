"""Planted: after the first few, every message to the other nodes is lost without a gap in its numbers."""

import sys
from collections import Counter

from realtime.fanout import RoomTraffic
from tests.simulation.early_snapshots import serve

_SENT_BEFORE = 30
_put = RoomTraffic.put
_sent: Counter[str] = Counter()


def _lose(traffic: RoomTraffic, payload: bytes) -> None:
    _sent[traffic.room] += 1
    if _sent[traffic.room] <= _SENT_BEFORE:
        _put(traffic, payload)


if __name__ == "__main__":
    RoomTraffic.put = _lose  # type: ignore[assignment, method-assign]
    sys.exit(serve())
