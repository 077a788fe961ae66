"""Webhooks: who may make them, what is sent, how it is signed, tried again and logged, and where it never goes."""

import asyncio
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import httpx
import pytest
import standardwebhooks

from api.aiohttp_outgoing import Hosts, Outgoing, is_plain, is_public
from tests.api.scene import until
from tests.api.test_http import refused
from tests.clients import FILE, y_client
from tests.server import Joined, Server, running

OPERATOR = "an-operator-of-the-tests"


class Receiver:
    """Somebody else's server: remembers what it is told, and answers with `statuses`, then 204."""

    def __init__(self) -> None:
        self.got: list[tuple[dict[str, str], bytes]] = []
        self.statuses: list[int] = []
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["content-length"]))
                receiver.got.append(({name.lower(): value for name, value in self.headers.items()}, body))
                status = receiver.statuses.pop(0) if receiver.statuses else 204
                self.send_response(status)
                if status == 302:
                    self.send_header("Location", f"http://{receiver.host}/elsewhere")
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, format: str, *args: Any) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.host = f"127.0.0.1:{self._server.server_port}"
        threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True).start()

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()

    def told(self) -> list[dict[str, Any]]:
        return [json.loads(body) for _, body in self.got]


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    found = Receiver()
    yield found
    found.close()


@contextmanager
def telling(tmp_path: Path, receiver: Receiver, **more: Any) -> Iterator[Server]:
    settings: dict[str, Any] = {
        "webhook_hosts": receiver.host,
        "webhook_retry_seconds": 0.05,
        "operator_tokens": OPERATOR,
    } | more
    with running(tmp_path / "data", **settings) as server:
        yield server


def make(server: Server, host: Joined, url: str, *events: str) -> httpx.Response:
    body = {"url": url, "events": events or ("member.joined",)}
    return server.call("POST", f"/api/rooms/{host.room_id}/webhooks", host.token, json=body)


def deliveries(server: Server, host: Joined, id_: str) -> list[dict[str, Any]]:
    path = f"/api/rooms/{host.room_id}/webhooks/{id_}/deliveries"
    found: list[dict[str, Any]] = server.call("GET", path, host.token).raise_for_status().json()["deliveries"]
    return found


async def test_HT11_who_asked_is_told_and_can_verify_it(tmp_path: Path, receiver: Receiver) -> None:
    with telling(tmp_path, receiver) as server:
        host, other = server.create_room(), server.create_room()
        made = make(server, host, f"http://{receiver.host}/hook?a=1").raise_for_status().json()
        server.join(other.links["participant"], "Elsewhere")
        joined = server.join(host.links["observer"], "Bo")
        await until(lambda: receiver.got)
        headers, body = receiver.got[0]
        told = standardwebhooks.Webhook(made["secret"]).verify(body, headers)
        assert told["type"] == "member.joined"
        assert told["data"] == {"room": host.room_id, "member": joined.member}
        with pytest.raises(standardwebhooks.WebhookVerificationError):
            standardwebhooks.Webhook(made["secret"]).verify(body.replace(b"Bo", b"Eve"), headers)
        id_ = made["webhook"]["id"]
        await until(lambda: deliveries(server, host, id_)[0]["state"] == "delivered")
        (logged,) = deliveries(server, host, id_)
        assert (logged["status"], logged["tries"], logged["body"]) == (204, 1, json.loads(body))
        assert joined.token not in body.decode() + server.log.read_text()
        assert made["secret"] not in server.call("GET", f"/api/rooms/{host.room_id}/webhooks", host.token).text


async def test_HT11_what_fails_is_tried_again_and_given_up_at_last(tmp_path: Path, receiver: Receiver) -> None:
    with telling(tmp_path, receiver) as server:
        host = server.create_room()
        receiver.statuses = [500, 302]
        id_ = make(server, host, f"http://{receiver.host}/").json()["webhook"]["id"]
        test = f"/api/rooms/{host.room_id}/webhooks/{id_}/test"
        assert server.call("POST", test, host.token).status_code == 202
        await until(lambda: len(receiver.got) == 3)
        assert len({headers["webhook-id"] for headers, _ in receiver.got}) == 1
        await until(lambda: deliveries(server, host, id_)[0]["state"] == "delivered")
        assert deliveries(server, host, id_)[0]["tries"] == 3
        receiver.statuses = [410]
        server.call("POST", test, host.token)
        await until(lambda: deliveries(server, host, id_)[0]["state"] == "failed")
        look = server.call("GET", f"/api/rooms/{host.room_id}/webhooks/{id_}", host.token).json()
        assert look["webhook"]["active"] is False


async def test_HT11_what_waits_is_sent_after_a_restart(tmp_path: Path, receiver: Receiver) -> None:
    with telling(tmp_path, receiver, webhook_retry_seconds=0.5) as server:
        host = server.create_room()
        receiver.statuses = [503]
        id_ = make(server, host, f"http://{receiver.host}/").json()["webhook"]["id"]
        server.join(host.links["participant"], "Bo")
        await until(lambda: receiver.got)
        await until(lambda: deliveries(server, host, id_)[0]["tries"] == 1)
        server.restart()
        await until(lambda: len(receiver.got) == 2)
        assert receiver.got[0][1] == receiver.got[1][1]


async def test_HT11_the_result_of_a_judgement_is_told(tmp_path: Path, receiver: Receiver) -> None:
    with telling(tmp_path, receiver) as server:
        host = server.create_room()
        await until(lambda: can_run(server), seconds=60)
        writer = y_client(server, host.room_id, host.token)
        await writer.until_connected()
        writer.create_file(FILE, "print(input())", "a.py")
        await writer.close()
        make(server, host, f"http://{receiver.host}/", "run.judged", "room.ended").raise_for_status()
        problem = {"id": "echo", "tests": [{"stdin": "7", "expected": "7"}]}
        body = {"fileId": FILE, "definition": problem}
        answer = server.call("POST", f"/api/rooms/{host.room_id}/submissions", host.token, json=body)
        id_ = answer.raise_for_status().json()["submission"]["id"]
        await until(lambda: receiver.got, seconds=60)
        told = receiver.told()[0]
        assert told["type"] == "run.judged"
        outcome = told["data"]["submission"]
        assert (outcome["submission"], outcome["verdict"], outcome["points"]) == (id_, "AC", 1.0)
        assert "tests" not in outcome


async def test_HT11_an_operator_hears_of_all_rooms(tmp_path: Path, receiver: Receiver) -> None:
    with telling(tmp_path, receiver) as server:
        body = {"url": f"http://{receiver.host}/all", "events": ["member.joined"]}
        assert refused(server.call("POST", "/api/webhooks", json=body), 401) == "not_authenticated"
        host = server.create_room()
        assert refused(server.call("POST", "/api/webhooks", host.token, json=body), 403) == "forbidden"
        made = server.call("POST", "/api/webhooks", OPERATOR, json=body)
        assert made.status_code == 201
        for name in ("One", "Two"):
            server.join(server.create_room().links["participant"], name)
        await until(lambda: len(receiver.got) == 2)
        assert {told["data"]["member"]["name"] for told in receiver.told()} == {"One", "Two"}
        id_ = made.json()["webhook"]["id"]
        assert refused(make_path(server, host, id_), 404) == "webhook_not_found"


def make_path(server: Server, host: Joined, id_: str) -> httpx.Response:
    return server.call("GET", f"/api/rooms/{host.room_id}/webhooks/{id_}", host.token)


def test_HT12_only_hosts_have_webhooks_and_only_their_rooms(tmp_path: Path, receiver: Receiver) -> None:
    with telling(tmp_path, receiver, exec_engine="off") as server:
        host, other = server.create_room(), server.create_room()
        guest = server.join(host.links["participant"], "Mal")
        url = f"http://{receiver.host}/"
        id_ = make(server, host, url).json()["webhook"]["id"]
        path = f"/api/rooms/{host.room_id}/webhooks"
        for method, address in (
            ("GET", path), ("POST", path), ("GET", f"{path}/{id_}"), ("PATCH", f"{path}/{id_}"),
            ("DELETE", f"{path}/{id_}"), ("POST", f"{path}/{id_}/test"), ("GET", f"{path}/{id_}/deliveries"),
        ):  # fmt: skip
            assert refused(server.call(method, address, guest.token, json={}), 403) == "forbidden"
            assert refused(server.call(method, address, other.token, json={}), 403) == "forbidden"
        assert refused(make_path(server, other, id_), 404) == "webhook_not_found"
        etag = server.call("GET", f"{path}/{id_}", host.token).headers["etag"]
        changed = server.call("PATCH", f"{path}/{id_}", host.token, json={"active": False})
        assert changed.json()["webhook"]["active"] is False
        headers = {"Authorization": f"Bearer {host.token}", "If-Match": etag}
        late = httpx.patch(f"{server.http}{path}/{id_}", json={"active": True}, headers=headers)
        assert refused(late, 412) == "precondition_failed"
        for _ in range(9):
            assert make(server, host, url).status_code == 201
        assert refused(make(server, host, url), 409) == "too_many_webhooks"
        assert server.call("DELETE", f"{path}/{id_}", host.token).status_code == 204
        found = server.call("GET", path, host.token, params={"limit": 4}).json()
        assert (len(found["webhooks"]), found["nextCursor"] is not None) == (4, True)


BAD_URLS = [
    "http://a.example/",
    "https://127.0.0.1/",
    "https://10.0.0.1:8443/",
    "https://169.254.169.254/latest/meta-data",
    "https://[::1]/",
    "https://[::ffff:127.0.0.1]/",
    "https://[64:ff9b::7f00:1]/",
    "https://localhost/",
    "https://redis:6379/",
    "https://user:secret@a.example/",
    "https://a.example\\@127.0.0.1/",
    "https://a.example/ x",
    "ftp://a.example/",
    "javascript:alert(1)",
    "https://",
]


def test_HT12_an_address_inside_is_refused_at_once(tmp_path: Path, receiver: Receiver) -> None:
    with telling(tmp_path, receiver, exec_engine="off") as server:
        host = server.create_room()
        for url in BAD_URLS:
            assert refused(make(server, host, url), 422) == "bad_webhook", url
        assert make(server, host, "https://hooks.a.example/in").status_code == 201


async def test_HT12_a_name_that_leads_inside_is_not_called(receiver: Receiver, monkeypatch: pytest.MonkeyPatch) -> None:
    """Not even when it says so only once it is looked up: what is checked is what is called."""
    asked = []

    async def look_up(_loop: Any, host: str, port: int, **_more: Any) -> list[tuple[Any, ...]]:
        asked.append(host)
        return [(2, 1, 6, "", ("93.184.215.14", port)), (2, 1, 6, "", ("127.0.0.1", port))]

    outgoing = Outgoing(Hosts(""))
    monkeypatch.setattr(type(asyncio.get_running_loop()), "getaddrinfo", look_up)
    sent = await outgoing.send("POST", f"https://inside.a.example:{receiver.host.split(':')[1]}/", b"{}", {})
    await outgoing.close()
    assert asked == ["inside.a.example"]
    assert (sent.status, sent.note) == (0, "the name leads to a private address")
    assert receiver.got == []


INSIDE = """
127.0.0.1 10.1.2.3 172.16.0.1 192.168.1.1 169.254.169.254 100.64.0.1 0.0.0.0 224.0.0.1 255.255.255.255 192.0.2.1 ::1 ::
fe80::1%eth0 fc00::1 ff02::1 ::ffff:10.0.0.1 64:ff9b::a00:1 2002:7f00:1:: nonsense
"""


@pytest.mark.parametrize("address", INSIDE.split())
def test_HT12_what_is_not_out_in_the_world_is_not_called(address: str) -> None:
    assert not is_public(address)


@pytest.mark.parametrize("address", ["8.8.8.8", "2606:4700::1111", "::ffff:8.8.8.8", "64:ff9b::808:808"])
def test_HT12_what_is_out_in_the_world_may_be_called(address: str) -> None:
    assert is_public(address)


def test_HT12_odd_addresses_are_no_addresses() -> None:
    assert is_plain("https://a.example:8443/x?y=z")
    for url in ("https://a.example:99999/", "https://a\u0000b/", "https://a.example\n/", "https://" + "a" * 3000):
        assert not is_plain(url)


def can_run(server: Server) -> bool:
    languages = server.call("GET", "/api/config").json()["languages"]
    return any(language["id"] == "python" and language["available"] for language in languages)
