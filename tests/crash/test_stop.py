"""An orderly stop, a second server on one folder, a run that the server left behind."""

import asyncio
import subprocess
import sys
import time

import pytest

from tests.clients import FILE, mux_client, until_equal, y_client
from tests.crash.journals import add_output, check_numbers, journal, text_by_the_journal
from tests.server import ROOT, Joined, Server, eventually


async def test_R10_E15_a_stop_tells_everybody_saves_everything_and_is_no_failure(server: Server) -> None:
    host = server.create_room()
    y, mux = y_client(server, host.room_id, host.token), mux_client(server, host.room_id, host.token)
    await asyncio.gather(y.until_connected(), mux.until_connected())
    mux.create_file()
    await until_equal([y, mux], "")
    y.file().insert(0, "last words")
    await until_equal([y, mux], "last words")
    started = time.monotonic()
    assert await asyncio.to_thread(server.stop) == 0
    assert time.monotonic() - started < 25
    await eventually(lambda: (y.close_code, mux.close_code) == (1012, 1012))
    rows = journal(server.data, host.room_id)
    check_numbers(rows)
    assert text_by_the_journal(rows) == "last words"
    assert [row.kind for row in rows if row.channel == "room"] == ["joined", "left"]
    await asyncio.gather(y.drop(), mux.drop())


async def test_R10_what_is_on_its_way_at_a_stop_is_saved_or_not_called_saved(server: Server) -> None:
    host = server.create_room()
    mux = mux_client(server, host.room_id, host.token)
    await mux.until_connected()
    mux.create_file()
    for number in range(500):
        mux.file().insert(0, f"{number}\n")
    await eventually(lambda: mux.unsynced < 400)
    assert await asyncio.to_thread(server.stop) == 0
    await eventually(lambda: mux.close_code is not None)
    unsaved = mux.unsynced
    kept = text_by_the_journal(journal(server.data, host.room_id))
    assert kept.count("\n") >= 500 - unsaved
    await asyncio.to_thread(server.start)
    await mux.until_connected()
    await eventually(lambda: mux.unsynced == 0)
    other = y_client(server, host.room_id, host.token)
    await other.until_connected()
    assert other.read() == mux.read()
    await asyncio.gather(other.close(), mux.close())


async def test_R11_a_second_server_on_the_folder_says_why_it_does_not_start(server: Server) -> None:
    command = [sys.executable, "-m", "api", "serve", "--port", "0", "--data", str(server.data)]
    second = await asyncio.to_thread(subprocess.run, command, cwd=ROOT, capture_output=True, text=True, timeout=60)
    assert second.returncode == 2
    assert "another server already uses the data folder" in second.stderr
    assert "Traceback" not in second.stderr + second.stdout
    assert server.create_room().token


async def start_run(server: Server, host: Joined, source: str) -> str:
    writer = mux_client(server, host.room_id, host.token)
    await writer.until_connected()
    writer.create_file(text=source)
    await eventually(lambda: writer.unsynced == 0)
    await eventually(lambda: server.call("GET", "/api/config").json()["execution"]["available"])
    call = f"/api/rooms/{host.room_id}/runs"
    answer = await asyncio.to_thread(server.call, "POST", call, host.token, json={"fileId": FILE})
    await writer.drop()
    return str(answer.raise_for_status().json()["run"]["id"])


@pytest.mark.parametrize("more_output", [0, 1200])
async def test_E12_a_run_that_the_server_left_behind_is_told_lost_once(server: Server, more_output: int) -> None:
    host = server.create_room()
    run = await start_run(server, host, "print('up', flush=True)\nimport time\ntime.sleep(60)\n")
    await eventually(lambda: "up" in output(server, host))
    await asyncio.to_thread(server.kill)
    add_output(server.data, host.room_id, run, more_output)
    for _ in range(2):
        await asyncio.to_thread(server.start)
        y = y_client(server, host.room_id, host.token)
        await y.until_connected()
        await eventually(lambda: any(entry["kind"] == "finished" for entry in server.entries(host, "run")))
        await y.close()
        await asyncio.to_thread(server.kill)
    rows = journal(server.data, host.room_id)
    check_numbers(rows)
    finished = [row.json for row in rows if row.kind == "finished"]
    assert [(told["run"], told["status"]) for told in finished] == [(run, "lost")]


def output(server: Server, host: Joined) -> str:
    found = server.entries(host, "run")
    return "".join(entry["data"]["text"] for entry in found if entry["kind"] == "output")
