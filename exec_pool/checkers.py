"""Checkers: does an output answer a test? Pure functions over bytes that strangers wrote; none of them raises."""

import math
import re
from collections import Counter
from itertools import zip_longest
from typing import Literal

import msgspec

Opinion = Literal["AC", "WA", "PE"]

_NUMBER = re.compile(rb"[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]{1,9})?")
_LONGEST_NUMBER = 400


class Exact(msgspec.Struct, frozen=True, tag_field="type", tag="exact"):
    """The same bytes. The same words with other white space between them are a presentation error."""


class Lines(msgspec.Struct, frozen=True, tag_field="type", tag="lines"):
    """The same lines; white space at the end of a line and empty lines at the end do not count."""


class Tokens(msgspec.Struct, frozen=True, tag_field="type", tag="tokens", rename="camel"):
    """The same words, whatever white space is between them."""

    ignore_case: bool = False


class Floats(msgspec.Struct, frozen=True, tag_field="type", tag="floats"):
    """The same words, but numbers may differ by `absolute` or by `relative` (of the expected one); either is enough."""

    absolute: float | None = 1e-6
    relative: float | None = 1e-6


class Unordered(msgspec.Struct, frozen=True, tag_field="type", tag="unordered"):
    """The same lines in any order, each as often; white space at the end of a line and empty lines do not count."""


BuiltIn = Exact | Lines | Tokens | Floats | Unordered


class Finding(msgspec.Struct, frozen=True):
    """What a checker found. `share` of the points, from 0 to 1; `note` quotes nothing of the expected answer."""

    verdict: Opinion
    note: str = ""
    share: float = 1.0


ACCEPTED = Finding("AC")


def check(checker: BuiltIn, output: bytes, answer: bytes) -> Finding:
    """The finding of a built-in checker."""
    match checker:
        case Exact():
            return ACCEPTED if output == answer else _almost(output, answer, _first_byte(output, answer))
        case Lines():
            mine, theirs = _lines(output), _lines(answer)
            return ACCEPTED if mine == theirs else _almost(output, answer, _first(mine, theirs, "line"))
        case Tokens():
            return _words(output, answer, checker.ignore_case)
        case Floats():
            return _numbers(checker, output.split(), answer.split())
        case Unordered():
            return _unordered(output, answer)


def _wrong(note: str) -> Finding:
    return Finding("WA", note, 0.0)


def _almost(output: bytes, answer: bytes, note: str) -> Finding:
    if output.split() == answer.split():
        return Finding("PE", "The words are right, the white space is not.", 0.0)
    return _wrong(note)


def _lines(text: bytes) -> list[bytes]:
    lines = [line.rstrip() for line in text.split(b"\n")]
    while lines and not lines[-1]:
        lines.pop()
    return lines


def _first(mine: list[bytes], theirs: list[bytes], what: str) -> str:
    """Where two lists begin to differ, counted from 1."""
    pairs = enumerate(zip_longest(mine, theirs), 1)
    number = next((number for number, (left, right) in pairs if left != right), 0)
    if number > len(mine):
        return f"The output ends before {what} {number}."
    if number > len(theirs):
        return f"The output goes on after {what} {len(theirs)}, where it should end."
    return f"The output differs in {what} {number}."


def _first_byte(output: bytes, answer: bytes) -> str:
    return _first(output.split(b"\n"), answer.split(b"\n"), "line")


def _words(output: bytes, answer: bytes, ignore_case: bool) -> Finding:
    if ignore_case:
        output, answer = output.lower(), answer.lower()
    mine, theirs = output.split(), answer.split()
    return ACCEPTED if mine == theirs else _wrong(_first(mine, theirs, "word"))


def _numbers(checker: Floats, mine: list[bytes], theirs: list[bytes]) -> Finding:
    if len(mine) != len(theirs):
        return _wrong(f"{len(theirs)} words are expected, there are {len(mine)}.")
    for number, (left, right) in enumerate(zip(mine, theirs, strict=True), 1):
        if left != right and not _close(checker, _number(left), _number(right)):
            return _wrong(f"The output differs in word {number}.")
    return ACCEPTED


def _number(word: bytes) -> float | None:
    """A finite number, or nothing: `nan`, `inf` and what Python alone takes for a number are words."""
    if len(word) > _LONGEST_NUMBER or not _NUMBER.fullmatch(word):
        return None
    value = float(word)
    return value if math.isfinite(value) else None


def _close(checker: Floats, mine: float | None, theirs: float | None) -> bool:
    if mine is None or theirs is None:
        return False
    off = abs(mine - theirs)
    if checker.absolute is not None and off <= checker.absolute:
        return True
    return checker.relative is not None and off <= checker.relative * abs(theirs)


def _unordered(output: bytes, answer: bytes) -> Finding:
    mine = Counter(line for line in _lines(output) if line)
    theirs = Counter(line for line in _lines(answer) if line)
    if mine == theirs:
        return ACCEPTED
    if _respaced(mine) == _respaced(theirs):
        return Finding("PE", "The words are right, the white space is not.", 0.0)
    missing, more = (theirs - mine).total(), (mine - theirs).total()
    return _wrong(f"{missing} of the lines are missing, {more} are not expected.")


def _respaced(lines: Counter[bytes]) -> Counter[tuple[bytes, ...]]:
    spaced: Counter[tuple[bytes, ...]] = Counter()
    for line, count in lines.items():
        spaced[tuple(line.split())] += count
    return spaced
