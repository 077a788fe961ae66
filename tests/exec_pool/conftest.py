"""One Runner for all tests of the package: opening one costs half a second."""

from collections.abc import AsyncIterator

import pytest_asyncio

from exec_pool.limits import ExecSettings
from exec_pool.runner_pool import Runner


@pytest_asyncio.fixture(loop_scope="session", scope="session")
async def runner() -> AsyncIterator[Runner]:
    opened = Runner(ExecSettings(slots=8, queue=500, queue_per_lease=500, warm_cells=4))
    await opened.open()
    available = await opened.checked()
    assert available.ok, available.reason
    yield opened
    await opened.close()
