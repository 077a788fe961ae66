"""The variable-length encoding under every Yjs protocol (lib0), with every read bounded.

Sans-I/O. A `Reader` never reads past its bytes and never yields a number above 2**53 - 1,
the largest that JavaScript peers can mean.
"""

from functools import lru_cache

from realtime.errors import ProtocolViolation

MAX_UINT = 2**53 - 1
_MAX_UINT_BYTES = 8
_ONE_BYTE = [bytes((number,)) for number in range(0x80)]
UINT = rb"(?:[\x80-\xff]{0,6}[\x00-\x7f]|[\x80-\xff]{7}[\x00-\x0f])"
"""A pattern for exactly what `Reader.uint` takes."""


def write_uint(number: int) -> bytes:
    """`number` >= 0 as seven bits per byte, least significant first."""
    if number < 0x80:
        return _ONE_BYTE[number]
    if number < 0x4000:
        return bytes((number & 0x7F | 0x80, number >> 7))
    out = bytearray()
    while number > 0x7F:
        out.append(number & 0x7F | 0x80)
        number >>= 7
    out.append(number)
    return bytes(out)


def read_uint(raw: bytes) -> int:
    """The number that `raw`, a whole match of `UINT`, stands for."""
    if len(raw) == 1:
        return raw[0]
    if len(raw) == 2:
        return raw[0] & 0x7F | raw[1] << 7
    number = 0
    for byte in reversed(raw):
        number = number << 7 | byte & 0x7F
    return number


read_id = lru_cache(maxsize=4096)(read_uint)
write_id = lru_cache(maxsize=4096)(write_uint)
"""The same for client ids, which come again and again."""


def write_bytes(data: bytes) -> bytes:
    return write_uint(len(data)) + data


def write_string(text: str) -> bytes:
    return write_bytes(text.encode())


class Reader:
    """A cursor over one frame; raises ProtocolViolation on anything truncated or out of range."""

    __slots__ = ("data", "end", "pos")

    def __init__(self, data: bytes, pos: int = 0) -> None:
        self.data = data
        self.pos = pos
        self.end = len(data)

    @property
    def exhausted(self) -> bool:
        return self.pos >= self.end

    def byte(self) -> int:
        if self.pos >= self.end:
            raise ProtocolViolation("truncated")
        self.pos += 1
        return self.data[self.pos - 1]

    def uint(self) -> int:
        pos = self.pos
        if pos < self.end and (first := self.data[pos]) < 0x80:
            self.pos = pos + 1
            return first
        return self._long_uint()

    def _long_uint(self) -> int:
        number = shift = 0
        for byte in self.data[self.pos : self.pos + _MAX_UINT_BYTES]:
            number |= (byte & 0x7F) << shift
            shift += 7
            if byte < 0x80:
                break
        else:
            raise ProtocolViolation("truncated" if shift < 7 * _MAX_UINT_BYTES else "number too long")
        if number > MAX_UINT:
            raise ProtocolViolation("number too large")
        self.pos += shift // 7
        return number

    def skip(self, count: int) -> None:
        self.pos += count
        if self.pos > self.end:
            raise ProtocolViolation("truncated")

    def bytes(self) -> bytes:
        length = self.uint()
        start = self.pos
        self.skip(length)
        return self.data[start : self.pos]

    def string(self) -> str:
        try:
            return self.bytes().decode()
        except UnicodeDecodeError as error:
            raise ProtocolViolation("not UTF-8") from error
