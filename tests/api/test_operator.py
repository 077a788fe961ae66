"""The operator's commands, as a person types them."""

import asyncio
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.clients import mux_client, until_saved, y_client
from tests.server import ROOT, Server, eventually, running
from tests.services.postgres import PostgresServer, postgres


@pytest.fixture(scope="module")
def postgres_server() -> Iterator[PostgresServer]:
    with postgres() as server:
        yield server


def sangam(*arguments: object, **settings: object) -> subprocess.CompletedProcess[str]:
    environ = {name: value for name, value in os.environ.items() if not name.startswith("SANGAM_")}
    environ |= {f"SANGAM_{name.upper()}": str(value) for name, value in settings.items()}
    command = [sys.executable, "-m", "api", *map(str, arguments)]
    return subprocess.run(command, cwd=ROOT, env=environ, capture_output=True, text=True, timeout=60, check=False)


def fine(*arguments: object, **settings: object) -> str:
    done = sangam(*arguments, **settings)
    assert (done.returncode, done.stderr) == (0, "")
    return done.stdout


def refused(*arguments: object, **settings: object) -> str:
    done = sangam(*arguments, **settings)
    assert done.returncode == 2
    assert done.stderr.startswith("sangam: ")
    assert len(done.stderr.splitlines()) == 1
    return done.stderr


async def write_a_room(server: Server) -> tuple[str, str, str]:
    """Its id, its host's token and what was written."""
    host = server.create_room("Kept")
    client = mux_client(server, host.room_id, host.token)
    await client.until_connected()
    client.create_file()
    client.file().insert(0, "what was written")
    await until_saved([client])
    text = client.read()
    await client.close()
    return host.room_id, host.token, str(text)


async def read_a_room(server: Server, room: str, token: str) -> str:
    client = y_client(server, room, token)
    await client.until_connected()
    text = str(client.read())
    await client.close()
    return text


@pytest.mark.parametrize("moved", ["into PostgreSQL", "out of PostgreSQL"])
async def test_D11_E16_a_backup_of_a_running_server_serves_elsewhere(
    tmp_path: Path, postgres_server: PostgresServer, moved: str
) -> None:
    file = tmp_path / "copy"
    ways: tuple[dict[str, object], dict[str, object]] = ({}, {"database_url": postgres_server.create_database()})
    here, there = ways if moved == "into PostgreSQL" else ways[::-1]
    with running(tmp_path / "here", **here) as server:  # type: ignore[arg-type]
        room, token, text = await write_a_room(server)
        said = await asyncio.to_thread(fine, "backup", file, "--data", tmp_path / "here", **here)
        assert "1 rooms, 1 members" in said
        assert "found equal" in said
    fine("restore", file, "--data", tmp_path / "there", **there)
    assert "already" in refused("restore", file, "--data", tmp_path / "there", **there)
    with running(tmp_path / "there", **there) as server:  # type: ignore[arg-type]
        assert await read_a_room(server, room, token) == text


async def test_D13_E16_one_room_moves_to_a_server_that_has_others(tmp_path: Path) -> None:
    file = tmp_path / "room"
    with running(tmp_path / "here") as server:
        room, token, text = await write_a_room(server)
        await asyncio.to_thread(fine, "export", room, file, "--data", tmp_path / "here")
        assert "no room" in await asyncio.to_thread(refused, "export", "rm_x", file, "--data", tmp_path / "here")
    with running(tmp_path / "there") as server:
        other, *_ = await write_a_room(server)
        said = await asyncio.to_thread(refused, "import", file, "--data", tmp_path / "there")
        assert "another server already uses" in said
    fine("import", file, "--data", tmp_path / "there")
    with running(tmp_path / "there") as server:
        assert await read_a_room(server, room, token) == text
        assert other != room


async def test_D14_E16_history_is_trimmed_by_hand_and_by_the_setting(tmp_path: Path) -> None:
    with running(tmp_path / "data") as server:
        room, token, text = await write_a_room(server)
    with running(tmp_path / "data") as server:  # the stop before wrote a snapshot
        assert await read_a_room(server, room, token) == text
        said = await asyncio.to_thread(fine, "trim", 0, "--room", room, "--data", tmp_path / "data")
        assert int(said.split()[0]) > 0
        assert "no number of days" in await asyncio.to_thread(refused, "trim", "all", "--data", tmp_path / "data")
    with running(tmp_path / "data", history_days=0.000001, log=tmp_path / "log") as server:
        assert await read_a_room(server, room, token) == text
        await eventually(lambda: '"history trimmed"' in (tmp_path / "log").read_text())


def test_E16_a_file_that_is_not_there_or_is_damaged_is_refused(tmp_path: Path) -> None:
    (tmp_path / "junk").write_text("junk")
    for command in ("restore", "import"):
        assert "No such file" in refused(command, tmp_path / "nothing", "--data", tmp_path / "data")
        assert "damaged" in refused(command, tmp_path / "junk", "--data", tmp_path / "data")
    assert "no rooms" in refused("backup", tmp_path / "copy", "--data", tmp_path / "data")
    assert not (tmp_path / "copy").exists()


def test_D8_E16_migrate_makes_the_tables_and_a_second_time_does_nothing(postgres_server: PostgresServer) -> None:
    url = postgres_server.create_database()
    assert "applied 0001" in fine("migrate", database_url=url)
    assert "applied" not in fine("migrate", database_url=url)
    assert "nothing to do" in fine("migrate")


def test_E16_the_doctor_measures_what_is_configured_and_names_what_is_wrong(
    tmp_path: Path, postgres_server: PostgresServer
) -> None:
    url = postgres_server.create_database()
    assert "empty" in fine("doctor", database_url=url)
    fine("migrate", database_url=url)
    said = fine("doctor", database_url=url)
    assert "a commit takes" in said
    assert "bad" not in said
    assert postgres_server.sql("SELECT count(*) FROM commits", url.rpartition("/")[2]) == "0"
    assert "SQLite" in fine("doctor", "--data", tmp_path / "data")
    (tmp_path / "data" / "sangam.db").write_bytes(b"SQLite format 3\0" + bytes(1000))
    for done in (sangam("doctor", "--data", tmp_path / "data"), sangam("doctor", database_url=f"{url}x")):
        assert done.returncode == 1
        assert done.stdout.startswith("bad ")
