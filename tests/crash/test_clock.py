"""The clock on the wall is set back and forward by an hour while people write."""

import asyncio
import itertools
from pathlib import Path

import pytest

from tests.clients import mux_client, until_equal, y_client
from tests.crash.journals import check_numbers, journal, text_by_the_journal
from tests.server import eventually, running
from tests.services.clock import WallClock

HOUR_MS = 3_600_000


@pytest.mark.parametrize("jump", [-3600, 3600])
async def test_J5_R61_a_clock_that_jumps_changes_no_order_and_ends_nothing(tmp_path: Path, jump: int) -> None:
    clock = WallClock(tmp_path / "clock")
    data = tmp_path / "data"
    with running(data, environ=clock.environ, exec_engine="off", rooms_per_minute=2, slow_commit_seconds=30) as server:
        host = server.create_room()
        guest = server.join(host.links["participant"], "Bo")
        ana, bo = y_client(server, host.room_id, host.token), mux_client(server, host.room_id, guest.token)
        await asyncio.gather(ana.until_connected(), bo.until_connected())
        ana.create_file()
        await until_equal([ana, bo], "")
        server.create_room()
        assert server.call("POST", "/api/rooms", json={"name": "x", "displayName": "x"}).status_code == 429
        ana.file().insert(0, "before ")
        await until_equal([ana, bo], "before ")
        clock.jump(jump)
        ana.file().insert(7, "after ")
        await until_equal([ana, bo], "before after ")
        bo.file().insert(13, "the jump")
        await until_equal([ana, bo], "before after the jump")
        await eventually(lambda: bo.unsynced == 0)
        assert server.call("POST", "/api/rooms", json={"name": "x", "displayName": "x"}).status_code == 429
        assert server.call("GET", "/readyz").status_code == 200
        assert (ana.close_code, bo.close_code) == (None, None)
        assert bo.state() in (None, {"type": "state", "unsaved": False, "readOnly": None})
        await asyncio.gather(ana.close(), bo.close())
        assert server.stop() == 0
        rows = journal(server.data, host.room_id)
    check_numbers(rows)
    assert text_by_the_journal(rows) == "before after the jump"
    leaps = [later.time - earlier.time for earlier, later in itertools.pairwise(rows)]
    assert any(abs(leap - jump * 1000) < HOUR_MS / 10 for leap in leaps), "the clock did not jump"
