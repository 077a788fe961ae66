"""Runs and submissions at sandbox workers, which die, leave and come while somebody waits."""

import asyncio
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from websockets.asyncio.client import connect

from api.doctor import Finding, examine
from api.settings import read_settings
from tests.api.scene import until
from tests.api.test_submissions import SUM
from tests.api.test_terminal_socket import Screen
from tests.clients import FILE
from tests.nodes.test_runs import ECHO, TERMINAL, ask, put_file, said, start, told
from tests.server import ROOT, Joined, Server, running
from tests.services.nats import NatsServer
from tests.services.workers import SILENT_SECONDS, WorkerProcess, workers

FAR: dict[str, Any] = {"exec_place": "workers", "node_silent_seconds": SILENT_SECONDS, "runs_per_room": 50}
COUNTS = "import time\nfor n in range(1000):\n    print('n', n, flush=True)\n    time.sleep(0.05)\n"
HONEST = "a, b = input().split()\nprint('secret42' if a.startswith('secret') else int(a) + int(b))\n"


class Yard:
    """A node that runs nothing itself, a broker, and two workers."""

    def __init__(self, node: Server, nats: NatsServer, each: list[WorkerProcess]) -> None:
        self.node = node
        self.nats = nats
        self.each = each

    def busy(self) -> list[WorkerProcess]:
        """Those that have something to do."""
        return [worker for worker in self.each if worker.metric("sangam_worker_busy")]


@contextmanager
def opened(path: Path, count: int = 2, drain_seconds: float = 2) -> Iterator[Yard]:
    with (
        NatsServer(path / "nats") as nats,
        running(path / "node", nats_url=nats.url, **FAR) as node,
        workers(path, nats.url, count, exec_engine="bubblewrap", drain_seconds=drain_seconds) as each,
    ):
        yield Yard(node, nats, each)


@pytest.fixture(scope="module")
def calm(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Yard]:
    """One that no test harms."""
    with opened(tmp_path_factory.mktemp("calm")) as yard:
        yield yard


@pytest.fixture
def yard(tmp_path: Path) -> Iterator[Yard]:
    with opened(tmp_path) as yard:
        yield yard


async def test_E70_a_run_at_a_worker_is_a_run_as_any_other(calm: Yard) -> None:
    yard = calm
    host = yard.node.create_room()
    run = await start(yard.node, host, ECHO)
    assert (await ask(yard.node, host, f"runs/{run}/input", {"text": "hello\n"})).status_code == 204
    await until(lambda: "got hello" in said(yard.node, host))
    assert len(yard.busy()) == 1
    assert (await ask(yard.node, host, f"runs/{run}/input", {"eof": True})).status_code == 204
    await until(lambda: told(yard.node, host, "finished"))
    [ended] = told(yard.node, host, "finished")
    assert (ended["status"], ended["exitCode"]) == ("ok", 0)
    assert said(yard.node, host) == "up\ngot hello\n"
    stopped = await start(yard.node, host, COUNTS)
    await until(lambda: "n 3" in said(yard.node, host))
    assert (await ask(yard.node, host, f"runs/{stopped}/stop", {})).status_code == 204
    await until(lambda: len(told(yard.node, host, "finished")) == 2)
    ended = told(yard.node, host, "finished")[1]
    assert (ended["status"], ended["by"]) == ("stopped", host.member["id"])
    await until(lambda: not yard.busy())
    odd = await ask(yard.node, host, "runs", {"fileId": FILE, "options": ["--odd"]})
    assert (odd.status_code, odd.json()["error"]["code"]) == (400, "bad_request")


async def test_E70_a_terminal_at_a_worker_is_typed_into_and_resized(calm: Yard) -> None:
    yard = calm
    host = yard.node.create_room()
    run = await start(yard.node, host, TERMINAL, terminal={"rows": 30, "columns": 90})
    path = f"/api/rooms/{host.room_id}/runs/{run}/terminal?token={host.token}"
    async with connect(yard.node.ws + path) as socket:
        screen = Screen(socket)
        await screen.until("ready")
        await screen.say("stdin", "hello\r")
        await screen.until("got hello 90 30")
        await screen.say("set_size", 12, 34)
        await screen.say("stdin", "again\r")
        await screen.until("got again 34 12")
        await screen.say("stdin", "\x03")
        assert await screen.until_closed() == 1000


async def submit(node: Server, host: Joined, problem: object = SUM) -> str:
    answer = await ask(node, host, "submissions", {"fileId": FILE, "definition": problem})
    assert answer.status_code == 201, answer.text
    return str(answer.json()["submission"]["id"])


async def test_E70_a_submission_is_judged_at_a_worker(calm: Yard) -> None:
    """One of them is of a problem that is larger than what the broker carries at once."""
    yard = calm
    host = yard.node.create_room()
    await put_file(yard.node, host, HONEST)
    await until(lambda: is_available(yard.node))
    test = {"stdin": "5 5\n" + "x" * 2_500_000, "expected": "10\n"}
    large = SUM | {"groups": [{"id": "all", "points": 10, "tests": [test]}]}
    submissions = [await submit(yard.node, host, problem) for problem in (SUM, SUM, large)]
    await until(lambda: len(told(yard.node, host, "judged")) == 3)
    assert {data["submission"] for data in told(yard.node, host, "judged")} == set(submissions)
    assert {data["report"]["verdict"] for data in told(yard.node, host, "judged")} == {"AC"}


async def test_E71_a_run_whose_worker_dies_runs_again_and_ends_once(yard: Yard) -> None:
    host = yard.node.create_room()
    run = await start(yard.node, host, ECHO)
    await ask(yard.node, host, f"runs/{run}/input", {"text": "hello\n"})
    await until(lambda: "got hello" in said(yard.node, host))
    [dead] = yard.busy()
    dead.end(signal.SIGKILL)
    yard.each.remove(dead)
    await until(lambda: told(yard.node, host, "restarted"))
    await until(lambda: said(yard.node, host) == "up\ngot hello\nup\ngot hello\n")
    await ask(yard.node, host, f"runs/{run}/input", {"text": "more\n", "eof": True})
    await until(lambda: told(yard.node, host, "finished"))
    assert said(yard.node, host).endswith("got more\n")
    assert [data["run"] for data in told(yard.node, host, "restarted")] == [run]
    assert [(data["run"], data["status"]) for data in told(yard.node, host, "finished")] == [(run, "ok")]


async def test_E71_a_run_whose_workers_die_three_times_is_given_up(yard: Yard) -> None:
    host = yard.node.create_room()
    run = await start(yard.node, host, ECHO, terminal={"rows": 20, "columns": 80})
    for deaths in range(3):
        await until(lambda deaths=deaths: said(yard.node, host).count("up") == deaths + 1)  # type: ignore[misc]
        [dead] = yard.busy()
        await asyncio.to_thread(dead.end, signal.SIGKILL)
        await asyncio.to_thread(dead.start)
    await until(lambda: told(yard.node, host, "finished"))
    assert [(data["run"], data["status"]) for data in told(yard.node, host, "finished")] == [(run, "internal_error")]
    assert len(told(yard.node, host, "restarted")) == 2
    await until(lambda: not yard.busy())


async def test_E71_a_submission_whose_worker_dies_is_judged_once(yard: Yard) -> None:
    host = yard.node.create_room()
    await put_file(yard.node, host, "import time\ntime.sleep(2)\n" + HONEST)
    await until(lambda: is_available(yard.node))
    submission = await submit(yard.node, host)
    await until(yard.busy)
    [dead] = yard.busy()
    dead.end(signal.SIGKILL)
    yard.each.remove(dead)
    await until(lambda: told(yard.node, host, "judged"))
    await until(lambda: not yard.busy())
    [judged] = told(yard.node, host, "judged")
    assert (judged["submission"], judged["report"]["verdict"]) == (submission, "AC")


async def test_E72_a_worker_that_leaves_ends_what_it_can_and_hands_back_the_rest(yard: Yard) -> None:
    host = yard.node.create_room()
    long = await start(yard.node, host, ECHO)
    await until(lambda: "up" in said(yard.node, host))
    [leaving] = yard.busy()
    assert await asyncio.to_thread(leaving.end, signal.SIGTERM) == 0
    yard.each.remove(leaving)
    await until(lambda: said(yard.node, host) == "up\nup\n")
    assert [data["run"] for data in told(yard.node, host, "restarted")] == [long]
    await ask(yard.node, host, f"runs/{long}/stop", {})


async def test_E72_a_worker_that_leaves_lets_end_what_ends_in_time(tmp_path: Path) -> None:
    with opened(tmp_path, count=1, drain_seconds=60) as yard:
        host = yard.node.create_room()
        run = await start(yard.node, host, ECHO)
        await until(lambda: "up" in said(yard.node, host))
        stopping = asyncio.create_task(asyncio.to_thread(yard.each[0].end, signal.SIGTERM))
        await until(lambda: not is_available(yard.node))
        await ask(yard.node, host, f"runs/{run}/input", {"eof": True})
        assert await stopping == 0
        await until(lambda: told(yard.node, host, "finished"))
        assert [(data["run"], data["status"]) for data in told(yard.node, host, "finished")] == [(run, "ok")]
        assert told(yard.node, host, "restarted") == []


def is_available(node: Server) -> bool:
    return bool(node.call("GET", "/api/config").json()["execution"]["available"])


async def test_E73_without_a_worker_runs_are_refused_with_a_sentence(yard: Yard) -> None:
    host = yard.node.create_room()
    await put_file(yard.node, host, ECHO)
    await until(lambda: is_available(yard.node))
    for worker in yard.each:
        worker.end(signal.SIGKILL)
    await until(lambda: "sangam exec" in yard.node.call("GET", "/api/config").text)
    refused = await ask(yard.node, host, "runs", {"fileId": FILE})
    assert (refused.status_code, refused.json()["error"]["code"]) == (503, "sandbox_unavailable")
    assert "sangam exec" in refused.json()["error"]["message"]
    yard.each[0].start()
    await until(lambda: is_available(yard.node))
    assert (await ask(yard.node, host, "runs", {"fileId": FILE})).status_code == 201


async def test_E73_a_run_outlives_the_broker(yard: Yard) -> None:
    host = yard.node.create_room()
    run = await start(yard.node, host, ECHO)
    await until(lambda: "up" in said(yard.node, host))
    yard.nats.kill()
    yard.nats.start()
    answer = await ask(yard.node, host, f"runs/{run}/input", {"text": "hello\n", "eof": True})
    assert answer.status_code == 204
    await until(lambda: told(yard.node, host, "finished"), seconds=40)
    [ended] = told(yard.node, host, "finished")
    assert ended["status"] == "ok"
    assert said(yard.node, host).endswith("up\ngot hello\n")


async def test_E74_a_worker_tells_its_health_and_its_numbers(yard: Yard) -> None:
    host = yard.node.create_room()
    await start(yard.node, host, ECHO)
    await until(lambda: yard.busy())
    [one] = yard.busy()
    ready = await asyncio.to_thread(one.get, "/readyz")
    assert (ready.status_code, ready.json()["engine"], ready.json()["broker"]) == (200, "bubblewrap", "connected")
    assert (await asyncio.to_thread(one.get, "/healthz")).json()["status"] == "ok"
    assert one.metric("sangam_worker_taken_total") == 1.0
    environ = {"SANGAM_NATS_URL": yard.nats.url, "SANGAM_EXEC_PLACE": "workers", "SANGAM_DATA": str(yard.node.data)}
    found: list[Finding] = []
    while [finding.level for finding in found] != ["ok", "ok"]:  # they speak up once a second, if the machine lets them
        found = [finding async for finding in examine(read_settings(environ)) if finding.what == "worker"]
    assert sum("1 of" in finding.says for finding in found) == 1
    yard.nats.kill()
    await until(lambda: one.get("/readyz").status_code == 503)
    yard.nats.start()
    await until(lambda: one.get("/readyz").status_code == 200)


async def test_E70_a_node_may_be_a_worker_itself_and_lends_its_slots_to_others(tmp_path: Path) -> None:
    with (
        NatsServer(tmp_path / "nats") as nats,
        running(
            tmp_path / "one", nats_url=nats.url, **FAR | {"exec_place": "both", "exec_engine": "bubblewrap"}
        ) as one,
        running(tmp_path / "two", nats_url=nats.url, **FAR) as two,
    ):
        for node in (one, two):
            host = node.create_room()
            run = await start(node, host, ECHO)
            await ask(node, host, f"runs/{run}/input", {"text": "hello\n", "eof": True})
            await until(lambda node=node, host=host: told(node, host, "finished"))  # type: ignore[misc]
            assert said(node, host) == "up\ngot hello\n"
        assert one.stop() == 0
        await until(lambda: not is_available(two))
        assert two.stop() == 0


def test_E73_workers_without_a_broker_stop_the_start_with_a_sentence(tmp_path: Path) -> None:
    for command in ("serve", "exec"):
        environ = os.environ | {"SANGAM_EXEC_PLACE": "workers", "SANGAM_DATA": str(tmp_path)}
        ended = subprocess.run(
            [sys.executable, "-m", "api", command], env=environ, cwd=ROOT, capture_output=True, text=True
        )
        assert (ended.returncode, ended.stdout) == (2, "")
        assert "SANGAM_NATS_URL" in ended.stderr
