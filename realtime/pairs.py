"""Which clocks of a document are the second half of a character outside the Basic Multilingual Plane.

Clocks count UTF-16 units, so an edit can name the middle of an emoji. The CRDT library then splits it into a whole
and an empty string, and whatever it encodes from then on has other clocks than it holds: newcomers would never see
what is written next. No editor does this, so such an edit is refused, and for that one must know where the middles are.
"""

import re
from collections.abc import Iterable

_CHUNK_BITS = 10
_ASTRAL = re.compile(rb"[\xf0-\xf4][\x80-\xbf]{3}")


def may_hold_pairs(data: bytes) -> bool:
    """False if no string in there can have such characters: a quick look that may err on the other side."""
    return _ASTRAL.search(data) is not None


def middles(text: str) -> list[int]:
    """Offsets, in UTF-16 units, of the second halves."""
    found, offset = [], 0
    for character in text:
        offset += 1
        if character > "\uffff":
            found.append(offset)
            offset += 1
    return found


Chunk = tuple[int, int, bytes]
"""Client, place and bits of a few hundred clocks."""


class Pairs:
    """A set of (client, clock), compact where they lie close together. Nearly always there are no `chunks`."""

    __slots__ = ("chunks",)

    def __init__(self) -> None:
        self.chunks: dict[tuple[int, int], int] = {}

    def add(self, client: int, clock: int) -> None:
        chunk = client, clock >> _CHUNK_BITS
        self.chunks[chunk] = self.chunks.get(chunk, 0) | 1 << (clock & (1 << _CHUNK_BITS) - 1)

    def dump(self) -> list[Chunk]:
        """As plain values."""
        return [(client, chunk, bits.to_bytes(1 << _CHUNK_BITS - 3)) for (client, chunk), bits in self.chunks.items()]

    def restore(self, chunks: Iterable[Chunk]) -> None:
        """Add what `dump` gave."""
        for client, chunk, bits in chunks:
            self.chunks[client, chunk] = self.chunks.get((client, chunk), 0) | int.from_bytes(bits)

    def __contains__(self, place: tuple[int, int]) -> bool:
        if not self.chunks:
            return False
        client, clock = place
        return bool(self.chunks.get((client, clock >> _CHUNK_BITS), 0) >> (clock & (1 << _CHUNK_BITS) - 1) & 1)

    def __len__(self) -> int:
        return sum(chunk.bit_count() for chunk in self.chunks.values())
