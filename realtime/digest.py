"""Making a snapshot of a large document in a process of its own: there it takes seconds and holds up nobody."""

import asyncio
import os
import resource
import sys

from realtime.aside import Order, given_parts, read_order, run_aside
from realtime.errors import BadUpdate
from realtime.loading import Loading

SECONDS = 120
"""CPU time for one document."""
MEMORY_BYTES = 4 * 2**30
AT_ONCE = 1
"""Of those that somebody waits for, and of the others."""

_NICENESS = 10


class Digests:
    """One per process. First come, first served, and no document is here twice: one that is flooded delays no other."""

    def __init__(self) -> None:
        self._turns = asyncio.Semaphore(AT_ONCE)
        self._urgent_turns = asyncio.Semaphore(AT_ONCE)

    async def make(self, order: Order, *, is_urgent: bool = False) -> bytes:
        """The snapshot, encoded; somebody waits for one that `is_urgent`. Raises BadUpdate, OSError."""
        async with self._urgent_turns if is_urgent else self._turns:
            niceness = 0 if is_urgent else _NICENESS
            status, made = await run_aside("realtime.digest", order.parts(), str(niceness))
            if status != 0:
                raise BadUpdate(f"no snapshot could be made (status {status})")
            return made


def main() -> None:
    """In the child: read the order, write the snapshot."""
    os.nice(int(sys.argv[1]))
    resource.setrlimit(resource.RLIMIT_CPU, (SECONDS, SECONDS))
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY_BYTES, MEMORY_BYTES))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    order = read_order(given_parts())
    loading = Loading(0, order.snapshot, order.nested, order.entries)
    for _ in loading.steps():
        pass
    sys.stdout.buffer.write(loading.condensed(is_small=False).encode())


if __name__ == "__main__":
    main()
