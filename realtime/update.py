"""A gate before the CRDT library: is this update well-formed and harmless to apply?

The library trusts the numbers in an update: lengths near 2**63 make it panic or abort the whole process, deep
nesting overflows its stack. So nothing reaches it that this module has not walked from the first byte to the last.
Format: Yjs update encoding V1 (github.com/yjs/yjs, `src/utils/UpdateEncoder.js` and `src/structs/`).
"""

import re

import msgspec

from realtime.errors import BadUpdate, ProtocolViolation
from realtime.lib0 import Reader

EMPTY_UPDATE = b"\x00\x00"
MAX_CLOCK = 2**31 - 1
MAX_DEPTH = 64
"""How deep JSON and `Any` values may nest."""
NESTED_LIMIT = 100_000
"""Nested items in one document. The library deletes a nested type by recursion, at up to 800 bytes of stack a level."""
STACK_BYTES = 120 * 2**20
"""The stack a process needs for NESTED_LIMIT."""

_GC, _SKIP = 0, 10
_HAS_ORIGIN, _HAS_RIGHT_ORIGIN, _HAS_PARENT_SUB = 0x80, 0x40, 0x20
_NAMED_TYPES = (3, 5)
_LAST_TYPE = 6

_CLIENT = rb"(?:[\x80-\xff]{0,6}[\x00-\x7f]|[\x80-\xff]{7}[\x00-\x0f])"
_ID = _CLIENT + rb"[\x80-\xff]{0,3}[\x00-\x7f]"
_BESIDE = rb"(?:\x84" + _ID + rb"|\x44" + _ID + rb"|\xc4" + _ID + _ID + rb")"
_TYPING = re.compile(rb"\x01\x01" + _ID + _BESIDE + rb"([\x01-\x7f])([\x20-\x7e\n\t]+)\x00", re.DOTALL)
"""One client, one string of ASCII beside existing text, nothing deleted: nearly every keystroke."""


class _Walk(Reader):
    """A reader that counts the items naming another item as their parent."""

    __slots__ = ("nested",)

    def __init__(self, data: bytes) -> None:
        super().__init__(data)
        self.nested = 0


def check_update(update: bytes) -> int:
    """Raise BadUpdate unless `update` is complete and bounded; return how many items in it nest in another.

    The sum of these numbers over a document bounds how deep its shared types can nest.
    """
    typing = _TYPING.fullmatch(update)
    if typing is not None and typing[1][0] == len(typing[2]):
        return 0
    reader = _Walk(update)
    try:
        _structs(reader)
        _deletions(reader)
    except BadUpdate:
        raise
    except (ProtocolViolation, RecursionError) as error:
        raise BadUpdate(str(error)) from error
    if not reader.exhausted:
        raise BadUpdate("bytes after the end")
    return reader.nested


def first_client(update: bytes) -> int | None:
    """The CRDT client id of the first section of a checked update; None if it only deletes."""
    reader = Reader(update)
    if reader.uint() == 0:
        return None
    reader.uint()
    return reader.uint()


def _structs(reader: _Walk) -> None:
    clients: set[int] = set()
    for _ in range(_count(reader)):
        structs = _count(reader)
        client = reader.uint()
        if structs == 0 or client in clients:
            raise BadUpdate("a client without structs or twice")
        clients.add(client)
        clock = reader.uint()
        for _ in range(structs):
            clock += _struct(reader)
            if clock > MAX_CLOCK:
                raise BadUpdate("clock out of range")


def _count(reader: Reader) -> int:
    """A count of things that take at least one byte each."""
    count = reader.uint()
    if count > reader.end - reader.pos:
        raise BadUpdate("count larger than the update")
    return count


def _struct(reader: _Walk) -> int:
    """Walk one struct and return its length in clock units."""
    info = reader.byte()
    kind = info & 0x1F
    if kind in (_GC, _SKIP):
        return _length(reader)
    if info & _HAS_ORIGIN:
        _id(reader)
    if info & _HAS_RIGHT_ORIGIN:
        _id(reader)
    if not info & (_HAS_ORIGIN | _HAS_RIGHT_ORIGIN):
        _parent(reader)
        if info & _HAS_PARENT_SUB:
            reader.string()
    return _content(reader, kind)


def _length(reader: Reader) -> int:
    length = reader.uint()
    if not 0 < length <= MAX_CLOCK:
        raise BadUpdate("length out of range")
    return length


def _id(reader: Reader) -> None:
    reader.uint()
    if reader.uint() > MAX_CLOCK:
        raise BadUpdate("clock out of range")


def _parent(reader: _Walk) -> None:
    match reader.uint():
        case 1:
            reader.string()
        case 0:
            reader.nested += 1
            _id(reader)
        case _:
            raise BadUpdate("unknown parent kind")


def _content(reader: Reader, kind: int) -> int:
    match kind:
        case 4:
            return _text_length(reader)
        case 1:
            return _length(reader)
        case 3:
            reader.bytes()
        case 5:
            _json(reader.bytes())
        case 6:
            reader.string()
            _json(reader.bytes())
        case 7:
            _type(reader)
        case 8:
            return _anys(reader)
        case 9:
            reader.string()
            _any(reader)
        case _:
            raise BadUpdate("unknown content")
    return 1


def _text_length(reader: Reader) -> int:
    """In UTF-16 code units, as clocks count them."""
    text = reader.string()
    if not text:
        raise BadUpdate("empty string")
    return len(text) if text.isascii() else len(text.encode("utf-16-le")) // 2


def _anys(reader: Reader) -> int:
    count = _count(reader)
    if count == 0:
        raise BadUpdate("empty content")
    for _ in range(count):
        _any(reader)
    return count


def _json(raw: bytes) -> None:
    if raw.count(b"[") + raw.count(b"{") > 4096:
        raise BadUpdate("JSON too deep")
    try:
        msgspec.json.decode(raw)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise BadUpdate("not JSON") from error


def _type(reader: Reader) -> None:
    reference = reader.uint()
    if reference > _LAST_TYPE:
        raise BadUpdate("unknown shared type")
    if reference in _NAMED_TYPES:
        reader.string()


def _any(reader: Reader, depth: int = 0) -> None:
    if depth > MAX_DEPTH:
        raise BadUpdate("value nested too deep")
    match reader.byte():
        case 127 | 126 | 121 | 120:
            pass
        case 125:
            _signed(reader)
        case 124:
            reader.skip(4)
        case 123 | 122:
            reader.skip(8)
        case 119:
            reader.string()
        case 118:
            for _ in range(_count(reader)):
                reader.string()
                _any(reader, depth + 1)
        case 117:
            for _ in range(_count(reader)):
                _any(reader, depth + 1)
        case 116:
            reader.bytes()
        case _:
            raise BadUpdate("unknown value")


def _signed(reader: Reader) -> None:
    """A signed number: six bits and a sign first, then seven bits a byte."""
    for _ in range(9):
        if reader.byte() < 0x80:
            return
    raise BadUpdate("number too long")


def _deletions(reader: Reader) -> None:
    for _ in range(_count(reader)):
        reader.uint()
        for _ in range(_count(reader)):
            clock = reader.uint()
            if clock + _length(reader) > MAX_CLOCK:
                raise BadUpdate("clock out of range")
