"""The write-ahead log under the SQLite store: what is committed, and not in the tables yet.

A commit is one `write` to the end of a file, a hundredth of what a transaction takes; the tables get the same rows a
little later, many in one transaction. After a crash the rows of all segments are read again; the tables know theirs.
"""

import os
import zlib
from collections.abc import Iterator
from pathlib import Path
from struct import Struct

import msgspec

Row = tuple[str, int, int, str, str, str, bytes]
"""Room, seq, time, author, channel, kind, data."""

_HEAD = Struct("<II")
_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder(list[Row]).decode


class WriteLog:
    """Owns the files `log-<number>` of one folder: segments, of which the last is written. Not for two threads."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._file = -1
        self._number = 0
        self.size = 0

    def read(self) -> Iterator[Row]:
        """All rows of all segments, in order; call it before `open`. The torn end of a segment is no row."""
        for path in self._segments():
            yield from _rows(path.read_bytes())

    def open(self) -> None:
        """Begin a new segment; raises OSError."""
        self._number += 1
        path = self._folder / f"log-{self._number:08}"
        file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
        if self._file >= 0:
            os.close(self._file)
        self._file, self.size = file, 0

    def append(self, rows: list[Row], *, sync: bool = False) -> None:
        """All or nothing; raises OSError. With `sync` they survive a power cut, else the death of the process."""
        payload = _encode(rows)
        record = _HEAD.pack(len(payload), zlib.crc32(payload)) + payload
        try:
            if os.pwrite(self._file, record, self.size) < len(record):
                raise OSError("the log could not be written whole")
            if sync:
                os.fdatasync(self._file)
        except OSError:
            os.ftruncate(self._file, self.size)
            raise
        self.size += len(record)

    def forget_before(self, number: int) -> None:
        """Drop the segments whose rows are all in the tables."""
        for path in self._segments():
            if _number(path) < number:
                path.unlink()

    @property
    def number(self) -> int:
        """That of the segment being written."""
        return self._number

    def close(self) -> None:
        if self._file >= 0:
            os.close(self._file)
            self._file = -1

    def _segments(self) -> list[Path]:
        found = sorted(self._folder.glob("log-*"), key=_number)
        if found:
            self._number = max(self._number, _number(found[-1]))
        return found


def _number(path: Path) -> int:
    return int(path.name.removeprefix("log-"))


def _rows(data: bytes) -> Iterator[Row]:
    at = 0
    while at + _HEAD.size <= len(data):
        length, check = _HEAD.unpack_from(data, at)
        at += _HEAD.size
        payload = data[at : at + length]
        if len(payload) < length or zlib.crc32(payload) != check:
            return
        yield from _decode(payload)
        at += length
