"""A database that cannot be used is refused with one sentence that says what to do and tells no secret."""

import socket
from collections.abc import Callable

import asyncpg
import pytest

from rooms.errors import StoreUnavailable
from rooms.postgres_schema import Migration, migrate, migrations, version
from rooms.postgres_store import PostgresStore
from tests.contracts.conftest import make_rooms, opened
from tests.services.postgres import PostgresServer

SECRET = "s3cret-pa55"


async def refusal(url: str) -> str:
    with pytest.raises(StoreUnavailable) as refused:
        await PostgresStore(url, seconds=1.0).open()
    said = str(refused.value)
    assert SECRET not in said
    assert "\n" not in said
    return said


Place = Callable[[PostgresServer], str]
REFUSED: dict[str, tuple[Place, str]] = {
    "no address at all": (lambda _server: f"mysql://ana:{SECRET}@localhost/x", "postgresql://user:password@host"),
    "no port": (lambda _server: f"postgresql://ana:{SECRET}@localhost:http/x", "SANGAM_DATABASE_URL"),
    "nobody listens": (lambda _server: f"postgresql://ana:{SECRET}@127.0.0.1:9/x", "is the server running"),
    "no such host": (lambda _server: f"postgresql://ana:{SECRET}@nowhere.invalid/x", "right host"),
    "no such database": (lambda server: server.url("nowhere"), "createdb"),
    "no such user": (lambda server: server.url("postgres").replace("sangam@", f"nobody:{SECRET}@"), "right user"),
    "wrong password": (lambda server: server.url("postgres").replace("sangam@", f"locked:{SECRET}@"), "right user"),
}


@pytest.mark.parametrize("name", REFUSED)
async def test_D9_an_address_that_leads_nowhere_is_refused_with_what_to_do(
    name: str, postgres_server: PostgresServer
) -> None:
    address, hint = REFUSED[name]
    assert hint in await refusal(address(postgres_server))


async def test_D6_D9_who_never_answers_is_not_waited_for() -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        said = await refusal(f"postgresql://ana:{SECRET}@127.0.0.1:{silent.getsockname()[1]}/x")
    assert "no answer in time" in said


async def test_D9_a_database_that_may_not_be_written_is_refused(postgres_server: PostgresServer, address: str) -> None:
    name = address.rpartition("/")[2]
    postgres_server.sql(f"ALTER DATABASE {name} SET default_transaction_read_only = on")
    assert "primary" in await refusal(address)


async def test_D9_a_user_who_may_make_no_tables_is_refused(postgres_server: PostgresServer, address: str) -> None:
    postgres_server.sql("CREATE ROLE reader LOGIN", address.rpartition("/")[2])
    assert "has to own the database" in await refusal(address.replace("sangam@", "reader@"))


async def test_D8_tables_of_another_version_are_refused_and_left_alone(
    postgres_server: PostgresServer, address: str
) -> None:
    async with opened(PostgresStore(address)) as store:
        await make_rooms(store, "rm_one")
    name, latest = address.rpartition("/")[2], migrations()[-1].number
    postgres_server.sql(f"UPDATE migrations SET number = {latest + 1} WHERE number = {latest}", name)
    assert "newer program" in await refusal(address)
    postgres_server.sql("UPDATE migrations SET number = -number", name)
    assert "run: sangam migrate" in await refusal(address)
    assert postgres_server.sql("SELECT count(*) FROM rooms", name) == "1"


async def test_D8_only_the_missing_steps_are_applied_and_all_of_them_or_none(address: str) -> None:
    last = len(migrations()) + 1
    steps = [*migrations(), Migration(last, "more", "CREATE TABLE more (a integer); INSERT INTO more VALUES (7)")]
    good, bad = Migration(last + 1, "good", "CREATE TABLE good ()"), Migration(last + 2, "bad", "CREATE TABLE more ()")
    broken = [*steps, good, bad]
    connection = await asyncpg.connect(address)
    try:
        async with connection.transaction():
            assert [step.number for step in await migrate(connection, steps)] == list(range(1, last + 1))
        with pytest.raises(asyncpg.DuplicateTableError):
            async with connection.transaction():
                await migrate(connection, broken)
        assert await version(connection) == last
        assert await connection.fetchval("SELECT to_regclass('good')") is None
        async with connection.transaction():
            assert await migrate(connection, steps) == []
    finally:
        await connection.close()


def test_D8_migrations_are_numbered_without_a_gap() -> None:
    assert [step.number for step in migrations()] == list(range(1, len(migrations()) + 1))
