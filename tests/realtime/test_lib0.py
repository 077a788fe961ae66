"""The variable-length encoding."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from realtime.errors import ProtocolViolation
from realtime.lib0 import MAX_UINT, Reader, write_bytes, write_string, write_uint


@given(st.integers(0, MAX_UINT))
def test_W4_a_number_reads_back_as_it_was_written(number: int) -> None:
    reader = Reader(write_uint(number))
    assert reader.uint() == number
    assert reader.exhausted


@pytest.mark.parametrize(
    ("number", "encoded"), [(0, "00"), (127, "7f"), (128, "8001"), (300, "ac02"), (MAX_UINT, "ffffffffffffff0f")]
)
def test_W4_numbers_are_seven_bits_a_byte_least_first(number: int, encoded: str) -> None:
    assert write_uint(number).hex() == encoded


@given(st.text())
def test_W4_a_string_reads_back_as_it_was_written(text: str) -> None:
    assert Reader(write_string(text)).string() == text


@pytest.mark.parametrize("frame", ["ff", "ffffffffffffffffff01", "ffffffffffffff7f", "", "80"])
def test_W3_a_number_that_is_cut_or_too_large_is_refused(frame: str) -> None:
    with pytest.raises(ProtocolViolation):
        Reader(bytes.fromhex(frame)).uint()


@given(st.binary(), st.integers(1, 1000))
def test_W3_a_length_beyond_the_frame_is_refused(data: bytes, more: int) -> None:
    with pytest.raises(ProtocolViolation):
        Reader(write_uint(len(data) + more) + data).bytes()


def test_W3_a_string_that_is_not_utf8_is_refused() -> None:
    with pytest.raises(ProtocolViolation):
        Reader(write_bytes(b"\xff\xfe")).string()
