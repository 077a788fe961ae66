"""Planted: after a gap nodes compare nothing."""

import sys

from rooms.room import Room
from tests.simulation.early_snapshots import serve


def _ignore(_room: Room) -> None:
    pass


if __name__ == "__main__":
    Room.compare = _ignore  # type: ignore[assignment, method-assign]
    sys.exit(serve())
