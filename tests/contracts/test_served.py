"""The whole server on PostgreSQL, while that is stopped or paused: told, read-only at last, and nothing is lost."""

import asyncio
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.clients import until_equal, until_saved, y_client
from tests.crash.test_store import TAIL, ready, told, two, write_until
from tests.server import ROOT, Server, eventually, running
from tests.services.postgres import PostgresServer


@pytest.fixture
def server(tmp_path: Path, own_server: PostgresServer) -> Iterator[Server]:
    """Rooms turn read-only soon."""
    with running(
        tmp_path / "data",
        database_url=own_server.create_database(),
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
