"""A start that cannot work says so in a sentence; one table knows every error."""

import os
import socket
import subprocess
import sys
from pathlib import Path

import httpx
import pytest
from starlette.applications import Starlette

import exec_pool.errors
import realtime.errors
import rooms.errors
from api.desk import Desk
from api.errors import KNOWN, close_code, error_status, respond
from api.identity import Reception
from api.runs import RunsApi
from api.settings import Settings, SettingsError, read_settings
from exec_pool.limits import ExecSettings
from exec_pool.runner_pool import Runner
from realtime.errors import CloseCode
from realtime.local_fanout import LocalFanout
from realtime.outbox import Turn
from rooms.registry import RoomRegistry
from rooms.room import Room, RoomLimits
from rooms.sqlite_store import SqliteStore
from tests.server import ROOT, running

SETTINGS = [
    ("SANGAM_PROT", "80"),
    ("SANGAM_", "x"),
    ("SANGAM_PORT", "eighty"),
    ("SANGAM_PORT", ""),
    ("SANGAM_OPEN_ROOMS", "perhaps"),
    ("SANGAM_STORE_SYNC", "never"),
    ("SANGAM_IDLE_SECONDS", "[]"),
    ("SANGAM_PORT", "99999"),
    ("SANGAM_RUN_WALL_SECONDS", "-1"),
    ("SANGAM_MAX_FRAME_BYTES", "0"),
]


@pytest.mark.parametrize(("name", "value"), SETTINGS)
def test_E8_a_setting_that_is_unknown_or_unusable_stops_the_start(name: str, value: str) -> None:
    with pytest.raises(SettingsError) as error:
        read_settings({name: value})
    assert "\n" not in str(error.value)
    assert name in str(error.value)


def started(data: Path, *arguments: str, **environ: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "api", "serve", "--port", "0", "--data", str(data), *arguments]
    env = os.environ | environ
    return subprocess.run(command, cwd=ROOT, env=env, capture_output=True, text=True, timeout=60, check=False)


def test_E8_E15_a_start_that_cannot_work_ends_with_one_sentence(tmp_path: Path) -> None:
    with running(tmp_path / "data") as server, socket.create_server(("127.0.0.1", 0)) as taken:
        file = tmp_path / "file"
        file.write_text("not a folder")
        port = str(taken.getsockname()[1])
        for done in (
            started(tmp_path / "x", SANGAM_NONSENSE="1"),
            started(tmp_path / "x", "--port", port),
            started(server.data),
            started(file),
        ):
            assert done.returncode == 2
            assert done.stderr.startswith("sangam: ")
            assert len(done.stderr.strip().splitlines()) == 1
        assert server.call("GET", "/healthz").text == "ok"


def error_classes() -> list[type[Exception]]:
    found: list[type[Exception]] = []
    for module in (realtime.errors, rooms.errors, exec_pool.errors):
        for value in vars(module).values():
            if isinstance(value, type) and issubclass(value, KNOWN) and value not in KNOWN:
                found.append(value)
    return found


@pytest.mark.parametrize("kind", error_classes())
def test_E2_every_error_has_a_status_and_a_close_code(kind: type[Exception]) -> None:
    status, code, _ = error_status(kind("why"))
    assert 400 <= status < 600
    assert code
    assert isinstance(close_code(kind("why"))[0], CloseCode)


async def test_E13_without_a_sandbox_nothing_runs_and_the_answer_says_why(tmp_path: Path) -> None:
    store = SqliteStore(tmp_path / "data", "normal")
    await store.open()
    settings, runner = Settings(), Runner(ExecSettings(enabled=False))
    reception = Reception(store, open_rooms=False)
    registry = registry_on(store)
    runs = RunsApi(reception, registry, Desk(registry, store), runner, settings)
    app = Starlette(routes=runs.routes, exception_handlers=dict.fromkeys(KNOWN, respond))
    host = await reception.create_room("Room", "python", "Ana")
    async with registry.visit(host.room.id) as room:
        await room.add_files(host.member, [("a" * 16, "main.py", "print(1)")])
    await runner.open()
    transport = httpx.ASGITransport(app)
    async with httpx.AsyncClient(transport=transport, base_url="http://x") as http:
        headers = {"Authorization": f"Bearer {host.token}"}
        answer = await http.post(f"/api/rooms/{host.room.id}/runs", json={"fileId": "a" * 16}, headers=headers)
    assert (answer.status_code, answer.json()["error"]["code"]) == (503, "sandbox_unavailable")
    assert answer.headers["retry-after"]
    assert "off" in answer.json()["error"]["message"]
    assert runner.stats().running == runner.stats().queued == 0
    assert await store.entries(host.room.id, ["run"], after=None, before=None, limit=10) == []
    await runner.close()
    await registry.drain(5)
    await store.close()


def registry_on(store: SqliteStore) -> RoomRegistry:
    async def nothing(_room: Room) -> None:
        pass

    limits = RoomLimits(max_document_bytes=10_000, max_sessions=10, leave_grace_seconds=0.1)
    return RoomRegistry(
        store,
        store,
        limits,
        Turn(),
        LocalFanout(),
        slow_seconds=1.0,
        max_unsaved_bytes=10_000,
        idle_seconds=60.0,
        on_open=nothing,
    )
