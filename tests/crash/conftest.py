"""A server that a test may kill. Its store counts as slow only after half a minute: the disk of a test is shared."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.server import Server, running


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Server]:
    with running(tmp_path / "data", slow_commit_seconds=30) as server:
        yield server
