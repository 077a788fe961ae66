"""The broker and the cache, as the server finds them at its start and loses them later."""

import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from prometheus_client.parser import text_string_to_metric_families

from tests.api.test_start import started
from tests.contracts.fanouts import until
from tests.server import ROOT, Server, running
from tests.services.nats import NatsServer
from tests.services.processes import free_port
from tests.services.redis import RedisServer


@pytest.mark.parametrize(
    ("setting", "scheme", "words"),
    [("SANGAM_NATS_URL", "nats", "no NATS server at"), ("SANGAM_REDIS_URL", "redis", "no Redis at")],
)
def test_E50_an_address_where_nobody_answers_stops_the_start(
    tmp_path: Path, setting: str, scheme: str, words: str
) -> None:
    told = started(tmp_path / "data", **{setting: f"{scheme}://ana:secret@127.0.0.1:{free_port()}"})
    assert told.returncode == 2
    assert told.stderr.startswith(f"sangam: {setting}: {words} {scheme}://127.0.0.1:")
    assert told.stderr.count("\n") == 1 and "correct the address" in told.stderr and "secret" not in told.stderr


def metrics(server: Server) -> dict[str, float]:
    families = text_string_to_metric_families(server.call("GET", "/metrics").text)
    return {sample.name: sample.value for family in families for sample in family.samples if not sample.labels}


async def test_E50_what_is_lost_later_is_told_and_comes_back(
    tmp_path: Path, own_nats: NatsServer, own_redis: RedisServer
) -> None:
    with running(tmp_path / "data", nats_url=own_nats.url, redis_url=own_redis.url) as server:
        assert metrics(server)["sangam_fanout_connected"] == metrics(server)["sangam_cache_available"] == 1
        own_nats.kill()
        await until(lambda: server.call("GET", "/readyz").json()["fanout"] == "away")
        assert server.call("GET", "/readyz").status_code == 200
        assert server.call("GET", "/healthz").text == "ok"
        own_nats.start()
        await until(lambda: server.call("GET", "/readyz").json()["fanout"] == "connected")
        assert metrics(server)["sangam_fanout_reconnects_total"] == 1
        own_nats.pause()
        assert server.stop() == 0
        own_nats.resume()


def test_E7_limits_hold_over_nodes_and_while_the_cache_is_away(tmp_path: Path, own_redis: RedisServer) -> None:
    url = own_redis.url
    with (
        running(tmp_path / "a", redis_url=url, rooms_per_minute=4) as a,
        running(tmp_path / "b", redis_url=url, rooms_per_minute=4) as b,
    ):
        assert [create(server) for server in (a, b, a, b, a, b)] == [201] * 4 + [429] * 2
        own_redis.pause()
        assert [create(a) for _ in range(5)] == [201] * 4 + [429]
        assert a.call("GET", "/readyz").json()["cache"] == "away"
        own_redis.resume()


def create(server: Server) -> int:
    """The status of an attempt to create a room."""
    return server.call("POST", "/api/rooms", json={"name": "x", "displayName": "x"}).status_code


async def test_E51_houses_on_the_same_servers_are_strangers(
    tmp_path: Path, nats_server: NatsServer, own_redis: RedisServer
) -> None:
    shared: dict[str, Any] = {"nats_url": nats_server.url, "redis_url": own_redis.url, "rooms_per_minute": 1}
    with (
        running(tmp_path / "a", **shared) as a,
        running(tmp_path / "b", house="other", **shared) as b,
        running(tmp_path / "c", house="other", **shared) as c,
    ):
        await until(lambda: metrics(b)["sangam_fanout_nodes"] == metrics(c)["sangam_fanout_nodes"] == 1)
        assert metrics(a)["sangam_fanout_nodes"] == 0
        assert [create(server) for server in (a, b, c)] == [201, 201, 429]


def test_E51_a_name_that_is_no_part_of_a_subject_stops_the_start(tmp_path: Path) -> None:
    told = started(tmp_path / "data", SANGAM_HOUSE="our.house")
    assert told.returncode == 2 and told.stderr.startswith("sangam: SANGAM_HOUSE has no usable value")
    assert "letters, digits" in told.stderr


def test_E50_the_doctor_measures_the_broker_and_the_cache(
    tmp_path: Path, nats_server: NatsServer, own_redis: RedisServer
) -> None:
    addresses = {"SANGAM_NATS_URL": nats_server.url, "SANGAM_REDIS_URL": own_redis.url}
    status, said = doctor(tmp_path, addresses)
    assert status == 0
    assert re.search(r"^ok +nodes +NATS \d+\.\d+\.\d+ answers in ", said, re.MULTILINE)
    assert re.search(r"^ok +cache +Redis \d+\.\d+\.\d+ answers in ", said, re.MULTILINE)
    own_redis.kill()
    with NatsServer(tmp_path / "nats", jetstream=False) as bare:
        status, said = doctor(tmp_path, addresses | {"SANGAM_NATS_URL": bare.url})
    assert status == 1
    assert re.search(r"^warn +nodes +.*keeps no jobs: start it with JetStream", said, re.MULTILINE)
    assert re.search(r"^bad +cache +no Redis at .*: start it, or correct SANGAM_REDIS_URL", said, re.MULTILINE)


def doctor(data: Path, addresses: dict[str, str]) -> tuple[int, str]:
    """Its exit status and what it said."""
    command = [sys.executable, "-m", "api", "doctor", "--data", str(data / "data")]
    told = subprocess.run(command, cwd=ROOT, env=os.environ | addresses, capture_output=True, text=True, timeout=60)
    return told.returncode, told.stdout
