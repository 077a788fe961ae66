"""Each store behind the same two ports, on the real thing."""

import inspect
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from itertools import count
from pathlib import Path
from typing import TypeVar

import pytest

from rooms.people_store import PeopleStore
from rooms.postgres_accounts import PostgresAccounts
from rooms.postgres_copy import PostgresCopies
from rooms.postgres_store import PostgresStore
from rooms.records import CopyStore
from rooms.sqlite_accounts import SqliteAccounts
from rooms.sqlite_copy import SqliteCopies
from rooms.sqlite_store import SqliteStore
from rooms.store import Draft, JournalStore, Link, RoomRecord, RoomStore, Store
from rooms.trim import TrimStore
from tests.services.postgres import PostgresServer, postgres

_Store = TypeVar("_Store", bound="Store | PeopleStore")
KINDS = ("sqlite", "postgres")


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[PostgresServer]:
    """One for all tests that do not harm it."""
    with postgres() as server:
        yield server


@pytest.fixture(scope="module")
def own_server() -> Iterator[PostgresServer]:
    """One that the tests of one file may harm; each leaves it running."""
    with postgres() as server:
        yield server


@pytest.fixture
def address(postgres_server: PostgresServer) -> str:
    """Of an empty database."""
    return postgres_server.create_database()


@pytest.fixture(params=KINDS)
def make_store(request: pytest.FixtureRequest, tmp_path: Path) -> Callable[[], Store]:
    """Makes stores that all keep their things in one place, which is empty at first."""
    if request.param == "sqlite":
        return lambda: SqliteStore(tmp_path / "data", "normal")
    url = request.getfixturevalue("address")
    return lambda: PostgresStore(url)


@pytest.fixture
async def store(make_store: Callable[[], Store]) -> AsyncIterator[Store]:
    """An open one."""
    async with opened(make_store()) as store:
        yield store


@pytest.fixture
async def nodes(address: str) -> AsyncIterator[Callable[[], Awaitable[PostgresStore]]]:
    """Opens more and more stores on one database, as nodes do."""
    async with AsyncExitStack() as stack:

        async def join() -> PostgresStore:
            return await stack.enter_async_context(opened(PostgresStore(address)))

        yield join


class Place:
    """Where rooms are kept: a store, and what an operator does with it beside a server."""

    def __init__(
        self, store: Callable[[], Store], people: Callable[[], PeopleStore], beside: PostgresCopies | SqliteCopies
    ) -> None:
        self.store = store
        self.people = people
        self.copies: CopyStore = beside
        self.trim: TrimStore = beside


Places = Callable[[str], Place]


@pytest.fixture
def places(tmp_path: Path, postgres_server: PostgresServer) -> Places:
    """Makes empty ones of a kind."""
    numbers = count()

    def make(kind: str) -> Place:
        if kind == "sqlite":
            folder = tmp_path / f"data-{next(numbers)}"
            return Place(
                lambda: SqliteStore(folder, "normal"),
                lambda: PeopleStore(SqliteAccounts(folder)),
                SqliteCopies(folder),
            )
        url = postgres_server.create_database()
        return Place(lambda: PostgresStore(url), lambda: PeopleStore(PostgresAccounts(url)), PostgresCopies(url))

    return make


@asynccontextmanager
async def opened(store: _Store) -> AsyncIterator[_Store]:
    await store.open()
    try:
        yield store
    finally:
        await store.close()


async def append(store: JournalStore, commit: str, drafts: Sequence[Draft]) -> list[int]:
    """A store may answer at once."""
    numbers = store.append(commit, drafts)
    return list(await numbers if inspect.isawaitable(numbers) else numbers)


def draft(room: str = "rm_one", data: bytes = b"x", channel: str = "main", kind: str = "update") -> Draft:
    return Draft(room, 1_700_000_000_000, "mb_ana", channel, kind, data)


async def make_rooms(store: RoomStore, *rooms: str) -> None:
    for room in rooms:
        record = RoomRecord(room, "Room", "pair", "python", 1_700_000_000_000)
        assert await store.create_room(record, [Link(f"code-{room}", "", "participant")])
