"""What can be measured of a data folder, also while a server uses it."""

import os
import shutil
import sqlite3
import time
import uuid
from contextlib import closing
from pathlib import Path

import msgspec

from rooms.errors import StoreUnavailable

_TIMES = 20


class FolderHealth(msgspec.Struct, frozen=True):
    """`commit_seconds` is the middle one of several; `damage` is what SQLite says of its file."""

    server: str
    commit_seconds: float
    size_bytes: int
    free_bytes: int
    damage: str | None


def probe_folder(folder: Path, *, sync: bool) -> FolderHealth:
    """Read all of the tables and write a little beside them. Raises StoreUnavailable."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        database = folder / "sangam.db"
        return FolderHealth(
            server=sqlite3.sqlite_version,
            commit_seconds=_write_seconds(folder, sync),
            size_bytes=sum(path.stat().st_size for path in folder.iterdir() if path.is_file()),
            free_bytes=shutil.disk_usage(folder).free,
            damage=_damage(database) if database.exists() else None,
        )
    except (OSError, sqlite3.Error) as error:
        raise StoreUnavailable(f"the data folder {folder} cannot be used: {error}") from error


def _write_seconds(folder: Path, sync: bool) -> float:
    path = folder / f"probe-{uuid.uuid4().hex}"
    times = []
    with path.open("wb", buffering=0) as file:
        try:
            for _ in range(_TIMES):
                started = time.perf_counter()
                file.write(bytes(200))
                if sync:
                    os.fdatasync(file.fileno())
                times.append(time.perf_counter() - started)
        finally:
            path.unlink()
    return sorted(times)[_TIMES // 2]


def _damage(database: Path) -> str | None:
    with closing(sqlite3.connect(f"file:{database}?mode=ro", uri=True)) as connection:
        (said,) = connection.execute("PRAGMA quick_check(1)").fetchone()
    return None if said == "ok" else str(said)
