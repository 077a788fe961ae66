"""Play books: who sends which CRDT update at which moment. One file serves every server, so all get the same bytes.

The layout is that of `loadtests/native/plan.h`. Every client types in a document of its own and at the end of what it
typed before; the updates are valid in any order of arrival, as those of people who type at the same time are.
"""

import hashlib
import json
import random
import string
import struct
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import msgspec
from pycrdt import Doc, Text, TransactionEvent

CLIENT_BASE = 0x4000_0000
EDIT, CURSOR, PRELOAD = 0, 1, 2
ROOT = "t"
LARGE_RATE = 10_000.0
"""Updates a second while a large document is written."""
_LETTERS = string.ascii_lowercase + " "


class Event(msgspec.Struct, frozen=True):
    """`client` sends `body` at `at` seconds; `index` counts its edits, or its cursors."""

    at: float
    client: int
    kind: int
    index: int
    body: bytes


class Shape(msgspec.Struct, frozen=True):
    """Typing people: in each of `rooms` rooms are `size`, of whom `typists` make `rate` edits a second each."""

    rooms: int
    size: int
    typists: int = 0
    rate: float = 0.0
    seconds: float = 0.0
    cursors: bool = False
    edit_units: int = 5

    @property
    def clients(self) -> int:
        return self.rooms * self.size


class Typist:
    """One person's CRDT client: yields the update of each edit."""

    def __init__(self, client: int, units: int, luck: random.Random) -> None:
        self._units = units
        self._luck = luck
        self._doc: Doc[Any] = Doc(client_id=CLIENT_BASE + client)
        self._text = self._doc.get(ROOT, type=Text)
        self._made: list[bytes] = []
        self._subscription = self._doc.observe(self._note)

    def _note(self, event: TransactionEvent) -> None:
        self._made.append(event.update)

    def type(self) -> bytes:
        self._text += "".join(self._luck.choices(_LETTERS, k=self._units))
        return self._made.pop()

    def replace_all(self) -> bytes:
        """Delete everything and write as much anew: traffic without growth."""
        with self._doc.transaction():
            self._text.clear()
            self._text += self._luck.randbytes(self._units // 2).hex().ljust(self._units, "-")
        return self._made.pop()


def cursor(client: int, clock: int, position: int) -> bytes:
    """The awareness update of a cursor, about 270 bytes of JSON as editors send it."""
    number = CLIENT_BASE + client
    place = {
        "type": None,
        "tname": "t",
        "item": {"client": number, "clock": max(0, position - 1)},
        "assoc": 0,
    }
    user = {"name": f"Participant {client % 1000}", "color": "#30bced", "colorLight": "#30bced33"}
    state = json.dumps({"user": user, "cursor": {"anchor": place, "head": place}}, separators=(",", ":")).encode()
    return _uint(1) + _uint(number) + _uint(clock) + _uint(len(state)) + state


def _uint(value: int) -> bytes:
    out = bytearray()
    while value > 127:
        out.append(value & 127 | 128)
        value >>= 7
    return bytes([*out, value])


def typing_events(shape: Shape, luck: random.Random) -> Iterator[Event]:
    """Each typist keeps its rate with a phase of its own and a quarter of a period of jitter."""
    for client in range(shape.clients):
        if client % shape.size >= shape.typists:
            continue
        typist = Typist(client, shape.edit_units, luck)
        period = 1.0 / shape.rate
        phase = luck.random() * period
        for index in range(round(shape.rate * shape.seconds)):
            at = phase + (index + luck.uniform(-0.25, 0.25)) * period
            yield Event(max(0.0, at), client, EDIT, index, typist.type())
            if shape.cursors:
                yield Event(max(0.0, at), client, CURSOR, index, cursor(client, index + 2, (index + 1) * 5))


def flood_events(shape: Shape, luck: random.Random) -> Iterator[Event]:
    """The first client of each room replaces a large text again and again."""
    for room in range(shape.rooms):
        typist = Typist(room * shape.size, shape.edit_units, luck)
        for index in range(round(shape.rate * shape.seconds)):
            yield Event(index / shape.rate, room * shape.size, EDIT, index, typist.replace_all())


def document_events(keystrokes: int, luck: random.Random) -> Iterator[Event]:
    """One update: a text that one person wrote with `keystrokes` keystrokes, here and there, with corrections."""
    doc: Doc[Any] = Doc(client_id=CLIENT_BASE)
    text = doc.get(ROOT, type=Text)
    length = place = 0
    for _ in range(keystrokes):
        kind = luck.random()
        if kind < 0.12 and place > 0:
            del text[place - 1]
            length, place = length - 1, place - 1
            continue
        if kind > 0.97:
            place = luck.randint(0, length)
        text.insert(place, luck.choice(_LETTERS))
        length, place = length + 1, place + 1
    yield Event(0.0, 0, PRELOAD, 0, doc.get_update())


def large_events(is_one_string: bool, luck: random.Random) -> Iterator[Event]:
    """20 MB: 200 texts of 1000 small edits each, or two strings."""
    doc: Doc[Any] = Doc(client_id=CLIENT_BASE)
    texts, edits, units = (2, 1, 10_000_000) if is_one_string else (200, 1000, 100)
    made: list[bytes] = []
    doc.observe(lambda event: made.append(event.update))
    for index in range(texts):
        text = doc.get(f"{ROOT}{index}", type=Text)
        for length in range(0, edits * units, units):
            text.insert(luck.randint(0, length), "".join(luck.choices(_LETTERS, k=units)))
    for index, update in enumerate(made):
        yield Event(index / LARGE_RATE, 0, PRELOAD, index, update)


def write_plan(path: Path, shape: Shape, events: list[Event]) -> None:
    """Events in the order of their times; every client's hello is a first cursor."""
    blob = bytearray()
    events.sort(key=lambda event: event.at)
    edits = [0] * shape.clients
    for event in events:
        edits[event.client] += event.kind == EDIT
    clients, rows = bytearray(), bytearray()
    for client in range(shape.clients):
        hello = cursor(client, 1, 0)
        clients += struct.pack("<IIQII", client // shape.size, edits[client], len(blob), len(hello), 0)
        blob += hello
    for event in events:
        at, size = len(blob), len(event.body)
        rows += struct.pack("<QQIIII", int(event.at * 1e6), at, size, event.client, event.kind, event.index)
        blob += event.body
    sizes = (shape.rooms, shape.clients, shape.edit_units, len(events), CLIENT_BASE, len(blob))
    header = struct.pack("<8sIIIIQQ", b"sgplan1", *sizes)
    path.write_bytes(header + clients + rows + blob)


class Library:
    """Plans on disk, made when first asked for; they depend on nothing but their shape and this file."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._folder = folder
        self._version = hashlib.sha256(Path(__file__).read_bytes()).digest()

    def typing(self, shape: Shape) -> Path:
        return self._made("typing", shape, lambda luck: typing_events(shape, luck))

    def flood(self, shape: Shape) -> Path:
        return self._made("flood", shape, lambda luck: flood_events(shape, luck))

    def document(self, shape: Shape, keystrokes: int) -> Path:
        return self._made(f"document-{keystrokes}", shape, lambda luck: document_events(keystrokes, luck))

    def large(self, shape: Shape, is_one_string: bool) -> Path:
        return self._made(f"large-{is_one_string}", shape, lambda luck: large_events(is_one_string, luck))

    def _made(self, kind: str, shape: Shape, events: Callable[[random.Random], Iterator[Event]]) -> Path:
        digest = hashlib.sha256(self._version + kind.encode() + repr(shape).encode()).hexdigest()[:16]
        path = self._folder / f"{kind}-{digest}.plan"
        if not path.exists():
            unfinished = path.with_suffix(".part")
            write_plan(unfinished, shape, list(events(random.Random(digest))))
            unfinished.rename(path)
        return path
