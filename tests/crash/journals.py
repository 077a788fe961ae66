"""Looking into the data folder of a server that does not run."""

import asyncio
import json
import sqlite3
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import msgspec
from pycrdt import Doc, Map

from rooms.sqlite_store import SqliteStore
from tests.clients import FILE


class Row(msgspec.Struct, frozen=True):
    """One entry of the journal."""

    seq: int
    time: int
    author: str
    channel: str
    kind: str
    data: bytes

    @property
    def json(self) -> dict[str, Any]:
        found: dict[str, Any] = json.loads(self.data)
        return found


def journal(data: Path, room: str) -> list[Row]:
    """All entries of a room, in order, those that a dead server left in its log among them."""
    with ThreadPoolExecutor(1) as beside_the_loop:
        beside_the_loop.submit(asyncio.run, _read_the_log(data)).result()
    with sqlite3.connect(f"file:{data / 'sangam.db'}?mode=ro", uri=True) as store:
        rows = store.execute(
            "SELECT seq, time, author, channel, kind, data FROM entries"
            " WHERE room = (SELECT key FROM rooms WHERE id = ?) ORDER BY seq",
            (room,),
        ).fetchall()
    store.close()
    return [Row(*row) for row in rows]


async def _read_the_log(data: Path) -> None:
    store = SqliteStore(data, "normal")
    await store.open()
    await store.close()


def text_by_the_journal(rows: list[Row]) -> str:
    """What the updates say when nothing but they are read."""
    doc: Doc[Any] = Doc()
    files: Map[Any] = doc.get("files", type=Map)
    for row in rows:
        if (row.channel, row.kind) == ("main", "update"):
            doc.apply_update(row.data)
    return str(files[FILE]["text"])


def check_numbers(rows: list[Row]) -> None:
    """No gaps, and each entry says who, when and where."""
    assert [row.seq for row in rows] == list(range(1, len(rows) + 1))
    assert all(row.author and row.channel and row.kind and row.time > 1_600_000_000_000 for row in rows)


def add_output(data: Path, room: str, run: str, count: int) -> None:
    """As if a run had printed for long before the server died."""
    last = journal(data, room)[-1]
    printed = json.dumps({"run": run, "stream": "stdout", "text": "x"}).encode()
    with sqlite3.connect(data / "sangam.db") as store:
        store.executemany(
            "INSERT INTO entries SELECT key, ?, ?, 'system', 'run', 'output', ? FROM rooms WHERE id = ?",
            [(last.seq + 1 + number, last.time, printed, room) for number in range(count)],
        )
    store.close()
