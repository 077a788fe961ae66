"""A gate before the CRDT library: is this update well-formed and harmless to apply?

The library trusts the numbers in an update: lengths near 2**63 make it panic or abort the whole process, deep
nesting overflows its stack. So nothing reaches it that this module has not walked from the first byte to the last.
Format: Yjs update encoding V1 (github.com/yjs/yjs, `src/utils/UpdateEncoder.js` and `src/structs/`).
"""

import math
from collections.abc import Iterator, Mapping

import msgspec

from realtime.errors import BadUpdate, ProtocolViolation
from realtime.keystroke import is_keystroke
from realtime.lib0 import MAX_UINT, Reader
from realtime.pairs import Pairs, middles

EMPTY_UPDATE = b"\x00\x00"
MAX_CLOCK = 2**31 - 1
MAX_DEPTH = 64
"""How deep JSON and `Any` values may nest."""
MAX_PARTS = 250_000
"""Structs, deletions and parts of values in one update: nobody else is served while it is checked and applied."""
NESTED_LIMIT = 100_000
"""Nested items in one document. The library deletes a nested type by recursion, at up to 800 bytes of stack a level."""
STACK_BYTES = 120 * 2**20
"""The stack a process needs for NESTED_LIMIT."""

_GC, _FORMAT, _SKIP = 0, 6, 10
HAS_ORIGIN, HAS_RIGHT_ORIGIN, _HAS_PARENT_SUB = 0x80, 0x40, 0x20
_XML_ELEMENT = 3
_TYPES = (0, 1, 2, _XML_ELEMENT, 4, 6)
"""All but XmlHook (5): nobody uses it, and the implementations do not agree on its encoding."""


class Footprint:
    """Where an update stands among the clocks of a document, and what it costs.

    `spans` are the clocks that it brings, client → (first, end); `needs` the clocks below which everything must be
    there already or come with it, client → end. `nested` counts the items that name another one as their parent: its
    sum over a document bounds how deep the shared types can nest. `cuts` are the places where it ends or begins
    inside of what is there, `middles` the places in its own strings where nothing may be cut (`realtime.pairs`).
    `parts` are the structs, deletions and parts of values.
    """

    __slots__ = ("cuts", "deletes", "has_gap", "middles", "needs", "nested", "parts", "spans")

    def __init__(self) -> None:
        self.cuts: list[tuple[int, int]] = []
        self.middles: list[tuple[int, int]] = []
        self.deletes = self.has_gap = False
        self.spans: dict[int, tuple[int, int]] = {}
        self.needs: dict[int, int] = {}
        self.nested = 0
        self.parts = 1

    @property
    def places(self) -> int:
        """How often the library may have to search, split or scan for it; also how many blocks it adds at most."""
        return self.parts + len(self.cuts)

    def need(self, client: int, end: int) -> None:
        if end > self.needs.get(client, 0):
            self.needs[client] = end

    def fits(self, known: Mapping[int, int]) -> bool:
        """Whether nothing is missing between what is `known` (client → end) and this update."""
        if self.has_gap:
            return False
        for client, (first, _) in self.spans.items():
            if first > known.get(client, 0):
                return False
        for client, end in self.needs.items():
            if end > known.get(client, 0) and end > self.spans.get(client, (0, 0))[1]:
                return False
        return True

    def cuts_a_character(self, pairs: Pairs) -> bool:
        return any(cut in pairs for cut in self.cuts) or not set(self.middles).isdisjoint(self.cuts)

    def repeats(self, known: Mapping[int, int]) -> bool:
        """Whether some of it, besides deletions, is known already."""
        return any(first < known.get(client, 0) for client, (first, _) in self.spans.items())


class Walk(Reader):
    """A reader that notes what it passes; `client` and `clock` are those of the struct under it."""

    __slots__ = ("client", "clock", "footprint", "parts")

    max_parts: float = MAX_PARTS

    def __init__(self, data: bytes, pos: int = 0) -> None:
        super().__init__(data, pos)
        self.parts = 0
        self.footprint = Footprint()
        self.client = self.clock = 0

    def id(self) -> tuple[int, int]:
        """The id of an item that must exist before the struct under the reader."""
        client, clock = self.uint(), self.uint()
        if clock > MAX_CLOCK:
            raise BadUpdate("clock out of range")
        if client != self.client:
            self.footprint.need(client, clock + 1)
        elif clock >= self.clock:
            raise BadUpdate("a struct before what it refers to")
        return client, clock

    def neighbours(self, info: int) -> None:
        """The items left and right of the struct under the reader, where it wants to get in between."""
        if info & HAS_ORIGIN:
            client, clock = self.id()
            self.footprint.cuts.append((client, clock + 1))
        if info & HAS_RIGHT_ORIGIN:
            self.footprint.cuts.append(self.id())


class LongWalk(Walk):
    """What was put together from many edits may have more parts than one edit may."""

    __slots__ = ()

    max_parts = math.inf


def check_update(update: bytes, walk: type[Walk] = Walk) -> Footprint:
    """Raise BadUpdate unless `update` is complete and bounded."""
    reader = walk(update)
    try:
        _structs(reader)
        _deletions(reader)
    except BadUpdate:
        raise
    except (ProtocolViolation, RecursionError) as error:
        raise BadUpdate(str(error)) from error
    if not reader.exhausted:
        raise BadUpdate("bytes after the end")
    reader.footprint.parts = reader.parts
    return reader.footprint


def mergeable(updates: list[bytes]) -> Iterator[list[bytes]]:
    """Neighbours that may become one update.

    A merged update deletes last. An item whose parent is no shared type is harmless once that parent is deleted, but
    makes the library fail before; so what nests does not follow deletions in one update.
    """
    run: list[bytes] = []
    deletes = False
    for update in updates:
        if not is_keystroke(update):
            footprint = check_update(update)
            if run and deletes and footprint.nested:
                yield run
                run, deletes = [], False
            deletes = deletes or footprint.deletes
        run.append(update)
    yield run


def first_client(update: bytes) -> int | None:
    """The CRDT client id of the first section of a checked update; None if it only deletes."""
    reader = Reader(update)
    if reader.uint() == 0:
        return None
    reader.uint()
    return reader.uint()


def _structs(reader: Walk) -> None:
    spans = reader.footprint.spans
    for _ in range(_count(reader)):
        structs = _count(reader)
        reader.client, reader.clock = reader.uint(), reader.uint()
        if structs == 0 or reader.client in spans:
            raise BadUpdate("a client without structs or twice")
        first = reader.clock
        reader.footprint.cuts.append((reader.client, first))
        for _ in range(structs):
            reader.clock += read_struct(reader)
            if reader.clock > MAX_CLOCK:
                raise BadUpdate("clock out of range")
        spans[reader.client] = (first, reader.clock)


def _count(reader: Walk) -> int:
    """A count of things that take at least one byte each."""
    count = reader.uint()
    if count > reader.end - reader.pos:
        raise BadUpdate("count larger than the update")
    reader.parts += count
    if reader.parts > reader.max_parts:
        raise BadUpdate("too many parts in one update")
    return count


def read_struct(reader: Walk) -> int:
    """Walk one struct and return its length in clock units."""
    info = reader.byte()
    if info in (_GC, _SKIP):
        reader.footprint.has_gap |= info == _SKIP
        return _length(reader)
    reader.neighbours(info)
    if not info & (HAS_ORIGIN | HAS_RIGHT_ORIGIN):
        _parent(reader)
        if info & _HAS_PARENT_SUB:
            reader.string()
    if info & 0x3F == _FORMAT | _HAS_PARENT_SUB:
        raise BadUpdate("a format as the value of a key")
    return _content(reader, info & 0x1F)


def _length(reader: Reader) -> int:
    length = reader.uint()
    if not 0 < length <= MAX_CLOCK:
        raise BadUpdate("length out of range")
    return length


def _parent(reader: Walk) -> None:
    match reader.uint():
        case 1:
            reader.string()
        case 0:
            reader.footprint.nested += 1
            reader.id()
        case _:
            raise BadUpdate("unknown parent kind")


def _content(reader: Walk, kind: int) -> int:
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
            if reader.data[reader.pos : reader.pos + 1] != b"\x76":
                raise BadUpdate("a document's options are no object")
            _any(reader)
        case _:
            raise BadUpdate("unknown content")
    return 1


def _text_length(reader: Walk) -> int:
    """In UTF-16 code units, as clocks count them."""
    text = reader.string()
    if not text:
        raise BadUpdate("empty string")
    if text.isascii() or max(text) <= "\uffff":
        return len(text)
    inside = middles(text)
    reader.footprint.middles += [(reader.client, reader.clock + offset) for offset in inside]
    return len(text) + len(inside)


def _anys(reader: Walk) -> int:
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
    if reference not in _TYPES:
        raise BadUpdate("unknown shared type")
    if reference == _XML_ELEMENT:
        reader.string()


def _any(reader: Walk, depth: int = 0) -> None:
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
    """A signed number: six bits and a sign first, then seven bits a byte. JavaScript refuses one over 2**53 - 1."""
    byte = reader.byte()
    number, shift = byte & 0x3F, 6
    while byte >= 0x80:
        byte = reader.byte()
        number |= (byte & 0x7F) << shift
        shift += 7
        if number > MAX_UINT or shift > 62:
            raise BadUpdate("number too large")


def _deletions(reader: Walk) -> None:
    """In order and apart, as every client writes them; the library loses some when it merges others."""
    clients: set[int] = set()
    for _ in range(_count(reader)):
        client, last = reader.uint(), -1
        if client in clients:
            raise BadUpdate("deletions of a client twice")
        clients.add(client)
        for _ in range(_count(reader)):
            clock = reader.uint()
            end = clock + _length(reader)
            if end > MAX_CLOCK or clock <= last:
                raise BadUpdate("deletions out of order or range")
            last = end
            reader.footprint.deletes = True
            reader.footprint.need(client, end)
            reader.footprint.cuts += ((client, clock), (client, end))


def clocks(state_vector: bytes) -> dict[int, int]:
    """Client → end of what is known of it. Raises ProtocolViolation on a malformed vector."""
    reader = Reader(state_vector)
    count = reader.uint()
    if count > len(state_vector):
        raise BadUpdate("state vector too short")
    known = {}
    for _ in range(count):
        client, clock = reader.uint(), reader.uint()
        if clock > MAX_CLOCK:
            raise BadUpdate("clock out of range")
        known[client] = clock
    if not reader.exhausted:
        raise BadUpdate("bytes after the state vector")
    return known
