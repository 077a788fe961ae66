"""WebSocket frames as bytes: ready ones to send, built once for many recipients, and the plain ones that come in.

Format: RFC 6455, section 5.2. A server's frames are not masked, so one frame serves every recipient as it is.
"""

import struct

try:
    from websockets.speedups import apply_mask
except ImportError:  # a platform without the compiled part
    from websockets.utils import apply_mask

_BINARY = 0x82
_PONG = 0x8A
_MASKED = 0x80
_SHORTEST = 8
"""The shortest frame that is looked at without asking how much of its head is there."""
_SHORT_HEADS = [bytes((_BINARY, length)) for length in range(126)]
_LENGTH_16 = struct.Struct("!BBH")
_LENGTH_64 = struct.Struct("!BBQ")


def binary_frame(payload: bytes) -> bytes:
    """One complete binary message as a server sends it."""
    return frame_head(len(payload)) + payload


def frame_head(length: int) -> bytes:
    """What goes before a binary message of this length."""
    if length < 126:
        return _SHORT_HEADS[length]
    if length < 65_536:
        return _LENGTH_16.pack(_BINARY, 126, length)
    return _LENGTH_64.pack(_BINARY, 127, length)


class Bundle:
    """One or more messages that all recipients with one prefix get, in this order: `wire` has all their frames."""

    __slots__ = ("_bodies", "_prefix", "wire")

    def __init__(self, prefix: bytes, bodies: list[bytes]) -> None:
        self._prefix = prefix
        self._bodies = bodies
        parts: list[bytes] = []
        for body in bodies:
            parts += (frame_head(len(prefix) + len(body)), prefix, body)
        self.wire = b"".join(parts)

    @property
    def payloads(self) -> list[bytes]:
        return [self._prefix + body for body in self._bodies]


def read_messages(data: bytes, limit: int) -> tuple[list[bytes], int]:
    """The whole binary messages, none above `limit`, that `data` begins with, and where something else begins."""
    messages: list[bytes] = []
    start, size = 0, len(data)
    while size - start >= _SHORTEST and data[start] == _BINARY:
        length = data[start + 1] - _MASKED
        body = start + 6
        if length == 126:
            length = data[start + 2] << 8 | data[start + 3]
            body += 2
        elif not 0 <= length < 126:
            break
        end = body + length
        if end > size or length > limit:
            break
        messages.append(apply_mask(data[body:end], data[body - 4 : body]))
        start = end
    return messages, start


def read_frame(data: bytes, start: int) -> tuple[int, bytes | None]:
    """Look at the frame that begins at `start`: where it ends, and its payload if it is one whole binary message.

    An end of 0 means that the frame is not complete. A payload of None means that it is something else
    (text, a fragment, a control frame, an unmasked one): for a full implementation to judge.
    """
    available = len(data) - start
    if available < 2:
        return 0, None
    second = data[start + 1]
    length = second & 0x7F
    head = start + 2
    if length == 126:
        head += 2
        length = data[start + 2] << 8 | data[start + 3] if available >= 4 else 65_536
    elif length == 127:
        head += 8
        length = int.from_bytes(data[start + 2 : head]) if available >= 10 else 2**62
    if second < _MASKED:
        end = head + length
        return (end, None) if end <= len(data) else (0, None)
    body = head + 4
    end = body + length
    if end > len(data):
        return 0, None
    if data[start] != _BINARY:
        return end, None
    return end, apply_mask(data[body:end], data[head:body])


def announced_length(data: bytes, start: int) -> int:
    """The payload length that an incomplete frame announces; 0 while its head is not there yet."""
    available = len(data) - start
    length = data[start + 1] & 0x7F if available >= 2 else 0
    if length == 126:
        return int.from_bytes(data[start + 2 : start + 4]) if available >= 4 else 0
    if length == 127:
        return int.from_bytes(data[start + 2 : start + 10]) if available >= 10 else 0
    return length


def is_pong(data: bytes, start: int) -> bool:
    """Whether the complete frame at `start` is a client's pong, which needs no answer."""
    return data[start] == _PONG and _MASKED <= data[start + 1] <= _MASKED + 125
