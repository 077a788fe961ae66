"""One server for the tests of a file, and a fresh room in it for each test."""

from collections.abc import Iterator

import pytest

from tests.api.scene import Scene
from tests.server import Server, running


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    data = tmp_path_factory.mktemp("server") / "data"
    with running(data, rooms_per_minute=6000, joins_per_minute=6000, handshake_seconds=4.0) as started:
        yield started
        assert started.process.poll() is None, started.log.read_text()[-2000:]
        assert started.stop() == 0


@pytest.fixture
def scene(server: Server) -> Scene:
    return Scene(server)
