"""What stands before every call: bounds, repeats, freshness, compression, other origins, ids."""

import json
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
import redis

from api.bodies import MAX_DEPTH, check_depth
from api.edge import edge
from api.errors import ApiError
from api.settings import Settings, SettingsError
from tests.api.scene import Scene
from tests.api.test_http import refused
from tests.server import Server, running
from tests.services.redis import RedisServer


@pytest.fixture(scope="module", params=["memory", "redis"])
def repeating(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server whose cache is in memory, and one whose is in Redis."""
    more = {}
    if request.param == "redis":
        more["redis_url"] = request.getfixturevalue("redis_server").url
    with running(tmp_path_factory.mktemp("edge") / "data", exec_engine="off", rooms_per_minute=6000, **more) as server:
        yield server


ROOM = {"name": "Once", "displayName": "Ana"}


def _keyed(server: Server, key: str, body: dict[str, Any], path: str, token: str) -> httpx.Response:
    headers = {"Idempotency-Key": key} | ({"Authorization": f"Bearer {token}"} if token else {})
    return httpx.post(server.http + path, json=body, headers=headers, timeout=30)


def test_HT1_a_create_that_is_sent_again_is_answered_as_the_first_time(repeating: Server) -> None:
    first, again = (_keyed(repeating, "k-1", ROOM, "/api/rooms", "") for _ in range(2))
    assert (first.status_code, again.status_code) == (201, 201)
    assert first.content == again.content
    assert "idempotent-replayed" not in first.headers
    assert again.headers["idempotent-replayed"] == "true"
    other = _keyed(repeating, "k-2", ROOM, "/api/rooms", "")
    assert other.json()["room"]["id"] != first.json()["room"]["id"]


def test_HT1_the_same_key_for_another_body_is_refused(repeating: Server) -> None:
    assert _keyed(repeating, "k-3", ROOM, "/api/rooms", "").status_code == 201
    answer = _keyed(repeating, "k-3", ROOM | {"name": "Another"}, "/api/rooms", "")
    assert refused(answer, 422) == "idempotency_key_reused"
    for key in ("x" * 256, "sp ace"):
        assert refused(_keyed(repeating, key, ROOM, "/api/rooms", ""), 422) == "bad_request"


def test_HT1_a_key_belongs_to_who_shows_it_and_to_one_call(repeating: Server) -> None:
    host = repeating.create_room()
    guest = repeating.join(host.links["participant"], "Bo")
    path = f"/api/rooms/{host.room_id}/chat"
    said = [_keyed(repeating, "k-4", {"text": "hi"}, path, who.token) for who in (host, guest, host)]
    assert [answer.status_code for answer in said] == [201] * 3
    assert said[0].json() == said[2].json()
    assert [entry["author"] for entry in repeating.entries(host, "chat")] == [host.member["id"], guest.member["id"]]


def test_HT1_of_many_at_once_one_is_done(repeating: Server) -> None:
    host = repeating.create_room()
    path, answers = f"/api/rooms/{host.room_id}/chat", []

    def say() -> None:
        answers.append(_keyed(repeating, "k-5", {"text": "once"}, path, host.token))

    threads = [threading.Thread(target=say) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert {answer.status_code for answer in answers} <= {201, 409}
    assert 201 in {answer.status_code for answer in answers}
    assert len(repeating.entries(host, "chat")) == 1


def test_HT1_what_is_kept_can_be_read_by_nobody_who_reads_the_cache(tmp_path: Path, redis_server: RedisServer) -> None:
    with running(tmp_path / "data", exec_engine="off", redis_url=redis_server.url) as server:
        token = _keyed(server, "k-secret", ROOM, "/api/rooms", "").json()["token"]
        kept = everything(redis_server.url)
    assert any(b"repeat:" in name for name in kept)
    for name, value in kept.items():
        assert token.encode() not in value
        assert b"k-secret" not in name + value


def everything(url: str) -> dict[bytes, bytes]:
    """All that a Redis has, by name."""
    with redis.Redis.from_url(url) as client:
        kinds = {name: client.type(name) for name in client.keys("*repeat*")}
        return {
            name: client.get(name) if kind == b"string" else repr(client.hgetall(name)).encode()
            for name, kind in kinds.items()
        }


def test_HT2_who_has_an_answer_already_is_not_sent_it_again(scene: Scene) -> None:
    path, token = f"/api/rooms/{scene.room}", {"Authorization": f"Bearer {scene.host.token}"}
    first = httpx.get(scene.server.http + path, headers=token)
    assert first.headers["cache-control"] == "private, no-cache"
    etag = first.headers["etag"]
    for named in (etag, f'"other", W/{etag}', "*"):
        again = httpx.get(scene.server.http + path, headers=token | {"If-None-Match": named})
        assert (again.status_code, again.content) == (304, b"")
        assert again.headers["etag"] == etag
    scene.server.join(scene.host.links["participant"], "New")
    changed = httpx.get(scene.server.http + path, headers=token | {"If-None-Match": etag})
    assert changed.status_code == 200
    assert changed.headers["etag"] != etag
    assert scene.server.call("POST", f"{path}/chat", scene.host.token, json={"text": "x"}).headers["cache-control"] == (
        "no-store"
    )


def test_HT2_an_update_may_insist_on_what_it_has_read(scene: Scene) -> None:
    path = f"{scene.server.http}/api/rooms/{scene.room}/problems/sum"
    token = {"Authorization": f"Bearer {scene.host.token}"}
    problem = {"id": "sum", "title": "One", "tests": [{"stdin": "1", "expected": "1"}]}
    assert refused(httpx.put(path, json=problem, headers=token | {"If-Match": "*"}), 404) == "problem_not_found"
    assert httpx.put(path, json=problem, headers=token).status_code == 200
    etag = httpx.get(path, headers=token).headers["etag"]
    assert httpx.put(path, json=problem | {"title": "Two"}, headers=token | {"If-Match": etag}).status_code == 200
    answer = httpx.put(path, json=problem | {"title": "Three"}, headers=token | {"If-Match": etag})
    assert refused(answer, 412) == "precondition_failed"
    assert httpx.get(path, headers=token).json()["problem"]["title"] == "Two"


def test_HT3_every_list_comes_in_pages(scene: Scene) -> None:
    texts = [f"line {number}" for number in range(7)]
    for text in texts:
        scene.server.call("POST", f"/api/rooms/{scene.room}/chat", scene.guest.token, json={"text": text})
    first = scene.server.entries(scene.host, "chat")[0]["seq"]
    for query, order in (({}, reversed), ({"after": first - 1}, iter)):
        found: list[str] = []
        for page in pages(scene, "entries", {"channel": "chat", "limit": 3} | query):
            told = [entry["data"]["text"] for entry in page["entries"]]
            assert len(told) <= 3
            found = told + found if order is reversed else found + told
        assert found == texts
    for number in range(5):
        body = {"id": f"p{number}", "tests": [{"stdin": "", "expected": ""}]}
        scene.server.call("PUT", f"/api/rooms/{scene.room}/problems/p{number}", scene.host.token, json=body)
    told = [page["problems"] for page in pages(scene, "problems", {"limit": 2})]
    assert told == [["p0", "p1"], ["p2", "p3"], ["p4"]]


def pages(scene: Scene, what: str, query: dict[str, Any]) -> Iterator[dict[str, Any]]:
    cursor: str | None = ""
    while cursor is not None:
        asked = query | ({"cursor": cursor} if cursor else {})
        answer = scene.server.call("GET", f"/api/rooms/{scene.room}/{what}", scene.host.token, params=asked)
        page = answer.raise_for_status().json()
        yield page
        cursor = page["nextCursor"]


@pytest.mark.parametrize("cursor", ["!", "AAAA", "/w", "x" * 500, "\x00", "LTE2eA"])
def test_HT3_a_cursor_that_is_none_is_refused(scene: Scene, cursor: str) -> None:
    path = f"/api/rooms/{scene.room}/entries"
    answer = scene.server.call("GET", path, scene.host.token, params={"cursor": cursor})
    assert refused(answer, 422) == "bad_request"


def test_HT4_a_body_is_cut_off_where_it_is_too_large_however_it_comes(tmp_path: Path) -> None:
    with running(tmp_path / "data", exec_engine="off", max_body_bytes=50_000) as server:
        for body in (b"x" * 60_000, iter([b"x" * 1000] * 60)):
            answer = httpx.post(server.http + "/api/rooms", content=body, headers={"Idempotency-Key": "large"})
            assert refused(answer, 413) == "body_too_large"
        for body in (b"x" * 300_000, iter([b"x" * 10_000] * 30)):
            assert refused(httpx.post(server.http + "/api/rooms", content=body), 413) == "body_too_large"


def test_HT4_what_says_that_it_is_no_json_is_not_read_as_such(scene: Scene) -> None:
    body = json.dumps(ROOM)
    for kind in ("text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x"):
        answer = scene.server.call("POST", "/api/rooms", content=body)
        assert answer.status_code == 201
        answer = httpx.post(scene.server.http + "/api/rooms", content=body, headers={"Content-Type": kind})
        assert refused(answer, 415) == "unsupported_media_type"
    for kind in ("application/json; charset=utf-8", "application/ld+json"):
        answer = httpx.post(scene.server.http + "/api/rooms", content=body, headers={"Content-Type": kind})
        assert answer.status_code == 201


def test_HT4_json_is_not_nested_without_end() -> None:
    check_depth(b"[" * MAX_DEPTH + b"]" * MAX_DEPTH)
    check_depth(b'{"text": "' + b"[{" * 1000 + rb"\" [[[" + b'"}')
    check_depth(b"[" + b"[],{}," * 1000 + b"[]]")
    for deep in (
        b"[" * 65 + b"]" * 65,
        b'{"a":' * 65 + b"1" + b"}" * 65,
        b"[" * 200,
        rb'["\\",' + b"[" * 65 + b"]" * 66,
    ):
        with pytest.raises(ApiError) as caught:
            check_depth(deep)
        assert caught.value.status == 400


def test_HT5_answers_are_compressed_for_who_wants_it(scene: Scene) -> None:
    for accepted, encoding in (("br, gzip", "br"), ("gzip", "gzip"), ("identity", None)):
        answer = httpx.get(scene.server.http + "/api/openapi.json", headers={"Accept-Encoding": accepted})
        assert answer.headers.get("content-encoding") == encoding
        assert answer.headers["vary"] == "Accept-Encoding"
        assert answer.json()["openapi"] == "3.1.0"


def test_HT6_a_page_elsewhere_may_call_only_from_a_listed_origin(tmp_path: Path) -> None:
    with running(
        tmp_path / "data", exec_engine="off", cors_origins="https://one.example, http://two.example:3000"
    ) as server:
        for origin, allowed in (("https://one.example", True), ("https://evil.example", False), ("null", False)):
            asked = {
                "Origin": origin,
                "Access-Control-Request-Method": "POST",
                "Access-Control-Request-Headers": "authorization",
            }
            before = httpx.options(server.http + "/api/rooms", headers=asked)
            assert (before.headers.get("access-control-allow-origin") == origin) is allowed
            after = httpx.get(server.http + "/api/config", headers={"Origin": origin})
            assert (after.headers.get("access-control-allow-origin") == origin) is allowed
            assert "access-control-allow-credentials" not in after.headers


@pytest.mark.parametrize("origins", ["*", "one.example", "https://one.example/path", "https://*.example"])
def test_HT6_an_origin_that_is_none_stops_the_start(origins: str) -> None:
    with pytest.raises(SettingsError, match="SANGAM_CORS_ORIGINS"):
        edge(Settings(cors_origins=origins), None, None, "")  # type: ignore[arg-type]


def test_HT6_without_a_list_nobody_elsewhere_is_told_anything(server: Server) -> None:
    answer = httpx.get(server.http + "/api/config", headers={"Origin": "https://one.example"})
    assert "access-control-allow-origin" not in answer.headers


def test_HT7_a_request_keeps_the_id_that_it_came_with(server: Server) -> None:
    for given, kept in (("abc-123.DEF_9", True), ("short", False), ("x" * 65, False), ("a b c d e f g h", False)):
        answer = httpx.get(server.http + "/api/nothing", headers={"X-Request-Id": given})
        assert (answer.headers["x-request-id"] == given) is kept
        assert answer.json()["error"]["requestId"] == answer.headers["x-request-id"]
    assert "abc-123.DEF_9" in server.log.read_text()


def test_E11_what_is_no_page_may_do_nothing_in_a_browser(server: Server) -> None:
    answer = httpx.get(server.http + "/api/config")
    assert answer.headers["content-security-policy"] == "default-src 'none'; frame-ancestors 'none'"
    assert answer.headers["x-frame-options"] == "DENY"
    assert answer.headers["cross-origin-opener-policy"] == "same-origin"
    assert "strict-transport-security" not in answer.headers


def test_E11_over_https_browsers_are_told_to_stay_there(tmp_path: Path) -> None:
    with running(tmp_path / "data", exec_engine="off", hsts_seconds=31536000) as server:
        for scheme, told in (("https", True), ("http", False)):
            answer = httpx.get(server.http + "/api/config", headers={"X-Forwarded-Proto": scheme})
            assert ("strict-transport-security" in answer.headers) is told


def test_E1_an_address_that_leads_nowhere_is_told_to_programs_in_the_one_shape(server: Server) -> None:
    assert refused(httpx.get(server.http + "/nowhere", headers={"Accept": "application/json"}), 404) == "not_found"
    assert (
        "text/html" in httpx.get(server.http + "/nowhere", headers={"Accept": "text/html,*/*"}).headers["content-type"]
    )
