"""The form that nearly every update has, recognised at one look.

Format: see `realtime.update`, which walks whatever has another form.
"""

import re
from collections.abc import Mapping
from typing import ClassVar

import msgspec

from realtime.lib0 import UINT, read_id, read_uint

_ID = rb"(" + UINT + rb")([\x80-\xff]{0,3}[\x00-\x7f])"
_BESIDE = rb"(?:\x84" + _ID + rb"|\x44" + _ID + rb"|\xc4" + _ID + _ID + rb")"
_TYPING = re.compile(rb"\x01\x01" + _ID + _BESIDE + rb"([\x01-\x7f])([\x20-\x7e\n\t]+)\x00", re.DOTALL)


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
    client, clock, left, left_clock, right, right_clock, left2, left2_clock, right2, right2_clock, length, text = (
        match.groups()
    )
    if length[0] != len(text):
        return None
    left, left_clock, right, right_clock = (
        left or left2,
        left_clock or left2_clock,
        right or right2,
        right_clock or right2_clock,
    )
    first = read_uint(clock)
    return Keystroke(
        read_id(client),
        first,
        first + len(text),
        (read_id(left), read_uint(left_clock)) if left else None,
        (read_id(right), read_uint(right_clock)) if right else None,
    )


def is_keystroke(update: bytes) -> bool:
    """For one that was checked: whether `read_keystroke` would know it."""
    match = _TYPING.fullmatch(update)
    return match is not None and match[11][0] == len(match[12])
