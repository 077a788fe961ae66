"""One Runner for each engine, for all tests of the package: opening one costs half a second.

The Docker engine is started by the tests and uses the quick image. `EXEC_TEST_DOCKER` names an engine that is there,
`EXEC_TEST_IMAGE` the image to try in it: `make image` does that with the image that is shipped.
"""

import os
from collections.abc import AsyncIterator, Iterator

import pytest
import pytest_asyncio

from exec_pool.limits import ExecSettings
from exec_pool.runner_pool import Runner
from tests.exec_pool.docker_engine import docker_engine

ENGINES = ("bubblewrap", "docker")
IMAGE = os.environ.get("EXEC_TEST_IMAGE", "host")


async def opened(settings: ExecSettings) -> AsyncIterator[Runner]:
    runner = Runner(settings)
    await runner.open()
    available = await runner.checked()
    assert available.ok, available.reason
    assert available.engine == settings.engine
    yield runner
    await runner.close()


@pytest_asyncio.fixture(loop_scope="session", scope="session")
async def runner() -> AsyncIterator[Runner]:
    settings = ExecSettings(engine="bubblewrap", slots=8, queue=500, queue_per_lease=500)
    async for made in opened(settings):
        yield made


@pytest.fixture(scope="session")
def docker_url() -> Iterator[str]:
    if there := os.environ.get("EXEC_TEST_DOCKER"):
        yield there
        return
    with docker_engine() as url:
        yield url


@pytest_asyncio.fixture(loop_scope="session", scope="session")
async def in_docker(docker_url: str) -> AsyncIterator[Runner]:
    settings = ExecSettings(
        engine="docker", docker_url=docker_url, image=IMAGE, slots=8, queue=500, queue_per_lease=500
    )
    async for made in opened(settings):
        yield made


@pytest.fixture(params=ENGINES)
def sandbox(request: pytest.FixtureRequest) -> Runner:
    """A Runner of each engine in turn."""
    name = "runner" if request.param == "bubblewrap" else "in_docker"
    made = request.getfixturevalue(name)
    assert isinstance(made, Runner)
    return made
