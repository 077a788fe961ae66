"""A whole document as bytes that are applied bit by bit, each bit in a few milliseconds.

`whole` is one ordinary update. A large one comes with a table of its structs, in an order in which nothing is before
what it builds on (as `integrateStructs` of github.com/yjs/yjs finds it), cut into parts; the deletions are parts of
their own and come last. So no part ever waits inside the library for a later one.
"""

from collections.abc import Iterator

import msgspec

from realtime.errors import BadUpdate
from realtime.lib0 import write_id, write_uint
from realtime.pairs import Chunk

MAGIC = b"\x00SGM\x01"
"""No whole document begins so: without structs there are no deletions."""
_LENGTH_BYTES = 8

Run = tuple[int, int, int, int, int]
"""Structs of one client that follow each other: client, first clock, count, start and end in `whole`."""
Deletions = tuple[int, int, int, int]
"""Deletions in one client's structs: client, count, start and end in `whole`."""


class Part(msgspec.Struct, frozen=True, array_like=True):
    """What is applied at once."""

    runs: list[Run]
    deletions: list[Deletions] = []


class Table(msgspec.Struct, frozen=True, array_like=True):
    """What is known of a snapshot besides its bytes; without `parts` it is small and applied at once.

    `vector` is its state vector. `blocks`, `nested` and `pairs` (see `Document`) were counted when it was made.
    `waiting` are entries of the journal that build on something which the journal does not have yet, or has lost.
    """

    parts: list[Part]
    vector: bytes
    blocks: int
    nested: int
    pairs: list[Chunk]
    waiting: list[bytes]


class Snapshot:
    """Immutable. `whole` may be a view into the bytes that it was decoded from."""

    __slots__ = ("table", "whole")

    def __init__(self, whole: bytes | memoryview, table: Table) -> None:
        self.whole = whole
        self.table = table

    @classmethod
    def decode(cls, raw: bytes) -> "Snapshot | None":
        """None for a bare update, as servers before wrote them. Raises BadUpdate."""
        if raw[: len(MAGIC)] != MAGIC:
            return None
        start = len(MAGIC) + _LENGTH_BYTES
        end = start + int.from_bytes(raw[len(MAGIC) : start])
        view = memoryview(raw)
        try:
            return cls(view[end:], msgspec.msgpack.decode(view[start:end], type=Table))
        except (msgspec.DecodeError, msgspec.ValidationError) as error:
            raise BadUpdate("the snapshot's table cannot be read") from error

    def encode(self) -> bytes:
        table = msgspec.msgpack.encode(self.table)
        return b"".join((MAGIC, len(table).to_bytes(_LENGTH_BYTES), table, self.whole))

    def updates(self) -> Iterator[bytes]:
        """What to apply, one after the other."""
        if not self.table.parts:
            yield bytes(self.whole)
        for part in self.table.parts:
            yield self._update(part)

    def _update(self, part: Part) -> bytes:
        whole = self.whole
        pieces: list[bytes | memoryview] = [write_uint(len(part.runs))]
        for client, clock, count, start, end in part.runs:
            pieces += (write_uint(count), write_id(client), write_uint(clock), whole[start:end])
        pieces.append(write_uint(len(part.deletions)))
        for client, count, start, end in part.deletions:
            pieces += (write_id(client), write_uint(count), whole[start:end])
        return b"".join(pieces)
