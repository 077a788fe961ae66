"""Runs and submissions that go on at another node than the one that is asked."""

import asyncio
from pathlib import Path
from typing import Any

import httpx
import pytest
from websockets.asyncio.client import connect

from tests.api.scene import until
from tests.api.test_terminal_socket import Screen
from tests.clients import FILE, MuxClient, mux_client, y_client
from tests.server import Joined, Server, eventually
from tests.services.nodes import Nodes, nodes

ECHO = "import sys\nprint('up', flush=True)\nfor line in sys.stdin: print('got', line.strip(), flush=True)\n"
TERMINAL = "import os\nprint('ready')\nwhile True: print('got', input(), *os.get_terminal_size())\n"
PROBLEM = {
    "id": "sum",
    "title": "Sum",
    "groups": [{"id": "all", "points": 1, "tests": [{"id": "1", "input": "1 2\n", "answer": "3\n"}]}],
}

HALF_HIDDEN = {
    "id": "sum",
    "title": "Sum",
    "groups": [
        {
            "id": "all",
            "points": 1,
            "tests": [
                {"stdin": "1 2\n", "expected": "3\n", "hidden": False},
                {"stdin": "40 1\n", "expected": "41\n"},
            ],
        }
    ],
}


async def ask(server: Server, member: Joined, path: str, body: object) -> httpx.Response:
    call = f"/api/rooms/{member.room_id}/{path}"
    return await asyncio.to_thread(server.call, "POST", call, member.token, json=body)


async def put_file(server: Server, host: Joined, source: str) -> None:
    writer = mux_client(server, host.room_id, host.token)
    await writer.until_connected()
    writer.create_file(text=source)
    await eventually(lambda: writer.unsynced == 0)
    await writer.drop()


async def start(server: Server, host: Joined, source: str, **more: object) -> str:
    await put_file(server, host, source)
    await until(lambda: server.call("GET", "/api/config").json()["execution"]["available"])
    answer = await ask(server, host, "runs", {"fileId": FILE, **more})
    return str(answer.raise_for_status().json()["run"]["id"])


def told(server: Server, host: Joined, kind: str) -> list[dict[str, Any]]:
    return [entry["data"] for entry in server.entries(host, "run") if entry["kind"] == kind]


def said(server: Server, host: Joined) -> str:
    return "".join(data["text"] for data in told(server, host, "output") if data["stream"] != "stdin")


def heard(watcher: MuxClient) -> str:
    """What a program printed, in however many pieces."""
    entries = [event["entry"] for event in watcher.events if event["type"] == "entry"]
    outputs = [entry["data"] for entry in entries if entry["kind"] == "output"]
    return "".join(data["text"] for data in outputs if data["stream"] == "stdout")


async def test_N8_a_run_is_not_lost_because_another_node_opens_its_room(two: Nodes) -> None:
    one, other = two.each
    host = one.create_room()
    run = await start(one, host, ECHO)
    watcher = mux_client(other, host.room_id, host.token)
    await watcher.until_connected()
    assert (await ask(other, host, f"runs/{run}/input", {"text": "hello\n"})).status_code == 204
    await eventually(lambda: "got hello" in heard(watcher))
    assert not told(one, host, "finished")
    assert (await ask(other, host, f"runs/{run}/stop", {})).status_code == 204
    await until(lambda: told(other, host, "finished"))
    [ended] = told(one, host, "finished")
    assert (ended["status"], ended["by"]) == ("stopped", host.member["id"])
    assert (await ask(other, host, f"runs/{run}/stop", {})).status_code == 409
    assert (await ask(other, host, "runs/run_none/stop", {})).status_code == 409
    await watcher.close()


async def test_N9_a_terminal_is_held_at_every_node(two: Nodes) -> None:
    one, other = two.each
    host = one.create_room()
    run = await start(one, host, TERMINAL, terminal={"rows": 30, "columns": 90})
    path = f"/api/rooms/{host.room_id}/runs/{run}/terminal?token={host.token}"
    async with connect(one.ws + path) as near, connect(other.ws + path) as far:
        here, there = Screen(near), Screen(far)
        await there.until("ready")
        await there.say("stdin", "hello\r")
        await asyncio.gather(here.until("got hello 90 30"), there.until("got hello 90 30"))
        await here.say("set_size", 12, 34)
        await there.say("stdin", "again\r")
        await there.until("got again 34 12")
        async with connect(other.ws + path) as late:
            third = Screen(late)
            await third.until("got again 34 12")
            await there.say("stdin", "more\r")
            await third.until("got more")
        await there.until("got more")
        assert there.text.count("got hello") == there.text.count("got more") == 1
        await there.say("stdin", "\x04")
        assert await here.until_closed() == await there.until_closed() == 1000
    await until(lambda: told(one, host, "finished"))


async def test_N9_what_a_node_cannot_be_asked_is_refused_there(two: Nodes) -> None:
    one, other = two.each
    host = one.create_room()
    run = await start(one, host, ECHO)
    big = await ask(other, host, f"runs/{run}/input", {"text": "x" * 200_000})
    assert big.status_code in (204, 429)
    observer = one.join(host.links["observer"], "Obi")
    assert (await ask(other, observer, f"runs/{run}/stop", {})).status_code == 403
    elsewhere = other.create_room()
    assert (await ask(other, elsewhere, f"runs/{run}/stop", {})).status_code == 409
    assert (await ask(one, elsewhere, f"runs/{run}/stop", {})).status_code == 409
    assert (await ask(one, host, f"runs/{run}/stop", {})).status_code == 204


async def test_N9_a_submission_is_looked_at_and_cancelled_from_another_node(two: Nodes) -> None:
    one, other = two.each
    host = one.create_room()
    await put_file(one, host, "import time\ntime.sleep(20)\n")
    await until(lambda: one.call("GET", "/api/config").json()["execution"]["available"])
    answer = await ask(one, host, "submissions", {"fileId": FILE, "definition": PROBLEM})
    assert answer.status_code == 201, answer.text
    submission = answer.json()["submission"]["id"]
    path = f"/api/rooms/{host.room_id}/submissions/{submission}"
    looked = await asyncio.to_thread(other.call, "GET", path, host.token)
    assert looked.status_code == 200, looked.text
    assert looked.json()["submission"]["id"] == submission
    assert (await ask(other, host, f"submissions/{submission}/cancel", {})).status_code == 204
    await until(lambda: told(other, host, "judged"))
    assert [(data["submission"], data["state"]) for data in told(one, host, "judged")] == [(submission, "cancelled")]


async def test_E37_a_finished_submission_is_told_by_every_node_and_after_restarts(two: Nodes) -> None:
    one, other = two.each
    host = one.create_room()
    guest = one.join(host.links["participant"], "Mal")
    await put_file(one, host, "a, b = map(int, input().split())\nprint(a + b)\n")
    await until(lambda: one.call("GET", "/api/config").json()["execution"]["available"])
    answer = await ask(one, host, "submissions", {"fileId": FILE, "definition": HALF_HIDDEN})
    path = f"/api/rooms/{host.room_id}/submissions/{answer.raise_for_status().json()['submission']['id']}"
    await until(lambda: told(one, host, "judged"))

    def looked(server: Server, member: Joined) -> Any:
        return server.call("GET", path, member.token).raise_for_status().json()["submission"]

    for member in (host, guest):
        assert looked(other, member) == looked(one, member)
    assert looked(other, host)["report"]["tests"][1]["output"] == "41\n"
    assert "output" not in looked(other, guest)["report"]["tests"][1]
    assert (await ask(other, host, path.rpartition("rooms/")[2].partition("/")[2] + "/cancel", {})).status_code == 204
    hidden = await asyncio.to_thread(other.call, "GET", f"/api/rooms/{host.room_id}/entries?channel=report", host.token)
    assert hidden.status_code == 422
    before = looked(one, host)
    await asyncio.to_thread(one.restart)
    assert looked(one, host) == before
    unknown = f"/api/rooms/{host.room_id}/submissions/sb_none"
    assert (await asyncio.to_thread(other.call, "GET", unknown, host.token)).status_code == 404


async def test_E38_problems_are_the_same_at_every_node(two: Nodes) -> None:
    one, other = two.each
    host = one.create_room()
    call = f"/api/rooms/{host.room_id}/problems"
    put = await asyncio.to_thread(one.call, "PUT", f"{call}/sum", host.token, json=HALF_HIDDEN)
    assert put.status_code == 200, put.text
    listed = (await asyncio.to_thread(other.call, "GET", call, host.token)).json()
    assert listed["titles"] == {"sum": "Sum"}
    there, here = [
        (await asyncio.to_thread(node.call, "GET", f"{call}/sum", host.token)).json() for node in (other, one)
    ]
    assert there == here
    changed = HALF_HIDDEN | {"title": "Another"}
    assert (await asyncio.to_thread(other.call, "PUT", f"{call}/sum", host.token, json=changed)).status_code == 200
    assert (await asyncio.to_thread(one.call, "GET", call, host.token)).json()["titles"] == {"sum": "Another"}
    assert (await asyncio.to_thread(other.call, "DELETE", f"{call}/sum", host.token)).status_code == 204
    assert (await asyncio.to_thread(one.call, "GET", f"{call}/sum", host.token)).status_code == 404
    assert (await asyncio.to_thread(one.call, "DELETE", f"{call}/sum", host.token)).status_code == 404
    assert (await asyncio.to_thread(one.call, "GET", call, host.token)).json()["problems"] == []


@pytest.fixture
def many(tmp_path: Path) -> Any:
    with nodes(tmp_path, 3) as started:
        yield started


async def test_N8_the_runs_of_a_dead_node_are_lost_once_within_ten_seconds(many: Nodes) -> None:
    one, two, three = many.each
    host = one.create_room()
    run = await start(one, host, ECHO)
    people = [y_client(node, host.room_id, host.token) for node in (two, three)]
    for person in people:
        await person.until_connected()
    began = asyncio.get_running_loop().time()
    one.kill()
    await until(lambda: told(two, host, "finished"))
    assert asyncio.get_running_loop().time() - began < 20
    for person in people:
        await person.close()
    again = y_client(three, host.room_id, host.token)
    await again.until_connected()
    assert [(data["run"], data["status"]) for data in told(three, host, "finished")] == [(run, "lost")]
    await again.close()
