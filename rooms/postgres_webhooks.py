"""Webhooks in PostgreSQL, for all nodes on a database."""

from collections.abc import Sequence
from typing import Any

from rooms.postgres_database import Database
from rooms.postgres_schema import prepare
from rooms.webhooks import Delivery, Logged, Webhook

_WEBHOOK = "id, room, url, events, secret, active, created_at, created_by"
_DELIVERY = "id, webhook, event, body, created_at, state, tries, next_at, status, note"
_ADD = (
    f"INSERT INTO webhooks ({_WEBHOOK}) SELECT $1, $2, $3, $4, $5, $6, $7, $8"
    " WHERE (SELECT count(*) FROM webhooks WHERE room = $2) < $9 RETURNING id"
)
# As many of each webhook's as there is room for.
_ENQUEUE = (
    f"INSERT INTO deliveries ({_DELIVERY}) SELECT {_DELIVERY} FROM (SELECT *, row_number() OVER (PARTITION BY webhook"
    " ORDER BY n) AS place FROM unnest($1::text[], $2::text[], $3::text[], $4::bytea[], $5::bigint[], $6::text[],"
    f" $7::integer[], $8::bigint[], $9::integer[], $10::text[]) WITH ORDINALITY AS given ({_DELIVERY}, n)) AS numbered"
    " WHERE EXISTS (SELECT 1 FROM webhooks WHERE webhooks.id = webhook) AND place +"
    " (SELECT count(*) FROM deliveries AS there WHERE there.webhook = numbered.webhook AND there.state = 'waiting')"
    " <= $11 ORDER BY n RETURNING id"
)
_CLAIM = (
    "WITH due AS (SELECT seq FROM deliveries WHERE state = 'waiting' AND next_at <= $1 ORDER BY next_at LIMIT $3"
    " FOR UPDATE SKIP LOCKED), taken AS (UPDATE deliveries SET next_at = $2 FROM due WHERE deliveries.seq = due.seq"
    " RETURNING deliveries.*) SELECT "
    + ", ".join(f"taken.{name}" for name in _DELIVERY.split(", "))
    + ", "
    + ", ".join(f"webhooks.{name}" for name in _WEBHOOK.split(", "))
    + " FROM taken JOIN webhooks ON webhooks.id = taken.webhook"
)


class PostgresWebhooks:
    """See `WebhookStore`. Owns two connections."""

    def __init__(self, url: str, *, seconds: float = 5.0) -> None:
        self._database = Database(url, connections=2, seconds=seconds)

    async def open(self) -> None:
        try:
            await self._database.open()
            await self._database.run(prepare, more_seconds=60.0)
        except BaseException:
            await self.close()
            raise

    async def close(self) -> None:
        await self._database.close()

    async def add(self, webhook: Webhook, most: int) -> bool:
        return await self._database.row(_ADD, *_fields(webhook), most) is not None

    async def webhook(self, room: str, id_: str) -> Webhook | None:
        row = await self._database.row(f"SELECT {_WEBHOOK} FROM webhooks WHERE id = $1 AND room = $2", id_, room)
        return _webhook(row) if row else None

    async def webhooks(self, room: str) -> list[Webhook]:
        rows = await self._database.rows(f"SELECT {_WEBHOOK} FROM webhooks WHERE room = $1 ORDER BY id", room)
        return [_webhook(row) for row in rows]

    async def change(self, webhook: Webhook) -> None:
        sql = "UPDATE webhooks SET url = $2, events = $3, active = $4 WHERE id = $1"
        await self._database.rows(sql, webhook.id, webhook.url, list(webhook.events), webhook.active)

    async def remove(self, id_: str) -> None:
        await self._database.rows("DELETE FROM webhooks WHERE id = $1", id_)

    async def enqueue(self, deliveries: Sequence[Delivery], most: int) -> int:
        columns = [[getattr(delivery, name) for delivery in deliveries] for name in Delivery.__struct_fields__]
        return len(deliveries) - len(await self._database.rows(_ENQUEUE, *columns, most))

    async def claim(self, now: int, put_off: int, limit: int) -> list[tuple[Delivery, Webhook]]:
        count = len(Delivery.__struct_fields__)
        rows = [tuple(row) for row in await self._database.rows(_CLAIM, now, put_off, limit)]
        return [(Delivery(*row[:count]), _webhook(row[count:])) for row in rows]

    async def settle(self, delivery: Delivery) -> None:
        await self._database.rows(
            "UPDATE deliveries SET state = $2, tries = $3, next_at = $4, status = $5, note = $6 WHERE id = $1",
            *(delivery.id, delivery.state, delivery.tries, delivery.next_at, delivery.status, delivery.note),
        )

    async def deliveries(self, webhook: str, before: int, limit: int) -> list[Logged]:
        sql = f"SELECT seq, {_DELIVERY} FROM deliveries WHERE webhook = $1 AND seq < $2 ORDER BY seq DESC LIMIT $3"
        return [Logged(row[0], Delivery(*row[1:])) for row in await self._database.rows(sql, webhook, before, limit)]

    async def forget(self, before: int) -> None:
        await self._database.rows("DELETE FROM deliveries WHERE created_at < $1 AND state <> 'waiting'", before)


def _fields(webhook: Webhook) -> tuple[object, ...]:
    fields = {name: getattr(webhook, name) for name in webhook.__struct_fields__}
    return tuple((fields | {"events": list(webhook.events)}).values())


def _webhook(row: Any) -> Webhook:
    id_, room, url, events, *rest = row
    return Webhook(id_, room, url, tuple(events), *rest)
