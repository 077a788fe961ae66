"""Where nodes share a store, a snapshot has what each of them wrote."""

from rooms import snapshots
from rooms.room import MAIN
from tests.rooms.conftest import ANA, BO, ROOM, Client, GatedStore, say, until
from tests.rooms.test_nodes import LossyHub, Together, together

__all__ = ["together"]


async def texts_of(store: GatedStore) -> str:
    """What somebody reads who loads the document now."""
    stored = await store.load(ROOM.id, MAIN)
    client = Client(ANA)
    for update in (stored.snapshot or b"\x00\x00", *stored.tail):
        client.doc.apply_update(update)
    return str(client.text)


async def test_D5_a_snapshot_has_what_another_node_committed_and_did_not_deliver(
    store: GatedStore,
    together: Together,
) -> None:
    hub = LossyHub()
    one, two = await together(2, hub)
    ana, bo = Client(ANA), Client(BO)
    at_one, at_two = await one.open(ana), await two.open(bo)
    hub.cut.add(two.fanout.node)
    say(at_two, bo.session, bo.typed("from bo "))
    await two.registry.journal.flush()
    say(at_one, ana.session, ana.typed("from ana "))
    await one.registry.journal.flush()
    await at_one.snapshots.settle()
    stored = await store.load(ROOM.id, MAIN)
    assert stored.snapshot is not None
    assert stored.tail == ()
    assert sorted((await texts_of(store)).split()) == ["ana", "bo", "from", "from"]


async def test_J7_after_many_entries_there_is_a_snapshot_and_a_short_tail(
    store: GatedStore,
    together: Together,
) -> None:
    (one,) = await together(1)
    ana = Client(ANA)
    shared = await one.open(ana)
    written = 0
    while (await store.load(ROOM.id, MAIN)).snapshot is None:
        say(shared, ana.session, ana.typed(f"{written} "))
        written += 1
        await one.registry.journal.flush()
        assert written < 3 * snapshots.SNAPSHOT_ENTRIES
    assert written >= snapshots.SNAPSHOT_ENTRIES // 2
    await until(lambda: shared.snapshots._saving is None)
    assert len((await store.load(ROOM.id, MAIN)).tail) < snapshots.SNAPSHOT_ENTRIES
    assert (await texts_of(store)).split() == [str(number) for number in reversed(range(written))]
