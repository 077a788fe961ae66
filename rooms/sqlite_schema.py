"""The tables of a data folder: numbered steps, each applied once, when the folder is opened."""

import sqlite3

from rooms.errors import StoreUnavailable

_STEPS = (
    """
CREATE TABLE IF NOT EXISTS rooms (
  key INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, name TEXT NOT NULL, kind TEXT NOT NULL,
  language TEXT NOT NULL, created_at INTEGER NOT NULL);
CREATE TABLE IF NOT EXISTS links (
  code TEXT PRIMARY KEY, room INTEGER NOT NULL REFERENCES rooms, role TEXT NOT NULL) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS links_of_room ON links (room);
CREATE TABLE IF NOT EXISTS members (
  room INTEGER NOT NULL REFERENCES rooms, number INTEGER NOT NULL, id TEXT NOT NULL, name TEXT NOT NULL,
  role TEXT NOT NULL, token_hash BLOB NOT NULL UNIQUE, PRIMARY KEY (room, number)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS entries (
  room INTEGER NOT NULL REFERENCES rooms, seq INTEGER NOT NULL, time INTEGER NOT NULL, author TEXT NOT NULL,
  channel TEXT NOT NULL, kind TEXT NOT NULL, data BLOB NOT NULL, PRIMARY KEY (room, seq)) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS events ON entries (room, channel, seq) WHERE channel IN ('chat', 'run', 'room');
CREATE TABLE IF NOT EXISTS snapshots (
  room INTEGER NOT NULL REFERENCES rooms, document TEXT NOT NULL, seq INTEGER NOT NULL, nested INTEGER NOT NULL,
  state BLOB NOT NULL, PRIMARY KEY (room, document));
""",
    """
ALTER TABLE rooms ADD COLUMN status TEXT NOT NULL DEFAULT 'open';
ALTER TABLE rooms ADD COLUMN changed_at INTEGER NOT NULL DEFAULT 0;
ALTER TABLE rooms ADD COLUMN lobby INTEGER NOT NULL DEFAULT 0;
ALTER TABLE rooms ADD COLUMN rules TEXT NOT NULL DEFAULT '[]';
ALTER TABLE links ADD COLUMN expires_at INTEGER;
ALTER TABLE links ADD COLUMN uses_left INTEGER;
ALTER TABLE links ADD COLUMN needs_approval INTEGER NOT NULL DEFAULT 0;
ALTER TABLE links ADD COLUMN secret TEXT NOT NULL DEFAULT '';
ALTER TABLE members ADD COLUMN standing TEXT NOT NULL DEFAULT 'in';
CREATE INDEX reports ON entries (room, kind, seq) WHERE channel = 'report';
""",
)


def prepare(connection: sqlite3.Connection) -> None:
    """Bring a folder's tables to this program's version. Raises StoreUnavailable for those of a newer one."""
    (version,) = connection.execute("PRAGMA user_version").fetchone()
    if version > len(_STEPS):
        raise StoreUnavailable(
            f"its tables are of version {version} and this program knows only {len(_STEPS)};"
            " run the newer program that made them"
        )
    for number, step in enumerate(_STEPS[version:], version + 1):
        connection.executescript(f"BEGIN IMMEDIATE;{step}PRAGMA user_version = {number};COMMIT;")
