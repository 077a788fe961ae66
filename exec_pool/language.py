"""What a language is, and how a server's table comes about: the rows of `languages.py` and the operator's own.

Words in braces are filled in by `plans.py`: `{entry}` the file to run, `{sources}` it and the files compiled with
it, `{options}` the options that were asked for, `{folder}` its folder, `{heap}` MiB for a managed heap, `{main}` the
main class, `{sync}` the Ruby prelude.
"""

import re
import tomllib
from pathlib import Path

import msgspec

from exec_pool.errors import SettingsWrong


class LanguageInfo(msgspec.Struct, frozen=True, kw_only=True):
    """What clients learn about a language. `reason` is empty when it is available."""

    id: str
    name: str
    version: str
    available: bool
    reason: str
    extensions: tuple[str, ...]
    file_name: str
    sample: str
    options: tuple[str, ...] = ()


class Tool(msgspec.Struct, frozen=True):
    """A program a language needs, and the Debian package that brings it."""

    name: str
    package: str = ""


class Language(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One row. The first element of an argv is a tool name or a path in the cell; extensions have their dot.

    `options` are regular expressions for what may be asked of the compiler (or the interpreter), each for one whole
    argument. `errors` find the line of an error (groups `path`, `line`, and if known `column` and `message`), tried in
    order; `summary` finds the message where they do not; `innermost` says which of several lines of a run is meant.
    `image` is a Docker image of its own.
    """

    id: str
    name: str
    extensions: tuple[str, ...]
    file_name: str
    tools: tuple[Tool, ...]
    version: tuple[str, ...]
    run: tuple[str, ...]
    compile: tuple[str, ...] = ()
    env: tuple[tuple[str, str], ...] = ()
    options: tuple[str, ...] = ()
    heap_full: str = ""
    errors: tuple[str, ...] = ()
    summary: str = ""
    innermost: str = "first"
    image: str = ""
    sample: str = ""
    failing: str = ""


class _File(msgspec.Struct, forbid_unknown_fields=True):
    """The operator's file: `[[language]]` tables with the fields of `Language`."""

    language: list[Language] = []


def merged(table: tuple[Language, ...], path: str) -> tuple[Language, ...]:
    """The table with the operator's rows; one with a known id replaces that. SettingsWrong says what is wrong."""
    if not path:
        return table
    try:
        with Path(path).open("rb") as opened:
            rows = msgspec.convert(tomllib.load(opened), _File).language
        for row in rows:
            _check(row)
    except (OSError, tomllib.TOMLDecodeError, msgspec.ValidationError, re.error) as error:
        raise SettingsWrong(f"the languages file {path} cannot be used: {error}") from error
    by_id = {row.id: row for row in (*table, *rows)}
    return tuple(by_id.values())


def _check(row: Language) -> None:
    if not row.run or not row.version or not re.fullmatch(r"[a-z][a-z0-9_+-]{0,30}", row.id):
        raise msgspec.ValidationError(f"{row.id!r} needs an id in small letters, `version` and `run`")
    for pattern in (*row.options, *row.errors, row.summary):
        re.compile(pattern)


def language_of(path: str, table: tuple[Language, ...]) -> str | None:
    """The id of the language a file is written in, by its extension; None when there is none."""
    lowered = path.lower()
    return next((row.id for row in table if row.extensions and lowered.endswith(row.extensions)), None)
