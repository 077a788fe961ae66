"""The whole server while its Redis is away: nobody is thrown out, and the operator sees it."""

import asyncio
from pathlib import Path

import pytest

from tests.api.scene import until
from tests.api.test_house import metrics
from tests.clients import mux_client, until_equal, until_saved
from tests.server import Server, running
from tests.services.redis import RedisServer


def cache(server: Server) -> tuple[int, str]:
    """The status of readiness, and what it says of the cache."""
    answer = server.call("GET", "/readyz")
    return answer.status_code, answer.json()["cache"]


@pytest.mark.parametrize("how", ["kill", "pause"])
async def test_C10_E50_without_redis_people_come_and_write_and_the_operator_is_told(
    tmp_path: Path, own_redis: RedisServer, how: str
) -> None:
    with running(tmp_path / "data", redis_url=own_redis.url, slow_commit_seconds=30) as server:
        host = server.create_room()
        ana = mux_client(server, host.room_id, host.token)
        await ana.until_connected()
        ana.create_file()
        getattr(own_redis, how)()
        await until(lambda: cache(server) == (200, "away"), "nobody asked")
        assert metrics(server)["sangam_cache_available"] == 0
        assert metrics(server)["sangam_cache_failures_total"] > 0
        guest = await asyncio.to_thread(server.join, host.links["participant"], "Bo")
        bo = mux_client(server, guest.room_id, guest.token)
        await bo.until_connected()
        bo.file().insert(0, "without a cache")
        await until_equal([ana, bo], "without a cache")
        await until_saved([ana, bo])
        own_redis.resume() if how == "pause" else own_redis.start()
        await until(lambda: cache(server) == (200, "available"))
        assert metrics(server)["sangam_cache_available"] == 1
        assert (ana.close_code, bo.close_code) == (None, None)
        await asyncio.gather(ana.close(), bo.close())
    log = server.log.read_text()
    assert log.count("the Redis server is gone") == log.count("the Redis server is back") == 1
