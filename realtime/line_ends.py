"""Making `\n` of every other line end in a text that brought some."""

from collections.abc import Mapping, Sequence
from typing import Protocol

MAX_SINGLE_RETURNS = 16
"""Carriage returns that one edit may bring into a text before they are mended by one replacement."""


class EditableText(Protocol):
    """The part of a shared text that is needed here; positions are UTF-8 bytes."""

    def __setitem__(self, place: slice, text: str) -> None: ...
    def __delitem__(self, place: int) -> None: ...


def brings_returns(delta: Sequence[Mapping[str, object]]) -> bool:
    """Whether a change of a text, as the library tells it, inserts any."""
    return any("\r" in str(change.get("insert", "")) for change in delta)


def remove_returns(texts: Sequence[EditableText]) -> None:
    """Positions of pycrdt texts are UTF-8 bytes, so the search is in bytes too.

    Each edit costs the length of the text. Where there are many, all from the first to the last is written anew; what
    somebody types into that very stretch at that very moment goes with it.
    """
    for text in texts:
        raw = str(text).encode()
        if raw.count(b"\r") > MAX_SINGLE_RETURNS:
            start, end = raw.index(b"\r"), raw.rindex(b"\r") + 1
            end += raw[end : end + 1] == b"\n"
            text[start:end] = raw[start:end].decode().replace("\r\n", "\n").replace("\r", "\n")
        else:
            _remove_one_by_one(text, raw)


def _remove_one_by_one(text: EditableText, raw: bytes) -> None:
    found = raw.rfind(b"\r")
    while found >= 0:
        if raw[found + 1 : found + 2] == b"\n":
            del text[found]
        else:
            text[found : found + 1] = "\n"
        found = raw.rfind(b"\r", 0, found)
