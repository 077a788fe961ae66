"""Who goes from one node to another, while the nodes do not know of each other's people."""

from rooms.store import Member
from tests.rooms.conftest import ANA, BO, Client, GatedStore, until
from tests.rooms.test_nodes import LossyHub, Node, Together, together

__all__ = ["together"]

CY = Member("mb_cy", "Cy", "participant", 3)


async def told(store: GatedStore, nodes: list[Node]) -> list[tuple[str, str]]:
    """Comings and goings of which the journal knows once all nodes have said what they had to."""
    for node in nodes:
        await node.room._comings.settle()
        await node.registry.journal.flush()
    return [(entry.kind, entry.author) for batch in store.batches for entry in batch if entry.channel == "room"]


async def test_N6_who_comes_back_at_any_node_after_theirs_is_gone_never_left(
    store: GatedStore, together: Together
) -> None:
    """The second takes care of whether she comes back; she does, at the third."""
    nodes = await together(3, silent=60.0, grace=60.0)
    one, two, three = sorted(nodes, key=lambda node: node.fanout.node)
    for node, member in ((one, ANA), (two, BO), (three, CY)):
        await node.open(Client(member))
    await until(lambda: all(node.room._is_elsewhere(ANA.id) for node in (two, three)))
    await one.fanout.close()
    await until(lambda: two.fanout.nodes == {three.fanout.node} and three.fanout.nodes == {two.fanout.node})
    three.room._elsewhere.clear()  # the word of the second is still on its way
    await three.open(Client(ANA))
    await until(lambda: two.room._is_elsewhere(ANA.id))
    two.room._leaving[ANA.id].cancel()
    two.room._gone(ANA.id)
    found = await told(store, [two, three])
    assert sorted(found) == [("joined", ANA.id), ("joined", BO.id), ("joined", CY.id)]


async def test_N6_who_comes_to_a_node_that_has_heard_nobody_yet_does_not_come_twice(
    store: GatedStore, together: Together
) -> None:
    hub = LossyHub()
    one, two = await together(2, hub, silent=60.0, grace=60.0)
    await one.open(Client(ANA))
    await told(store, [one])
    hub.cut.add(two.fanout.node)
    await two.open(Client(ANA))
    await two.room.enter(Client(BO).session, BO, "main")
    assert not two.room._is_elsewhere(ANA.id)
    assert await told(store, [one, two]) == [("joined", ANA.id), ("joined", BO.id)]
    hub.cut.clear()
