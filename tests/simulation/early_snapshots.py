"""`sangam serve` whose snapshots are written every few entries, so that a short run has many."""

import sys

from api.__main__ import main
from rooms import shelf

SNAPSHOT_ENTRIES = 10


def serve() -> int:
    """Returns the exit status."""
    shelf.SNAPSHOT_ENTRIES = SNAPSHOT_ENTRIES
    return main()


if __name__ == "__main__":
    sys.exit(serve())
