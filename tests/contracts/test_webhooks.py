"""The register of webhooks and what is on its way to them, in either store."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack
from pathlib import Path

import msgspec
import pytest

from rooms.postgres_webhooks import PostgresWebhooks
from rooms.sqlite_webhooks import SqliteWebhooks
from rooms.webhooks import Delivery, Webhook, WebhookStore
from tests.contracts.conftest import KINDS


@pytest.fixture(params=KINDS)
async def stores(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[tuple[WebhookStore, WebhookStore]]:
    """Of two nodes, on one database."""
    make: Callable[[], WebhookStore] = lambda: SqliteWebhooks(tmp_path)  # noqa: E731
    if request.param == "postgres":
        url = request.getfixturevalue("address")
        make = lambda: PostgresWebhooks(url)  # noqa: E731
    async with AsyncExitStack() as stack:
        near, far = make(), make()
        for store in (near, far):
            await store.open()
            stack.push_async_callback(store.close)
        yield near, far


def webhook(id_: str, room: str = "rm_one") -> Webhook:
    return Webhook(id_, room, "https://a.example/x", ("run.judged", "member.joined"), "whsec_x", True, 1000, "mb_a")


def delivery(number: int, webhook: str = "wh_a", next_at: int = 0) -> Delivery:
    return Delivery(f"msg_{number}", webhook, "run.judged", b'{"n": 1}', 1000 + number, next_at=next_at)


async def test_WH1_a_webhook_is_one_rooms_and_there_are_so_many_at_most(
    stores: tuple[WebhookStore, WebhookStore],
) -> None:
    near, far = stores
    assert [await near.add(webhook(f"wh_{name}"), 3) for name in "cabd"] == [True, True, True, False]
    assert await near.add(webhook("wh_z", "rm_two"), 3)
    assert [found.id for found in await far.webhooks("rm_one")] == ["wh_a", "wh_b", "wh_c"]
    assert await far.webhook("rm_one", "wh_a") == webhook("wh_a")
    assert await far.webhook("rm_two", "wh_a") is None
    changed = msgspec.structs.replace(webhook("wh_a"), url="https://b.example", events=("room.ended",), active=False)
    await far.change(changed)
    assert await near.webhook("rm_one", "wh_a") == changed
    await near.enqueue([delivery(1)], 10)
    await near.remove("wh_a")
    assert await near.webhook("rm_one", "wh_a") is None
    assert await near.deliveries("wh_a", 2**62, 10) == []


async def test_WH2_a_delivery_is_claimed_by_one_and_comes_back(stores: tuple[WebhookStore, WebhookStore]) -> None:
    near, far = stores
    await near.add(webhook("wh_a"), 3)
    assert await near.enqueue([delivery(n) for n in range(20)] + [delivery(99, next_at=5000)], 100) == 0
    claims = await asyncio.gather(*(stores[n % 2].claim(10, 3000, 3) for n in range(12)))
    claimed = [found.id for claim in claims for found, hook in claim]
    assert sorted(claimed) == sorted(f"msg_{n}" for n in range(20))
    assert {hook.id for claim in claims for _, hook in claim} == {"wh_a"}
    assert await far.claim(2999, 9000, 100) == []
    done = msgspec.structs.replace(delivery(1), state="delivered", tries=1, status=204, note="fine")
    await near.settle(done)
    again = await far.claim(3000, 9000, 100)
    assert len(again) == 19
    logged = await near.deliveries("wh_a", 2**62, 100)
    assert [found.delivery.id for found in logged][:2] == ["msg_99", "msg_19"]
    assert next(found.delivery for found in logged if found.delivery.id == "msg_1") == done
    assert [found.delivery.id for found in await near.deliveries("wh_a", logged[1].seq, 2)] == ["msg_18", "msg_17"]
    await near.forget(2000)
    assert len(await near.deliveries("wh_a", 2**62, 100)) == 20


async def test_WH3_so_many_wait_for_one_webhook_at_most(stores: tuple[WebhookStore, WebhookStore]) -> None:
    near, _ = stores
    for name in ("wh_a", "wh_b"):
        await near.add(webhook(name), 3)
    some = [*(delivery(n) for n in range(6)), *(delivery(n, "wh_b") for n in range(10, 12)), delivery(20, "wh_gone")]
    assert await near.enqueue(some, 4) == 3
    assert await near.enqueue([delivery(30)], 4) == 1
    assert [found.delivery.id for found in await near.deliveries("wh_a", 2**62, 9)][::-1] == [
        f"msg_{n}" for n in range(4)
    ]
    assert len(await near.deliveries("wh_b", 2**62, 9)) == 2
