"""How payloads of a room travel between nodes: one letter holds a batch, or a part of one."""

import struct
from collections.abc import Iterator

from realtime.fanout import Batch

_VERSION = 1
_HEAD = struct.Struct(">B16sQ")
_LENGTH = struct.Struct(">I")
LETTER_BYTES = _HEAD.size + _LENGTH.size
"""What a letter adds to a single payload."""


def write_letters(node: str, batch: Batch, limit: int) -> Iterator[bytes]:
    """The letters of a batch, none over `limit` bytes; no payload may be over `limit` less LETTER_BYTES."""
    first, parts, size = batch.first, list[bytes](), 0
    for payload in batch.payloads:
        if parts and _HEAD.size + size + _LENGTH.size + len(payload) > limit:
            yield _letter(node, first, parts)
            first, parts, size = first + len(parts), [], 0
        parts.append(payload)
        size += len(payload) + _LENGTH.size
    yield _letter(node, first, parts)


def read_letter(data: bytes) -> tuple[str, Batch]:
    """The origin node and its batch. Raises ValueError for anything else."""
    if len(data) < _HEAD.size:
        raise ValueError("not a letter")
    version, node, first = _HEAD.unpack_from(data)
    if version != _VERSION:
        raise ValueError(f"a letter of version {version}")
    return node.decode("ascii"), Batch(first, list(_payloads(data)))


def _letter(node: str, first: int, payloads: list[bytes]) -> bytes:
    parts = [_HEAD.pack(_VERSION, node.encode("ascii"), first)]
    for payload in payloads:
        parts.append(_LENGTH.pack(len(payload)))
        parts.append(payload)
    return b"".join(parts)


def _payloads(data: bytes) -> Iterator[bytes]:
    at = _HEAD.size
    while at < len(data):
        start = at + _LENGTH.size
        if start > len(data):
            raise ValueError("a letter that ends too soon")
        at = start + _LENGTH.unpack_from(data, at)[0]
        if at > len(data):
            raise ValueError("a letter that ends too soon")
        yield data[start:at]
