"""Checkers over anything: properties first, then the cases that people ask about."""

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from exec_pool.checkers import ACCEPTED, BuiltIn, Exact, Floats, Lines, Tokens, Unordered, check

ALL: list[BuiltIn] = [Exact(), Lines(), Tokens(), Tokens(ignore_case=True), Floats(), Unordered()]
anything = st.binary(max_size=200) | st.text(alphabet="ab 01.e-\n\r\t", max_size=60).map(str.encode)
words = st.lists(st.sampled_from([b"a", b"B", b"12", b"-3.5"]), max_size=12)
blanks = st.sampled_from([b" ", b"\n", b"\t", b"  \r\n", b"\n\n"])


@given(anything, anything, st.sampled_from(ALL))
def test_V3_no_output_makes_a_checker_raise(output: bytes, answer: bytes, checker: BuiltIn) -> None:
    found = check(checker, output, answer)
    assert found.verdict in ("AC", "WA", "PE")
    assert (found.share == 1.0) == (found.verdict == "AC")


@given(anything, st.sampled_from(ALL))
def test_V3_the_answer_itself_is_accepted(answer: bytes, checker: BuiltIn) -> None:
    assert check(checker, answer, answer) == ACCEPTED


@given(anything, anything)
def test_V3_exact_is_equality(output: bytes, answer: bytes) -> None:
    found = check(Exact(), output, answer).verdict
    assert (found == "AC") == (output == answer)
    assert (found == "PE") == (output != answer and output.split() == answer.split())


@given(st.lists(st.sampled_from([b"a b", b"", b"  x"]), max_size=8), st.data())
def test_V3_lines_overlook_what_ends_them(lines: list[bytes], data: st.DataObject) -> None:
    ends = [data.draw(st.sampled_from([b"", b" ", b"\t", b"\r"])) for _ in lines]
    output = b"\n".join(line + end for line, end in zip(lines, ends, strict=True)) + b"\n" * data.draw(
        st.integers(0, 3)
    )
    assert check(Lines(), output, b"\n".join(lines)).verdict == "AC"
    assert check(Lines(), b" " + output, b"\n".join(lines)).verdict in ("AC", "PE")


@given(words, st.data())
def test_V3_tokens_overlook_all_white_space(wanted: list[bytes], data: st.DataObject) -> None:
    output = b"".join(word + data.draw(blanks) for word in wanted)
    assert check(Tokens(), output, b" ".join(wanted)).verdict == "AC"
    assert check(Tokens(), output + b" more", b" ".join(wanted)).verdict == "WA"
    assert check(Tokens(ignore_case=True), output.lower(), b" ".join(wanted).upper()).verdict == "AC"


@given(st.lists(st.sampled_from([b"a", b"b b", b"c"]), min_size=1, max_size=10), st.randoms())
def test_V3_unordered_is_about_how_often(lines: list[bytes], chance: random.Random) -> None:
    mixed = list(lines)
    chance.shuffle(mixed)
    answer = b"\n".join(lines) + b"\n"
    assert check(Unordered(), b"\n".join(mixed), answer).verdict == "AC"
    assert check(Unordered(), b"\n".join([*mixed, mixed[0]]), answer).verdict == "WA"
    assert check(Unordered(), b"\n".join(mixed[1:]), answer).verdict == "WA"


finite = st.floats(allow_nan=False, allow_infinity=False, min_value=-1e12, max_value=1e12)


@given(finite, st.floats(-0.9, 0.9), st.sampled_from([1e-9, 1e-6, 1e-3]))
def test_V3_floats_within_the_tolerance_are_right(value: float, part: float, tolerance: float) -> None:
    answer = repr(value).encode()
    near = repr(value + part * tolerance * max(1.0, abs(value))).encode()
    assert check(Floats(tolerance, tolerance), near, answer).verdict == "AC"
    far = repr(value + 3 * tolerance * max(1.0, abs(value))).encode()
    assert check(Floats(tolerance, tolerance), far, answer).verdict == "WA"


@pytest.mark.parametrize(
    ("checker", "output", "answer", "verdict"),
    [
        (Floats(), b"1.0000001 yes", b"1 yes", "AC"),
        (Floats(), b"1.0 no", b"1 yes", "WA"),
        (Floats(), b"1 2", b"1", "WA"),
        (Floats(), b"nan", b"nan", "AC"),
        (Floats(), b"nan", b"1", "WA"),
        (Floats(), b"inf", b"1e308", "WA"),
        (Floats(), b"1e999", b"1e308", "WA"),
        (Floats(), b"1_0", b"10", "WA"),
        (Floats(), "١".encode(), b"1", "WA"),
        (Floats(), b"9" * 1000, b"1", "WA"),
        (Floats(0.5, None), b"1000000.4", b"1000000", "AC"),
        (Floats(None, 0.01), b"0.005", b"0", "WA"),
        (Floats(0.5, None), b"1000001", b"1000000", "WA"),
        (Exact(), b"a b\n", b"a  b\n", "PE"),
        (Lines(), b"a  b\n", b"a b\n", "PE"),
        (Lines(), b"a\n\nb", b"a\nb", "PE"),
        (Unordered(), b"b\na  c\n", b"a c\nb\n", "PE"),
        (Unordered(), b"c a\nb\n", b"a c\nb\n", "WA"),
    ],
)
def test_V3_cases_that_people_ask_about(checker: BuiltIn, output: bytes, answer: bytes, verdict: str) -> None:
    assert check(checker, output, answer).verdict == verdict


@pytest.mark.parametrize(
    ("output", "note"),
    [
        (b"1\n2", "The output ends before line 3."),
        (b"1\n2\n3\n4", "The output goes on after line 3, where it should end."),
        (b"1\nx\n3", "The output differs in line 2."),
    ],
)
def test_V3_a_note_says_where_and_quotes_nothing(output: bytes, note: str) -> None:
    assert check(Lines(), output, b"1\n2\n3\n").note == note
