"""Letters and numbers of the fan-out, without any broker."""

from contextlib import suppress

from hypothesis import given
from hypothesis import strategies as st

from realtime.fanout import Batch, RoomTraffic
from realtime.letters import LETTER_BYTES, read_letter, write_letters

NODE = "0123456789abcdef"


class Heard:
    def __init__(self) -> None:
        self.payloads: list[bytes] = []
        self.gaps = 0
        self.traffic = RoomTraffic("room", lambda _origin, payload: self.payloads.append(payload), self._gap)

    def _gap(self) -> None:
        self.gaps += 1

    def accept(self, origin: str, batch: Batch) -> None:
        if self.traffic.accept(origin, batch):
            self.traffic.gap()


@given(
    first=st.integers(1, 2**50),
    payloads=st.lists(st.binary(max_size=60), max_size=30),
    limit=st.integers(60 + LETTER_BYTES, 400),
)
def test_F1_letters_hold_a_batch_within_their_limit(first: int, payloads: list[bytes], limit: int) -> None:
    letters = list(write_letters(NODE, Batch(first, payloads), limit))
    assert max(map(len, letters)) <= limit
    together: list[bytes] = []
    for letter in letters:
        origin, batch = read_letter(letter)
        assert (origin, batch.first) == (NODE, first + len(together))
        together += batch.payloads
    assert together == payloads


@given(st.binary(max_size=200))
def test_F11_any_bytes_are_a_letter_or_a_value_error(data: bytes) -> None:
    with suppress(ValueError):
        read_letter(data)
    with suppress(ValueError):
        read_letter(b"\x01" + data)


@given(st.lists(st.sampled_from(["put", "miss", "send", "lose"]), max_size=60))
def test_F5_no_payload_is_missing_without_a_gap(steps: list[str]) -> None:
    """Whatever was refused or lost on the way, the next letter that arrives tells."""
    sender, ear = Heard().traffic, Heard()
    ear.accept(NODE, Batch(1, [b"first"]))
    sender.put(b"first")
    sender.take()
    owed, gaps = False, 0
    for step in [*steps, "put", "send"]:
        if step == "put":
            sender.put(b"x")
        elif step == "miss":
            sender.miss()
            owed = True
        elif step == "lose":
            owed |= bool(sender.take())
        elif batches := sender.take():
            for batch in batches:
                ear.accept(NODE, batch)
            assert (ear.gaps > gaps) == owed
            owed, gaps = False, ear.gaps


def test_F5_a_refused_payload_is_told_even_to_who_heard_nothing_yet() -> None:
    sender, ear = Heard().traffic, Heard()
    sender.miss()
    for batch in sender.take():
        ear.accept(NODE, batch)
    assert ear.gaps == 1


def test_F1_a_number_that_was_seen_is_no_gap() -> None:
    ear = Heard()
    ear.accept(NODE, Batch(5, [b"a", b"b"]))
    ear.accept(NODE, Batch(7, [b"c"]))
    ear.accept("another", Batch(70, [b"d"]))
    ear.accept(NODE, Batch(8, [b"e"]))
    assert (ear.payloads, ear.gaps) == ([b"a", b"b", b"c", b"d", b"e"], 0)


def test_F3_a_closed_room_is_deaf_in_the_middle_of_a_batch() -> None:
    heard: list[bytes] = []

    def receive(_origin: str, payload: bytes) -> None:
        heard.append(payload)
        traffic.is_open = False

    traffic = RoomTraffic("room", receive, lambda: heard.append(b"gap"))
    traffic.accept(NODE, Batch(1, [b"a", b"b"]))
    traffic.gap()
    assert heard == [b"a"]
