"""The shapes of what the API answers; the reference shows them, and the Python client reads them."""

from typing import Any, Literal

import msgspec

from exec_pool.runs import Window
from rooms.access import Capability, Kind, Role, Status
from rooms.store import Member, RoomRecord


class ErrorInside(msgspec.Struct, frozen=True, rename="camel"):
    """`code` is stable; `message` is for people; `requestId` is also in the header `X-Request-Id` and in the log."""

    code: str
    message: str
    details: Any
    timestamp: str
    request_id: str


class Error(msgspec.Struct, frozen=True):
    """The one shape of every error."""

    error: ErrorInside


class Links(msgspec.Struct, frozen=True, omit_defaults=True):
    """The codes that lead into a room, by role; those that one may pass on."""

    host: str = ""
    participant: str = ""
    observer: str = ""


class Joined(msgspec.Struct, frozen=True):
    """What somebody gets who has come into a room; the token is shown this once."""

    room: RoomRecord
    member: Member
    token: str
    links: Links


class Here(msgspec.Struct, frozen=True):
    """Somebody who is in the room now."""

    name: str
    number: int


class RoomAhead(msgspec.Struct, frozen=True):
    """What is told of a room to who has only a link."""

    name: str
    kind: Kind
    language: str


class LinkAhead(msgspec.Struct, frozen=True):
    """Where a link leads."""

    code: str
    role: Role
    room: RoomAhead
    here: list[Here]
    password: bool
    approval: bool
    status: Status


class PathRight(msgspec.Struct, frozen=True):
    glob: str
    write: bool


class MainRight(msgspec.Struct, frozen=True):
    """Of the files; of `paths` the last that fits counts."""

    write: bool
    paths: list[PathRight]


class Rights(msgspec.Struct, frozen=True):
    """What somebody may do here."""

    capabilities: list[Capability]
    main: MainRight


class RoomNow(msgspec.Struct, frozen=True):
    """A room as its `member` (who asks) sees it."""

    room: RoomRecord
    member: Member
    members: list[Member]
    links: Links
    rights: Rights


class JournalEntry(msgspec.Struct, frozen=True):
    """An entry of the room's journal; `time` is Unix milliseconds, `data` the JSON of its kind."""

    seq: int
    time: int
    author: str
    channel: Literal["chat", "run", "room"]
    kind: str
    data: dict[str, Any]


class OneEntry(msgspec.Struct, frozen=True):
    entry: JournalEntry


class Entries(msgspec.Struct, frozen=True, rename="camel"):
    """Ascending. `nextCursor` leads on in the direction that was asked for; null: there is no more now."""

    entries: list[JournalEntry]
    next_cursor: str | None


class RunStarted(msgspec.Struct, frozen=True, rename="camel"):
    """A run; what it says comes as entries."""

    id: str
    run: str
    file_id: str
    path: str
    language: str
    version: str
    terminal: Window | None
    node: str
    place: Any


class OneRun(msgspec.Struct, frozen=True):
    run: RunStarted


class Skipped(msgspec.Struct, frozen=True):
    path: str
    reason: str


class Unpacked(msgspec.Struct, frozen=True):
    """What came of an archive."""

    created: list[str]
    skipped: list[Skipped]


class Problems(msgspec.Struct, frozen=True, rename="camel"):
    """Ids, in order."""

    problems: list[str]
    titles: dict[str, str]
    next_cursor: str | None


class OneProblem(msgspec.Struct, frozen=True):
    problem: dict[str, Any]


class SubmissionNow(msgspec.Struct, frozen=True, rename="camel"):
    """A submission; `report` once it is judged."""

    id: str
    state: Literal["queued", "judging", "judged", "cancelled", "lost"]
    message: str
    place: dict[str, Any] | None
    report: dict[str, Any] | None
    submission: str
    member: str
    problem: str
    title: str
    file_id: str
    path: str
    language: str
    node: str


class OneSubmission(msgspec.Struct, frozen=True):
    submission: SubmissionNow


class Execution(msgspec.Struct, frozen=True):
    available: bool
    reason: str
    engine: str


class LanguageNow(msgspec.Struct, frozen=True, rename="camel"):
    """A language that programs may be in; `reason` says why one is not available."""

    id: str
    name: str
    version: str
    available: bool
    reason: str
    extensions: list[str]
    file_name: str
    sample: str
    options: list[str]


class ConfigNow(msgspec.Struct, frozen=True, rename="camel"):
    """What this server is and has."""

    version: str
    open_rooms: bool
    execution: Execution
    languages: list[LanguageNow]
    limits: dict[str, float]


class Readiness(msgspec.Struct, frozen=True):
    journal: str
    fanout: Literal["connected", "away"]
    cache: Literal["available", "away"]
    restarting: bool
