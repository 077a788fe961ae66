"""Applying an update in a process of its own first: the library may take minutes for it, and holds up everybody.

Where an item names neighbours that are far apart, the library scans all that lies between them, for each such item.
What that costs no walk of the bytes can tell. The child reads the document and the update, and exits with a verdict.
"""

import asyncio
import logging
import math
import os
import resource
import sys
from collections.abc import Awaitable, Callable
from time import process_time

import msgspec

from realtime.aside import Order, given_parts, read_order, run_aside
from realtime.document import BYTES_PER_BLOCK, Document
from realtime.errors import BadUpdate
from realtime.loading import Loading
from realtime.snapshot import Snapshot
from realtime.update import check_update

_log = logging.getLogger(__name__)

SMALL_BYTES = 2**19
"""A document up to this size is encoded in about a millisecond."""

APPLY_SECONDS = 1.0
"""CPU time that applying one update may take: nobody else is served meanwhile."""
RELOAD_SECONDS = 1.0
"""By how much one update may slow down loading the document."""
CROWDED_SECONDS = 2.0
"""A document that takes longer to load takes no update over CROWDED_APPLY_SECONDS that is tried."""
CROWDED_APPLY_SECONDS = 0.002
REST = 10
"""For so many times its length a turn is kept after an update was applied: long ones must not follow each other."""
LOAD_SECONDS = 20
MEMORY_BYTES = 2 * 2**30
AT_ONCE = 2

_PASSED, _TOO_LONG = 0, 3
_NICENESS = 10


class Passed(msgspec.Struct, frozen=True):
    """The blocks of the document before the update, and the CPU seconds that it took to apply."""

    blocks: int
    seconds: float


class Trials:
    """One per process. Whoever runs one holds one of `turns`; the others wait, each holding up its own session."""

    def __init__(self) -> None:
        self.turns = asyncio.Semaphore(AT_ONCE)

    async def run(self, document: Document, update: bytes, of_journal: Callable[[], Awaitable[Order]]) -> Passed:
        """Raises BadUpdate if the update does not pass, OSError. Corrects the document's estimate of its blocks.

        A large document would take long to encode: `of_journal` tells what it is made of.
        """
        estimate = document.blocks
        passed = await _try_in_child(await _order(document, of_journal), update)
        document.blocks += passed.blocks - estimate
        return passed


async def _order(document: Document, of_journal: Callable[[], Awaitable[Order]]) -> Order:
    if document.size > SMALL_BYTES:
        try:
            return await of_journal()
        except Exception as error:  # better slow than not at all
            _log.warning("the journal cannot be read for a trial", extra={"error": repr(error)})
    return Order(document.encode(), document.nested, ())


async def _try_in_child(order: Order, update: bytes) -> Passed:
    status, said = await run_aside("realtime.trial", (update, *order.parts()))
    if status == _PASSED:
        return msgspec.json.decode(said, type=Passed)
    too_long = status < 0 or status == _TOO_LONG
    raise BadUpdate("the update takes too long to apply" if too_long else "the update contradicts the document")


def _allow(seconds: float) -> None:
    """So much more CPU time, then the system ends this process."""
    _, hard = resource.getrlimit(resource.RLIMIT_CPU)
    resource.setrlimit(resource.RLIMIT_CPU, (math.ceil(process_time() + seconds), hard))


def _timed(document: Document, update: bytes, limit: float) -> float:
    _allow(limit)
    started = process_time()
    document.take(update)
    return process_time() - started


def _blocks(snapshot: bytes) -> int:
    try:
        return check_update(snapshot).parts
    except BadUpdate:  # a document may have more parts than an update
        return len(snapshot) // BYTES_PER_BLOCK


def _whole(order: Order) -> bytes:
    """The document as one update."""
    if order.snapshot is not None and not order.entries and Snapshot.decode(order.snapshot) is None:
        return order.snapshot
    _allow(LOAD_SECONDS)
    loading = Loading(0, order.snapshot, order.nested, order.entries)
    for _ in loading.steps():
        pass
    return loading.document.encode()


def _verdict(snapshot: bytes, update: bytes) -> Passed | None:
    """None if it takes too long."""
    document, copy = Document(0), Document(0)
    loading = _timed(document, snapshot, LOAD_SECONDS)
    blocks = _blocks(snapshot)
    applying = _timed(document, update, APPLY_SECONDS)
    reloading = _timed(copy, document.encode(), loading + RELOAD_SECONDS)
    is_crowded = reloading > CROWDED_SECONDS and applying > CROWDED_APPLY_SECONDS
    if applying > APPLY_SECONDS or reloading > loading + RELOAD_SECONDS or is_crowded:
        return None
    return Passed(blocks, applying)


def main() -> None:
    """In the child: read the document and the update, tell what they cost."""
    os.nice(_NICENESS)
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY_BYTES, MEMORY_BYTES))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    update, *parts = given_parts()
    passed = _verdict(_whole(read_order(parts)), update)
    if passed is None:
        sys.exit(_TOO_LONG)
    sys.stdout.buffer.write(msgspec.json.encode(passed))


if __name__ == "__main__":
    main()
