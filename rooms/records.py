"""A copy of rooms as one file: what a backup, an export and a move to another store are made of.

A gzip stream of records, each with its length before it. A record belongs to the room record before it; all are in one
order, whichever store they come from, so that two copies of the same rooms have the same digest.
"""

import gzip
import hashlib
import os
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path
from struct import Struct
from struct import error as StructError
from types import TracebackType
from typing import Any, Protocol

import msgspec

from rooms.access import Kind, Role, Standing, Status
from rooms.errors import BadArchive

VERSION = 2
"""Version 1 knew no rights and no people; its rooms are read as open ones without rules."""
_LENGTH = Struct("<I")
_LEVEL = 3
MOST_BYTES = 2**30
"""Of one record; a file that says more is damaged."""


class CopyStart(msgspec.Struct, frozen=True, array_like=True, tag="sangam"):
    """First in the file. `made_at` is Unix milliseconds."""

    version: int
    made_at: int


class CopiedRoom(msgspec.Struct, frozen=True, array_like=True, tag="room"):
    """`rules` is JSON text."""

    id: str
    name: str
    kind: Kind
    language: str
    created_at: int
    status: Status = "open"
    changed_at: int = 0
    lobby: bool = False
    rules: str = "[]"


class CopiedLink(msgspec.Struct, frozen=True, array_like=True, tag="link"):
    code: str
    role: Role
    expires_at: int | None = None
    uses_left: int | None = None
    needs_approval: bool = False
    secret: str = ""


class CopiedMember(msgspec.Struct, frozen=True, array_like=True, tag="member"):
    number: int
    id: str
    name: str
    role: Role
    token_hash: bytes
    standing: Standing = "in"


class CopiedEntry(msgspec.Struct, frozen=True, array_like=True, tag="entry"):
    seq: int
    time: int
    author: str
    channel: str
    kind: str
    data: bytes


class CopiedSnapshot(msgspec.Struct, frozen=True, array_like=True, tag="snapshot"):
    document: str
    seq: int
    nested: int
    state: bytes


class CopiedRow(msgspec.Struct, frozen=True, array_like=True, tag="row"):
    """Of a table about people, sealed as it is there: whoever restores it needs the keys as well.

    Values are text, numbers, bytes or nothing.
    """

    table: str
    values: list[Any]


class CopyEnd(msgspec.Struct, frozen=True, array_like=True, tag="end"):
    """Last in the file: what must have come before it."""

    counts: dict[str, int]
    digest: bytes


Record = CopiedRow | CopiedRoom | CopiedLink | CopiedMember | CopiedEntry | CopiedSnapshot
"""Rows first, as people's tables follow one another; then, in this order, each room.

Rooms by id, links by code, members by number, entries by seq, snapshots by document.
"""
_decode = msgspec.msgpack.Decoder(Record | CopyStart | CopyEnd).decode
_encode = msgspec.msgpack.Encoder().encode


class CopyStore(Protocol):
    """A store as a whole, beside a server that may be using it."""

    async def copy(self, take: Callable[[Record], object], room: str | None = None) -> None:
        """Hand over everything, or one room, as of one moment. Raises StoreUnavailable, RoomNotFound."""

    async def restore(self, records: Iterator[Record], *, alone: bool) -> None:
        """All or nothing; `alone` if the store has to be empty before.

        Raises StoreUnavailable, also for what is there already, and whatever `records` raises.
        """


class Tally:
    """Counts records and makes their digest."""

    def __init__(self) -> None:
        self.counts: dict[str, int] = {}
        self._digest = hashlib.sha256()

    def take(self, record: Record) -> bytes:
        """The record's bytes, now that they are counted."""
        data = _encode(record)
        self.count(record, data)
        return data

    def count(self, record: Record, data: bytes) -> None:
        kind = str(record.__struct_config__.tag)
        self.counts[kind] = self.counts.get(kind, 0) + 1
        self._digest.update(_LENGTH.pack(len(data)))
        self._digest.update(data)

    def end(self) -> CopyEnd:
        return CopyEnd(self.counts, self._digest.digest())


class CopyWriter:
    """Writes one file, readable for its owner alone: link codes let people in. The file is there when it is whole."""

    def __init__(self, path: Path, made_at: int) -> None:
        self._path = path
        self._part = path.with_name(path.name + ".part")
        self._made_at = made_at
        self.tally = Tally()

    def __enter__(self) -> "CopyWriter":
        """Raises OSError."""
        self._part.unlink(missing_ok=True)
        self._part.touch(0o600)
        self._raw = self._part.open("wb")
        self._file = gzip.GzipFile("", "wb", _LEVEL, self._raw, mtime=0)
        self._write(_encode(CopyStart(VERSION, self._made_at)))
        return self

    def take(self, record: Record) -> None:
        self._write(self.tally.take(record))

    def _write(self, data: bytes) -> None:
        self._file.write(_LENGTH.pack(len(data)))
        self._file.write(data)

    def __exit__(self, kind: type[BaseException] | None, _error: BaseException | None, _: TracebackType | None) -> None:
        if kind is None:
            self._write(_encode(self.tally.end()))
        self._file.close()
        self._raw.flush()
        os.fsync(self._raw.fileno())
        self._raw.close()
        if kind is None:
            self._part.replace(self._path)
        else:
            self._part.unlink()


def read_copy(path: Path) -> Iterator[Record]:
    """The records of a file; raises BadArchive, at the latest after the last one, and OSError."""
    tally = Tally()
    frames = _frames(path)
    start, _ = next(frames, (None, b""))
    if not isinstance(start, CopyStart):
        raise BadArchive(f"{path} is no copy of rooms made by sangam")
    if not 1 <= start.version <= VERSION:
        raise BadArchive(f"{path} is of version {start.version}, and this program reads {VERSION}")
    for record, data in frames:
        if isinstance(record, CopyEnd):
            if record != tally.end() or next(frames, None) is not None:
                raise BadArchive(f"{path} is damaged: its end does not fit what comes before")
            return
        if isinstance(record, CopyStart):
            break
        tally.count(record, data)
        yield record
    raise BadArchive(f"{path} is not whole: its end is missing")


def end_of(path: Path) -> CopyEnd:
    """Read all of a file and tell what is in it. Raises BadArchive, OSError."""
    tally = Tally()
    for record in read_copy(path):
        tally.take(record)
    return tally.end()


def _frames(path: Path) -> Iterator[tuple[Record | CopyStart | CopyEnd, bytes]]:
    try:
        with gzip.open(path) as file:
            while head := file.read(_LENGTH.size):
                (length,) = _LENGTH.unpack(head)
                if length > MOST_BYTES:
                    raise BadArchive(f"{path} is damaged")
                data = file.read(length)
                yield _decode(data), data
    except (EOFError, gzip.BadGzipFile, zlib.error, StructError, msgspec.MsgspecError, ValueError) as error:
        raise BadArchive(f"{path} is damaged or no copy of rooms: {error}") from error
