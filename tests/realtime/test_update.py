"""The gate before the CRDT library."""

import contextlib
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pycrdt import Array, Doc, Map, Text, XmlElement, XmlFragment, XmlText

from realtime.document import Document
from realtime.errors import BadUpdate, MissingEdits
from realtime.lib0 import write_string, write_uint
from realtime.update import NESTED_LIMIT, check_update, first_client

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
        assert fresh.state_vector() == document.state_vector()


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
        "from api.__main__ import raise_stack_limit; raise_stack_limit()\n"
        "from realtime.document import Document; from tests.realtime.test_update import nested, DELETE_FIRST\n"
        f"d = Document(10**9); d.apply(nested({NESTED_LIMIT}), passed=0); d.encode()\n"
        "d.apply(DELETE_FIRST); d.encode(); print('fine')"
    )
    environ = {**os.environ, "PYTHONPATH": str(ROOT)}
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, env=environ, check=False)
    assert (done.returncode, done.stdout) == (0, "fine\n"), done.stderr[-500:]
