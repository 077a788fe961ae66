"""A database that plans may crash; plans that fail are kept where `make chaos` keeps them."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.services.postgres import PostgresServer, postgres_on_a_small_disk


@pytest.fixture(scope="module")
def database() -> Iterator[PostgresServer]:
    with postgres_on_a_small_disk() as server:
        yield server


@pytest.fixture
def keep(checkout: Path) -> Path:
    """Where a failing plan goes."""
    return checkout / "build" / "chaos"
