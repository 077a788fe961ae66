"""People's registers on each database, beside an open store of rooms."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from rooms.accounts import Account, SignIn
from rooms.people_store import PeopleStore
from rooms.postgres_accounts import PostgresAccounts
from rooms.postgres_store import PostgresStore
from rooms.sqlite_accounts import SqliteAccounts
from rooms.sqlite_store import SqliteStore
from rooms.store import Store
from tests.contracts.conftest import KINDS, opened

NOW = 1_700_000_000_000


class House:
    """A store of rooms and one of people on the same database."""

    def __init__(self, store: Store, people: PeopleStore) -> None:
        self.store = store
        self.people = people


MakeHouse = Callable[[], House]


@pytest.fixture(params=KINDS)
def make_house(request: pytest.FixtureRequest, tmp_path: Path) -> MakeHouse:
    """Makes houses that all keep their things in one place."""
    if request.param == "sqlite":
        folder = tmp_path / "data"
        return lambda: House(SqliteStore(folder, "normal"), PeopleStore(SqliteAccounts(folder)))
    url = request.getfixturevalue("address")
    return lambda: House(PostgresStore(url), PeopleStore(PostgresAccounts(url)))


@asynccontextmanager
async def open_house(house: House) -> AsyncIterator[House]:
    async with opened(house.store):
        await house.people.open()
        try:
            yield house
        finally:
            await house.people.close()


@pytest.fixture
async def house(make_house: MakeHouse) -> AsyncIterator[House]:
    async with open_house(make_house()) as house:
        yield house


def account(name: str, **more: object) -> Account:
    values: dict[str, object] = {"address_index": name.encode(), "address": b"@" + name.encode(), "profile": b"p"}
    return Account(id=f"ac_{name}", created_at=NOW, **(values | more))  # type: ignore[arg-type]


def sign_in(name: str, of: str, expires_at: int = NOW + 1000) -> SignIn:
    return SignIn(f"si_{name}", f"ac_{of}", b"about", NOW, NOW, expires_at)
