"""Cells that are used again, and cells that are not."""

import asyncio
from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from exec_pool.limits import ExecSettings, Limits
from exec_pool.runner_pool import Runner
from tests.exec_pool.conftest import ENGINES, opened
from tests.exec_pool.playground import python, request, start, until

pytestmark = [pytest.mark.asyncio(loop_scope="session"), pytest.mark.xdist_group("exec")]

DIRTY = """
import os
for root in ('/tmp', '/work', '/dev/shm'):
    os.makedirs(root + '/a/b/c')
    open(root + '/a/b/.hidden', 'w').write('x')
    os.symlink('/etc/passwd', root + '/link')
    os.mkfifo(root + '/fifo')
    os.chmod(root, 0o500)
"""
LOOK = """
import os
print(sorted(os.listdir('/tmp')), sorted(os.listdir('/work')), os.listdir('/dev/shm'), os.access('/work', os.W_OK))
"""
CLEAN = "['build'] ['main.py'] [] True\n"


@pytest_asyncio.fixture(loop_scope="session", scope="module", params=ENGINES)
async def house(request: pytest.FixtureRequest) -> AsyncIterator[Runner]:
    url = request.getfixturevalue("docker_url") if request.param == "docker" else ""
    settings = ExecSettings(
        engine=request.param, docker_url=url, image="host", slots=2, warm_cells=0, lease_runs=3, lease_idle_seconds=2
    )
    async for made in opened(settings):
        yield made


async def opened_by(house: Runner, text: str, lease: str, limits: Limits | None = None) -> int:
    """How many cells a run opened."""
    before = house.stats().cells_opened
    await python(house, text, limits or Limits(), lease)
    return house.stats().cells_opened - before


async def test_X10_a_cell_is_used_again_by_its_lease_only(house: Runner) -> None:
    assert await opened_by(house, "print()", "one") == 1
    assert await opened_by(house, "raise SystemExit(3)", "one") == 0
    assert await opened_by(house, "print()", "two") == 1
    assert await opened_by(house, "print()", "") == 1
    assert await opened_by(house, "print()", "") == 1


async def test_X10_nothing_is_left_for_the_next_run(house: Runner) -> None:
    assert await opened_by(house, DIRTY, "dirty") == 1
    before = house.stats().cells_opened
    outcome = await python(house, LOOK, lease="dirty")
    assert house.stats().cells_opened == before
    assert outcome.text() == CLEAN


@pytest.mark.parametrize(
    "text",
    [
        "import os\nfor _ in range(3000):\n    os.mkdir('d'); os.chdir('d')",
        "import os\nos.makedirs('/tmp/x/y')\nopen('/tmp/x/y/z', 'w').close()\nos.chmod('/tmp/x', 0)",
        "import os\nos.mkdir('/dev/shm/x')\nos.chmod('/dev/shm', 0)",
        "import os, struct\nentries = [struct.pack('<HHI', tag, 0, 0xFFFFFFFF) for tag in (1, 4, 32)]\n"
        "os.setxattr('/work', 'system.posix_acl_default', struct.pack('<I', 2) + b''.join(entries))",
    ],
)
async def test_X10_what_cannot_be_wiped_is_thrown_away(house: Runner, text: str) -> None:
    await python(house, text, lease=f"spoilt {text}")
    outcome = await python(house, LOOK, lease=f"spoilt {text}")
    assert outcome.text() == CLEAN


async def test_X10_an_abnormal_end_is_the_end_of_the_cell(house: Runner) -> None:
    for text, limits in (
        ("while True: pass", Limits(cpu_seconds=0.2)),
        ("import time; time.sleep(9)", Limits(wall_seconds=0.2)),
        ("while True: print('x' * 999)", Limits(output_bytes=1000)),
        ("import os; os.abort()", None),
    ):
        await opened_by(house, text, "rough", limits)
        assert await opened_by(house, "print()", "rough") == 1, text


async def test_X10_a_cell_wears_out(house: Runner) -> None:
    assert [await opened_by(house, "print()", "worn") for _ in range(7)] == [1, 0, 0, 1, 0, 0, 1]


async def test_X10_a_cell_does_not_rest_for_ever(house: Runner) -> None:
    await python(house, "print()", lease="tired")
    await until(lambda: house.stats().idle_cells == 0)


async def test_X10_two_runs_of_one_lease_at_once_have_two_cells(house: Runner) -> None:
    runs = [start(house, request("python", "print(1); input()", lease="twin")) for _ in range(2)]
    await until(lambda: all(heard.text() for _, heard in runs))
    for run, _ in runs:
        run.close_stdin()
    results = await asyncio.gather(*(run.result() for run, _ in runs))
    assert [result.status for result in results] == ["failed", "failed"]


async def test_X10_input_that_came_too_late_is_not_for_the_next_run(house: Runner) -> None:
    run, _ = start(house, request("bash", "true", lease="late"))
    run.write(b"stale\n")
    await run.result()
    again, heard = start(house, request("bash", "read word; echo got $word", lease="late"))
    again.write(b"new\n")
    await again.result()
    assert heard.text() == "got new\n"


async def test_X10_a_resting_cell_that_died_is_replaced(house: Runner) -> None:
    outcome = await python(house, "print()", lease="dying")
    assert outcome.result.status == "ok"
    await until(lambda: house.stats().idle_cells > 0)
    cells = house._cells
    assert cells is not None
    for cell in cells._resting.values():
        cell.signal_death()
    assert (await python(house, "print('fine')", lease="dying")).text() == "fine\n"
