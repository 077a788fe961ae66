"""WebSocket frames in and out, against the library that implements all of the protocol."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from websockets.frames import Frame, Opcode

from realtime.frames import announced_length, binary_frame, read_frame, read_messages

SIZES = st.sampled_from([0, 1, 125, 126, 127, 65_535, 65_536, 70_000])


def masked(payload: bytes, *, opcode: Opcode = Opcode.BINARY, fin: bool = True) -> bytes:
    return Frame(opcode, payload, fin).serialize(mask=True)


@given(SIZES)
def test_W4_a_servers_frame_is_the_librarys(size: int) -> None:
    payload = b"x" * size
    assert binary_frame(payload) == Frame(Opcode.BINARY, payload).serialize(mask=False)


@given(st.lists(st.binary(max_size=300), min_size=1, max_size=5), st.integers(0, 2000))
def test_W3_whole_messages_are_read_wherever_the_bytes_are_cut(payloads: list[bytes], cut: int) -> None:
    stream = b"".join(map(masked, payloads))
    cut %= len(stream) + 1
    found, rest = [], b""
    for part in (stream[:cut], stream[cut:]):
        data, start = rest + part, 0
        while start < len(data):
            end, payload = read_frame(data, start)
            if end == 0:
                break
            assert payload is not None
            found.append(payload)
            start = end
        rest = data[start:]
    assert (found, rest) == (payloads, b"")


@given(st.lists(st.binary(max_size=300), max_size=5), st.integers(0, 2000), st.integers(0, 400), st.binary(max_size=20))
def test_W3_plain_messages_are_read_at_one_look(payloads: list[bytes], cut: int, limit: int, rest: bytes) -> None:
    """As one by one, and none of what follows."""
    stream = (b"".join(map(masked, payloads)) + rest)[: cut or None]
    messages, start = read_messages(stream, limit)
    found, at = [], 0
    while at < start:
        at, payload = read_frame(stream, at)
        found.append(payload)
    assert (found, at) == (messages, start)
    assert all(len(message) <= limit for message in messages)


def test_W3_all_that_is_there_is_read_at_one_look() -> None:
    payloads = [b"x" * size for size in (2, 125, 126, 127, 65_535)]
    stream = b"".join(map(masked, payloads))
    assert read_messages(stream, 65_535) == (payloads, len(stream))
    assert read_messages(stream[:-1], 65_535)[0] == payloads[:-1]
    assert read_messages(stream, 126)[0] == payloads[:3]


@given(SIZES)
def test_W3_long_messages_are_read(size: int) -> None:
    stream = masked(b"y" * size)
    assert read_frame(stream, 0) == (len(stream), b"y" * size)
    assert read_frame(stream[:-1], 0) == (0, None)


@pytest.mark.parametrize(
    "frame",
    [
        masked(b"text", opcode=Opcode.TEXT),
        masked(b"part", fin=False),
        masked(b"rest", opcode=Opcode.CONT),
        masked(b"", opcode=Opcode.PING),
        masked(b"\x03\xe8", opcode=Opcode.CLOSE),
        Frame(Opcode.BINARY, b"unmasked").serialize(mask=False),
    ],
    ids=["text", "first fragment", "last fragment", "ping", "close", "unmasked"],
)
def test_W2_all_else_is_left_to_the_library(frame: bytes) -> None:
    assert read_frame(frame, 0) == (len(frame), None)


@given(st.binary(max_size=20))
def test_W3_any_bytes_are_a_frame_or_wait_for_more(data: bytes) -> None:
    end, payload = read_frame(data, 0)
    assert 0 <= end <= len(data)
    assert payload is None or end > len(payload)


def test_W1_the_length_is_known_before_the_payload_is_there() -> None:
    for size in (5, 300, 70_000):
        frame = masked(b"z" * size)
        assert announced_length(frame[:14], 0) == size
    assert announced_length(b"\x82", 0) == 0
