"""Cells that are kept ready: when they are made, and who gets them."""

import asyncio
import os
from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from exec_pool.limits import ExecSettings
from exec_pool.runner_pool import Runner
from tests.exec_pool.conftest import ENGINES, opened
from tests.exec_pool.playground import python, request, start, until

pytestmark = [pytest.mark.asyncio(loop_scope="session"), pytest.mark.xdist_group("exec")]
CORES = os.cpu_count() or 1


async def until_ready(runner: Runner) -> None:
    await until(lambda: runner.stats().idle_cells == 2)


@pytest_asyncio.fixture(loop_scope="session", params=ENGINES)
async def house(request: pytest.FixtureRequest) -> AsyncIterator[Runner]:
    url = request.getfixturevalue("docker_url") if request.param == "docker" else ""
    settings = ExecSettings(engine=request.param, docker_url=url, image="host", slots=2 * CORES + 2, warm_cells=2)
    async for made in opened(settings):
        await until_ready(made)
        yield made


async def test_X13_ready_cells_are_made_anew_but_not_while_every_core_has_a_run(house: Runner) -> None:
    await python(house, "print()")
    await until(lambda: house.stats().idle_cells == 2)
    runs = [start(house, request("python", "print('up'); input()")) for _ in range(CORES + 2)]
    await until(lambda: all(heard.text() for _, heard in runs))
    opened_before = house.stats().cells_opened
    house._cells.refill()  # type: ignore[union-attr]
    await python(house, "print()", lease="one more")
    assert house.stats().cells_opened == opened_before + 1  # the cell of that run, and no ready one
    assert house.stats().idle_cells <= 1
    for run, _ in runs:
        run.stop()
    await asyncio.gather(*(run.result() for run, _ in runs))
    await until(lambda: house.stats().idle_cells >= 2)


async def test_X13_a_ready_cell_serves_one_run_without_a_lease(house: Runner) -> None:
    mark = "import os\nprint(os.path.exists('/dev/shm/mark'))\nopen('/dev/shm/mark', 'w').close()"
    for _ in range(3):
        assert (await python(house, mark)).text() == "False\n"
    assert house.stats().cells_opened >= 3
