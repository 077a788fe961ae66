"""The audit log: who did what to whom, append-only, each record bound to all before it. The port and the chain.

The chain shows that nobody altered, removed or inserted a record. Who may write to the store could make the whole log
anew: against that, keep a head (the last number and hash, as `sangam audit verify` prints) somewhere else.
"""

import hashlib
import hmac
from collections.abc import Iterable, Sequence
from typing import Protocol

import msgspec

GENESIS = b"\0" * 32
"""What the first record is bound to."""


class Deed(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """What is to be recorded. `time` is Unix milliseconds; `action` is `thing.done`; `actor` is a member, an account or
    `system`; `subject` is what it was done to. No names of people, no tokens, no text of theirs."""

    time: int
    action: str
    actor: str
    room: str = ""
    subject: str = ""
    address: str = ""
    request: str = ""
    details: dict[str, str] = {}


class Recorded(msgspec.Struct, frozen=True):
    """A record of the log. `seq` counts from 1 without gaps; `deed` is the JSON of a Deed, as it was hashed."""

    seq: int
    deed: bytes
    hash: bytes

    def read(self) -> Deed:
        return msgspec.json.decode(self.deed, type=Deed)


class Head(msgspec.Struct, frozen=True):
    """The end of the log: the number and hash of its last record."""

    seq: int
    hash: bytes


class Wanted(msgspec.Struct, frozen=True, kw_only=True):
    """What is looked for; what is empty matters not. Newest first, with numbers below `before`."""

    action: str = ""
    actor: str = ""
    room: str = ""
    since: int = 0
    until: int = 2**62
    before: int = 2**62
    limit: int = 100


class AuditStore(Protocol):
    """Keeps records for ever; knows neither change nor removal. Raises StoreUnavailable."""

    async def open(self) -> None: ...

    async def close(self) -> None: ...

    async def append(self, deeds: Sequence[Deed]) -> Head:
        """All or none, in this order; the new end."""

    async def find(self, wanted: Wanted) -> list[Recorded]: ...

    async def read(self, after: int, limit: int) -> list[Recorded]:
        """Ascending, for who reads it all."""


def chained(head: Head, deeds: Iterable[Deed]) -> list[Recorded]:
    """The records that follow on `head`."""
    found = []
    for deed in deeds:
        body = msgspec.json.encode(deed)
        head = Head(head.seq + 1, link(head.hash, head.seq + 1, body))
        found.append(Recorded(head.seq, body, head.hash))
    return found


def link(before: bytes, seq: int, body: bytes) -> bytes:
    """The hash of a record: of the one before, of its number, and of what it says."""
    return hashlib.sha256(before + seq.to_bytes(8, "big") + body).digest()


class Verifier:
    """Follows a chain from its beginning; `take` says what is wrong with the next record, or nothing."""

    def __init__(self) -> None:
        self.head = Head(0, GENESIS)

    def take(self, record: Recorded) -> str:
        expected = self.head.seq + 1
        if record.seq != expected:
            return f"record {expected} is missing: {record.seq} follows {self.head.seq}"
        if not hmac.compare_digest(record.hash, link(self.head.hash, record.seq, record.deed)):
            return f"record {record.seq} is not what was recorded, or one before it is not"
        self.head = Head(record.seq, record.hash)
        return ""
