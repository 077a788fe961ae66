"""Where nodes share a store, a snapshot has what each of them wrote."""

from rooms.room import MAIN
from tests.rooms.conftest import ANA, BO, ROOM, Client, GatedStore, say
from tests.rooms.test_nodes import LossyHub, Together, together

__all__ = ["together"]


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
    await at_one.put_away()
    stored = await store.load(ROOM.id, MAIN)
    assert stored.snapshot is not None
    assert stored.tail == ()
    later = Client(ANA)
    for update in await (await at_one.shelf()).updates():
        later.doc.apply_update(update)
    assert sorted(str(later.text).split()) == ["ana", "bo", "from", "from"]
