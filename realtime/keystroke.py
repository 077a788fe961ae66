"""The form that nearly every update has, recognised at one look.

Format: see `realtime.update`, which walks whatever has another form.
"""

import re
from collections.abc import Mapping
from typing import ClassVar

import msgspec

from realtime.lib0 import UINT, read_id, read_uint
from realtime.pairs import Pairs

_ID = rb"(" + UINT + rb")([\x80-\xff]{0,3}[\x00-\x7f])"
_BESIDE = rb"(?:(\x84)|\x44|(\xc4))" + _ID + rb"(?(4)" + _ID + rb")"
_TYPING = re.compile(rb"\x01\x01" + _ID + _BESIDE + rb"([\x01-\x7f])([\x20-\x7e\n\t]+)\x00", re.DOTALL)
"""Client, clock, what of left and right is named, and those that are, length, text."""


class Keystroke(msgspec.Struct, frozen=True):
    """One client's string of ASCII beside existing text, nothing deleted: nearly every update there is.

    It goes between two characters, `left` and `right`, (client, clock) each; one of them may be the end of the text.
    """

    client: int
    clock: int
    end: int
    left: tuple[int, int] | None
    right: tuple[int, int] | None

    places: ClassVar[int] = 3
    nested: ClassVar[int] = 0
    middles: ClassVar[tuple[tuple[int, int], ...]] = ()

    @property
    def spans(self) -> dict[int, tuple[int, int]]:
        """As a footprint's."""
        return {self.client: (self.clock, self.end)}

    def fits(self, known: Mapping[int, int]) -> bool:
        """Whether nothing is missing between what is `known` (client → end) and this."""
        for place in (self.left, self.right):
            if place is not None and place[1] >= known.get(place[0], 0):
                return False
        return self.clock <= known.get(self.client, 0)


def read_keystroke(update: bytes) -> Keystroke | None:
    """None for whatever is something else: `check_update` is for that."""
    match = _TYPING.fullmatch(update)
    if match is None:
        return None
    client, clock, left_only, both, place, place_clock, right, right_clock, length, text = match.groups()
    if length[0] != len(text):
        return None
    first = read_uint(clock)
    named = read_id(place), read_uint(place_clock)
    return Keystroke(
        read_id(client),
        first,
        first + len(text),
        named if left_only or both else None,
        (read_id(right), read_uint(right_clock)) if both else None if left_only else named,
    )


def follow(update: bytes, known: Mapping[int, int], pairs: Pairs) -> tuple[int, int] | None:
    """The client and the end of a keystroke that neither repeats nor skips anything, beside characters that are there.

    None if `update` is anything else. As `read_keystroke` and its checks, in half of their time.
    """
    match = _TYPING.fullmatch(update)
    if match is None:
        return None
    raw, raw_clock, left_only, both, place, place_clock, right, right_clock, length, text = match.groups()
    client, clock, beside, at = read_id(raw), read_uint(raw_clock), read_id(place), read_uint(place_clock)
    if known.get(client) != clock or length[0] != len(text) or at >= known.get(beside, 0):
        return None
    if pairs.chunks and (beside, at + 1 if left_only or both else at) in pairs:
        return None
    if both:
        beside, at = read_id(right), read_uint(right_clock)
        if at >= known.get(beside, 0) or (pairs.chunks and (beside, at) in pairs):
            return None
    return client, clock + len(text)


def is_keystroke(update: bytes) -> bool:
    """For one that was checked: whether `read_keystroke` would know it."""
    match = _TYPING.fullmatch(update)
    return match is not None and match[9][0] == len(match[10])
