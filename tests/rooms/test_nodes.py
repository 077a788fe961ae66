"""One room on several nodes: what is done at one is there at the others, whatever is lost between."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack

import pytest

from realtime.local_fanout import LocalFanout, LocalHub
from realtime.outbox import Turn
from realtime.protocol import Awareness, AwarenessState
from realtime.update import clocks
from rooms.exchange import Edits
from rooms.registry import RoomRegistry
from rooms.room import MAIN, Room, RoomLimits
from rooms.shared_document import SharedDocument
from rooms.store import Member
from tests.rooms.conftest import ANA, BO, ROOM, Client, GatedStore, nothing, say, until


class LossyHub(LocalHub):
    """Loses what the nodes in `cut` say, and what is said to them."""

    def __init__(self, max_payload: int = 2**20) -> None:
        super().__init__(max_payload)
        self.cut: set[str] = set()

    def carry(self, origin: str, target: str, deliver: Callable[[], None]) -> None:
        if not self.cut & {origin, target}:
            super().carry(origin, target, deliver)


class Node:
    """A registry with a fan-out of its own; all share the store."""

    def __init__(self, store: GatedStore, hub: LocalHub, silent_seconds: float, grace_seconds: float) -> None:
        self.fanout = LocalFanout(hub, beat_seconds=0.02, silent_seconds=silent_seconds)
        limits = RoomLimits(max_document_bytes=1_000_000, max_sessions=100, leave_grace_seconds=grace_seconds)
        self.registry = RoomRegistry(
            store,
            store,
            limits,
            Turn(),
            self.fanout,
            slow_seconds=30.0,
            max_unsaved_bytes=100_000,
            idle_seconds=60.0,
            on_open=nothing,
        )
        self._stack = AsyncExitStack()

    async def open(self, client: Client) -> SharedDocument:
        """Let somebody into the room, as far as their first synchronisation."""
        self.room: Room = await self._stack.enter_async_context(self.registry.visit(ROOM.id))
        shared = await self.room.enter(client.session, client.member, MAIN)
        say(shared, client.session, client.hello())
        await until(lambda: client.session.live)
        client.read()
        return shared

    async def close(self) -> None:
        await self.registry.drain(5)
        await self._stack.aclose()
        await self.fanout.close()


Together = Callable[..., Awaitable[list[Node]]]


@pytest.fixture
async def together(store: GatedStore) -> AsyncIterator[Together]:
    nodes: list[Node] = []

    async def make(count: int, hub: LocalHub | None = None, silent: float = 0.3, grace: float = 0.1) -> list[Node]:
        meeting = hub or LossyHub()
        store.is_shared = True
        nodes.extend(Node(store, meeting, silent, grace) for _ in range(count))
        for node in nodes:
            await node.fanout.open()
        await until(lambda: all(len(node.fanout.nodes) == count - 1 for node in nodes))
        return nodes

    yield make
    store.gate.set()
    for node in nodes:
        await node.close()


def known(shared: SharedDocument) -> dict[int, int]:
    return clocks(shared.document.state_vector())


async def test_N1_an_edit_is_shown_at_every_node_and_journaled_once(store: GatedStore, together: Together) -> None:
    one, two, three = await together(3)
    ana, bo, cy = Client(ANA), Client(BO), Client(Member("mb_cy", "Cy", "participant", 3))
    shared = await one.open(ana)
    await two.open(bo)
    await three.open(cy)
    say(shared, ana.session, ana.typed("hello"))
    await until(lambda: bo.read() == cy.read() == "hello")
    updates = [entry for batch in store.batches for entry in batch if entry.kind == "update"]
    assert len(updates) == 1


async def test_N1_nothing_is_told_to_other_nodes_before_it_is_committed(store: GatedStore, together: Together) -> None:
    one, two = await together(2)
    ana, bo = Client(ANA), Client(BO)
    shared = await one.open(ana)
    await two.open(bo)
    await one.registry.journal.flush()
    store.gate.clear()
    say(shared, ana.session, ana.typed("secret"))
    for _ in range(50):
        await asyncio.sleep(0)
    assert bo.read() == ""
    store.gate.set()
    await until(lambda: bo.read() == "secret")


async def test_N1_R3_who_waits_for_an_answer_gets_what_comes_from_another_node_meanwhile(
    store: GatedStore, together: Together
) -> None:
    one, _ = await together(2)
    ana, bo, far = Client(ANA), Client(BO), Client(Member("mb_cy", "Cy", "participant", 3))
    shared = await one.open(ana)
    await one.registry.journal.flush()
    store.gate.clear()
    say(shared, ana.session, ana.typed("near"))
    assert await one.room.enter(bo.session, bo.member, MAIN) is shared
    say(shared, bo.session, bo.hello())
    assert not bo.session.live
    far.text.insert(0, "far ")
    shared.siblings.hear("elsewhere", Edits(MAIN, far.doc.get_update()))
    store.gate.set()
    await until(lambda: bo.session.live)
    await until(lambda: sorted(bo.read()) == sorted("far near"))


async def test_N2_who_opens_the_room_later_has_everything(together: Together) -> None:
    one, two = await together(2)
    ana, bo = Client(ANA), Client(BO)
    shared = await one.open(ana)
    say(shared, ana.session, ana.typed("before"))
    say(shared, ana.session, Awareness([AwarenessState(5, 1, b'{"line":3}')]))
    await one.registry.journal.flush()
    at_two = await two.open(bo)
    await until(lambda: bo.read() == "before")
    await until(lambda: len(at_two.presence) == 1)
    assert [state.json for state in at_two.presence.everybody()] == [b'{"line":3,"user":{"id":"mb_ana"}}']
    assert [member.id for member in two.room.here()] == [ANA.id, BO.id]


async def test_N3_what_was_lost_between_nodes_is_made_up_for(together: Together) -> None:
    hub = LossyHub()
    one, two = await together(2, hub)
    ana, bo = Client(ANA), Client(BO)
    at_one, at_two = await one.open(ana), await two.open(bo)
    hub.cut.add(two.fanout.node)
    say(at_one, ana.session, ana.typed("from ana "))
    say(at_two, bo.session, bo.typed("from bo "))
    await until(lambda: two.fanout.node not in one.fanout.nodes and one.fanout.node not in two.fanout.nodes)
    hub.cut.clear()
    await until(lambda: known(at_one) == known(at_two))
    assert at_one.document.encode() == at_two.document.encode()
    await until(lambda: sorted(ana.read().split()) == sorted(bo.read().split()) == ["ana", "bo", "from", "from"])


async def test_N3_an_edit_that_comes_before_what_it_builds_on_waits_for_it(together: Together) -> None:
    hub = LossyHub()
    one, two = await together(2, hub)
    ana, bo = Client(ANA), Client(BO)
    at_one = await one.open(ana)
    await two.open(bo)
    hub.cut.add(two.fanout.node)
    say(at_one, ana.session, ana.typed("lost "))
    await one.registry.journal.flush()
    hub.cut.clear()
    say(at_one, ana.session, ana.typed("found "))
    await until(lambda: bo.read() == "found lost ")


async def test_N4_the_people_of_a_dead_node_vanish_and_its_last_commit_is_found(
    store: GatedStore, together: Together
) -> None:
    hub = LossyHub()
    one, two = await together(2, hub)
    ana, bo = Client(ANA), Client(BO)
    at_one, at_two = await one.open(ana), await two.open(bo)
    say(at_one, ana.session, Awareness([AwarenessState(5, 1, b'{"line":3}')]))
    await until(lambda: len(at_two.presence) == 1)
    hub.cut.add(one.fanout.node)
    say(at_one, ana.session, ana.typed("committed, and told to nobody"))
    await until(lambda: bo.read() == "committed, and told to nobody")
    await until(lambda: len(at_two.presence) == 0)
    assert [member.id for member in two.room.here()] == [BO.id]


async def test_N5_what_is_too_large_to_travel_is_read_from_the_journal(together: Together) -> None:
    one, two = await together(2, LossyHub(max_payload=2000))
    ana, bo = Client(ANA), Client(BO)
    at_one = await one.open(ana)
    await two.open(bo)
    say(at_one, ana.session, ana.typed("x" * 5000))
    await until(lambda: len(bo.read()) == 5000)


async def test_N6_events_are_told_at_every_node(together: Together) -> None:
    one, two = await together(2)
    ana, bo = Client(ANA), Client(BO)
    await one.open(ana)
    await two.open(bo)
    bo.outbox._payloads.clear()
    await one.room.note(ANA.id, "chat", "message", b'{"text":"hi"}')
    await until(lambda: any(b'"text":"hi"' in frame for frame in bo.outbox._payloads))


async def test_N6_who_moves_to_another_node_never_left(store: GatedStore, together: Together) -> None:
    one, two = await together(2)
    ana, again, bo = Client(ANA), Client(ANA), Client(BO)
    at_one = await one.open(ana)
    await two.open(bo)
    one.room.leave(ana.session)
    await two.open(again)
    await until(lambda: not one.room._leaving)
    await one.registry.journal.flush()
    kinds = [(entry.kind, entry.author) for batch in store.batches for entry in batch if entry.channel == "room"]
    assert kinds == [("joined", ANA.id), ("joined", BO.id)]
    assert at_one.audience is not None
