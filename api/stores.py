"""Where what lasts is kept: the settings choose."""

from api.settings import Settings
from rooms.postgres_copy import PostgresCopies
from rooms.postgres_store import PostgresStore
from rooms.records import CopyStore
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


def copies_of(settings: Settings) -> CopyStore:
    """The same rooms, for copies of them as a whole."""
    return PostgresCopies(settings.database_url) if settings.database_url else SqliteCopies(settings.data_folder)
