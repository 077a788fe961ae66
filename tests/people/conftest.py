"""One server on each database for the tests of a file."""

from collections.abc import Iterator

import pytest

from tests.server import Server, running
from tests.services.postgres import postgres

KINDS = ("sqlite", "postgres")


@pytest.fixture(scope="module", params=KINDS)
def server(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """With accounts in one database or the other, and letters in its outbox."""
    data = tmp_path_factory.mktemp("people") / "data"
    settings = {"sign_ins_per_minute": 100_000, "exec_engine": "off", "public_url": "https://sangam.example"}
    if request.param == "sqlite":
        yield from _served(data, **settings)
        return
    with postgres() as database:
        yield from _served(data, database_url=database.create_database(), **settings)


@pytest.fixture(scope="module")
def one_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """For what no database has to do with."""
    data = tmp_path_factory.mktemp("people") / "data"
    yield from _served(data, sign_ins_per_minute=100_000, exec_engine="off", public_url="https://sangam.example")


def _served(data: object, **settings: object) -> Iterator[Server]:
    with running(data, **settings) as started:  # type: ignore[arg-type]
        yield started
        assert started.process.poll() is None, started.log.read_text()[-2000:]
        assert started.stop() == 0
