"""What is measured of commits can be trusted."""

import time
from collections.abc import Sequence
from pathlib import Path

from loadtests.commits import Crowd, Load
from rooms.sqlite_store import SqliteStore
from rooms.store import Draft

LOAD = Load(rate=500, rooms=3, size=10, seconds=0.5, interval=0.001, warm_up=0.0)


class Stalling(SqliteStore):
    """Its first commit holds up everything, the driver of the load too."""

    stall_seconds = 0.2

    async def append(self, commit: str, drafts: Sequence[Draft]) -> list[int]:
        stall, self.stall_seconds = self.stall_seconds, 0.0
        until = time.perf_counter() + stall
        while time.perf_counter() < until:
            pass
        numbers = super().append(commit, drafts)
        return numbers if isinstance(numbers, list) else await numbers


async def test_L8_a_pause_of_the_store_is_in_the_waits_of_all_that_came_meanwhile(tmp_path: Path) -> None:
    store = Stalling(tmp_path, "normal")
    await store.open()
    crowd = Crowd(store, LOAD)
    await crowd.make_rooms(store)
    await crowd.play()
    await store.close()
    seen = crowd.measured
    assert sum(seen.sizes) == len(seen.waits)
    assert len(seen.waits) > LOAD.rate * LOAD.seconds / 2
    assert max(seen.commits) >= Stalling.stall_seconds
    late = [wait for wait in seen.waits if wait > Stalling.stall_seconds / 4]
    assert len(late) > LOAD.rate * Stalling.stall_seconds / 4
