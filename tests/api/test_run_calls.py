"""Runs under attack: too many, too odd, too fast; everything is counted back to nothing."""

import asyncio
from collections import Counter

import httpx
import pytest
from prometheus_client.parser import text_string_to_metric_families

from tests.api.scene import Scene, until
from tests.clients import FILE, Client, y_client
from tests.server import Server, eventually

PROGRAM = "import sys\nfor line in sys.stdin: print(line.strip())\n"


@pytest.fixture
async def writer(scene: Scene) -> Client:
    client = y_client(scene.server, scene.room, scene.guest.token)
    await client.until_connected()
    client.create_file(text=PROGRAM)
    other = y_client(scene.server, scene.room, scene.host.token)
    await other.until_connected()
    await eventually(lambda: other.read() == PROGRAM)
    await other.close()
    await eventually(lambda: scene.server.call("GET", "/api/config").json()["execution"]["available"])
    return client


async def call(scene: Scene, path: str, body: object, token: str = "") -> httpx.Response:
    async with httpx.AsyncClient(timeout=30, verify=False) as http:  # plain HTTP: reading certificates takes long
        headers = {"Authorization": f"Bearer {token or scene.guest.token}"}
        return await http.post(f"{scene.server.http}/api/rooms/{scene.room}/runs{path}", json=body, headers=headers)


def running_now(server: Server) -> float:
    families = text_string_to_metric_families(server.call("GET", "/metrics").text)
    return sum(f.samples[0].value for f in families if f.name in ("sangam_runs_running", "sangam_runs_queued"))


def kinds(scene: Scene) -> Counter[str]:
    return Counter(entry["kind"] for entry in scene.server.entries(scene.host, "run"))


async def run_to_the_end(scene: Scene) -> None:
    before = kinds(scene)["finished"]
    answer = await call(scene, "", {"fileId": FILE, "stdin": "hi\n"})
    assert answer.status_code == 201, answer.text
    assert (await call(scene, f"/{answer.json()['run']['id']}/input", {"eof": True})).status_code == 204
    await until(lambda: kinds(scene)["finished"] == before + 1)


async def test_E12_fifty_runs_at_once_are_four_and_all_end(scene: Scene, writer: Client) -> None:
    async with scene.bystanders():
        answers = await asyncio.gather(*(call(scene, "", {"fileId": FILE}) for _ in range(50)))
        codes = Counter(answer.status_code for answer in answers)
        assert codes == {201: 4, 429: 46}
        assert {answer.headers.get("retry-after") for answer in answers if answer.status_code == 429} == {"5"}
        runs = [answer.json()["run"]["id"] for answer in answers if answer.status_code == 201]
        stops = await asyncio.gather(*(call(scene, f"/{run}/stop", {}) for run in runs for _ in range(5)))
        assert {answer.status_code for answer in stops} <= {204, 409}
        await until(lambda: kinds(scene)["finished"] == 4)
        assert kinds(scene)["started"] == 4
        await until(lambda: running_now(scene.server) == 0)
        await run_to_the_end(scene)
        await until(lambda: kinds(scene)["finished"] == 5)
    await writer.close()


async def test_E12_input_and_stop_race_and_the_run_ends_once(scene: Scene, writer: Client) -> None:
    run = (await call(scene, "", {"fileId": FILE})).json()["run"]["id"]
    bodies = [("input", {"text": f"{n}\n"}) for n in range(20)] + [("stop", {}), ("input", {"eof": True})] * 3
    answers = await asyncio.gather(*(call(scene, f"/{run}/{path}", body) for path, body in bodies))
    assert {answer.status_code for answer in answers} <= {204, 409}
    await until(lambda: kinds(scene)["finished"] == 1)
    for path, body in (("input", {"text": "late"}), ("stop", {})):
        late = await call(scene, f"/{run}/{path}", body)
        assert (late.status_code, late.json()["error"]["code"]) == (409, "run_over")
    assert kinds(scene)["finished"] == 1
    await writer.close()


ODD: list[tuple[dict[str, object], int]] = [
    ({"fileId": "../../etc/passwd"}, 404),
    ({"fileId": ""}, 404),
    ({"fileId": "\0"}, 404),
    ({"fileId": FILE, "language": "brainfuck"}, 409),
    ({"fileId": FILE, "language": "x" * 10_000}, 409),
    ({"fileId": FILE, "args": ["a\0b"]}, 400),
    ({"fileId": FILE, "args": ["x" * 100_000]}, 400),
    ({"fileId": FILE, "args": "notalist"}, 422),
    ({"fileId": FILE, "stdin": 7}, 422),
]


async def test_E6_odd_runs_are_refused_and_leave_nothing(scene: Scene, writer: Client) -> None:
    for body, status in ODD:
        answer = await call(scene, "", body)
        assert (body, answer.status_code) == (body, status)
    assert kinds(scene) == {}
    assert running_now(scene.server) == 0
    await writer.close()


async def test_E12_somebodys_odd_files_keep_nobody_from_running(scene: Scene, writer: Client) -> None:
    """Paths come from edits, which may say anything."""
    for number, path in enumerate(["../evil", "/abs", "main.py/inside", "a", "a/b", "न" * 150, "x\0y", "", "main.py"]):
        writer.create_file(f"odd{number:013}", "x", path)
    await run_to_the_end(scene)
    finished = [entry for entry in scene.server.entries(scene.host, "run") if entry["kind"] == "finished"]
    assert finished[-1]["data"]["status"] == "ok"
    await writer.close()


async def test_E5_an_observer_starts_types_and_stops_nothing(scene: Scene, writer: Client) -> None:
    run = (await call(scene, "", {"fileId": FILE})).json()["run"]["id"]
    for path, body in (("", {"fileId": FILE}), (f"/{run}/input", {"text": "x"}), (f"/{run}/stop", {})):
        assert (await call(scene, path, body, scene.observer.token)).status_code == 403
    elsewhere = Scene(scene.server)
    stolen = await call(elsewhere, f"/{run}/stop", {})
    assert (stolen.status_code, stolen.json()["error"]["code"]) == (409, "run_over")
    assert (await call(scene, f"/{run}/stop", {})).status_code == 204
    await until(lambda: kinds(scene)["finished"] == 1)
    await writer.close()
