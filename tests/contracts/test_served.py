"""The whole server on PostgreSQL, while that is stopped or paused: told, read-only at last, and nothing is lost."""

import asyncio
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import asyncpg
import pytest

from tests.api.test_house import metrics
from tests.clients import until_equal, until_saved, y_client
from tests.crash.test_store import TAIL, ready, told, two, write_until
from tests.server import ROOT, Server, eventually, running
from tests.services.postgres import PostgresServer


@pytest.fixture
def url(own_server: PostgresServer) -> str:
    """Of the server's database."""
    return own_server.create_database()


@pytest.fixture
def server(tmp_path: Path, url: str) -> Iterator[Server]:
    """Rooms turn read-only soon."""
    with running(
        tmp_path / "data",
        database_url=url,
        database_seconds=2,
        slow_commit_seconds=0.2,
        max_unsaved_bytes=TAIL,
    ) as server:
        yield server


@pytest.mark.parametrize("how", ["stop", "pause"])
async def test_J2_D6_D7_without_its_database_a_room_says_so_and_saves_everything_when_it_is_back(
    server: Server, own_server: PostgresServer, how: str
) -> None:
    host, writer, watcher = await two(server)
    await eventually(lambda: ready(server) == (200, "saved"))
    await asyncio.to_thread(getattr(own_server, how))
    try:
        answer = await asyncio.to_thread(server.call, "GET", f"/api/rooms/{host.room_id}", host.token)
        assert (answer.status_code, answer.json()["error"]["code"]) == (503, "store_unavailable")
        assert "127.0.0.1" not in answer.text
        assert "PostgreSQL" not in answer.text
        await write_until(writer, watcher, (True, None))
        assert ready(server) == (503, "unsaved")
        await write_until(writer, watcher, (True, "store_behind"))
        assert ready(server) == (503, "behind")
    finally:
        await asyncio.to_thread(own_server.resume if how == "pause" else own_server.start)
    await eventually(lambda: told(writer) == told(watcher) == (False, None))
    await until_saved([writer])
    await until_equal([writer, watcher])
    text = watcher.read()
    assert text
    await asyncio.gather(writer.close(), watcher.close())
    await asyncio.to_thread(server.restart)
    late = y_client(server, host.room_id, host.token)
    await late.until_connected()
    assert late.read() == text
    await late.close()


async def test_J2_D7_with_a_slow_database_edits_are_shown_told_and_saved_in_the_end(server: Server, url: str) -> None:
    """Somebody holds the table of entries: each commit waits, is given up, and tried again."""
    _, writer, watcher = await two(server)
    connection = await asyncpg.connect(url)
    try:
        async with connection.transaction():
            await connection.execute("LOCK TABLE entries IN EXCLUSIVE MODE")
            writer.file().insert(0, "shown before it is safe")
            await until_equal([writer, watcher], "shown before it is safe")
            await eventually(lambda: told(writer) == told(watcher) == (True, None))
            assert writer.unsynced == 1
            assert ready(server) == (503, "unsaved")
            assert metrics(server)["sangam_journal_saved"] == 0
            await eventually(lambda: metrics(server)["sangam_journal_failures_total"] >= 1)
    finally:
        await connection.close()
    await until_saved([writer])
    await eventually(lambda: told(writer) == told(watcher) == (False, None))
    await eventually(lambda: ready(server) == (200, "saved"))
    assert metrics(server)["sangam_journal_saved"] == 1
    logged = server.log.read_text()
    assert '"journal state"' in logged and '"journal commit failed"' in logged
    await asyncio.gather(writer.close(), watcher.close())


async def test_J1_D7_a_server_that_is_killed_loses_nothing_that_was_called_saved(server: Server) -> None:
    host, writer, watcher = await two(server)
    for number in range(20):
        writer.file().insert(0, f"{number} ")
        await until_saved([writer])
    await asyncio.to_thread(server.kill)
    text = writer.read()
    await asyncio.gather(writer.drop(), watcher.drop())
    await asyncio.to_thread(server.start)
    late = y_client(server, host.room_id, host.token)
    await late.until_connected()
    assert late.read() == text
    await late.close()


def test_D9_a_server_whose_database_cannot_be_used_does_not_start(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "api", "serve", "--port", "0", "--data", str(tmp_path / "data")]
    environ = {"SANGAM_DATABASE_URL": "postgresql://sangam:s3cret@127.0.0.1:9/sangam", "PATH": ""}
    done = subprocess.run(command, cwd=ROOT, env=environ, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 2
    assert done.stderr.startswith("sangam: PostgreSQL at 127.0.0.1:9/sangam: ")
    assert len(done.stderr.splitlines()) == 1
    assert "s3cret" not in done.stderr
