"""The frame codec, from both ends."""

import socket

import pytest
from hypothesis import given
from hypothesis import strategies as st

from exec_pool.cell.link import Gone, Link
from exec_pool.errors import CellFailed
from exec_pool.protocol import FROM_CELL, HEAD, LONGEST, LONGEST_FROM_CELL, Frames, file_frame, frame

FRAME = st.tuples(st.sampled_from([chr(kind) for kind in sorted(FROM_CELL)]), st.binary(max_size=300))


@given(st.lists(FRAME, max_size=20), st.data())
def test_X44_frames_arrive_whole_however_they_are_cut(sent: list[tuple[str, bytes]], data: st.DataObject) -> None:
    stream = b"".join(frame(kind, payload) for kind, payload in sent)
    frames, got, rest = Frames(), [], stream
    while rest:
        size = data.draw(st.integers(1, len(rest)))
        got += list(frames.feed(rest[:size]))
        rest = rest[size:]
    assert got == sent


@given(st.lists(FRAME, max_size=20), st.integers(1, 700))
def test_X44_the_cell_reads_what_the_server_sends(sent: list[tuple[str, bytes]], size: int) -> None:
    ours, theirs = socket.socketpair()
    with ours, theirs:
        link = Link(theirs.fileno(), theirs.fileno())
        stream = b"".join(frame(kind, payload) for kind, payload in sent)
        got = []
        for start in range(0, len(stream), size):
            ours.sendall(stream[start : start + size])
            got += link.read()
        assert got == sent


@given(st.lists(FRAME, max_size=20))
def test_X44_the_server_reads_what_the_cell_sends(sent: list[tuple[str, bytes]]) -> None:
    ours, theirs = socket.socketpair()
    with ours, theirs:
        link, frames, got = Link(theirs.fileno(), theirs.fileno()), Frames(), []
        for kind, payload in sent:
            link.send(kind, payload)
            got += list(frames.feed(ours.recv(1 << 16)))
        assert got == sent


@given(st.binary(max_size=200))
def test_X44_noise_ends_the_cell_or_waits(noise: bytes) -> None:
    frames = Frames()
    try:
        for kind, payload in frames.feed(noise):
            assert ord(kind) in FROM_CELL
            assert len(payload) <= LONGEST_FROM_CELL
    except CellFailed:
        assert any(byte not in FROM_CELL for byte in noise) or len(noise) >= HEAD.size


@pytest.mark.parametrize("head", [HEAD.pack(ord("O"), LONGEST_FROM_CELL + 1), HEAD.pack(ord("J"), 0), HEAD.pack(0, 0)])
def test_X44_unknown_and_overlong_frames_end_the_cell(head: bytes) -> None:
    with pytest.raises(CellFailed):
        list(Frames().feed(head))


def test_X44_good_frames_before_a_bad_one_are_delivered() -> None:
    got = []
    with pytest.raises(CellFailed):
        for one in Frames().feed(frame("O", b"x") + b"?????"):
            got.append(one)
    assert got == [("O", b"x")]


def test_X44_what_the_server_cannot_send_it_does_not_build() -> None:
    with pytest.raises(ValueError, match="too long"):
        frame("I", bytes(LONGEST + 1))
    assert file_frame("work/ä", b"x") == b"F" + bytes([0, 0, 0, 12, 0, 0, 0, 7]) + "work/ä".encode() + b"x"


def test_X44_a_link_that_is_closed_says_so_and_a_full_one_keeps_the_rest() -> None:
    ours, theirs = socket.socketpair()
    with theirs:
        link = Link(theirs.fileno(), theirs.fileno())
        link.send("O", bytes(4 << 20))
        assert link.out
        frames = Frames(longest=8 << 20)
        got: list[tuple[str, bytes]] = []
        while not got:
            got += list(frames.feed(ours.recv(1 << 20)))
            link.flush()
        assert got == [("O", bytes(4 << 20))]
        ours.close()
        with pytest.raises(Gone):
            link.read()
