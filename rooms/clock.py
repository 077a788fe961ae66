"""The clock on the wall: when something happened, and nothing else (`SPEC.md`, R61)."""

import time


def unix_ms() -> int:
    """Unix milliseconds: what the clock says, be it right or wrong."""
    return int(time.time() * 1000)
