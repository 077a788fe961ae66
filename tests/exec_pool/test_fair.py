"""Many rooms at once, in real cells."""

import pytest

from exec_pool.runner_pool import Runner
from loadtests.exec.rush import rush

pytestmark = [pytest.mark.asyncio(loop_scope="session"), pytest.mark.xdist_group("exec")]


async def test_V21_of_many_rooms_none_waits_for_more_than_thrice_its_share(runner: Runner) -> None:
    """Two of forty are greedy."""
    many = await rush(runner, 40)
    assert (many.runs, many.results) == (54, 54)
    assert many.worst <= 3.0, many
