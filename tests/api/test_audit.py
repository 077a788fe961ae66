"""What is recorded, who may read it, and that tampering is found: on either store."""

import json
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.api.test_http import refused
from tests.server import ROOT, Server, running
from tests.services.postgres import PostgresServer, postgres

OPERATOR = "an-operator-of-the-tests"


@pytest.fixture(scope="module")
def database() -> Iterator[PostgresServer]:
    with postgres() as found:
        yield found


@pytest.fixture(params=["sqlite", "postgres"])
def place(request: pytest.FixtureRequest) -> dict[str, Any]:
    """Settings of a server on an empty store of either kind."""
    if request.param == "sqlite":
        return {}
    return {"database_url": request.getfixturevalue("database").create_database()}


def sangam(data: Path, place: dict[str, Any], *arguments: str) -> tuple[int, str]:
    """`sangam audit`: status and output."""
    environ = {f"SANGAM_{name.upper()}": value for name, value in place.items()}
    command = [sys.executable, "-m", "api", "audit", *arguments, "--data", str(data)]
    done = subprocess.run(command, cwd=ROOT, env={"PATH": "/usr/bin:/bin"} | environ, capture_output=True, text=True)
    return done.returncode, done.stdout + done.stderr


def records(server: Server, **query: Any) -> list[dict[str, Any]]:
    answer = server.call("GET", "/api/audit", OPERATOR, params=query)
    found: list[dict[str, Any]] = answer.raise_for_status().json()["records"]
    return found


def test_HT13_what_is_done_is_recorded_and_found_by_operators(tmp_path: Path, place: dict[str, Any]) -> None:
    with running(tmp_path / "data", exec_engine="off", operator_tokens=OPERATOR, **place) as server:
        host = server.create_room("A secret plan", "Asha of Secrets")
        guest = server.join(host.links["participant"], "Bo the Hidden")
        problem = {"id": "sum", "tests": [{"stdin": "", "expected": ""}]}
        path = f"/api/rooms/{host.room_id}/problems/sum"
        server.call("PUT", path, host.token, json=problem).raise_for_status()
        server.call("DELETE", path, host.token).raise_for_status()
        found = records(server)
        assert [record["deed"]["action"] for record in found][::-1] == [
            "server.started", "room.created", "member.joined", "problem.changed", "problem.removed"
        ]  # fmt: skip
        joined = found[2]["deed"]
        assert (joined["actor"], joined["room"], joined["subject"]) == (
            guest.member["id"], host.room_id, guest.member["id"]
        )  # fmt: skip
        assert (joined["address"], joined["details"]) == ("127.0.0.1", {"role": "participant", "standing": "in"})
        assert joined["request"] in server.log.read_text()
        assert records(server, action="room.created", room=host.room_id)[0]["deed"]["actor"] == host.member["id"]
        assert records(server, actor=guest.member["id"], until=1) == []
        first = server.call("GET", "/api/audit", OPERATOR, params={"limit": 3}).json()
        second = server.call("GET", "/api/audit", OPERATOR, params={"limit": 3, "cursor": first["nextCursor"]}).json()
        assert [record["seq"] for record in first["records"] + second["records"]] == [5, 4, 3, 2, 1]
        told = server.call("GET", "/api/audit/export", OPERATOR).text
        for hidden in ("secret plan", "Secrets", "Hidden", host.token, guest.token, *host.links.values()):
            assert hidden not in told


def test_HT14_only_operators_read_it(tmp_path: Path) -> None:
    with running(tmp_path / "data", exec_engine="off", operator_tokens=f"x,{OPERATOR}") as server:
        host = server.create_room()
        for path in ("/api/audit", "/api/audit/export"):
            assert refused(server.call("GET", path), 401) == "not_authenticated"
            assert refused(server.call("GET", path, host.token), 403) == "forbidden"
            assert server.call("GET", path, OPERATOR).status_code == 200
            assert refused(server.call("DELETE", path, OPERATOR), 405) == "method_not_allowed"
        assert records(server, action="audit.exported")[0]["deed"]["actor"].startswith("operator:")
        for query in ({"since": "x"}, {"cursor": "!"}, {"limit": "-1"}):
            assert refused(server.call("GET", "/api/audit", OPERATOR, params=query), 422) == "bad_request"


def test_HT14_verify_finds_what_was_done_to_the_log(tmp_path: Path, place: dict[str, Any]) -> None:
    data = tmp_path / "data"
    with running(data, exec_engine="off", **place) as server:
        for _ in range(3):
            server.create_room()
        status, told = sangam(data, place, "verify")
        assert (status, told[:13]) == (0, "ok   4 records"[:13])
        head = told.split()[-1]
        server.create_room()
        assert server.stop() == 0
    status, told = sangam(data, place, "verify", "--head", head)
    assert (status, "6 records" in told) == (0, True)
    file = tmp_path / "audit.ndjson"
    assert sangam(data, place, "export", "--file", str(file))[0] == 0
    assert sangam(data, place, "verify", "--file", str(file))[0] == 0
    lines = file.read_text().splitlines()
    assert json.loads(lines[0])["deed"]["action"] == "server.started"
    for number, tampered in enumerate(
        (
            [*lines[:2], lines[2].replace("room.created", "room.removed"), *lines[3:]],
            [*lines[:2], *lines[3:]],
            lines[1:],
        )
    ):
        other = tmp_path / f"tampered{number}"
        other.write_text("\n".join(tampered))
        status, told = sangam(data, place, "verify", "--file", str(other))
        assert (status, told[:3]) == (1, "BAD")
    cut = tmp_path / "cut"
    cut.write_text("\n".join(lines[:2]))
    assert sangam(data, place, "verify", "--file", str(cut), "--head", head) == (
        1, "BAD  the log ends with record 2, and it had 4\n"
    )  # fmt: skip
    wrong_head = f"{head.partition(':')[0]}:{'0' * 64}"
    assert "made anew" in sangam(data, place, "verify", "--head", wrong_head)[1]


def test_HT14_who_can_write_to_the_file_is_found_out(tmp_path: Path) -> None:
    data = tmp_path / "data"
    with running(data, exec_engine="off") as server:
        server.create_room()
        assert server.stop() == 0
    with sqlite3.connect(data / "audit.db") as connection:
        connection.execute("DROP TRIGGER audit_is_not_changed")
        connection.execute("UPDATE audit SET deed = replace(deed, 'room.created', 'room.hidden!') WHERE seq = 2")
    connection.close()
    status, told = sangam(data, {}, "verify")
    assert (status, "record 2 is not what was recorded" in told) == (1, True)
    assert sangam(data, {}, "burn")[0] == 2
    assert sangam(data, {}, "verify", "--head", "x")[0] == 2


def test_HT13_while_the_log_is_away_people_go_on_and_nothing_is_forgotten(
    tmp_path: Path, database: PostgresServer
) -> None:
    url = database.create_database()
    with running(tmp_path / "data", exec_engine="off", operator_tokens=OPERATOR, database_url=url) as server:
        name = url.rpartition("/")[2]
        database.sql("ALTER TABLE audit RENAME TO audit_away", name)
        host = server.create_room()
        assert host.room_id
        database.sql("ALTER TABLE audit_away RENAME TO audit", name)
        metrics = server.call("GET", "/metrics").text
        assert "sangam_audit_waiting 1.0" in metrics or "sangam_audit_failures_total 0.0" not in metrics
        assert server.stop() == 0
    assert sangam(tmp_path / "data", {"database_url": url}, "verify")[1].startswith("ok   3 records")
