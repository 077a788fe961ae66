"""What must last, as two ports: the journal and the register of rooms, links and members.

Absent is not unreadable: a method returns None for what does not exist and raises StoreUnavailable when it cannot tell.
"""

from collections.abc import Awaitable, Sequence
from typing import Protocol

import msgspec

from rooms.access import Kind, Role, Rule, Standing, Status

SYSTEM = "system"
"""The author of what no member did."""


REPORT = "report"
"""The channel of what is kept for who asks for it by its kind, and shown to nobody by itself."""


class Draft(msgspec.Struct, frozen=True):
    """One thing that happens in a room, before it has its number. `time` is Unix milliseconds.

    `channel` is a document's name (kinds `update`, `client`) or `chat`, `run`, `room` (JSON data), or REPORT.
    """

    room: str
    time: int
    author: str
    channel: str
    kind: str
    data: bytes


class Entry(msgspec.Struct, frozen=True):
    """A committed draft. `seq` counts from 1 per room in the order of commits: who sees n finds all below it."""

    room: str
    seq: int
    time: int
    author: str
    channel: str
    kind: str
    data: bytes


class Stored(msgspec.Struct, frozen=True):
    """A document as the journal holds it: a snapshot that contains every entry up to `seq`, and the updates after it.

    Together they contain every entry up to `upto`: a snapshot made of them, and of nothing else, may say so.
    `nested` is the snapshot's count of nested items (`realtime.update.check_update`).
    """

    seq: int
    nested: int
    snapshot: bytes | None
    tail: tuple[bytes, ...]
    upto: int


class RoomRecord(msgspec.Struct, frozen=True, rename="camel"):
    """`changed_at` is when its status did, Unix milliseconds; with a `lobby` everybody who joins waits for a host."""

    id: str
    name: str
    kind: Kind
    language: str
    created_at: int
    status: Status = "open"
    changed_at: int = 0
    lobby: bool = False
    rules: tuple[Rule, ...] = ()


class RoomChange(msgspec.Struct, frozen=True):
    """What of a room is to be different; None leaves it."""

    name: str | None = None
    language: str | None = None
    status: Status | None = None
    changed_at: int | None = None
    lobby: bool | None = None
    rules: tuple[Rule, ...] | None = None


class Member(msgspec.Struct, frozen=True):
    """A person in a room. `number` counts the room's members from 1 and picks the person's colour."""

    id: str
    name: str
    role: Role
    number: int
    standing: Standing = "in"


class Link(msgspec.Struct, frozen=True):
    """A way into a room. `expires_at` is Unix milliseconds, `uses_left` counts who may still come; None is no bound.

    `needs_approval`: who comes by it waits for a host. `secret` is the hash of its password, or empty.
    """

    code: str
    room: str
    role: Role
    expires_at: int | None = None
    uses_left: int | None = None
    needs_approval: bool = False
    secret: str = ""


ONCE = "once-"


class JournalStore(Protocol):
    """The append-only log of every room and the snapshots that make loading fast."""

    is_shared: bool
    """Whether other nodes may write into it, too: then no document in memory is what the journal says."""

    def append(self, commit: str, drafts: Sequence[Draft]) -> list[int] | Awaitable[list[int]]:
        """Commit all or nothing; the number of each draft. A store that is quick enough answers without an awaitable.

        The same `commit`, a name that the caller chooses, again changes nothing and answers the same numbers. One that
        begins with ONCE is remembered for a day, whoever has seen its answer: several nodes may choose it.
        """

    async def load(self, room: str, document: str) -> Stored:
        """Everything that is committed, as of one moment. Raises StoreUnavailable."""

    async def history(self, room: str, document: str) -> Stored | None:
        """The same without a snapshot: all updates that there ever were. None if the room's history has gaps."""

    async def save_snapshot(self, room: str, document: str, seq: int, nested: int, state: bytes) -> None:
        """`state` holds the document's entries up to `seq`, and none after. One older than what is there is dropped."""

    async def entries(
        self,
        room: str,
        channels: Sequence[str],
        *,
        after: int | None,
        before: int | None,
        limit: int,
        kinds: Sequence[str] = (),
    ) -> list[Entry]:
        """Ascending by seq; without `after` the newest `limit`; of all `kinds` if none are named. REPORT goes alone."""


class RoomStore(Protocol):
    """Rooms, the links that lead into them, and their members; tokens are kept as hashes only."""

    async def create_room(self, room: RoomRecord, links: Sequence[Link]) -> bool:
        """False if the id or a code is taken."""

    async def room(self, room: str) -> RoomRecord | None: ...

    async def change_room(self, room: str, change: RoomChange) -> RoomRecord | None: ...

    async def erase_rooms(self, before: int) -> int:
        """Forget all of the rooms that were deleted before that time (Unix milliseconds); how many."""

    async def link(self, code: str) -> Link | None: ...

    async def links(self, room: str) -> list[Link]: ...

    async def add_link(self, link: Link) -> bool:
        """False if the code is taken."""

    async def use_link(self, code: str, now: int) -> bool:
        """Take one of its uses; False if it has none left, is past its time, or is not there."""

    async def remove_link(self, room: str, code: str) -> bool:
        """Whether there was one."""

    async def add_member(
        self, room: str, member_id: str, name: str, role: Role, token_hash: bytes, standing: Standing = "in"
    ) -> Member:
        """Give the newcomer the room's next number."""

    async def change_member(
        self, room: str, member_id: str, role: Role | None = None, standing: Standing | None = None
    ) -> Member | None:
        """None, and nothing changed, if there is no such member, or if the room would be left without a host."""

    async def members(self, room: str) -> list[Member]: ...

    async def member_of_token(self, token_hash: bytes) -> tuple[RoomRecord, Member] | None:
        """The room and member a token belongs to."""


class Store(JournalStore, RoomStore, Protocol):
    """Both ports, and a life: opened before anything is asked, closed when nothing is asked any more."""

    async def open(self) -> None:
        """Raises StoreUnavailable with a sentence for the operator."""

    async def close(self) -> None: ...
