"""Work that would hold up everybody, done by one of our modules in a process of its own.

What goes in and out are files without a name: the loop waits for the process, never for bytes.
"""

import asyncio
import contextlib
import sys
import tempfile
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import IO

import msgspec

_ROOT = Path(__file__).resolve().parent.parent


class Order(msgspec.Struct, frozen=True):
    """What a document is made of: a snapshot or a bare update, and the entries after it (see `Loading`)."""

    snapshot: bytes | None
    nested: int
    entries: Sequence[bytes]

    def parts(self) -> Iterable[bytes]:
        """As plain bytes, for `read_order`."""
        return self.nested.to_bytes(8), self.snapshot or b"", *self.entries


def read_order(parts: Sequence[bytes]) -> Order:
    return Order(parts[1] or None, int.from_bytes(parts[0]), parts[2:])


async def run_aside(module: str, given: Iterable[bytes], *words: str) -> tuple[int, bytes]:
    """Its exit status (negative if it was killed) and what it wrote. Raises OSError if it cannot be started."""
    with tempfile.TemporaryFile() as source, tempfile.TemporaryFile() as made:
        await asyncio.to_thread(_write, source, given)
        status = await _run(module, words, source, made)
        return status, await asyncio.to_thread(_read, made)


def _write(file: IO[bytes], given: Iterable[bytes]) -> None:
    for part in given:
        file.write(len(part).to_bytes(8))
        file.write(part)
    file.flush()
    file.seek(0)


def _read(file: IO[bytes]) -> bytes:
    file.seek(0)
    return file.read()


async def _run(module: str, words: Sequence[str], source: IO[bytes], made: IO[bytes]) -> int:
    child = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", module, *words),
        stdin=source,
        stdout=made,
        stderr=asyncio.subprocess.DEVNULL,
        cwd=_ROOT,
        env={},
    )
    try:
        return await child.wait()
    finally:
        with contextlib.suppress(ProcessLookupError):
            child.kill()


def given_parts() -> list[bytes]:
    """In the child: what `run_aside` was given."""
    raw, pos, parts = sys.stdin.buffer.read(), 0, []
    while pos < len(raw):
        end = pos + 8 + int.from_bytes(raw[pos : pos + 8])
        parts.append(raw[pos + 8 : end])
        pos = end
    return parts
