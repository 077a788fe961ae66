"""Making a snapshot of a large document in a process of its own: there it takes seconds, and would hold up everybody.

What goes in and out are files without a name: the loop waits for the process, never for bytes.
"""

import asyncio
import contextlib
import os
import resource
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import IO

import msgspec

from realtime.errors import BadUpdate
from realtime.loading import Loading

SECONDS = 120
"""CPU time for one document."""
MEMORY_BYTES = 4 * 2**30
AT_ONCE = 1

_NICENESS = 10
_ROOT = Path(__file__).resolve().parent.parent


class Order(msgspec.Struct, frozen=True):
    """What the journal holds of a document (see `Loading`)."""

    snapshot: bytes | None
    nested: int
    entries: Sequence[bytes]


class Digests:
    """One per process."""

    def __init__(self) -> None:
        self._turns = asyncio.Semaphore(AT_ONCE)

    async def make(self, order: Order, *, is_urgent: bool = False) -> bytes:
        """The snapshot, encoded; somebody waits for one that `is_urgent`. Raises BadUpdate, OSError."""
        async with self._turns:
            with tempfile.TemporaryFile() as given, tempfile.TemporaryFile() as made:
                await asyncio.to_thread(_write, given, order)
                await _run(given, made, 0 if is_urgent else _NICENESS)
                return await asyncio.to_thread(_read, made)


def _write(file: IO[bytes], order: Order) -> None:
    for data in (order.nested.to_bytes(8), *_framed(order.snapshot or b""), *_each_framed(order.entries)):
        file.write(data)
    file.flush()
    file.seek(0)


def _framed(data: bytes) -> tuple[bytes, bytes]:
    return len(data).to_bytes(8), data


def _each_framed(entries: Sequence[bytes]) -> Sequence[bytes]:
    return [data for entry in entries for data in _framed(entry)]


def _read(file: IO[bytes]) -> bytes:
    file.seek(0)
    return file.read()


async def _run(given: IO[bytes], made: IO[bytes], niceness: int) -> None:
    child = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "realtime.digest", str(niceness)),
        stdin=given,
        stdout=made,
        stderr=asyncio.subprocess.DEVNULL,
        cwd=_ROOT,
        env={},
    )
    try:
        await child.wait()
    finally:
        with contextlib.suppress(ProcessLookupError):
            child.kill()
    if child.returncode != 0:
        raise BadUpdate(f"no snapshot could be made (status {child.returncode})")


def _orders(raw: bytes) -> Order:
    nested, pos, parts = int.from_bytes(raw[:8]), 8, []
    while pos < len(raw):
        end = pos + 8 + int.from_bytes(raw[pos : pos + 8])
        parts.append(raw[pos + 8 : end])
        pos = end
    return Order(parts[0] or None, nested, parts[1:])


def main() -> None:
    """In the child: read the order, write the snapshot."""
    os.nice(int(sys.argv[1]))
    resource.setrlimit(resource.RLIMIT_CPU, (SECONDS, SECONDS))
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY_BYTES, MEMORY_BYTES))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    order = _orders(sys.stdin.buffer.read())
    loading = Loading(0, order.snapshot, order.nested, order.entries)
    for _ in loading.steps():
        pass
    sys.stdout.buffer.write(loading.condensed(is_small=False).encode())


if __name__ == "__main__":
    main()
