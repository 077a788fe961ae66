"""Making one snapshot of a document from what the journal holds, in a process of its own.

From the journal's bytes and nothing else: the document in memory may lack what other nodes committed. In a process of
its own, because the library holds up everybody while it works. The process is started when it is first needed and kept,
niced; it ends with its parent, and after a large document, whose memory it would keep.
"""

import asyncio
import contextlib
import os
import resource
import sys
from collections.abc import Sequence
from pathlib import Path

import msgspec

from realtime.document import Document

SMALL_BYTES = 4096
SMALL_UPDATES = 20
"""So little is done at once: it takes less time than to hand it over."""
LARGE_BYTES = 8 * 2**20
MOST_SECONDS = 120.0
MEMORY_BYTES = 4 * 2**30

_HEAD = 8
_NICENESS = 10
_ROOT = Path(__file__).resolve().parent.parent


class CompactionFailed(Exception):
    """The process died or took too long; there is no snapshot, and nothing else is wrong."""


class Compacted(msgspec.Struct, frozen=True):
    """A document as one update, and its count of nested items (`Footprint.nested`)."""

    state: bytes
    nested: int


class Order(msgspec.Struct, frozen=True, array_like=True):
    """What the child is to do: apply all of these."""

    snapshot: bytes | None
    nested: int
    updates: tuple[bytes, ...]

    def size(self) -> int:
        return len(self.snapshot or b"") + sum(map(len, self.updates))


class Compactor:
    """One per process. One document at a time; the others wait."""

    def __init__(self) -> None:
        self._turn = asyncio.Lock()
        self._child: asyncio.subprocess.Process | None = None

    async def compact(self, snapshot: bytes | None, nested: int, updates: Sequence[bytes]) -> Compacted:
        """Raises CompactionFailed."""
        order = Order(snapshot, nested, tuple(updates))
        size = order.size()
        if size <= SMALL_BYTES and len(updates) <= SMALL_UPDATES:
            return _compacted(order)
        async with self._turn:
            try:
                async with asyncio.timeout(MOST_SECONDS):
                    compacted = await self._ask(order)
            except (OSError, EOFError, TimeoutError, msgspec.MsgspecError) as error:
                await self._end_child()
                raise CompactionFailed(repr(error)) from error
            except BaseException:
                await self._end_child()
                raise
            if size > LARGE_BYTES:
                await self._end_child()
            return compacted

    async def _ask(self, order: Order) -> Compacted:
        if self._child is None:
            self._child = await asyncio.create_subprocess_exec(
                *(sys.executable, "-m", "realtime.compaction"),
                stdin=asyncio.subprocess.PIPE,
                stdout=asyncio.subprocess.PIPE,
                stderr=asyncio.subprocess.DEVNULL,
                cwd=_ROOT,
                env={},
            )
        child = self._child
        assert child.stdin is not None
        assert child.stdout is not None
        data = msgspec.msgpack.encode(order)
        child.stdin.write(len(data).to_bytes(_HEAD, "big"))
        child.stdin.write(data)
        await child.stdin.drain()
        length = int.from_bytes(await child.stdout.readexactly(_HEAD), "big")
        return msgspec.msgpack.decode(await child.stdout.readexactly(length), type=Compacted)

    async def close(self) -> None:
        """Whoever has a turn gets no answer."""
        await self._end_child()

    async def _end_child(self) -> None:
        child, self._child = self._child, None
        if child is not None:
            with contextlib.suppress(ProcessLookupError):
                child.kill()
            await child.wait()


def _compacted(order: Order) -> Compacted:
    document = Document(0)
    document.load(order.snapshot, order.nested, order.updates)
    return Compacted(document.encode(), document.nested)


def main() -> None:
    """In the child: one order after the other, until the parent hangs up."""
    os.nice(_NICENESS)
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY_BYTES, MEMORY_BYTES))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    while head := sys.stdin.buffer.read(_HEAD):
        order = msgspec.msgpack.decode(sys.stdin.buffer.read(int.from_bytes(head, "big")), type=Order)
        data = msgspec.msgpack.encode(_compacted(order))
        sys.stdout.buffer.write(len(data).to_bytes(_HEAD, "big"))
        sys.stdout.buffer.write(data)
        sys.stdout.buffer.flush()


if __name__ == "__main__":
    main()
