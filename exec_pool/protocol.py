"""Frames between the server and the runner in a cell: `>BI` (type, length), then the payload.

To the cell: F a file (u32 path length, path, bytes), J the job, G go on with the announced step, I standard
input, E its end, T the size of the terminal (u16 rows, u16 columns), K kill, W wipe for the next job. From the
cell: R ready, S a step is about to start, O standard output, X standard error, C compiler output, A bytes of input
taken, U usage, D done.
"""

import struct
from collections.abc import Iterator

import msgspec

from exec_pool.errors import CellFailed

HEAD = struct.Struct(">BI")
LONGEST = 32 * 1024 * 1024
LONGEST_FROM_CELL = 1024 * 1024
FROM_CELL = frozenset(b"RSOXCAUD")


def frame(kind: str, payload: bytes = b"") -> bytes:
    """One frame; ValueError when the payload is too long."""
    if len(payload) > LONGEST:
        raise ValueError("frame too long")
    return HEAD.pack(ord(kind), len(payload)) + payload


def file_frame(path: str, content: bytes) -> bytes:
    """A file for the cell; the path is relative to its root (`work/…` or `tmp/support/…`)."""
    name = path.encode()
    return frame("F", struct.pack(">I", len(name)) + name + content)


class Frames:
    """Takes bytes as they come, gives whole frames. CellFailed on an unknown type or an absurd length."""

    def __init__(self, known: frozenset[int] = FROM_CELL, longest: int = LONGEST_FROM_CELL) -> None:
        self._known = known
        self._longest = longest
        self._buffer = bytearray()

    def feed(self, data: bytes) -> Iterator[tuple[str, bytes]]:
        """The frames that are complete now."""
        self._buffer += data
        start = 0
        try:
            while (end := self._end(start)) is not None:
                kind = chr(self._buffer[start])
                payload = bytes(self._buffer[start + HEAD.size : end])
                start = end
                yield kind, payload
        finally:
            del self._buffer[:start]

    def _end(self, start: int) -> int | None:
        if len(self._buffer) - start < HEAD.size:
            return None
        kind, length = HEAD.unpack_from(self._buffer, start)
        if kind not in self._known or length > self._longest:
            raise CellFailed("The sandbox spoke out of turn.")
        end = start + HEAD.size + int(length)
        return end if end <= len(self._buffer) else None


class StepOrder(msgspec.Struct, frozen=True, kw_only=True):
    """One step of a job as the runner reads it."""

    name: str
    argv: list[str]
    env: dict[str, str]
    cwd: str = "/work"
    wall: float
    cpu: float
    output: int
    file: int
    terminal: tuple[int, int] | None = None  # rows and columns


class JobOrder(msgspec.Struct, frozen=True):
    """The steps of a job, in order; the first that fails is the last."""

    steps: list[StepOrder]
