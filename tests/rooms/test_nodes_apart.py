"""One room on several nodes, of which one cannot commit, one dies, one was not heard."""

import asyncio
from collections.abc import Sequence
from typing import Any

from realtime.lib0 import write_uint
from realtime.protocol import Awareness, AwarenessState, SyncUpdate, decode_y
from realtime.update import EMPTY_UPDATE, clocks
from rooms import journal, siblings
from rooms.errors import StoreUnavailable
from rooms.store import Draft, Member
from tests.rooms.conftest import ANA, BO, Client, GatedStore, say, until
from tests.rooms.test_nodes import LossyHub, Node, Together, known, together

__all__ = ["together"]


class OneNodesStore:
    """The store as one node has it: it can be gone for this node alone."""

    def __init__(self, store: GatedStore) -> None:
        self._store = store
        self.is_gone = False
        self.loads = 0

    def append(self, commit: str, drafts: Sequence[Draft]) -> Any:
        if self.is_gone:
            raise StoreUnavailable("gone")
        return self._store.append(commit, drafts)

    async def load(self, room: str, document: str) -> Any:
        self.loads += 1
        if self.is_gone:
            raise StoreUnavailable("gone")
        return await self._store.load(room, document)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._store, name)


def give(node: Node, store: GatedStore) -> OneNodesStore:
    """A store of its own, before it opens a room."""
    own: Any = OneNodesStore(store)
    node.registry._store = node.registry.journal._store = own
    node.registry.journal._slow_seconds = 0.01
    found: OneNodesStore = own
    return found


def acknowledged(client: Client) -> int:
    client.read()
    return sum(client.acks)


async def test_N12_nothing_is_called_saved_that_builds_on_what_another_node_has_not_committed(
    store: GatedStore, together: Together, monkeypatch: Any
) -> None:
    monkeypatch.setattr(siblings, "KEEP_SECONDS", 3600.0)
    one, two = await together(2)
    of_one = give(one, store)
    ana, bo = Client(ANA), Client(BO)
    at_one, at_two = await one.open(ana), await two.open(bo)
    await until(lambda: at_one.siblings._asking is None and at_two.siblings._asking is None)
    of_one.is_gone = True
    say(at_one, ana.session, ana.typed("not saved"))
    await until(lambda: bo.read() == "not saved")
    say(at_two, bo.session, bo.typed("on top of it, "))
    await two.registry.journal.flush()
    await until(lambda: ana.read() == "on top of it, not saved")
    assert acknowledged(bo) == 0
    of_one.is_gone = False
    await until(lambda: acknowledged(bo) == 1 and acknowledged(ana) == 1)


async def test_N12_what_another_node_cannot_commit_is_committed_here(
    store: GatedStore, together: Together, monkeypatch: Any
) -> None:
    monkeypatch.setattr(siblings, "KEEP_SECONDS", 0.05)
    one, two = await together(2)
    of_one = give(one, store)
    ana, bo = Client(ANA), Client(BO)
    at_one, at_two = await one.open(ana), await two.open(bo)
    of_one.is_gone = True
    say(at_one, ana.session, ana.typed("not saved"))
    await until(lambda: bo.read() == "not saved")
    say(at_two, bo.session, bo.typed("on top of it, "))
    await until(lambda: acknowledged(bo) == 1)
    stored = (await (await at_two.shelf()).load())[0]
    assert stored.encode() == at_two.document.encode()


def edits_of(store: GatedStore) -> list[str]:
    """The authors of the edits in the journal that are not empty, in order."""
    entries = [entry for batch in store.batches for entry in batch]
    return [entry.author for entry in entries if entry.kind == "update" and entry.data != EMPTY_UPDATE]


async def test_N12_what_was_committed_elsewhere_is_there_once_and_its_authors(
    store: GatedStore, together: Together, monkeypatch: Any
) -> None:
    monkeypatch.setattr(siblings, "KEEP_SECONDS", 0.05)
    one, two = await together(2)
    of_one = give(one, store)
    ana, bo = Client(ANA), Client(BO)
    at_one, at_two = await one.open(ana), await two.open(bo)
    of_one.is_gone = True
    say(at_one, ana.session, ana.typed("mine"))
    await until(lambda: edits_of(store) == [ANA.id])
    known = [entry for batch in store.batches for entry in batch if entry.kind == "client"]
    assert [(entry.author, entry.data) for entry in known] == [(ANA.id, write_uint(ana.doc.client_id))]
    await until(lambda: one.registry.journal.stats().failures >= 2)
    of_one.is_gone = False
    await asyncio.wait_for(one.registry.journal.flush(), 20)
    assert acknowledged(ana) == 1
    say(at_one, ana.session, ana.typed("more of "))
    await until(lambda: bo.read() == "more of mine")
    assert edits_of(store) == [ANA.id, ANA.id]
    assert (await (await at_two.shelf()).load())[0].encode() == at_two.document.encode()


async def test_N12_a_node_that_can_commit_again_in_time_does_it_itself(
    store: GatedStore, together: Together, monkeypatch: Any
) -> None:
    monkeypatch.setattr(siblings, "KEEP_SECONDS", 3600.0)
    one, two = await together(2)
    of_one = give(one, store)
    ana, bo = Client(ANA), Client(BO)
    at_one, at_two = await one.open(ana), await two.open(bo)
    await until(lambda: at_one.siblings._asking is None and at_two.siblings._asking is None)
    of_one.is_gone = True
    say(at_one, ana.session, ana.typed("late"))
    await until(lambda: at_two.siblings._keeping is not None)
    of_one.is_gone = False
    await until(lambda: at_two.siblings._keeping is None)
    assert bo.read() == "late" and edits_of(store) == [ANA.id]


async def test_N8_who_left_with_a_dead_node_left_once_whoever_says_so(store: GatedStore, together: Together) -> None:
    hub = LossyHub()
    one, two, three = await together(3, hub)
    ana, bo, cy = Client(ANA), Client(BO), Client(Member("mb_cy", "Cy", "participant", 3))
    await one.open(cy)
    await two.open(bo)
    await three.open(ana)
    await until(lambda: len(one.room.here()) == len(two.room.here()) == 3)
    rooms, dead = (one.room, two.room), three.fanout.node
    for room in rooms:  # each believes that it is the only one left
        room._elsewhere = {dead: room._elsewhere[dead]}
    hub.cut.add(dead)
    await until(
        lambda: all(dead not in room._elsewhere and not room._leaving and room._farewells.are_noted for room in rooms)
    )
    await asyncio.gather(one.registry.journal.flush(), two.registry.journal.flush())
    entries = [entry for batch in store.batches for entry in batch if entry.kind == "left" and entry.author == ANA.id]
    assert {entry.seq for entry in entries} == {entries[0].seq}


async def test_N12_what_a_dead_node_had_not_committed_is_committed_here(
    store: GatedStore, together: Together, monkeypatch: Any
) -> None:
    monkeypatch.setattr(siblings, "KEEP_SECONDS", 3600.0)
    hub = LossyHub()
    one, two = await together(2, hub)
    of_one = give(one, store)
    ana, bo = Client(ANA), Client(BO)
    at_one, at_two = await one.open(ana), await two.open(bo)
    of_one.is_gone = True
    say(at_one, ana.session, ana.typed("not saved"))
    await until(lambda: bo.read() == "not saved")
    hub.cut.add(one.fanout.node)
    shelf = await at_two.shelf()
    while (await shelf.load())[0].encode() != at_two.document.encode():
        await asyncio.wait_for(two.registry.journal.flush(), 30)
    of_one.is_gone = False


async def hold_back(node: Node, store: GatedStore) -> "asyncio.Future[None]":
    """A commit at this node that goes on when the future is done; what others tell waits for it."""
    own = give(node, store)
    node.registry.journal._slow_seconds = 3600.0
    slow: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    async def append_late(commit: str, drafts: Sequence[Draft]) -> Any:
        await slow
        numbers = store.append(commit, drafts)
        return numbers if isinstance(numbers, list) else await numbers

    own.append = append_late  # type: ignore[method-assign]
    return slow


async def test_N1_what_other_nodes_tell_is_shown_in_one_frame_with_a_commit_that_is_on_its_way(
    store: GatedStore, together: Together, monkeypatch: Any
) -> None:
    monkeypatch.setattr(journal, "HOLD_SECONDS", 3600.0)
    one, two = await together(2)
    ana, bo, eve = Client(ANA), Client(BO), Client(BO)
    at_one, at_two = await one.open(ana), await two.open(bo)
    await two.open(eve)
    await until(lambda: at_one.siblings._asking is None and at_two.siblings._asking is None)
    await asyncio.gather(one.registry.journal.flush(), two.registry.journal.flush())
    eve.take()
    slow = await hold_back(two, store)
    say(at_two, bo.session, bo.typed("mine, "))
    await asyncio.sleep(0)
    say(at_one, ana.session, ana.typed("theirs, "))
    await until(lambda: bool(at_two.siblings.news))
    assert eve.take() == []
    slow.set_result(None)
    await two.registry.journal.flush()
    frames = eve.take()
    assert len(frames) == 1
    for message in decode_y(frames[0]):
        assert isinstance(message, SyncUpdate)
        eve.doc.apply_update(message.update)
    assert clocks(eve.doc.get_state()) == clocks(at_two.document.state_vector())


async def test_N1_S2_who_falls_behind_gets_what_other_nodes_told_meanwhile(
    store: GatedStore, together: Together, monkeypatch: Any
) -> None:
    monkeypatch.setattr(journal, "HOLD_SECONDS", 3600.0)
    one, two = await together(2)
    ana, bo, eve = Client(ANA), Client(BO), Client(BO, limit_bytes=20)
    at_one, at_two = await one.open(ana), await two.open(bo)
    await two.open(eve)
    await until(lambda: at_one.siblings._asking is None and at_two.siblings._asking is None)
    slow = await hold_back(two, store)
    say(at_two, bo.session, bo.typed("mine, "))
    await asyncio.sleep(0)
    say(at_one, ana.session, ana.typed("theirs, "))
    await until(lambda: bool(at_two.siblings.news))
    at_two.audience._fall_behind(eve.session)
    slow.set_result(None)
    await two.registry.journal.flush()
    eve.read()
    eve.outbox._tell_low()
    await until(lambda: eve.read().count("mine") == eve.read().count("theirs") == 1)


async def test_N13_who_waits_for_an_answer_gets_what_another_node_tells_meanwhile(
    store: GatedStore, together: Together
) -> None:
    one, two = await together(2)
    ana, bo, late = Client(ANA), Client(BO), Client(BO)
    at_one, at_two = await one.open(ana), await two.open(bo)
    await asyncio.gather(one.registry.journal.flush(), two.registry.journal.flush())
    slow = await hold_back(two, store)
    say(at_two, bo.session, bo.typed("mine, "))
    await two.room.enter(late.session, BO, "main")
    say(at_two, late.session, late.hello())
    assert not late.session.live
    say(at_one, ana.session, ana.typed("theirs, "))
    await until(lambda: bo.read().count("theirs") == 1)
    slow.set_result(None)
    await until(lambda: late.read().count("theirs") == late.read().count("mine") == 1)
    assert clocks(late.doc.get_state()) == clocks(bo.doc.get_state())


async def test_N14_whose_leaving_was_missed_is_gone_after_comparing(together: Together) -> None:
    hub = LossyHub()
    one, two = await together(2, hub)
    ana, cy, bo = Client(ANA), Client(ANA), Client(BO)
    at_one, at_two = await one.open(ana), await two.open(bo)
    await one.open(cy)
    say(at_one, ana.session, Awareness([AwarenessState(5, 1, b'{"line":3}')]))
    say(at_one, cy.session, Awareness([AwarenessState(6, 1, b'{"line":4}')]))
    await until(lambda: len(at_two.presence) == 2)
    hub.cut.add(one.fanout.node)
    one.room.leave(ana.session)
    await one.registry.journal.flush()
    assert len(at_one.presence) == 1
    hub.cut.clear()
    one.room.compare()
    await until(lambda: len(at_two.presence) == 1)


async def test_N15_a_journal_that_could_not_be_read_is_read_again(
    store: GatedStore, together: Together, monkeypatch: Any
) -> None:
    monkeypatch.setattr(siblings, "REREAD_SECONDS", 0.01)
    one, two = await together(2, LossyHub(max_payload=2000))
    of_two = give(two, store)
    ana, bo = Client(ANA), Client(BO)
    at_one, at_two = await one.open(ana), await two.open(bo)
    of_two.is_gone, before = True, of_two.loads
    say(at_one, ana.session, ana.typed("x" * 5000))
    await until(lambda: of_two.loads > before + 2)
    of_two.is_gone = False
    await until(lambda: len(bo.read()) == 5000)
    assert known(at_one) == known(at_two)
