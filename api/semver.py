"""Version selectors as programs write them for Piston: `*`, `3`, `3.x`, `^3.10`, `~1.2`, `>=3 <4`, `1 || 2`. Pure."""

import re
from collections.abc import Callable

Version = tuple[int, int, int]

_NUMBERS = re.compile(r"[0-9]{1,9}(?:\.[0-9]{1,9}){0,2}")
_TERM = re.compile(r"(\^|~|>=|<=|>|<|=)?v?([0-9]{1,9}|[xX*])(?:\.([0-9]{1,9}|[xX*]))?(?:\.([0-9]{1,9}|[xX*]))?")
_MOST = 200

_COMPARE: dict[str, Callable[[Version, Version], bool]] = {
    ">=": lambda a, b: a >= b,
    "<=": lambda a, b: a <= b,
    ">": lambda a, b: a > b,
    "<": lambda a, b: a < b,
}


def version_of(text: str) -> Version:
    """The first version in what a tool says of itself; zeros when there is none."""
    found = _NUMBERS.search(text)
    parts = [int(part) for part in found[0].split(".")] if found else []
    major, minor, patch, *_ = [*parts, 0, 0, 0]
    return major, minor, patch


def matches(version: Version, selector: str) -> bool:
    """Is it meant? A selector that cannot be read means nothing."""
    if len(selector) > _MOST:
        return False
    return any(_all_of(version, part.strip()) for part in selector.split("||"))


def _all_of(version: Version, part: str) -> bool:
    terms = re.sub(r"([<>=^~])\s+", r"\1", part).split()
    return bool(terms) and all(_one(version, term) for term in terms)


def _one(version: Version, term: str) -> bool:
    found = _TERM.fullmatch(term)
    if not found:
        return False
    numbers = [int(part) for part in found.groups()[1:] if part and part.isdigit()]
    low: Version = version_of(".".join(map(str, numbers)) or "0")
    match found[1]:
        case ">=" | "<=" | ">" | "<" as sign:
            return _COMPARE[sign](version[: len(numbers)] if sign in (">", "<=") else version, low)  # type: ignore[arg-type]
        case "^":
            fixed = 1 + next((at for at, number in enumerate(numbers) if number), len(numbers) - 1)
        case "~":
            fixed = min(2, len(numbers))
        case _:
            fixed = len(numbers)
    return version[:fixed] == low[:fixed] and version >= low
