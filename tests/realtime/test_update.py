"""The gate before the CRDT library."""

import contextlib
import os
import subprocess
import sys
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pycrdt import Array, Doc, Map, Text, XmlElement, XmlFragment, XmlText

from realtime.document import Document, Taken
from realtime.errors import BadUpdate, MissingEdits, RealtimeError
from realtime.keystroke import read_keystroke
from realtime.lib0 import write_string, write_uint
from realtime.update import EMPTY_UPDATE, NESTED_LIMIT, check_update, clocks, first_client

ROOT = Path(__file__).resolve().parents[2]


def real_updates() -> list[bytes]:
    doc: Doc[Any] = Doc(client_id=7)
    updates: list[bytes] = []
    doc.observe(lambda event: updates.append(event.update))
    text: Text = doc.get("text", type=Text)
    text += "hello नमस्ते 😀"
    text.insert(3, "x")
    del text[1:3]
    text.format(0, 2, {"bold": True})
    text.insert_embed(0, {"image": [1, None, 2.5]})
    things: Any = doc.get("map", type=Map)
    things["any"] = {"a": [1, -5, 2**40, 1.5, True, False, None, "s", b"bytes"], "b": {}}
    things["nested"] = Map({"path": "a.py", "text": Text("body")})
    things["array"] = Array([1, Array([2]), Map({"k": "v"})])
    del things["any"]
    xml: Any = doc.get("xml", type=XmlFragment)
    xml.children.append(XmlElement("p", {"a": "b"}, [XmlText("in")]))
    things["sub"] = Doc({"inner": Text("sub")}, client_id=8)
    return [*updates, doc.get_update()]


REAL = real_updates()


@pytest.mark.parametrize("update", REAL, ids=range(len(REAL)))
def test_U1_what_real_clients_send_passes(update: bytes) -> None:
    check_update(update)


@pytest.mark.parametrize("update", REAL, ids=range(len(REAL)))
def test_U1_every_cut_of_a_real_update_is_refused(update: bytes) -> None:
    for length in range(len(update)):
        with pytest.raises(BadUpdate):
            check_update(update[:length])
    with pytest.raises(BadUpdate):
        check_update(update + b"\x00")


def item(info: int, *parts: bytes) -> bytes:
    return bytes([info]) + b"".join(parts)


def one(content: bytes, clock: int = 0) -> bytes:
    return b"\x01\x01\x05" + write_uint(clock) + content + b"\x00"


ROOT_PARENT = b"\x01" + write_string("t")


@pytest.mark.parametrize(
    "update",
    [
        b"\x01" + write_uint(2**60) + b"\x05\x00\x00",
        write_uint(2**50) + b"\x00",
        b"\x01\x00\x05\x00\x00",
        one(item(0, write_uint(2**31))),
        one(item(0, b"\x00")),
        one(item(10, write_uint(2**52))),
        one(item(4, ROOT_PARENT, write_string("x")), clock=2**31 - 1),
        one(item(4, ROOT_PARENT, b"\x00")),
        one(item(2, ROOT_PARENT, b"\x01", write_string("{}"))),
        one(item(8, ROOT_PARENT, write_uint(2**40))),
        one(item(8, ROOT_PARENT, b"\x01" + b"\x75\x01" * 100 + b"\x7e")),
        one(item(6, ROOT_PARENT, write_string("bold"), write_string("[" * 5000))),
        one(item(7, ROOT_PARENT, b"\x09")),
        one(item(11, ROOT_PARENT, b"\x00" * 8)),
        one(item(0x1F, ROOT_PARENT)),
        b"\x00\x01\x05\x01\x00\x00",
        b"\x00\x01\x05\x01" + write_uint(2**31) + b"\x01",
        b"\x02" + b"\x01\x05\x00\x00\x02" * 2 + b"\x00",
    ],
)
def test_U1_numbers_that_lie_are_refused(update: bytes) -> None:
    with pytest.raises(BadUpdate):
        check_update(update)


@given(st.data())
def test_U3_a_damaged_update_leaves_the_document_usable_or_marks_it_broken(data: st.DataObject) -> None:
    update = bytearray(data.draw(st.sampled_from(REAL)))
    for _ in range(data.draw(st.integers(1, 4))):
        update[data.draw(st.integers(0, len(update) - 1))] = data.draw(st.integers(0, 255))
    document = Document(10_000_000)
    with contextlib.suppress(BadUpdate, MissingEdits):
        document.apply(bytes(update))
    if not document.broken:
        fresh = Document(10_000_000)
        fresh.apply(document.encode())
        assert clocks(fresh.state_vector()) == clocks(document.state_vector())


def test_first_client_is_the_author_of_the_first_section() -> None:
    doc: Doc[Any] = Doc(client_id=4242)
    doc.get("t", type=Text).insert(0, "x")
    assert first_client(doc.get_update()) == 4242
    assert first_client(b"\x00\x00") is None


def nested(levels: int) -> bytes:
    first = item(0x27, b"\x01" + write_string("files"), write_string("a"), b"\x01")
    rest = (item(0x27, b"\x00\x05" + write_uint(n), write_string("k"), b"\x01") for n in range(levels - 1))
    return b"\x01" + write_uint(levels) + b"\x05\x00" + first + b"".join(rest) + b"\x00"


DELETE_FIRST = b"\x00\x01\x05\x01\x00\x01"


def test_U2_nesting_is_counted_and_bounded() -> None:
    assert check_update(nested(1000)).nested == 999
    document = Document(100_000_000)
    document.nested = NESTED_LIMIT - 500
    with pytest.raises(Exception, match="nests too many"):
        document.apply(nested(1000))


def test_U2_the_deepest_document_that_is_accepted_can_be_deleted() -> None:
    """In a process of its own, with the stack that `sangam serve` gives itself: an abort would end it."""
    program = (
        "from api.process import raise_stack_limit; raise_stack_limit()\n"
        "from realtime.document import Document, Taken; from tests.realtime.test_update import nested, DELETE_FIRST\n"
        f"d = Document(10**9); d.apply(nested({NESTED_LIMIT}), passed=0); d.encode()\n"
        "d.apply(DELETE_FIRST); d.encode(); print('fine')"
    )
    environ = {**os.environ, "PYTHONPATH": str(ROOT)}
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, env=environ, check=False)
    assert (done.returncode, done.stdout) == (0, "fine\n"), done.stderr[-500:]


def keystrokes() -> list[bytes]:
    """Two people typing into one text: beside each other's letters, at its ends and in between."""
    docs: list[Doc[Any]] = [Doc(client_id=300), Doc(client_id=2**31 + 5)]
    texts = [doc.get("text", type=Text) for doc in docs]
    updates: list[bytes] = []
    for doc in docs:
        doc.observe(lambda event: updates.append(event.update))
    for number in range(40):
        doc, text = docs[number % 2], texts[number % 2]
        text.insert((number * 7) % (len(text) + 1), "ab\tc\n"[: 1 + number % 5])
        docs[1 - number % 2].apply_update(updates[-1])
    return updates


STROKES = keystrokes()


def refusal_or(take: Any) -> Any:
    try:
        return take()
    except RealtimeError as error:
        return type(error)


def the_long_way(document: Document, update: bytes) -> Taken:
    new, fixed = document.apply_normalised(update)
    return Taken(new, fixed, None if new == EMPTY_UPDATE else first_client(new))


def the_short_way(document: Document, update: bytes) -> Taken:
    client = document.type(update)
    return document.accept(update) if client is None else Taken(update, EMPTY_UPDATE, client)


def test_U1_nearly_all_typing_takes_the_short_way() -> None:
    assert sum(read_keystroke(update) is not None for update in STROKES) > len(STROKES) / 2


@given(st.sampled_from(STROKES), st.lists(st.tuples(st.integers(0, 40), st.integers(0, 255)), max_size=3))
def test_U1_the_short_way_sees_what_the_long_way_sees(update: bytes, changes: list[tuple[int, int]]) -> None:
    changed = bytearray(update)
    for at, byte in changes:
        changed[at % len(changed)] = byte
    stroke = read_keystroke(bytes(changed))
    if stroke is None:
        return
    beside_itself = [one for one in (stroke.left, stroke.right) if one is not None and one[0] == stroke.client]
    if any(clock >= stroke.clock for _, clock in beside_itself):
        with pytest.raises(BadUpdate):
            check_update(bytes(changed))
        return
    footprint = check_update(bytes(changed))
    assert footprint.spans == {stroke.client: (stroke.clock, stroke.end)}
    beside = [] if stroke.left is None else [(stroke.left[0], stroke.left[1] + 1)]
    beside += [] if stroke.right is None else [stroke.right]
    assert footprint.cuts == [(stroke.client, stroke.clock), *beside]
    assert (footprint.nested, footprint.deletes, footprint.middles, footprint.has_gap) == (0, False, [], False)
    assert footprint.places <= 5


@given(st.lists(st.sampled_from(range(len(STROKES))), max_size=60), st.data())
def test_U1_a_document_takes_the_same_either_way(order: list[int], data: st.DataObject) -> None:
    """In any order, with repetitions, gaps and damage."""
    short, long = Document(600), Document(600)
    for number in [*range(10), *order]:
        update = bytearray(STROKES[number])
        if data.draw(st.integers(0, 9)) == 0:
            update[data.draw(st.integers(0, len(update) - 1))] ^= data.draw(st.integers(1, 255))
        raw = bytes(update)
        assert refusal_or(partial(the_short_way, short, raw)) == refusal_or(partial(the_long_way, long, raw))
        if short.broken or long.broken:
            return
        assert clocks(short.state_vector()) == clocks(long.state_vector())
        assert (short._known, short.size) == (long._known, long.size)
    assert short.encode() == long.encode()
