"""Where what lasts is kept: the settings choose."""

from api.settings import Settings
from rooms.people_store import PeopleStore
from rooms.postgres_accounts import PostgresAccounts
from rooms.postgres_copy import PostgresCopies
from rooms.postgres_store import PostgresStore
from rooms.sqlite_accounts import SqliteAccounts
from rooms.sqlite_copy import SqliteCopies
from rooms.sqlite_store import SqliteStore
from rooms.store import Store


def store_of(settings: Settings) -> Store:
    """Not open yet. PostgreSQL if its address is set, else SQLite in the data folder."""
    if settings.database_url:
        return PostgresStore(
            settings.database_url,
            connections=settings.database_connections,
            seconds=settings.database_seconds,
        )
    return SqliteStore(settings.data_folder, settings.store_sync)


def people_of(settings: Settings) -> PeopleStore:
    """Not open yet; in the database of the rooms."""
    if settings.database_url:
        return PeopleStore(PostgresAccounts(settings.database_url, seconds=settings.database_seconds))
    return PeopleStore(SqliteAccounts(settings.data_folder, settings.store_sync))


def beside_of(settings: Settings) -> PostgresCopies | SqliteCopies:
    """The same rooms, for what is done with them beside the server: copies and trims."""
    return PostgresCopies(settings.database_url) if settings.database_url else SqliteCopies(settings.data_folder)
