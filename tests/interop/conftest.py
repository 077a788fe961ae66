"""A server per test module and a Node process per test."""

from collections.abc import AsyncIterator, Iterator

import pytest

from tests.interop.puppets import Puppet, puppets
from tests.server import Server, running


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """Rooms need tokens."""
    folder = tmp_path_factory.mktemp("server")
    with running(folder / "data", leave_grace_seconds=5.0) as server:
        yield server


@pytest.fixture(scope="module")
def open_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """Any word is a room, everybody may write."""
    folder = tmp_path_factory.mktemp("open")
    with running(folder / "data", "--open-rooms") as server:
        yield server


@pytest.fixture
async def puppet() -> AsyncIterator[Puppet]:
    async with puppets() as puppet:
        yield puppet
