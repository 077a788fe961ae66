"""Where what lasts is kept: the settings choose."""

from api.settings import Settings
from rooms.audit import AuditStore
from rooms.people_store import PeopleStore
from rooms.postgres_accounts import PostgresAccounts
from rooms.postgres_audit import PostgresAudit
from rooms.postgres_copy import PostgresCopies
from rooms.postgres_store import PostgresStore
from rooms.postgres_webhooks import PostgresWebhooks
from rooms.sqlite_accounts import SqliteAccounts
from rooms.sqlite_audit import SqliteAudit
from rooms.sqlite_copy import SqliteCopies
from rooms.sqlite_store import SqliteStore
from rooms.sqlite_webhooks import SqliteWebhooks
from rooms.store import Store
from rooms.webhooks import WebhookStore


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


def audit_of(settings: Settings) -> AuditStore:
    """The audit log of the same house. Not open yet."""
    if settings.database_url:
        return PostgresAudit(settings.database_url, seconds=settings.database_seconds)
    return SqliteAudit(settings.data_folder)


def webhooks_of(settings: Settings) -> WebhookStore:
    """The webhooks of the same house. Not open yet."""
    if settings.database_url:
        return PostgresWebhooks(settings.database_url, seconds=settings.database_seconds)
    return SqliteWebhooks(settings.data_folder)
