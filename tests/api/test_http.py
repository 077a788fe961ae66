"""Every HTTP call under attack: a 4xx in the one shape, nothing changed, nothing told."""

import json
import socket as sockets
import time
from typing import Any

import httpx
import pytest
from prometheus_client.parser import text_string_to_metric_families

from tests.api.scene import Scene, memory_bytes
from tests.server import Joined, Server, running

CALLS = [
    ("GET", "/api/rooms/{room}"),
    ("GET", "/api/rooms/{room}/entries"),
    ("POST", "/api/rooms/{room}/chat"),
    ("POST", "/api/rooms/{room}/runs"),
    ("POST", "/api/rooms/{room}/runs/run_x/input"),
    ("POST", "/api/rooms/{room}/runs/run_x/stop"),
    ("GET", "/api/rooms/{room}/archive.zip"),
    ("POST", "/api/rooms/{room}/archive"),
]
DEEP = b"[" * 100_000 + b"]" * 100_000


def refused(answer: httpx.Response, *statuses: int) -> str:
    """The stable code of an answer in the one shape; a failed assertion if it is anything else."""
    assert answer.status_code in statuses, (answer.status_code, answer.text[:300])
    error = answer.json()["error"]
    assert set(error) == {"code", "message", "details", "timestamp", "requestId"}
    assert error["requestId"] == answer.headers["x-request-id"]
    assert answer.headers["content-type"] == "application/json"
    for leak in ("Traceback", "/work/", "sqlite", "msgspec", "starlette"):
        assert leak not in answer.text
    return str(error["code"])


@pytest.mark.parametrize(("method", "path"), CALLS)
def test_E1_no_call_works_without_the_rooms_own_token(scene: Scene, method: str, path: str) -> None:
    path = path.format(room=scene.room)
    foreign = scene.server.create_room().token
    assert refused(scene.server.call(method, path), 401) == "not_authenticated"
    for token in ("garbage", "x" * 20_000, foreign[:-1]):
        assert refused(scene.server.call(method, path, token), 401) == "not_authenticated"
    assert refused(scene.server.call(method, path, foreign), 403) == "forbidden"
    for header in (scene.guest.token, f"Basic {scene.guest.token}", "Bearer"):
        answer = httpx.request(method, scene.server.http + path, headers={"Authorization": header})
        assert refused(answer, 401) == "not_authenticated"


BODIES: list[tuple[bytes, set[str]]] = [
    (b"", {"bad_request"}),
    (b"{", {"bad_json"}),
    (b"null", {"bad_request"}),
    (b"[]", {"bad_request"}),
    (b'"text"', {"bad_request"}),
    (b"\xff\xfe", {"bad_json"}),
    (DEEP, {"bad_json", "bad_request"}),
    (b'{"text":' + DEEP + b"}", {"bad_json", "bad_request"}),
    (b'{"text":1,"name":1,"displayName":1,"fileId":1,"eof":1}', {"bad_request"}),
    (b'{"text":"\\ud800","name":"\\ud800","displayName":"\\ud800","fileId":"\\ud800"}', {"bad_json"}),
    (b'{"text":null,"name":null,"displayName":[],"fileId":{},"eof":"yes"}', {"bad_request"}),
]


@pytest.mark.parametrize("number", range(len(BODIES)))
def test_E6_what_is_not_the_json_that_a_call_wants_is_refused(scene: Scene, number: int) -> None:
    body, codes = BODIES[number]
    for path in ("/api/rooms", f"/api/links/{scene.host.links['participant']}/members"):
        assert refused(scene.server.call("POST", path, content=body), 400, 422) in codes
    for path in ("chat", "runs"):
        answer = scene.server.call("POST", f"/api/rooms/{scene.room}/{path}", scene.guest.token, content=body)
        assert refused(answer, 400, 422) in codes
    assert scene.server.entries(scene.host, "chat", "run") == []


def test_E6_bodies_that_are_too_large_are_refused_while_they_come(scene: Scene) -> None:
    token, before = scene.guest.token, memory_bytes(scene.server)
    huge = b'{"text":"' + b"x" * 10_000_000 + b'"}'
    for path in ("chat", "runs", "runs/run_x/input"):
        with pytest.MonkeyPatch.context():
            answer = _posted(scene, f"/api/rooms/{scene.room}/{path}", huge, token)
            assert answer is None or refused(answer, 413, 409) in ("body_too_large", "run_over")
    answer = _posted(scene, f"/api/rooms/{scene.room}/archive", b"PK" * 20_000_000, token)
    assert answer is None or refused(answer, 413) == "body_too_large"
    assert memory_bytes(scene.server) - before < 150 * 2**20


def _posted(scene: Scene, path: str, body: bytes, token: str) -> httpx.Response | None:
    """None if the server hung up before it was told everything, which is its right."""
    try:
        return scene.server.call("POST", path, token, content=body)
    except httpx.TransportError:
        return None


NAMES = ["", " ", "\u200d", "\u202e\u2066", "\0\n\t", "x" * 81, "x" * 200_000]
ODD_NAMES = {
    "Ana\0\x1b[31m\nBo": "Ana [31m Bo",
    "\u202egnp.exe": "gnp.exe",
    "  much   space  ": "much space",
    "മലയാളം ന്\u200d": "മലയാളം ന്\u200d",
    "<script>alert(1)</script>": "<script>alert(1)</script>",
}


@pytest.mark.parametrize("number", range(len(NAMES)))
def test_E6_names_that_nobody_could_read_are_refused(scene: Scene, number: int) -> None:
    name = NAMES[number]
    answer = scene.server.call("POST", "/api/rooms", json={"name": name, "displayName": "Ana"})
    assert refused(answer, 422) == "bad_room_name"
    path = f"/api/links/{scene.host.links['participant']}/members"
    assert refused(scene.server.call("POST", path, json={"displayName": name}), 422) == "bad_display_name"


@pytest.mark.parametrize("name", ODD_NAMES)
def test_E6_names_are_made_readable(scene: Scene, name: str) -> None:
    assert scene.server.join(scene.host.links["participant"], name).member["name"] == ODD_NAMES[name]


def test_E6_chat_is_bounded_and_kept_as_it_was_said(scene: Scene) -> None:
    path = f"/api/rooms/{scene.room}/chat"
    for text in ("", "x" * 4001):
        assert refused(scene.server.call("POST", path, scene.guest.token, json={"text": text}), 422) == "bad_request"
    odd = "\0\u202e<b>नमस्ते</b>\r\n"
    assert scene.server.call("POST", path, scene.guest.token, json={"text": odd}).status_code == 201
    assert [entry["data"]["text"] for entry in scene.server.entries(scene.host, "chat")] == [odd]


QUERIES = [
    "after=-1",
    "after=x",
    "after=1e3",
    "after=" + "9" * 19,
    "after=²",
    "before=%00",
    "limit=-5",
    "limit=0x10",
    "channel=main",
    "channel=chat&channel=board",
    "channel=",
]


@pytest.mark.parametrize("query", QUERIES)
def test_E6_numbers_and_channels_of_a_query_are_checked(scene: Scene, query: str) -> None:
    answer = scene.server.call("GET", f"/api/rooms/{scene.room}/entries?{query}", scene.guest.token)
    assert refused(answer, 422) == "bad_request"


def test_E6_the_bounds_of_a_query_mean_what_they_say(scene: Scene) -> None:
    for text in "abc":
        scene.server.call("POST", f"/api/rooms/{scene.room}/chat", scene.guest.token, json={"text": text})
    first = scene.server.entries(scene.host, "chat")[0]["seq"]

    def found(query: str) -> str:
        answer = scene.server.call("GET", f"/api/rooms/{scene.room}/entries?channel=chat&{query}", scene.guest.token)
        return "".join(entry["data"]["text"] for entry in answer.raise_for_status().json()["entries"])

    assert [found(query) for query in ("", "before=0", "limit=0", "limit=2", "limit=999999")] == [
        "abc",
        "",
        "",
        "bc",
        "abc",
    ]
    assert found(f"after={first}") == "bc"
    assert found(f"after={10**17}") == ""


def test_E1_methods_and_addresses_that_do_not_exist(scene: Scene) -> None:
    for method, path in (("PUT", f"/api/rooms/{scene.room}"), ("PUT", "/api/rooms"), ("POST", "/metrics")):
        answer = scene.server.call(method, path, scene.host.token)
        assert refused(answer, 405) == "method_not_allowed"
        assert answer.headers["allow"]
    for path in ("/api/nothing", "/api/", f"/api/rooms/{scene.room}/secrets", "/api/rooms/%2e%2e/x/y"):
        assert refused(scene.server.call("GET", path), 404) == "not_found"
    assert scene.server.call("HEAD", "/api/config").content == b""
    refused(scene.server.call("OPTIONS", "/api/config"), 405)


HOSTS = ["[", "a b", "evil.example/../x?y#z", "\xff", ""]


@pytest.mark.parametrize("host", HOSTS)
@pytest.mark.parametrize("path", ["/healthz", "/nothing", "/api/nothing", "/"])
def test_E1_a_mad_host_header_is_no_mistake_of_ours(server: Server, host: str, path: str) -> None:
    head = f"GET {path} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n"
    status = int(spoken(server, head.encode("latin-1")).split()[1])
    assert status < 500 or (path == "/" and status == 503)


def spoken(server: Server, data: bytes, seconds: float = 30.0) -> bytes:
    """What the server answers to raw bytes until it hangs up."""
    with sockets.create_connection(("127.0.0.1", server.port), timeout=seconds) as connection:
        answer = b""
        try:
            connection.sendall(data)
            while part := connection.recv(65536):
                answer += part
        except (ConnectionResetError, BrokenPipeError):
            pass
        return answer


REQUESTS = [
    b"\x00\x01\x02\r\n\r\n",
    b"GET / HTTP/9.9\r\n\r\n",
    b"GET /" + b"x" * 100_000 + b" HTTP/1.1\r\n\r\n",
    b"GET / HTTP/1.1\r\n" + b"X: y\r\n" * 200_000,
    b"GET / HTTP/1.1\r\nX: " + b"y" * 300_000,
    b"POST /ws/x HTTP/1.1\r\nHost: a\r\nConnection: upgrade\r\nUpgrade: websocket\r\n\r\n",
    b"GET /ws/x HTTP/1.1\r\nHost: a\r\nConnection: upgrade\r\nUpgrade: websocket\r\n\r\n",
    b"GET /ws/x HTTP/1.0\r\nConnection: upgrade\r\nUpgrade: websocket\r\n\r\n",
    b"POST /api/rooms HTTP/1.1\r\nHost: a\r\nContent-Length: -1\r\n\r\n",
    b"POST /api/rooms HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\nabc",
]


@pytest.mark.parametrize("number", range(len(REQUESTS)))
def test_E6_a_request_that_is_none_is_answered_and_hung_up_on(server: Server, number: int) -> None:
    answer = spoken(server, REQUESTS[number])
    assert answer == b"" or answer.startswith(b"HTTP/1.1 4"), answer[:200]


def test_E6_a_head_without_end_costs_no_memory(server: Server) -> None:
    before = memory_bytes(server)
    for _ in range(4):
        spoken(server, b"GET / HTTP/1.1\r\nX: " + b"y" * 20_000_000)
    assert memory_bytes(server) - before < 20 * 2**20


PATHS = [
    "/assets/..%2f..%2f..%2fetc%2fpasswd",
    "/assets/../../../etc/passwd",
    "/..%2findex.html%00",
    "/%2e%2e/%2e%2e/api/settings.py",
    "/assets/%5c..%5c..%5cREADME.md",
    "//etc/passwd",
    "/api/../../etc/passwd",
    "/index.html/",
    "/index.html.br",
    "/%c0%ae%c0%ae/etc/passwd",
    "/r/" + "%2e%2e%2f" * 5 + "etc",
]


@pytest.mark.parametrize("path", PATHS)
def test_E11_only_built_files_are_served(server: Server, path: str) -> None:
    answer = spoken(server, f"GET {path} HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n".encode())
    assert answer.split()[1] in (b"404", b"400"), answer[:100]
    assert b"root:" not in answer


def test_E11_pages_are_strict_and_hashed_files_never_change(server: Server) -> None:
    page = httpx.get(server.http + "/")
    policy = page.headers["content-security-policy"]
    for part in ("default-src 'self'", "object-src 'none'", "base-uri 'none'", "frame-ancestors 'none'"):
        assert part in policy
    assert "unsafe-inline" not in policy.split("script-src")[1].split(";")[0]
    assert "unsafe-eval" not in policy
    assert page.headers["x-content-type-options"] == "nosniff"
    assert page.headers["cache-control"] == "no-cache"
    script = page.text.split('src="')[1].split('"')[0]
    for accepted, encoding in (("br", "br"), ("gzip", "gzip"), ("", None), ("br;q=0, gzip;q=0", None)):
        answer = httpx.get(server.http + script, headers={"Accept-Encoding": accepted})
        assert answer.headers.get("content-encoding") == encoding
        assert answer.headers["cache-control"] == "public, max-age=31536000, immutable"
        assert answer.headers["vary"] == "Accept-Encoding"


def test_E10_health_and_metrics_can_be_read_by_machines(scene: Scene) -> None:
    assert scene.server.call("GET", "/healthz").text == "ok"
    assert scene.server.call("GET", "/readyz").json() == {
        "journal": "saved",
        "fanout": "connected",
        "cache": "available",
        "restarting": False,
    }
    families = {family.name for family in text_string_to_metric_families(scene.server.call("GET", "/metrics").text)}
    assert {"sangam_rooms", "sangam_sessions", "sangam_runs_running", "sangam_journal_commit_seconds"} <= families


def test_E7_creating_and_joining_are_limited_per_address(tmp_path: Any) -> None:
    with running(tmp_path / "data", rooms_per_minute=3, joins_per_minute=5) as server:
        host = server.create_room()
        statuses = [_create(server).status_code for _ in range(5)]
        assert statuses == [201, 201, 429, 429, 429]
        join = f"/api/links/{host.links['participant']}/members"
        answers = [server.call("POST", join, json={"displayName": "x"}) for _ in range(8)]
        assert [answer.status_code for answer in answers] == [201] * 5 + [429] * 3
        assert refused(answers[-1], 429) == "too_many_requests"
        assert int(answers[-1].headers["retry-after"]) > 0
        assert refused(server.call("GET", join.removesuffix("/members")), 429) == "too_many_requests"
        assert len(server.call("GET", f"/api/rooms/{host.room_id}", host.token).json()["members"]) == 6


def _create(server: Server) -> httpx.Response:
    return server.call("POST", "/api/rooms", json={"name": "x", "displayName": "x"})


@pytest.mark.parametrize(("method", "path"), CALLS)
def test_E5_an_observer_gets_no_further_than_looking(scene: Scene, method: str, path: str) -> None:
    answer = scene.server.call(method, path.format(room=scene.room), scene.observer.token, json={"text": "hi"})
    if "runs" in path or path.endswith("archive"):
        assert refused(answer, 403) == "forbidden"
    else:
        assert answer.status_code in (200, 201)


def test_E5_an_observer_learns_no_link_that_writes(scene: Scene) -> None:
    link = scene.host.links["observer"]
    for answer in (
        scene.server.call("GET", f"/api/rooms/{scene.room}", scene.observer.token),
        scene.server.call("GET", f"/api/links/{link}"),
        scene.server.call("POST", f"/api/links/{link}/members", json={"displayName": "Obi"}),
        scene.server.call("GET", f"/api/rooms/{scene.room}/entries", scene.observer.token),
    ):
        assert scene.host.links["participant"] not in answer.text
        assert scene.host.token not in answer.text
    assert scene.observer.links == {"observer": link}


def test_E9_logs_are_json_and_hold_no_secret(scene: Scene) -> None:
    secret = "the-secret-sentence"
    server, code = scene.server, scene.host.links["participant"]
    server.call("POST", f"/api/rooms/{scene.room}/chat", scene.guest.token, json={"text": secret})
    server.call("GET", f"/r/{code}?token={scene.guest.token}")
    server.call("GET", f"/api/links/{code}?q={secret}")
    server.call("GET", "/x%1b%0a%0d{}")
    for line in server.log.read_text().splitlines():
        assert {"time", "level", "logger", "message"} <= set(json.loads(line))
    log = server.log.read_text()
    for hidden in (secret, scene.guest.token, scene.host.token, code, scene.host.links["observer"]):
        assert hidden not in log


def test_E14_an_open_room_is_made_by_coming_and_a_closed_one_stays_closed(tmp_path: Any) -> None:
    with running(tmp_path / "data", "--open-rooms") as server:
        assert server.call("GET", "/api/rooms/anything").status_code == 200
        assert refused(server.call("GET", "/api/rooms/..%2fx"), 404, 401)
        closed: Joined = server.create_room()
        observer = server.join(closed.links["observer"], "Obi")
        for path in (f"/api/rooms/{closed.room_id}", f"/api/rooms/{closed.room_id}/archive.zip"):
            assert refused(server.call("GET", path), 401) == "not_authenticated"
        answer = server.call("POST", f"/api/rooms/{closed.room_id}/chat", json={"text": "I am nobody"})
        assert refused(answer, 401) == "not_authenticated"
        assert refused(server.call("GET", f"/api/links/{closed.room_id}"), 404) == "link_not_found"
        assert observer.member["role"] == "observer"


def test_E1_hundreds_of_silent_connections_are_hung_up_on_and_disturb_nobody(server: Server) -> None:
    silent = [sockets.create_connection(("127.0.0.1", server.port)) for _ in range(1000)]
    try:
        started = time.monotonic()
        assert server.call("GET", "/healthz").text == "ok"
        assert time.monotonic() - started < 30
    finally:
        for connection in silent:
            connection.close()
