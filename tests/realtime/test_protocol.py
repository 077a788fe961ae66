"""Both dialects as bytes."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from realtime import protocol
from realtime.errors import ProtocolViolation
from realtime.lib0 import write_string, write_uint
from realtime.protocol import (
    Awareness,
    AwarenessState,
    QueryAwareness,
    Stateless,
    SyncStep1,
    SyncUpdate,
    Token,
    decode_hocuspocus,
    decode_y,
)

STATES = st.lists(st.tuples(st.integers(0, 2**53 - 1), st.integers(0, 2**31), st.binary()), max_size=5)


@given(st.binary())
def test_W4_sync_messages_decode_to_what_was_encoded(data: bytes) -> None:
    assert decode_y(protocol.step1_body(data)) == [SyncStep1(data)]
    assert decode_y(protocol.step2_body(data)) == [SyncUpdate(data, True)]
    assert decode_y(protocol.update_body(data)) == [SyncUpdate(data, False)]


@given(STATES)
def test_W4_awareness_decodes_to_what_was_encoded(states: list[tuple[int, int, bytes]]) -> None:
    named = [AwarenessState(*state) for state in states]
    assert decode_y(protocol.awareness_body(named)) == [Awareness(named)]


@given(st.text(min_size=1, max_size=20), st.binary())
def test_W5_a_hocuspocus_frame_is_the_address_and_the_same_body(address: str, data: bytes) -> None:
    frame = write_string(address) + protocol.update_body(data)
    assert decode_hocuspocus(frame, 200) == (address, SyncUpdate(data, False))


def test_W4_one_y_frame_may_hold_several_messages() -> None:
    frame = protocol.step1_body(b"\x00") + b"\x03" + protocol.update_body(b"\x00\x00")
    assert decode_y(frame) == [SyncStep1(b"\x00"), QueryAwareness(), SyncUpdate(b"\x00\x00", False)]


def test_W4_a_token_may_be_followed_by_the_providers_version() -> None:
    head = write_string("doc") + b"\x02\x00" + write_string("x")
    assert decode_hocuspocus(head, 99) == ("doc", Token("x"))
    assert decode_hocuspocus(head + write_string("4.8.0"), 99) == ("doc", Token("x"))


def test_W4_a_stateless_message_is_text() -> None:
    assert decode_hocuspocus(write_string("doc") + protocol.stateless_body("ping"), 99) == ("doc", Stateless("ping"))


@given(st.binary(max_size=200))
def test_W3_random_frames_decode_or_violate_the_protocol(frame: bytes) -> None:
    for decode in (decode_y, lambda data: decode_hocuspocus(data, 99)):
        try:
            decode(frame)
        except ProtocolViolation:
            continue


@pytest.mark.parametrize("kind", [2, 4, 5, 6, 7, 8, 9, 99, 2**40])
def test_W2_message_types_that_y_websocket_lacks_are_refused(kind: int) -> None:
    with pytest.raises(ProtocolViolation):
        decode_y(write_uint(kind))


@pytest.mark.parametrize("kind", [6, 8, 10, 50])
def test_W2_messages_that_only_a_server_sends_are_refused(kind: int) -> None:
    with pytest.raises(ProtocolViolation):
        decode_hocuspocus(write_string("doc") + write_uint(kind), 99)


def test_W3_an_address_is_bounded() -> None:
    with pytest.raises(ProtocolViolation):
        decode_hocuspocus(write_string("a" * 300) + b"\x03", 256)
