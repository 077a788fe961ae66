"""PostgreSQL without room for more: told, nothing half written, and everything goes on when there is room again."""

import asyncio
import os
import random
import resource
import tempfile
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

import pytest

from rooms.errors import StoreUnavailable
from rooms.postgres_store import PostgresStore
from rooms.store import Draft
from tests.api.test_house import metrics
from tests.clients import until_equal, until_saved, y_client
from tests.contracts.conftest import draft, make_rooms, opened
from tests.crash.test_store import TAIL, ready, told, two, write_until
from tests.server import eventually, running
from tests.services.disk import small_disk
from tests.services.postgres import PostgresServer, postgres

MEGABYTE = 2**20


class Trouble:
    """A server, a database in it, and ways to take its space and to give it back."""

    def __init__(self, server: PostgresServer, url: str, begin: Callable[[], None], end: Callable[[], None]) -> None:
        self.server = server
        self.url = url
        self.begin = begin
        self.end = end


@contextmanager
def limited_files(_folder: Path) -> Iterator[Trouble]:
    """No file of the server may grow past the size of its largest ones."""
    with postgres() as server:
        url = server.create_database()

        def limit(size: int) -> None:
            for pid in server.processes():
                resource.prlimit(pid, resource.RLIMIT_FSIZE, (size, resource.RLIM_INFINITY))

        yield Trouble(server, url, lambda: limit(16 * MEGABYTE), lambda: limit(resource.RLIM_INFINITY))


@contextmanager
def full_tables(folder: Path) -> Iterator[Trouble]:
    """The disk of the tables is full, that of the log is not: the server goes on."""
    with postgres() as server, small_disk(folder / "disk", 40) as disk:
        tables = _given_to(server, disk.path / "tables")
        server.sql(f"CREATE TABLESPACE small LOCATION '{tables}'")
        server.sql("CREATE DATABASE small TABLESPACE small")
        yield Trouble(server, server.url("small"), disk.fill, disk.free)


@contextmanager
def full_everything(folder: Path) -> Iterator[Trouble]:
    """Its only disk is full: the server gives up, and is started again by the operator."""
    with small_disk(folder / "disk", 160) as disk, postgres(disk.path) as server:

        def end() -> None:
            disk.free()
            server.recover()

        yield Trouble(server, server.create_database(), disk.fill, end)


def _given_to(server: PostgresServer, folder: Path) -> Path:
    folder.mkdir()
    found = server.data.stat()
    os.chown(folder, found.st_uid, found.st_gid)
    return folder


Kind = Callable[[Path], AbstractContextManager[Trouble]]
KINDS: list[Kind] = [full_tables, full_everything] if os.geteuid() == 0 else [limited_files]


@pytest.fixture(params=KINDS, ids=lambda kind: kind.__name__)
def trouble(request: pytest.FixtureRequest) -> Iterator[Trouble]:
    with tempfile.TemporaryDirectory(prefix="sangam-full-") as folder:
        Path(folder).chmod(0o755)  # the server is another user
        with request.param(Path(folder)) as trouble:
            yield trouble


def _batch(number: int, size: int) -> list[Draft]:
    """Bytes that do not compress."""
    chance = random.Random(number)
    return [draft(data=chance.randbytes(size)) for _ in range(4)]


async def test_D2_D6_D7_without_space_nothing_is_half_written_and_nothing_is_lost(trouble: Trouble) -> None:
    async with opened(PostgresStore(trouble.url, seconds=1.0)) as store:
        await make_rooms(store, "rm_one")
        written = 0

        async def write(size: int) -> bool:
            nonlocal written
            try:
                seqs = await store.append(f"c{written}", _batch(written, size))
            except StoreUnavailable:
                return False
            assert seqs == [4 * written + nth for nth in range(1, 5)]
            written += 1
            return True

        assert await write(MEGABYTE)
        trouble.begin()
        while await write(MEGABYTE):
            assert written < 100, "the disk was never full"
        refused = written
        trouble.end()
        size = MEGABYTE
        while not await write(size):
            await _until_it_answers(trouble.server)
        assert written == refused + 1
        tail = (await store.load("rm_one", "main")).tail
        assert list(tail) == [one.data for number in range(written) for one in _batch(number, size)]


async def test_J2_D7_a_server_whose_database_is_full_says_so_and_saves_everything_when_there_is_room(
    trouble: Trouble, tmp_path: Path
) -> None:
    """Also what its operator sees meanwhile: readiness, metrics, log."""
    with running(tmp_path / "data", database_url=trouble.url, database_seconds=2, max_unsaved_bytes=TAIL) as server:
        host, writer, watcher = await two(server)
        await asyncio.to_thread(trouble.begin)
        await write_until(writer, watcher, (True, None))
        await write_until(writer, watcher, (True, "store_behind"))
        assert ready(server) == (503, "behind")
        assert metrics(server)["sangam_journal_unsaved_bytes"] > TAIL
        await eventually(lambda: "journal commit failed" in server.log.read_text())
        await asyncio.to_thread(trouble.end)
        await eventually(lambda: told(writer) == told(watcher) == (False, None))
        await until_saved([writer])
        await until_equal([writer, watcher])
        await eventually(lambda: ready(server) == (200, "saved"))
        text = watcher.read()
        assert text
        await asyncio.gather(writer.close(), watcher.close())
        await asyncio.to_thread(server.restart)
        late = y_client(server, host.room_id, host.token)
        await late.until_connected()
        assert late.read() == text
        await late.close()


async def _until_it_answers(server: PostgresServer) -> None:
    await eventually(server.answers)
