"""Two real nodes that every test of a file may use; each makes a room of its own."""

from collections.abc import Iterator

import pytest

from tests.services.nodes import Nodes, nodes


@pytest.fixture(scope="module")
def two(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Nodes]:
    with nodes(tmp_path_factory.mktemp("two"), 2) as started:
        yield started
