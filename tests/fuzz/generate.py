"""Updates that a hostile client might send: well-formed ones of every kind, contradictory ones, and damaged ones.

Few clients and low clocks, so that structs meet, overlap and contradict each other.
"""

import json
import struct
from collections.abc import Callable
from random import Random
from typing import Any, cast

from pycrdt import Array, Doc, Map, Text, XmlElement, XmlFragment, XmlText

from realtime.lib0 import write_bytes, write_string, write_uint

ROOTS = ("files", "files", "files", "t", "list", "")
KEYS = ("path", "text", "folder", "k", "")
TEXTS = ("a", "abc", "x\r\ny", "\r", "é", "𝒳", "a𝒳b", "नमस्ते", "\0", "line\n")
CLIENTS = (1, 2, 3, 2**32 - 1, 2**53 - 1)
NUMBERS = (0, 1, 2, 63, 64, 127, 128, 2**31 - 1, 2**31, 2**32, 2**53 - 1, 2**53, 2**63, 2**64 - 1)
VALUES: tuple[object, ...] = (True, None, 0, -1, 1.5, "s", [1, {"a": [None]}], {"bold": True}, "\r\n", 2**40)


class Updates:
    """A source of updates; the same seed gives the same ones."""

    def __init__(self, random: Random) -> None:
        self.random = random
        self._clocks: dict[int, int] = {}

    def one(self) -> bytes:
        kind = self.random.random()
        if kind < 0.7:
            return self.built()
        if kind < 0.85:
            return damaged(self.random, self.built())
        real = real_update(self.random)
        return real if kind < 0.87 else damaged(self.random, real)

    def built(self) -> bytes:
        """Well-formed down to the bit, whatever it says."""
        count = self.random.choice((1, 1, 1, 2, 3))
        clients = self.random.sample(CLIENTS, count)
        sections = [self._section(client) for client in sorted(clients, reverse=True)]
        if self.random.random() < 0.1:
            sections = []
        return write_uint(len(sections)) + b"".join(sections) + self._deletions()

    def _section(self, client: int) -> bytes:
        clock = self._clocks.get(client, 0)
        if self.random.random() < 0.25:
            clock = max(0, clock + self.random.choice((-3, -2, -1, 1, 2, 9)))
        structs = [self._struct() for _ in range(self.random.choice((1, 1, 2, 3, 6)))]
        self._clocks[client] = clock + sum(length for _, length in structs)
        head = write_uint(len(structs)) + write_uint(client) + write_uint(clock)
        return head + b"".join(raw for raw, _ in structs)

    def _id(self) -> bytes:
        client = self.random.choice(CLIENTS)
        known = self._clocks.get(client, 0)
        return write_uint(client) + write_uint(self.random.randrange(max(1, known + 2)))

    def _struct(self) -> tuple[bytes, int]:
        kind = self.random.choice((0, 1, 3, 4, 4, 4, 4, 5, 6, 7, 7, 7, 8, 8, 9, 10))
        content, length = self._content(kind)
        if kind in (0, 10):
            return bytes((kind,)) + content, length
        origin, right, has_key = (self.random.random() < chance for chance in (0.4, 0.25, 0.4))
        info = kind | origin << 7 | right << 6 | has_key << 5
        head = bytes((info,)) + (self._id() if origin else b"") + (self._id() if right else b"")
        if not origin and not right:
            head += self._parent() + (write_string(self.random.choice(KEYS)) if has_key else b"")
        return head + content, length

    def _parent(self) -> bytes:
        if self.random.random() < 0.5:
            return b"\x01" + write_string(self.random.choice(ROOTS))
        return b"\x00" + self._id()

    def _content(self, kind: int) -> tuple[bytes, int]:
        random = self.random
        length = random.choice((1, 1, 2, 5))
        value = random.choice(VALUES)
        match kind:
            case 0 | 1 | 10:
                return write_uint(length), length
            case 3:
                return write_bytes(b"\xff\x00"), 1
            case 4:
                text = random.choice(TEXTS)
                return write_string(text), len(text.encode("utf-16-le")) // 2
            case 5:
                return write_string(json.dumps(value)), 1
            case 6:
                return write_string(random.choice(("bold", "", "__proto__"))) + write_string(json.dumps(value)), 1
            case 7:
                reference = random.randrange(7)
                return write_uint(reference) + (write_string("div") if reference in (3, 5) else b""), 1
            case 8:
                return write_uint(length) + b"".join(any_value(random) for _ in range(length)), length
            case _:
                options = b"\x76\x01" + write_string("autoLoad") + any_value(random)
                return write_string(random.choice(("guid", ""))) + random.choice((options, any_value(random))), 1

    def _deletions(self) -> bytes:
        if self.random.random() < 0.5:
            return b"\x00"
        clients = self.random.sample(CLIENTS, self.random.choice((1, 1, 2)))
        out = write_uint(len(clients))
        for client in clients:
            ranges = self.random.choice((1, 1, 2))
            out += write_uint(client) + write_uint(ranges)
            for _ in range(ranges):
                clock = self.random.randrange(self._clocks.get(client, 0) + 3)
                out += write_uint(clock) + write_uint(self.random.choice((1, 1, 2, 7)))
        return out


def any_value(random: Random, depth: int = 0) -> bytes:
    """One lib0 `any`."""
    kind = random.choice((127, 126, 125, 124, 123, 122, 121, 120, 119, 118, 117, 116))
    tag = bytes((kind,))
    match kind:
        case 125:
            return tag + random.choice((b"\x00", b"\x41", b"\xbf\x7f", b"\xbf\xff\xff\xff\x0f"))
        case 124:
            return tag + struct.pack(">f", random.choice((1.5, float("inf"), -0.0)))
        case 123:
            return tag + struct.pack(">d", random.choice((0.1, float("nan"), 1e300)))
        case 122:
            return tag + struct.pack(">q", random.choice((0, -(2**63), 2**63 - 1)))
        case 119:
            return tag + write_string(random.choice(TEXTS))
        case 118 if depth < 3:
            return tag + b"\x01" + write_string(random.choice(KEYS)) + any_value(random, depth + 1)
        case 117 if depth < 3:
            return tag + b"\x02" + any_value(random, depth + 1) + any_value(random, depth + 1)
        case 116:
            return tag + write_bytes(b"\x01\x02")
        case 118 | 117:
            return b"\x7e"
    return tag


def damaged(random: Random, data: bytes) -> bytes:
    """The same with a few bytes changed, cut, doubled or replaced by unlikely numbers."""
    out = bytearray(data)
    for _ in range(random.choice((1, 1, 2, 4))):
        at = random.randrange(len(out) + 1)
        match random.randrange(6):
            case 0:
                out[at : at + 1] = bytes((random.randrange(256),))
            case 1:
                del out[at : at + random.choice((1, 2, 8))]
            case 2:
                out[at:at] = out[at : at + random.choice((1, 3, 9))]
            case 3:
                out[at : at + 1] = write_uint(random.choice(NUMBERS))
            case 4:
                out[at : at + 1] = bytes((out[at] ^ 1 << random.randrange(8),)) if at < len(out) else b""
            case _:
                out = out[:at]
    return bytes(out)


def real_update(random: Random) -> bytes:
    """What a stock client sends after some edits of files and of every other shared type."""
    doc: Doc[Any] = Doc(client_id=random.choice((1, 2, 3)))
    files: Map[Any] = doc.get("files", type=Map)
    steps: list[Callable[[], object]] = [
        lambda: files.update({"f1": Map({"path": "a.py", "text": Text("print()\r\n")})}),
        lambda: files.update({"f2": Array([1, Map({"k": Text("x")})])}),
        lambda: doc.get("t", type=Text).insert(0, "héllo"),
        lambda: doc.get("t", type=Text).format(0, 1, {"bold": True}),
        lambda: files.pop("f1", None),
        lambda: cast(Any, doc.get("xml", type=XmlFragment)).children.append(XmlElement("p", {}, [XmlText("x")])),
    ]
    for step in random.choices(steps, k=5):
        step()
    return doc.get_update()


def state_vector(random: Random) -> bytes:
    """A state vector, well-formed or not."""
    count = random.choice((0, 1, 2, 3))
    pairs = [write_uint(random.choice(CLIENTS)) + write_uint(random.choice(NUMBERS[:9])) for _ in range(count)]
    vector = write_uint(count) + b"".join(pairs)
    return vector if random.random() < 0.6 else damaged(random, vector)
