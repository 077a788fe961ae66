"""The log under the SQLite store: all of a commit or nothing, whatever happens to the process or the disk."""

import asyncio
import sqlite3
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rooms import intake
from rooms.errors import StoreUnavailable
from rooms.sqlite_store import SqliteStore
from rooms.store import Draft
from rooms.write_log import Row, WriteLog
from tests.rooms.conftest import ROOM


def draft(data: bytes = b"x", room: str = ROOM.id) -> Draft:
    return Draft(room, 5, "mb_ana", "main", "update", data)


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[SqliteStore]:
    store = SqliteStore(tmp_path, "normal")
    await store.open()
    await store.create_room(ROOM, [])
    yield store
    await store.close()


async def append(store: SqliteStore, name: str, *drafts: Draft) -> list[int]:
    answer = store.append(name, drafts)
    return answer if isinstance(answer, list) else await answer


def in_the_tables(folder: Path) -> int:
    with sqlite3.connect(folder / "sangam.db") as database:
        return int(database.execute("SELECT count(*) FROM entries").fetchone()[0])


def rows(*data: bytes) -> list[Row]:
    return [("rm_test", seq, 5, "mb_ana", "main", "update", each) for seq, each in enumerate(data, 1)]


@given(st.lists(st.lists(st.binary(max_size=40), min_size=1, max_size=4), max_size=5), st.data())
def test_J9_a_log_cut_anywhere_holds_whole_commits_only(
    tmp_path_factory: pytest.TempPathFactory, commits: list[list[bytes]], data: st.DataObject
) -> None:
    folder = tmp_path_factory.mktemp("log")
    log = WriteLog(folder)
    log.open()
    ends = [0]
    for commit in commits:
        log.append(rows(*commit))
        ends.append(log.size)
    log.close()
    cut = data.draw(st.integers(0, ends[-1]))
    with (folder / "log-00000001").open("r+b") as file:
        file.truncate(cut)
    whole = sum(end <= cut for end in ends) - 1
    assert list(WriteLog(folder).read()) == [row for commit in commits[:whole] for row in rows(*commit)]


async def test_J9_the_first_commit_of_a_room_asks_the_tables_the_next_ones_do_not(store: SqliteStore) -> None:
    assert not isinstance(first := store.append("one", [draft()]), list)
    assert await first == [1]
    assert store.append("two", [draft(), draft()]) == [2, 3]


async def test_J9_who_waits_goes_first(store: SqliteStore) -> None:
    await append(store, "one", draft())
    later = asyncio.ensure_future(append(store, "two", draft(room="rm_unknown_yet"), draft()))
    await asyncio.sleep(0)
    assert await append(store, "three", draft()) == [3]
    assert (await later)[1] == 2


async def test_J9_rows_are_in_the_tables_soon_and_the_log_stays_small(
    store: SqliteStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(intake, "SEGMENT_BYTES", 1000)
    for number in range(200):
        await append(store, f"{number}", draft(bytes(100)))
        if number % 20 == 0:
            await store.load(ROOM.id, "main")
    stored = await store.load(ROOM.id, "main")
    assert len(stored.tail) == in_the_tables(tmp_path) == 200
    assert sum(path.stat().st_size for path in tmp_path.glob("log-*")) < 10_000


async def test_J9_a_new_life_goes_on_with_the_numbers_of_the_last(store: SqliteStore, tmp_path: Path) -> None:
    await append(store, "one", draft(b"a"), draft(b"b"))
    for path in tmp_path.glob("log-*"):
        left = path.read_bytes()
    await store.close()
    assert not list(tmp_path.glob("log-*"))
    (tmp_path / "log-00000007").write_bytes(left)
    await store.open()
    assert (await store.load(ROOM.id, "main")).tail == (b"a", b"b")
    assert await append(store, "two", draft()) == [3]


async def test_J9_a_failed_write_leaves_nothing_and_takes_no_number(
    store: SqliteStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    await append(store, "one", draft(b"a"))
    limit = [1]
    whole = WriteLog.append

    def torn(log: WriteLog, rows: list[Row], *, sync: bool = False) -> None:
        if limit.pop():
            raise OSError(28, "No space left on device")
        whole(log, rows, sync=sync)

    monkeypatch.setattr(WriteLog, "append", torn)
    with pytest.raises(StoreUnavailable, match="No space left"):
        await append(store, "two", draft(b"b"))
    limit.append(0)
    assert await append(store, "two", draft(b"b")) == [2]
    assert (await store.load(ROOM.id, "main")).tail == (b"a", b"b")


async def test_J9_after_a_slow_write_the_next_ones_are_made_outside_the_loop(
    store: SqliteStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    await append(store, "one", draft())
    monkeypatch.setattr(intake, "SLOW_SECONDS", -1.0)
    assert isinstance(store.append("two", [draft()]), list)
    answer = store.append("three", [draft()])
    assert not isinstance(answer, list)
    assert await answer == [3]


async def test_J4_a_store_that_syncs_answers_repeated_commits_alike(tmp_path: Path) -> None:
    store = SqliteStore(tmp_path / "synced", "full")
    await store.open()
    await store.create_room(ROOM, [])
    assert await append(store, "one", draft()) == await append(store, "one", draft()) == [1]
    await store.close()
