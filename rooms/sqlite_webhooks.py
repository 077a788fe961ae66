"""Webhooks in a SQLite file of their own, `webhooks.db`."""

import sqlite3
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import msgspec

from rooms.sqlite_beside import SqliteBeside, transaction
from rooms.webhooks import Delivery, Logged, Webhook

_SCHEMA = """
CREATE TABLE IF NOT EXISTS webhooks (
  id TEXT PRIMARY KEY, room TEXT NOT NULL, url TEXT NOT NULL, events TEXT NOT NULL, secret TEXT NOT NULL,
  active INTEGER NOT NULL, created_at INTEGER NOT NULL, created_by TEXT NOT NULL);
CREATE INDEX IF NOT EXISTS webhooks_of_room ON webhooks (room, id);
CREATE TABLE IF NOT EXISTS deliveries (
  seq INTEGER PRIMARY KEY AUTOINCREMENT, id TEXT NOT NULL UNIQUE,
  webhook TEXT NOT NULL REFERENCES webhooks ON DELETE CASCADE, event TEXT NOT NULL, body BLOB NOT NULL,
  created_at INTEGER NOT NULL, state TEXT NOT NULL, tries INTEGER NOT NULL, next_at INTEGER NOT NULL,
  status INTEGER NOT NULL, note TEXT NOT NULL);
CREATE INDEX IF NOT EXISTS deliveries_of_webhook ON deliveries (webhook, seq);
CREATE INDEX IF NOT EXISTS deliveries_due ON deliveries (next_at) WHERE state = 'waiting';
"""
_WEBHOOK = "id, room, url, events, secret, active, created_at, created_by"
_DELIVERY = "id, webhook, event, body, created_at, state, tries, next_at, status, note"
_CLAIM = (
    "UPDATE deliveries SET next_at = ? WHERE seq IN (SELECT seq FROM deliveries WHERE state = 'waiting'"
    f" AND next_at <= ? ORDER BY next_at LIMIT ?) RETURNING {_DELIVERY}"
)


class SqliteWebhooks:
    """See `WebhookStore`."""

    def __init__(self, folder: Path) -> None:
        self._file = SqliteBeside(folder / "webhooks.db", _SCHEMA)

    async def open(self) -> None:
        await self._file.do(lambda connection: None)

    async def close(self) -> None:
        await self._file.close()

    async def add(self, webhook: Webhook, most: int) -> bool:
        values = (*_row(webhook), webhook.room, most)
        sql = (
            f"INSERT INTO webhooks ({_WEBHOOK}) SELECT ?, ?, ?, ?, ?, ?, ?, ?"
            " WHERE (SELECT count(*) FROM webhooks WHERE room = ?) < ?"
        )
        return await self._file.do(lambda connection: connection.execute(sql, values).rowcount == 1)

    async def webhook(self, room: str, id_: str) -> Webhook | None:
        sql = f"SELECT {_WEBHOOK} FROM webhooks WHERE id = ? AND room = ?"
        row = await self._file.do(lambda connection: connection.execute(sql, (id_, room)).fetchone())
        return _webhook(row) if row else None

    async def webhooks(self, room: str) -> list[Webhook]:
        sql = f"SELECT {_WEBHOOK} FROM webhooks WHERE room = ? ORDER BY id"
        return [_webhook(row) for row in await self._rows(sql, room)]

    async def change(self, webhook: Webhook) -> None:
        events = msgspec.json.encode(webhook.events).decode()
        await self._rows(
            "UPDATE webhooks SET url = ?, events = ?, active = ? WHERE id = ?",
            *(webhook.url, events, webhook.active, webhook.id),
        )

    async def remove(self, id_: str) -> None:
        await self._rows("DELETE FROM webhooks WHERE id = ?", id_)

    async def enqueue(self, deliveries: Sequence[Delivery], most: int) -> int:
        return await self._file.do(lambda connection: _enqueue(connection, deliveries, most))

    async def claim(self, now: int, put_off: int, limit: int) -> list[tuple[Delivery, Webhook]]:
        return await self._file.do(lambda connection: _claim(connection, (put_off, now, limit)))

    async def settle(self, delivery: Delivery) -> None:
        await self._rows(
            "UPDATE deliveries SET state = ?, tries = ?, next_at = ?, status = ?, note = ? WHERE id = ?",
            *(delivery.state, delivery.tries, delivery.next_at, delivery.status, delivery.note, delivery.id),
        )

    async def deliveries(self, webhook: str, before: int, limit: int) -> list[Logged]:
        sql = f"SELECT seq, {_DELIVERY} FROM deliveries WHERE webhook = ? AND seq < ? ORDER BY seq DESC LIMIT ?"
        return [Logged(row[0], Delivery(*row[1:])) for row in await self._rows(sql, webhook, before, limit)]

    async def forget(self, before: int) -> None:
        await self._rows("DELETE FROM deliveries WHERE created_at < ? AND state <> 'waiting'", before)

    async def _rows(self, sql: str, *values: object) -> list[Any]:
        return await self._file.do(lambda connection: connection.execute(sql, values).fetchall())


def _row(webhook: Webhook) -> tuple[object, ...]:
    events = msgspec.json.encode(webhook.events).decode()
    about = (webhook.secret, webhook.active, webhook.created_at, webhook.created_by)
    return (webhook.id, webhook.room, webhook.url, events, *about)


def _webhook(row: tuple[Any, ...]) -> Webhook:
    id_, room, url, events, secret, active, *made = row
    return Webhook(id_, room, url, tuple(msgspec.json.decode(events)), secret, bool(active), *made)


def _enqueue(connection: sqlite3.Connection, deliveries: Sequence[Delivery], most: int) -> int:
    put = 0
    sql = (
        f"INSERT INTO deliveries ({_DELIVERY}) SELECT ?, ?, ?, ?, ?, ?, ?, ?, ?, ? WHERE"
        " EXISTS (SELECT 1 FROM webhooks WHERE id = ?)"
        " AND (SELECT count(*) FROM deliveries WHERE webhook = ? AND state = 'waiting') < ?"
    )
    with transaction(connection):
        for delivery in deliveries:
            row = [getattr(delivery, name) for name in delivery.__struct_fields__]
            put += connection.execute(sql, (*row, delivery.webhook, delivery.webhook, most)).rowcount
    return len(deliveries) - put


def _claim(connection: sqlite3.Connection, values: tuple[int, int, int]) -> list[tuple[Delivery, Webhook]]:
    with transaction(connection):
        claimed = [Delivery(*row) for row in connection.execute(_CLAIM, values).fetchall()]
        found = {
            row[0]: _webhook(row)
            for delivery in claimed
            for row in connection.execute(f"SELECT {_WEBHOOK} FROM webhooks WHERE id = ?", (delivery.webhook,))
        }
    return [(delivery, found[delivery.webhook]) for delivery in claimed]
