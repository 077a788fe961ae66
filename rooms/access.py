"""Who may do what: one table of kinds, roles and capabilities, and a room's own rules on top.

Everything that asks for a right asks here, for both dialects, HTTP and runs.
"""

import re
from collections.abc import Iterator
from functools import lru_cache
from typing import Annotated, Literal, Protocol, get_args

import msgspec

Role = Literal["host", "participant", "observer"]
Kind = Literal["pair", "interview", "class"]
Status = Literal["open", "ended", "archived", "deleted"]
"""Of a room. An ended one is read only; an archived one is that and out of sight; a deleted one is erased in time."""
Standing = Literal["in", "waiting", "out", "banned"]
"""Of a member: `waiting` until a host lets them in; who is `out` was removed, or refused."""
Capability = Literal[
    "read", "write", "run", "terminal", "draw", "chat", "notes", "desk", "hidden_tests", "manage", "end"
]
Access = Literal["none", "read", "write"]

ROLES: tuple[Role, ...] = get_args(Role)
_ALL: frozenset[Capability] = frozenset(get_args(Capability))
_PEER = frozenset[Capability]({"read", "write", "run", "terminal", "draw", "chat", "desk"})
_STUDENT = frozenset[Capability]({"read", "run", "terminal", "chat", "desk"})
_LISTENER = frozenset[Capability]({"read", "chat"})

CAPABILITIES: dict[Kind, dict[Role, frozenset[Capability]]] = {
    "pair": {"host": _ALL, "participant": _PEER, "observer": _LISTENER},
    "interview": {"host": _ALL, "participant": _PEER, "observer": frozenset({"read"})},
    "class": {"host": _ALL, "participant": _STUDENT, "observer": _LISTENER},
}
"""What a role may do in a room of a kind. `notes`, and the desks of others, are for those who manage the room."""
_IN_PAST = frozenset[Capability]({"read", "notes", "hidden_tests", "manage", "end"})
"""What is left of it when a room has ended."""

MAX_RULES = 100
_STARS = ("*", "**", "**/")


class Rule(msgspec.Struct, frozen=True, omit_defaults=True):
    """What a room says otherwise than the table: of a document, or (`paths`, `main` only) of the files whose path fits.

    `subject` is a role or a member's id. In `paths`, `*` and `?` are within a folder and `**` is any depth. The last
    rule that fits counts. Files can be kept from being written, not from being read: they are one document.
    """

    subject: Annotated[str, msgspec.Meta(min_length=1, max_length=40)]
    document: Annotated[str, msgspec.Meta(min_length=1, max_length=40)]
    access: Access
    paths: Annotated[str, msgspec.Meta(max_length=200)] = ""


class Who(Protocol):
    """A member, as far as rights go."""

    @property
    def id(self) -> str: ...

    @property
    def role(self) -> Role: ...

    @property
    def standing(self) -> Standing: ...


class Place(Protocol):
    """A room, as far as rights go."""

    @property
    def kind(self) -> Kind: ...

    @property
    def status(self) -> Status: ...

    @property
    def rules(self) -> tuple[Rule, ...]: ...


class Fence(msgspec.Struct, frozen=True):
    """Which files of `main` somebody may write, by path."""

    base: bool
    rules: tuple[tuple[str, bool], ...]

    def allows(self, path: str) -> bool:
        allowed = self.base
        for glob, may_write in self.rules:
            if _matches(glob, path):
                allowed = may_write
        return allowed


def may(place: Place, who: Who, capability: Capability) -> bool:
    if who.standing != "in" or place.status == "deleted":
        return False
    if place.status != "open" and capability not in _IN_PAST:
        return False
    return capability in CAPABILITIES[place.kind][who.role]


def may_read(place: Place, who: Who, document: str) -> bool:
    return who.standing == "in" and place.status != "deleted" and _access(place, who, document) != "none"


def may_write(place: Place, who: Who, document: str) -> bool:
    """The whole document. Who may write only some files has a `fence`."""
    return (
        who.standing == "in"
        and place.status == "open"
        and _access(place, who, document) == "write"
        and not _path_rules(place, who, document)
    )


def fence(place: Place, who: Who, document: str) -> Fence | None:
    """None for who may write everything or nothing of the document."""
    rules = _path_rules(place, who, document)
    if not rules or who.standing != "in" or place.status != "open":
        return None
    access = _access(place, who, document)
    return None if access == "none" else Fence(access == "write", rules)


def _access(place: Place, who: Who, document: str) -> Access:
    access = _by_table(place, who, document)
    for rule in place.rules:
        if rule.document == document and not rule.paths and _fits(rule, who):
            access = rule.access
    return access


def _by_table(place: Place, who: Who, document: str) -> Access:
    can = CAPABILITIES[place.kind][who.role]
    if document == "main":
        return "write" if "write" in can else "read"
    if document == "board":
        return "write" if "draw" in can else "read"
    mine = document == f"desk/{who.id}" and "desk" in can
    return "write" if "manage" in can or mine else "none"


def _path_rules(place: Place, who: Who, document: str) -> tuple[tuple[str, bool], ...]:
    rules = [rule for rule in place.rules if rule.paths and rule.document == document and _fits(rule, who)]
    return tuple((rule.paths, rule.access == "write") for rule in rules)


def _fits(rule: Rule, who: Who) -> bool:
    """Rules are for others than hosts, who could not mend them otherwise."""
    return who.role != "host" and rule.subject in (who.role, who.id)


@lru_cache(maxsize=1024)
def _parts(glob: str) -> tuple[str, ...]:
    """Wildcards and single letters."""
    return tuple(re.findall(r"\*\*/|\*\*|.", glob, re.DOTALL))


def _matches(glob: str, path: str) -> bool:
    """All ways at once: unlike a regular expression it takes no longer than the lengths multiplied."""
    parts = _parts(glob)
    places = _after_stars(parts, {0})
    for letter in path:
        places = _after_stars(parts, {n for place in places for n in _steps(parts, place, letter)})
    return len(parts) in places


def _after_stars(parts: tuple[str, ...], places: set[int]) -> set[int]:
    """A star may stand for nothing."""
    for place in sorted(places):
        while place < len(parts) and parts[place] in _STARS:
            place += 1
            places.add(place)
    return places


def _steps(parts: tuple[str, ...], place: int, letter: str) -> Iterator[int]:
    part = parts[place] if place < len(parts) else ""
    if part in ("**", "**/") or (part == "*" and letter != "/"):
        yield place
    if part == letter or (part == "**/" and letter == "/") or (part == "?" and letter != "/"):
        yield place + 1


def is_document(name: str) -> bool:
    """Whether a room can have a document of this name."""
    if name in ("main", "board", "notes"):
        return True
    kind, _, member = name.partition("/")
    return kind == "desk" and 0 < len(member) <= 32 and member.isascii() and member.replace("_", "").isalnum()


def complaint(rules: tuple[Rule, ...]) -> str | None:
    """Why a room cannot have these rules, in a sentence."""
    if len(rules) > MAX_RULES:
        return f"a room has at most {MAX_RULES} rules"
    for rule in rules:
        if not is_document(rule.document):
            return f"a room has no document {rule.document}"
        if rule.paths and rule.document != "main":
            return "only the files of main have paths"
        if rule.paths and rule.access == "none":
            return "a path can be kept from being written, not from being read"
    return None
