"""Nodes at a hub that loses and parts: nothing is missing without a gap."""

import asyncio
import random

import pytest

from realtime.local_fanout import LocalFanout
from tests.contracts.fanouts import until
from tests.simulation.hub import FaultyHub


class Replica:
    """A node's set of edits; after a gap it asks the others for theirs, as a room does."""

    def __init__(self, fanout: LocalFanout, others: list["Replica"]) -> None:
        self.fanout = fanout
        self.edits: set[bytes] = set()
        self.gaps = 0
        self._others = others

    async def open(self) -> None:
        await self.fanout.open()
        await self.fanout.subscribe("room", lambda _origin, edit: self.edits.add(edit), self._on_gap)

    def edit(self, edit: bytes) -> None:
        self.edits.add(edit)
        self.fanout.publish("room", edit)

    def _on_gap(self) -> None:
        self.gaps += 1
        for other in self._others:
            self.edits |= other.edits
            other.edits |= self.edits


@pytest.mark.parametrize("seed", range(20))
async def test_F5_replicas_that_exchange_after_gaps_lose_nothing(seed: int) -> None:
    hub, chance = FaultyHub(seed, drop=0.05, delay_turns=5), random.Random(seed)
    replicas: list[Replica] = []
    for number in range(3):
        fanout = LocalFanout(hub, node=f"node{number}", beat_seconds=0.02, silent_seconds=60.0)
        replicas.append(Replica(fanout, replicas))
    for replica in replicas:
        await replica.open()
    for number in range(300):
        if chance.random() < 0.02:
            hub.part("node0", f"node{chance.randint(1, 2)}")
        if chance.random() < 0.05:
            hub.join()
        chance.choice(replicas).edit(b"%d" % number)
        if chance.random() < 0.5:
            await asyncio.sleep(0)
    hub.join()
    hub.drop = 0.0
    for replica in replicas:
        replica.edit(b"last of " + replica.fanout.node.encode())
    await until(lambda: not hub.in_flight)
    assert hub.lost and sum(replica.gaps for replica in replicas)
    assert [len(replica.edits) for replica in replicas] == [303] * 3
    for replica in replicas:
        await replica.fanout.close()


async def test_F6_parted_nodes_tell_each_other_gone_and_meet_again_with_a_gap() -> None:
    hub = FaultyHub(1)
    a = Replica(LocalFanout(hub, node="a", beat_seconds=0.1, silent_seconds=1.5), [])
    b = Replica(LocalFanout(hub, node="b", beat_seconds=0.1, silent_seconds=1.5), [])
    gone: list[str] = []
    a.fanout.when_node_gone(gone.append)
    b.fanout.when_node_gone(gone.append)
    await a.open()
    await b.open()
    await until(lambda: a.fanout.nodes == {"b"} and b.fanout.nodes == {"a"})
    assert a.gaps == b.gaps == 1
    hub.part("a", "b")
    await until(lambda: sorted(gone) == ["a", "b"])
    assert a.gaps == b.gaps == 1
    hub.join()
    await until(lambda: a.gaps == b.gaps == 2)
    await a.fanout.close()
    await b.fanout.close()
