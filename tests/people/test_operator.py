"""What an operator does about people, beside the server: accounts, keys, other nodes."""

import json
import os
import subprocess
import sys
from pathlib import Path

from websockets.sync.client import connect

from tests.people.visitor import PASSWORD, Visitor, code, texts_of
from tests.server import ROOT, Server, eventually, running


def told(data: Path, *arguments: str, says: str = "", **settings: object) -> subprocess.CompletedProcess[str]:
    environ = {f"SANGAM_{name.upper()}": str(value) for name, value in settings.items()}
    command = [sys.executable, "-m", "api", *arguments, "--data", str(data)]
    return subprocess.run(
        command, cwd=ROOT, env=os.environ | environ, input=says, capture_output=True, text=True, timeout=60, check=False
    )


def test_I14_the_operator_makes_the_first_admin_and_suspends(server: Server) -> None:
    settings = {"database_url": server.setting("database_url")} if server.setting("database_url") else {}
    boss = Visitor(server)
    made = told(server.data, "account", "create", boss.address, "--admin", says=PASSWORD + "\n", **settings)
    assert (made.returncode, made.stderr) == (0, "") and made.stdout.endswith(": admin\n")
    assert boss.login().json()["user"]["role"] == "admin"
    new = {"name": "Robot", "scopes": ["admin"], "password": PASSWORD}
    assert boss.call("POST", "/api/users/me/tokens", json=new).status_code == 201
    again = told(server.data, "account", "create", boss.address, says=PASSWORD + "\n", **settings)
    assert (again.returncode, again.stdout) == (2, "")
    assert again.stderr == "sangam: there is an account with this address already\n"
    weak = told(server.data, "account", "create", "weak@mail.example", says="password\n", **settings)
    assert weak.returncode == 2 and "password" in weak.stderr
    assert told(server.data, "account", "role", boss.address, "user", **settings).returncode == 0
    assert boss.user()["role"] == "user"
    assert told(server.data, "account", "suspend", boss.address, **settings).returncode == 0
    assert code(boss.call("GET", "/api/users/me"), 401) == "not_authenticated"
    assert code(boss.login(), 403) == "account_suspended"
    assert told(server.data, "account", "resume", boss.address, **settings).returncode == 0
    assert boss.login().status_code == 200


def test_I15_keys_are_rotated_beside_a_server_and_nobody_notices(server: Server) -> None:
    settings = {"database_url": server.setting("database_url")} if server.setting("database_url") else {}
    asha = Visitor(server).arrive(firstName="Asha")
    before = asha.user()
    old = json.loads((server.data / "keys.json").read_text())["keys"]
    rotated = told(server.data, "keys", "rotate", **settings)
    assert rotated.returncode == 0, rotated.stderr
    new = json.loads((server.data / "keys.json").read_text())["keys"]
    assert new[1:] == old[:1] and new[0] not in old
    assert asha.user() == before
    assert asha.login().status_code == 200
    assert told(server.data, "keys", "rotate", **settings).returncode == 0
    assert len(json.loads((server.data / "keys.json").read_text())["keys"]) == 2
    assert asha.login().status_code == 200
    assert asha.user()["firstName"] == "Asha"
    assert code(Visitor(server, asha.address).login("Wrong-River-88"), 401) == "wrong_credentials"
    late = Visitor(server).arrive()
    assert late.user()["email"] == late.address


SECRETS = ["first-secret-" + "a" * 32, "second-secret-" + "b" * 32]


def test_I15_keys_of_the_settings_are_rotated_in_three_steps(tmp_path: Path) -> None:
    data, both = tmp_path / "data", f"{SECRETS[1]},{SECRETS[0]}"
    with running(data, secret_key=SECRETS[0], exec_engine="off") as server:
        asha = Visitor(server).arrive()
    with running(data, secret_key=both, exec_engine="off") as asha.server:
        assert asha.login().status_code == 200
        assert "1 accounts" in told(data, "keys", "rotate", secret_key=both).stdout
    key = tmp_path / "key"
    key.write_text(SECRETS[1] + "\n")
    with running(data, secret_key_file=key, exec_engine="off") as asha.server:
        assert asha.login().status_code == 200
        assert asha.user()["email"] == asha.address
    assert not (data / "keys.json").exists()
    assert not any(secret in texts_of(data) for secret in SECRETS)


def test_I15_a_node_with_other_keys_has_rooms_and_no_accounts(tmp_path: Path) -> None:
    data = tmp_path / "data"
    with running(data, secret_key=SECRETS[0], exec_engine="off") as server:
        asha = Visitor(server).arrive()
    with running(data, secret_key=SECRETS[1], exec_engine="off") as asha.server:
        assert code(asha.login(), 503) == "accounts_off"
        assert code(asha.call("GET", "/api/users/me"), 401) == "not_authenticated"
        assert asha.server.create_room().token
    refused = told(data, "keys", "rotate", secret_key=SECRETS[1])
    assert refused.returncode == 2 and "another SANGAM_SECRET_KEY" in refused.stderr


def test_I15_a_secret_that_is_too_short_stops_the_start(tmp_path: Path) -> None:
    refused = told(tmp_path / "data", "serve", "--port", "0", secret_key="short")
    assert refused.returncode == 2
    assert refused.stderr.startswith("sangam: SANGAM_SECRET_KEY is too short")
    missing = told(tmp_path / "data", "serve", "--port", "0", secret_key_file=tmp_path / "none")
    assert missing.returncode == 2 and "cannot be read" in missing.stderr


async def test_I12_a_room_that_was_open_meanwhile_does_not_bring_the_name_back(tmp_path: Path) -> None:
    settings = {"exec_engine": "off", "leave_grace_seconds": "0.1"}
    with running(tmp_path / "data", **settings) as server:  # type: ignore[arg-type]
        mine = server.join(server.create_room().links["participant"], "Guest Asha")
        asha = Visitor(server).arrive(guestTokens=[mine.token])
        with connect(f"{server.ws}/ws/{mine.room_id}/main?token={asha.access}") as socket:
            socket.recv(timeout=20)
            assert asha.call("DELETE", "/api/users/me", json={"password": PASSWORD}).status_code == 204
        await eventually(lambda: "left" in str(server.entries(mine, "room")))
        assert server.stop() == 0
    with running(tmp_path / "data", **settings) as server:  # type: ignore[arg-type]
        await eventually(lambda: "Guest Asha" not in str(server.entries(mine, "room")))
        assert [entry["kind"] for entry in server.entries(mine, "room")] == ["joined", "left"]
