"""From what a compiler or a failing program said to lines of the room's files. Pure; the text is untrusted.

A pattern of the language table sees the text line by line, each shortened, so that no text makes it slow.
"""

import posixpath
import re
from collections.abc import Collection

import msgspec

from exec_pool.language import Language

MOST = 20
LONGEST_LINE = 400
LONGEST_TEXT = 16_384
_COLOURS = re.compile(r"\x1b\[[0-9;?]{0,20}[A-Za-z]")


class ErrorLine(msgspec.Struct, frozen=True):
    """A place in a file of the room, both counted from 1 (`column` 0 when it is not known), and what is wrong there."""

    path: str
    line: int
    column: int
    message: str


def error_lines(
    language: Language, text: bytes, files: Collection[str], entry: str, compiling: bool
) -> tuple[ErrorLine, ...]:
    """All errors of a compilation, or the one place in the room's files where a run ended."""
    readable = _readable(text)
    for pattern in language.errors:
        found = [line for match in re.finditer(pattern, readable, re.MULTILINE) if (line := _line(match, files, entry))]
        if found:
            chosen = found[:MOST] if compiling else found[-1:] if language.innermost == "last" else found[:1]
            return _told(chosen, language, readable)
    return ()


def _readable(text: bytes) -> str:
    plain = _COLOURS.sub("", text[-LONGEST_TEXT:].decode(errors="replace")).replace("\r", "")
    return "\n".join(line[:LONGEST_LINE] for line in plain.split("\n"))


def _line(match: re.Match[str], files: Collection[str], entry: str) -> ErrorLine | None:
    parts = match.groupdict()
    path = _path(parts["path"], files) if parts.get("path") else entry
    number = int(parts["line"][:9])
    if not path or not number:
        return None
    return ErrorLine(path, number, int((parts.get("column") or "0")[:9]), (parts.get("message") or "").strip())


def _path(said: str, files: Collection[str]) -> str:
    """The file of the room that is meant: by its path, or by its bare name when only one has it."""
    path = posixpath.normpath(said.strip().removeprefix("/work/"))
    if path in files:
        return path
    same = [known for known in files if posixpath.basename(known) == path]
    return same[0] if len(same) == 1 else ""


def _told(chosen: list[ErrorLine], language: Language, text: str) -> tuple[ErrorLine, ...]:
    summary = re.findall(language.summary, text, re.MULTILINE) if language.summary else []
    message = str(summary[-1 if language.innermost == "last" else 0]).strip() if summary else ""
    return tuple(msgspec.structs.replace(line, message=line.message or message) for line in chosen)
