"""Runs that wait for a slot: what they are told, and when to come back."""

import asyncio
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.api.scene import until
from tests.clients import FILE, mux_client
from tests.nodes.test_runs import ask, start
from tests.server import Server, eventually, running

WAITS = "input()\n"


@pytest.fixture
def narrow(tmp_path: Path) -> Iterator[Server]:
    """One program at a time, in all rooms together."""
    with running(tmp_path / "data", exec_slots=1, runs_per_room=100) as started:
        yield started


async def test_E18_a_run_that_waits_knows_its_place_and_hears_when_it_begins(narrow: Server) -> None:
    host = narrow.create_room()
    first = await start(narrow, host, WAITS)
    watcher = mux_client(narrow, host.room_id, host.token)
    await watcher.until_connected()
    second = (await ask(narrow, host, "runs", {"fileId": FILE})).json()["run"]
    assert second["place"]["position"] == 1
    assert second["place"]["seconds"] > 0

    def places() -> list[int]:
        return [event["position"] for event in watcher.events if event["type"] == "queue"]

    await eventually(lambda: places() == [1])
    assert (await ask(narrow, host, f"runs/{first}/stop", {})).status_code == 204
    await eventually(lambda: places() == [1, 0])
    assert {event["run"] for event in watcher.events if event["type"] == "queue"} == {second["id"]}
    assert (await ask(narrow, host, f"runs/{second['id']}/stop", {})).status_code == 204
    await watcher.close()


async def test_E18_a_line_that_is_too_long_says_when_to_come_back(narrow: Server) -> None:
    host = narrow.create_room()
    await start(narrow, host, WAITS)
    answers = [await ask(narrow, host, "runs", {"fileId": FILE}) for _ in range(9)]
    assert [answer.status_code for answer in answers] == [201] * 8 + [429]
    assert answers[-1].json()["error"]["code"] == "too_many_runs"
    assert int(answers[-1].headers["retry-after"]) == 8
    stops = [ask(narrow, host, f"runs/{answer.json()['run']['id']}/stop", {}) for answer in answers[:-1]]
    assert {answer.status_code for answer in await asyncio.gather(*stops)} == {204}
    await until(lambda: "sangam_runs_queued 0.0" in narrow.call("GET", "/metrics").text)
