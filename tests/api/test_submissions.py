"""Problems and submissions of a room, through the real server."""

from functools import partial
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.api.scene import Scene, until
from tests.clients import FILE, Client, mux_client, y_client
from tests.server import eventually, running

SUM = {
    "id": "sum",
    "title": "A sum",
    "statement": "Add two numbers.",
    "groups": [
        {
            "id": "all",
            "points": 10,
            "score": "sum",
            "tests": [
                {"stdin": "1 2\n", "expected": "3\n", "hidden": False},
                {"stdin": "secret41 1\n", "expected": "secret42\n"},
                {"stdin": "5 5\n", "expected": "10\n"},
            ],
        }
    ],
}
HONEST = "a, b = input().split()\nprint('secret42' if a.startswith('secret') else int(a) + int(b))\n"
NOSY = (
    "import sys, time\nline = input()\nprint(3 if line == '1 2' else line)\nprint(line, file=sys.stderr)\n"
    "time.sleep(3 if 'secret' in line else 0)\n"
)


@pytest.fixture
async def desk(scene: Scene) -> "Desk":
    writer = y_client(scene.server, scene.room, scene.host.token)
    await writer.until_connected()
    await eventually(lambda: scene.server.call("GET", "/api/config").json()["execution"]["available"])
    return Desk(scene, writer)


class Desk:
    """Hands in files of the scene's room."""

    def __init__(self, scene: Scene, writer: Client) -> None:
        self.scene = scene
        self.writer = writer
        self.files = 0

    async def call(self, method: str, path: str, who: str = "guest", **more: Any) -> httpx.Response:
        token = getattr(self.scene, who).token
        headers = {"Authorization": f"Bearer {token}"}
        async with httpx.AsyncClient(timeout=30, verify=False) as http:  # plain HTTP: reading certificates takes long
            url = f"{self.scene.server.http}/api/rooms/{self.scene.room}{path}"
            return await http.request(method, url, headers=headers, **more)

    async def write(self, text: str) -> str:
        """A file with this text; its id, once the server has it."""
        self.files += 1
        file_id = f"{FILE[:12]}{self.files:04}"
        self.writer.create_file(file_id, text, f"f{self.files}.py")
        reader = y_client(self.scene.server, self.scene.room, self.scene.host.token)
        await reader.until_connected()
        await eventually(lambda: reader.read(file_id) == text)
        await reader.close()
        return file_id

    async def submit(self, file_id: str, problem: str = "sum", who: str = "guest") -> httpx.Response:
        return await self.call("POST", "/submissions", who, json={"fileId": file_id, "problem": problem})

    async def judged(self, submission: str, who: str = "guest") -> dict[str, Any]:
        """The submission as somebody sees it, after its end."""
        token = getattr(self.scene, who).token
        about: dict[str, Any] = {}

        def is_over() -> bool:
            path = f"/api/rooms/{self.scene.room}/submissions/{submission}"
            about.update(self.scene.server.call("GET", path, token).json()["submission"])
            return about["state"] in ("judged", "lost", "cancelled")

        await until(is_over)
        return about

    def has(self, kind: str, times: int) -> bool:
        """Are there so many entries of this kind?"""
        return [known for known, _ in self.entries()].count(kind) == times

    def entries(self) -> list[tuple[str, dict[str, Any]]]:
        found = self.scene.server.entries(self.scene.observer, "run")
        return [(entry["kind"], entry["data"]) for entry in found]


async def test_E30_a_submission_is_judged_and_everybody_sees_it(desk: Desk) -> None:
    assert (await desk.call("PUT", "/problems/sum", "host", json=SUM)).status_code == 200
    answer = await desk.submit(await desk.write(HONEST))
    assert answer.status_code == 201, answer.text
    submission = answer.json()["submission"]["id"]
    report = (await desk.judged(submission))["report"]
    assert (report["verdict"], report["points"], report["passed"], report["name"]) == ("AC", 10.0, 3, "Accepted")
    assert report["tests"][0]["output"] == "3\n"
    assert report["tests"][0]["cpuSeconds"] > 0
    assert report["tests"][1] == {"number": 2, "group": "all", "hidden": True, "verdict": "AC"}
    await until(lambda: len(desk.entries()) == 2)
    (_, handed), (kind, judged) = desk.entries()
    assert kind == "judged"
    assert (handed["submission"], handed["problem"], handed["path"]) == (submission, "sum", "f1.py")
    assert (judged["state"], judged["report"]["verdict"]) == ("judged", "AC")


async def test_E31_nothing_that_others_get_holds_a_hidden_input(desk: Desk) -> None:
    await desk.call("PUT", "/problems/sum", "host", json=SUM)
    watcher = mux_client(desk.scene.server, desk.scene.room, desk.scene.observer.token)
    await watcher.until_connected()
    submission = (await desk.submit(await desk.write(NOSY))).json()["submission"]["id"]
    other, host = await desk.judged(submission), await desk.judged(submission, "host")
    assert "secret" not in repr(other)
    assert "secret41 1" in repr(host)
    assert host["report"]["tests"][1]["wallSeconds"] > 3
    assert other["report"]["firstFailed"] == 2
    assert [test["verdict"] for test in other["report"]["tests"] if "verdict" in test] == ["AC", "WA"]
    assert other["report"]["wallSeconds"] < 3
    await until(lambda: len(desk.entries()) == 2)
    assert "secret" not in repr(desk.entries())
    for path in ("/problems/sum", "/problems"):
        assert "secret" not in (await desk.call("GET", path)).text
    assert (await desk.call("GET", "/problems/sum")).json()["problem"]["statement"] == "Add two numbers."
    assert "secret42" in (await desk.call("GET", "/problems/sum", "host")).text
    told = [event for event in watcher.events if "submission" in repr(event)]
    assert told
    assert "secret" not in repr(told)
    assert [event["number"] for event in told if event["type"] == "judging"] == [1]
    await watcher.close()


async def test_E30_the_room_is_told_that_its_problems_changed(desk: Desk) -> None:
    watcher = mux_client(desk.scene.server, desk.scene.room, desk.scene.observer.token)
    await watcher.until_connected()
    for times, method in enumerate(("PUT", "DELETE"), 1):
        await desk.call(method, "/problems/sum", "host", json=SUM)
        await eventually(lambda times=times: watcher.events.count({"type": "problems"}) == times)  # type: ignore[misc]
    assert (await desk.call("GET", "/problems")).json()["titles"] == {}
    await watcher.close()


async def test_E30_only_hosts_bring_problems_and_only_writers_hand_in(desk: Desk) -> None:
    for who in ("guest", "observer"):
        assert (await desk.call("PUT", "/problems/sum", who, json=SUM)).status_code == 403
        assert (await desk.call("DELETE", "/problems/sum", who)).status_code == 403
    await desk.call("PUT", "/problems/sum", "host", json=SUM)
    file_id = await desk.write(HONEST)
    assert (await desk.submit(file_id, who="observer")).status_code == 403
    along = {"fileId": file_id, "definition": SUM}
    assert (await desk.call("POST", "/submissions", "guest", json=along)).status_code == 403
    brought = await desk.call("POST", "/submissions", "host", json=along)
    assert brought.status_code == 201
    assert (await desk.judged(brought.json()["submission"]["id"]))["report"]["verdict"] == "AC"
    elsewhere = Desk(Scene(desk.scene.server), desk.writer)
    stolen = await elsewhere.call("GET", f"/submissions/{brought.json()['submission']['id']}", "host")
    assert (stolen.status_code, stolen.json()["error"]["code"]) == (404, "submission_not_found")
    assert (await elsewhere.call("GET", "/problems/sum")).status_code == 404


ODD: list[tuple[dict[str, object], int, str]] = [
    ({"fileId": "nope", "problem": "sum"}, 404, "file_not_found"),
    ({"fileId": "FILE", "problem": "nope"}, 404, "problem_not_found"),
    ({"fileId": "FILE", "problem": "../sum"}, 404, "problem_not_found"),
    ({"fileId": "FILE", "problem": "a\0b"}, 404, "problem_not_found"),
    ({"fileId": "FILE", "problem": "sum", "language": "klingon"}, 409, "language_unavailable"),
    ({"fileId": "FILE", "problem": "onlyc"}, 409, "language_unavailable"),
    ({"problem": "sum"}, 422, "bad_request"),
]


async def test_E30_odd_submissions_and_problems_are_refused_and_leave_nothing(desk: Desk) -> None:
    await desk.call("PUT", "/problems/sum", "host", json=SUM)
    await desk.call("PUT", "/problems/onlyc", "host", json=SUM | {"id": "onlyc", "languages": ["c"]})
    file_id = await desk.write(HONEST)
    for body, status, code in ODD:
        sent = {name: file_id if value == "FILE" else value for name, value in body.items()}
        answer = await desk.call("POST", "/submissions", json=sent)
        assert (body, answer.status_code, answer.json()["error"]["code"]) == (body, status, code)
    for name, problem in (("other", SUM), ("sum", SUM | {"groups": []}), (".sum", SUM | {"id": ".sum"})):
        answer = await desk.call("PUT", f"/problems/{name}", "host", json=problem)
        assert answer.status_code in (400, 422), answer.text
    assert desk.entries() == []
    assert (await desk.call("DELETE", "/problems/sum", "host")).status_code == 204
    assert (await desk.call("GET", "/problems")).json()["titles"] == {"onlyc": "A sum"}


async def test_E32_too_many_wait_no_longer_and_the_others_know_their_place(desk: Desk) -> None:
    slow = SUM | {"id": "slow", "limits": {"cpuSeconds": 5}}
    await desk.call("PUT", "/problems/slow", "host", json=slow)
    file_id = await desk.write("import time; time.sleep(30)")
    answers = [await desk.submit(file_id, "slow") for _ in range(6)]
    accepted = [answer.json()["submission"]["id"] for answer in answers if answer.status_code == 201]
    refused = [answer for answer in answers if answer.status_code == 429]
    assert (len(accepted), len(refused)) == (3, 3)
    assert all(int(answer.headers["retry-after"]) >= 1 for answer in refused)
    place = (await desk.call("GET", f"/submissions/{accepted[-1]}")).json()["submission"]["place"]
    assert set(place) == {"position", "seconds"}
    for submission in accepted:
        assert (await desk.call("POST", f"/submissions/{submission}/cancel", "observer")).status_code == 403
        assert (await desk.call("POST", f"/submissions/{submission}/cancel")).status_code == 204
        assert (await desk.judged(submission))["state"] == "cancelled"
    await until(lambda: [kind for kind, _ in desk.entries()].count("judged") == 3)
    assert (await desk.submit(file_id, "slow")).status_code == 201


async def test_E32_a_submission_under_a_server_that_dies_or_stops_is_lost_once(tmp_path: Path) -> None:
    slow = SUM | {"id": "slow", "limits": {"cpuSeconds": 9}}
    with running(tmp_path / "data", drain_seconds=2) as server:
        scene = Scene(server)
        writer = y_client(server, scene.room, scene.host.token)
        await writer.until_connected()
        await eventually(lambda: server.call("GET", "/api/config").json()["execution"]["available"])
        desk = Desk(scene, writer)
        await desk.call("PUT", "/problems/slow", "host", json=slow)
        file_id = await desk.write("import time; time.sleep(60)")
        for times in (1, 2):
            answer = await desk.submit(file_id, "slow")
            assert answer.status_code == 201, answer.text
            await until(partial(desk.has, "submitted", times))
            if times == 1:
                server.restart()
                await eventually(lambda: server.call("GET", "/api/config").json()["execution"]["available"])
            else:
                assert server.stop() == 0
                server.start()
            look = y_client(server, scene.room, scene.host.token)
            await look.until_connected()  # the room opens
            await until(partial(desk.has, "judged", times))
            await look.close()
        ends = [data for kind, data in desk.entries() if kind == "judged"]
        assert [(end["state"], end["report"]) for end in ends] == [("lost", None)] * 2
        await writer.close()
