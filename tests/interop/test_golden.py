"""Frames that a stock provider and its own server exchanged, read and written by ours. The document is `doc`."""

import pytest

from realtime import protocol
from realtime.lib0 import write_string
from realtime.protocol import (
    Awareness,
    AwarenessState,
    Close,
    Message,
    Ping,
    QueryAwareness,
    Stateless,
    SyncStep1,
    SyncUpdate,
    Token,
    decode_hocuspocus,
    decode_y,
)
from realtime.update import check_update

DOC = "03646f63"
HELLO = "0101c5a0c3da06000401017402686900"  # "hi" typed into the text "t"
CLIENT = 1800458309

SENT = [
    (DOC + "02000178" + "05342e382e30", Token("x")),
    (DOC + "02000178", Token("x")),
    (DOC + "00000100", SyncStep1(b"\0")),
    (DOC + "010a01c5a0c3da0600027b7d", Awareness([AwarenessState(CLIENT, 0, b"{}")])),
    (DOC + "0001020000", SyncUpdate(b"\0\0", True)),
    (DOC + "000210" + HELLO, SyncUpdate(bytes.fromhex(HELLO), False)),
    (DOC + "03", QueryAwareness()),
    (DOC + "050470696e67", Stateless("ping")),
    (DOC + "07", Close()),
]

ANSWERED = [
    (DOC + "02020a726561642d7772697465", protocol.authenticated_body(True)),
    (DOC + "020208726561646f6e6c79", protocol.authenticated_body(False)),
    (DOC + "0201117065726d697373696f6e2d64656e696564", protocol.denied_body("permission-denied")),
    (DOC + "00000100", protocol.step1_body(b"\0")),
    (DOC + "00000701c5a0c3da0602", protocol.step1_body(bytes.fromhex("01c5a0c3da0602"))),
    (DOC + "0001020000", protocol.step2_body(b"\0\0")),
    (DOC + "000110" + HELLO, protocol.step2_body(bytes.fromhex(HELLO))),
    (DOC + "000210" + HELLO, protocol.update_body(bytes.fromhex(HELLO))),
    (DOC + "0801", protocol.SAVED_BODY),
    (DOC + "0800", protocol.REFUSED_BODY),
    (DOC + "05096563686f2070696e67", protocol.stateless_body("echo ping")),
    (DOC + "071270726f76696465725f696e69746961746564", protocol.closed_body("provider_initiated")),
]


@pytest.mark.parametrize(("frame", "message"), SENT)
def test_W4_what_a_stock_provider_sends_is_understood(frame: str, message: Message) -> None:
    assert decode_hocuspocus(bytes.fromhex(frame), 256) == ("doc", message)


@pytest.mark.parametrize(("frame", "body"), ANSWERED)
def test_W4_answers_equal_those_of_the_stock_server(frame: str, body: bytes) -> None:
    assert (write_string("doc") + body).hex() == frame


@pytest.mark.parametrize("frame", ["09", "0a"])
def test_W4_pings_of_the_connection_have_no_document(frame: str) -> None:
    assert decode_hocuspocus(bytes.fromhex(frame), 256) == ("", Ping())


def test_W4_two_documents_share_a_socket_by_their_names() -> None:
    assert decode_hocuspocus(bytes.fromhex("036f6e6500000100"), 256) == ("one", SyncStep1(b"\0"))
    assert decode_hocuspocus(bytes.fromhex("0374776f07"), 256) == ("two", Close())


def test_W4_a_departure_in_presence_is_a_null() -> None:
    frame = bytes.fromhex("036f6e65" + "010c0185deac940201046e756c6c")
    assert decode_hocuspocus(frame, 256) == ("one", Awareness([AwarenessState(579546885, 1, b"null")]))


def test_U1_the_captured_edit_is_a_sound_update() -> None:
    check_update(bytes.fromhex(HELLO))


@pytest.mark.parametrize(
    ("frame", "message"),
    [
        ("00000100", SyncStep1(b"\0")),
        ("0001020000", SyncUpdate(b"\0\0", True)),
        ("0106010101027b7d", Awareness([AwarenessState(1, 1, b"{}")])),
        ("03", QueryAwareness()),
    ],
)
def test_W4_y_websocket_frames_are_the_same_bodies_without_a_name(frame: str, message: Message) -> None:
    assert decode_y(bytes.fromhex(frame)) == [message]
