"""The audit log in a SQLite file of its own, `audit.db`."""

import sqlite3
from collections.abc import Sequence
from pathlib import Path

from rooms.audit import GENESIS, Deed, Head, Recorded, Wanted, chained
from rooms.sqlite_beside import SqliteBeside, transaction

_SCHEMA = """
CREATE TABLE IF NOT EXISTS audit (
  seq INTEGER PRIMARY KEY, time INTEGER NOT NULL, action TEXT NOT NULL, actor TEXT NOT NULL, room TEXT NOT NULL,
  deed BLOB NOT NULL, hash BLOB NOT NULL);
CREATE INDEX IF NOT EXISTS audit_of_room ON audit (room, seq);
CREATE INDEX IF NOT EXISTS audit_of_actor ON audit (actor, seq);
CREATE INDEX IF NOT EXISTS audit_of_action ON audit (action, seq);
CREATE TRIGGER IF NOT EXISTS audit_is_not_changed BEFORE UPDATE ON audit
  BEGIN SELECT RAISE(ABORT, 'the audit log is append-only'); END;
CREATE TRIGGER IF NOT EXISTS audit_is_not_shortened BEFORE DELETE ON audit
  BEGIN SELECT RAISE(ABORT, 'the audit log is append-only'); END;
"""
_FIND = (
    "SELECT seq, CAST(deed AS BLOB), CAST(hash AS BLOB) FROM audit WHERE seq < :before AND time >= :since"
    " AND time < :until AND (:action = '' OR action = :action) AND (:actor = '' OR actor = :actor)"
    " AND (:room = '' OR room = :room) ORDER BY seq DESC LIMIT :limit"
)


class SqliteAudit:
    """See `AuditStore`."""

    def __init__(self, folder: Path) -> None:
        self._file = SqliteBeside(folder / "audit.db", _SCHEMA)

    async def open(self) -> None:
        """Raises StoreUnavailable if the file cannot be used, saying why."""
        await self._file.do(lambda connection: None)

    async def close(self) -> None:
        await self._file.close()

    async def append(self, deeds: Sequence[Deed]) -> Head:
        return await self._file.do(lambda connection: _append(connection, deeds))

    async def find(self, wanted: Wanted) -> list[Recorded]:
        values = {name: getattr(wanted, name) for name in wanted.__struct_fields__}
        return await self._file.do(lambda connection: _records(connection.execute(_FIND, values)))

    async def read(self, after: int, limit: int) -> list[Recorded]:
        sql = "SELECT seq, CAST(deed AS BLOB), CAST(hash AS BLOB) FROM audit WHERE seq > ? ORDER BY seq LIMIT ?"
        return await self._file.do(lambda connection: _records(connection.execute(sql, (after, limit))))


def _append(connection: sqlite3.Connection, deeds: Sequence[Deed]) -> Head:
    with transaction(connection):
        last = connection.execute("SELECT seq, hash FROM audit ORDER BY seq DESC LIMIT 1").fetchone()
        head = Head(*last) if last else Head(0, GENESIS)
        records = chained(head, deeds)
        rows = [
            (record.seq, deed.time, deed.action, deed.actor, deed.room, record.deed, record.hash)
            for record, deed in zip(records, deeds, strict=True)
        ]
        connection.executemany("INSERT INTO audit VALUES (?, ?, ?, ?, ?, ?, ?)", rows)
    return Head(records[-1].seq, records[-1].hash) if records else head


def _records(rows: sqlite3.Cursor) -> list[Recorded]:
    return [Recorded(*row) for row in rows.fetchall()]
