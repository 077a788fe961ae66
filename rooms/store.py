"""What must last, as two ports: the journal and the register of rooms, links and members.

Absent is not unreadable: a method returns None for what does not exist and raises StoreUnavailable when it cannot tell.
"""

from collections.abc import Awaitable, Sequence
from typing import Protocol

import msgspec

from rooms.access import Kind, Role

SYSTEM = "system"
"""The author of what no member did."""


class Draft(msgspec.Struct, frozen=True):
    """One thing that happens in a room, before it has its number. `time` is Unix milliseconds.

    `channel` is a document's name (kinds `update`, `client`) or `chat`, `run`, `room` (JSON data).
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
    id: str
    name: str
    kind: Kind
    language: str
    created_at: int


class Member(msgspec.Struct, frozen=True):
    """A person in a room. `number` counts the room's members from 1 and picks the person's colour."""

    id: str
    name: str
    role: Role
    number: int


class Link(msgspec.Struct, frozen=True):
    code: str
    room: str
    role: Role


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
        """Ascending by seq; without `after` the newest `limit`; of all `kinds` if none are named."""


class RoomStore(Protocol):
    """Rooms, the links that lead into them, and their members; tokens are kept as hashes only."""

    async def create_room(self, room: RoomRecord, links: Sequence[Link]) -> bool:
        """False if the id or a code is taken."""

    async def room(self, room: str) -> RoomRecord | None: ...

    async def link(self, code: str) -> Link | None: ...

    async def links(self, room: str) -> list[Link]: ...

    async def add_member(self, room: str, member_id: str, name: str, role: Role, token_hash: bytes) -> Member:
        """Give the newcomer the room's next number."""

    async def members(self, room: str) -> list[Member]: ...

    async def member_of_token(self, token_hash: bytes) -> tuple[str, Member] | None:
        """The room and member a token belongs to."""


class Store(JournalStore, RoomStore, Protocol):
    """Both ports, and a life: opened before anything is asked, closed when nothing is asked any more."""

    async def open(self) -> None:
        """Raises StoreUnavailable with a sentence for the operator."""

    async def close(self) -> None: ...
