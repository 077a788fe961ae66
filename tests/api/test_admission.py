"""How often one token, one address and one kind of call may ask."""

import re
from pathlib import Path
from typing import Any

import httpx
import pytest
from websockets.exceptions import InvalidStatus

from tests.api.scene import raw
from tests.api.test_http import refused
from tests.server import Server, running
from tests.services.redis import RedisServer


@pytest.fixture(params=["memory", "redis"])
def shared(request: pytest.FixtureRequest) -> dict[str, Any]:
    """Settings of a server with either cache."""
    if request.param == "memory":
        return {}
    server: RedisServer = request.getfixturevalue("own_redis")
    return {"redis_url": server.url}


def look(server: Server, token: str, room: str, **headers: str) -> httpx.Response:
    return httpx.get(f"{server.http}/api/rooms/{room}", headers={"Authorization": f"Bearer {token}"} | headers)


def test_HT8_a_token_has_a_bucket_and_is_told_what_is_left(tmp_path: Path, shared: dict[str, Any]) -> None:
    limits: dict[str, Any] = {"requests_per_minute": 5, "requests_per_hour": 100, "address_requests_per_minute": 1000}
    with running(tmp_path / "data", exec_engine="off", **limits, **shared) as server:
        host = server.create_room()
        other = server.join(host.links["participant"], "Bo")
        answers = [look(server, host.token, host.room_id) for _ in range(7)]
        assert [answer.status_code for answer in answers] == [200] * 5 + [429] * 2
        assert refused(answers[-1], 429) == "too_many_requests"
        assert 0 < int(answers[-1].headers["retry-after"]) <= 12
        assert '"person-minute";q=5;w=60' in answers[0].headers["ratelimit-policy"]
        left = [re.fullmatch(r'"person-minute";r=(\d+);t=(\d+)', answer.headers["ratelimit"]) for answer in answers]
        assert [int(found[1]) for found in left if found] == [4, 3, 2, 1, 0, 0, 0]
        assert look(server, other.token, host.room_id).status_code == 200
        assert server.call("GET", "/healthz").status_code == 200
        assert "ratelimit" not in server.call("GET", "/api/config").headers


def test_HT8_who_shows_ever_new_tokens_has_the_bounds_of_the_address(tmp_path: Path) -> None:
    with running(tmp_path / "data", exec_engine="off", address_requests_per_minute=10) as server:
        statuses = [look(server, f"made-up-{number}", "rm_x").status_code for number in range(14)]
        assert statuses == [401] * 10 + [429] * 4


def test_HT8_an_address_is_what_a_trusted_proxy_says_and_nobody_else(tmp_path: Path) -> None:
    def statuses(server: Server) -> list[int]:
        return [look(server, "x", "rm_x", **{"X-Forwarded-For": f"203.0.113.{n}"}).status_code for n in range(4)]

    with running(tmp_path / "one", exec_engine="off", address_requests_per_minute=2) as server:
        assert statuses(server) == [401] * 4
    untrusting: dict[str, Any] = {"address_requests_per_minute": 2, "trusted_proxies": "192.0.2.1,198.51.100.0/24"}
    with running(tmp_path / "two", exec_engine="off", **untrusting) as server:
        assert statuses(server) == [401, 401, 429, 429]


def test_HT8_a_class_behind_one_address_gets_in_with_the_usual_settings(tmp_path: Path) -> None:
    usual: dict[str, Any] = {"requests_per_minute": 100, "requests_per_hour": 1000, "address_requests_per_minute": 6000}
    with running(tmp_path / "data", exec_engine="off", **usual) as server:
        host = server.create_room()
        with httpx.Client(base_url=server.http, timeout=30) as client:
            for number in range(200):
                joined = client.post(
                    f"/api/links/{host.links['participant']}/members", json={"displayName": f"S{number}"}
                )
                assert joined.status_code == 201, joined.text
                token = {"Authorization": f"Bearer {joined.json()['token']}"}
                for path in ("", "/entries", "/problems"):
                    assert client.get(f"/api/rooms/{host.room_id}{path}", headers=token).status_code == 200


def test_HT8_chat_and_signing_in_are_stricter(tmp_path: Path) -> None:
    with running(tmp_path / "data", exec_engine="off", chats_per_minute=3, sign_ins_per_minute=2) as server:
        host = server.create_room()
        path = f"/api/rooms/{host.room_id}/chat"
        said = [server.call("POST", path, host.token, json={"text": "hi"}).status_code for _ in range(5)]
        assert said == [201, 201, 201, 429, 429]
        assert look(server, host.token, host.room_id).status_code == 200
        tried = [server.call("POST", "/api/auth/login", json={}).status_code for _ in range(4)]
        assert 429 not in tried[:2]
        assert tried[2:] == [429, 429]


async def test_HT8_sockets_of_an_address_are_counted(tmp_path: Path) -> None:
    with running(tmp_path / "data", "--open-rooms", exec_engine="off", connects_per_minute=3) as server:
        for number in range(3):
            await (await raw(f"{server.ws}/ws/room{number}")).close()
        with pytest.raises(InvalidStatus) as caught:
            await raw(f"{server.ws}/ws/room9")
        answer = caught.value.response
        assert answer.status_code == 429
        assert int(answer.headers["retry-after"]) > 0
        assert b"too_many_requests" in (answer.body or b"")


async def test_E14_rooms_that_come_into_being_by_a_visit_are_counted(tmp_path: Path) -> None:
    with running(tmp_path / "data", "--open-rooms", exec_engine="off", open_rooms_per_minute=3) as server:
        statuses = [server.call("GET", f"/api/rooms/word{number}").status_code for number in range(5)]
        assert statuses == [200, 200, 200, 429, 429]
        assert server.call("GET", "/api/rooms/word1").status_code == 200
        with pytest.raises(InvalidStatus) as caught:
            await raw(f"{server.ws}/ws/word9")
        assert caught.value.response.status_code == 429


def test_HT8_while_the_cache_is_away_each_node_counts_by_itself(tmp_path: Path, own_redis: RedisServer) -> None:
    with running(tmp_path / "data", exec_engine="off", requests_per_minute=4, redis_url=own_redis.url) as server:
        host = server.create_room()
        own_redis.stop()
        statuses = [look(server, host.token, host.room_id).status_code for _ in range(8)]
        assert statuses == [200] * 4 + [429] * 4
