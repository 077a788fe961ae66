"""What every fan-out does, in process and over a real broker alike."""

import asyncio
import secrets
from collections.abc import AsyncIterator, Awaitable, Callable
from functools import partial

import pytest

from realtime import nats_fanout
from realtime.fanout import Fanout
from realtime.letters import read_letter
from realtime.local_fanout import LocalFanout, LocalHub
from realtime.nats_fanout import NatsFanout
from realtime.nats_link import NatsLink
from tests.contracts.fanouts import Ear, until
from tests.services.nats import NatsServer

Join = Callable[[], Awaitable[Fanout]]
SILENT_SECONDS = 60.0
"""Longer than any test: nobody is taken for dead because the machine is slow."""


@pytest.fixture(params=["local", "nats"])
async def join(request: pytest.FixtureRequest) -> AsyncIterator[Join]:
    """Each call opens another node of the same house."""
    opened: list[Fanout] = []
    make: Callable[[], Fanout]
    if request.param == "local":
        hub = LocalHub()
        make = lambda: LocalFanout(hub, beat_seconds=0.05, silent_seconds=SILENT_SECONDS)  # noqa: E731
    else:
        server: NatsServer = request.getfixturevalue("nats_server")
        prefix = f"t{secrets.token_hex(4)}"
        make = lambda: NatsFanout(server.url, prefix=prefix, beat_seconds=0.05, silent_seconds=SILENT_SECONDS)  # noqa: E731

    async def join() -> Fanout:
        fanout = make()
        await fanout.open()
        opened.append(fanout)
        await until(lambda: all(len(each.nodes) == len(opened) - 1 for each in opened))
        return fanout

    yield join
    for fanout in opened:
        await fanout.close()


async def test_F1_a_payload_reaches_each_other_node_once_and_in_order(join: Join) -> None:
    a, b, c = await join(), await join(), await join()
    ears = {node: Ear() for node in (a, b, c)}
    for node, ear in ears.items():
        await ear.listen(node, "room")
    sent = [b"%d" % number for number in range(500)]
    for payload in sent:
        assert a.publish("room", payload)
    await until(lambda: len(ears[b].heard) >= 500 and len(ears[c].heard) >= 500)
    assert ears[b].heard == ears[c].heard == [(a.node, payload) for payload in sent]
    assert ears[a].heard == []
    assert [ear.gaps for ear in ears.values()] == [0, 0, 0]


async def test_F1_both_directions_and_empty_payloads(join: Join) -> None:
    a, b = await join(), await join()
    in_a, in_b = Ear(), Ear()
    await in_a.listen(a, "room")
    await in_b.listen(b, "room")
    assert a.publish("room", b"") and b.publish("room", b"to a")
    await until(lambda: in_a.heard and in_b.heard)
    assert (in_a.heard, in_b.heard) == ([(b.node, b"to a")], [(a.node, b"")])


async def test_F2_what_is_published_after_subscribe_returned_is_received(join: Join) -> None:
    a, b = await join(), await join()
    ears = []
    for number in range(50):
        room, ear = f"room{number}", Ear()
        await Ear().listen(a, room)
        await ear.listen(b, room)
        assert a.publish(room, b"first")
        ears.append(ear)
    await until(lambda: all(ear.heard for ear in ears))
    assert all(ear.payloads == [b"first"] for ear in ears)


async def test_F3_a_node_hears_only_the_rooms_that_it_has_open(join: Join) -> None:
    a, b = await join(), await join()
    here, there, marker = Ear(), Ear(), Ear()
    for room in ("here", "there", "marker"):
        await Ear().listen(a, room)
    subscription = await here.listen(b, "here")
    await there.listen(b, "there")
    await marker.listen(b, "marker")
    subscription.close()
    subscription.close()
    a.publish("here", b"unheard")
    a.publish("marker", b"heard")
    await until(lambda: marker.heard)
    assert here.heard == there.heard == []


async def test_F3_a_room_is_opened_again(join: Join) -> None:
    a, b = await join(), await join()
    await Ear().listen(a, "room")
    for _ in range(20):
        (await Ear().listen(b, "room")).close()
    ear = Ear()
    await ear.listen(b, "room")
    a.publish("room", b"once")
    await until(lambda: ear.heard)
    await asyncio.sleep(0)
    assert ear.payloads == [b"once"]


async def test_F3_a_room_is_subscribed_once_per_node(join: Join) -> None:
    a = await join()
    await Ear().listen(a, "room")
    with pytest.raises(ValueError, match="already"):
        await Ear().listen(a, "room")
    assert not a.publish("another", b"x")


@pytest.mark.parametrize("room", ["a b", "a.b", "*", ">", "Zimmer/größer", "line\r\nPUB x 0\r\n", "x" * 300, "-"])
async def test_F10_any_name_is_a_room_of_its_own(join: Join, room: str) -> None:
    a, b = await join(), await join()
    ear, other = Ear(), Ear()
    await other.listen(b, "other")
    for name in ("other", room):
        await Ear().listen(a, name)
    await ear.listen(b, room)
    a.publish(room, b"for one")
    a.publish("other", b"for the other")
    await until(lambda: ear.heard and other.heard)
    assert (ear.payloads, other.payloads) == ([b"for one"], [b"for the other"])


async def test_F4_the_largest_payload_travels_and_a_larger_one_is_refused(join: Join) -> None:
    a, b = await join(), await join()
    ear = Ear()
    await Ear().listen(a, "room")
    await ear.listen(b, "room")
    largest = secrets.token_bytes(a.max_payload)
    assert a.max_payload > 500_000
    assert not a.publish("room", largest + b"!")
    assert a.publish("room", b"small") and a.publish("room", largest) and a.publish("room", b"small too")
    await until(lambda: len(ear.heard) == 3)
    assert ear.payloads == [b"small", largest, b"small too"]
    assert ear.gaps == 0


async def test_F1_a_receiver_that_raises_loses_nothing_for_others(join: Join) -> None:
    a, b = await join(), await join()
    ear, calls = Ear(), []

    def receive(origin: str, payload: bytes) -> None:
        calls.append(payload)
        raise RuntimeError("a defect of the room")

    await Ear().listen(a, "bad")
    await Ear().listen(a, "good")
    await b.subscribe("bad", receive, lambda: None)
    await ear.listen(b, "good")
    for payload in (b"1", b"2"):
        a.publish("bad", payload)
        a.publish("good", payload)
    await until(lambda: len(ear.heard) == 2 and len(calls) == 2)


async def test_F6_nodes_know_each_other_and_a_goodbye_is_told_at_once(join: Join) -> None:
    a, b, c = await join(), await join(), await join()
    gone: list[str] = []
    a.when_node_gone(gone.append)
    await until(lambda: a.nodes == {b.node, c.node} and b.nodes == {a.node, c.node})
    await b.close()
    await until(lambda: gone == [b.node], SILENT_SECONDS / 2)
    assert a.nodes == {c.node}


async def test_F6_a_payload_is_a_sign_of_life(join: Join) -> None:
    a, b = await join(), await join()
    ear = Ear()
    await Ear().listen(a, "room")
    await ear.listen(b, "room")
    a.publish("room", b"x")
    await until(lambda: ear.heard)
    assert a.node in b.nodes


async def test_F4_after_close_nothing_is_taken(join: Join) -> None:
    a = await join()
    await Ear().listen(a, "room")
    await a.close()
    assert not a.is_connected
    assert not a.publish("room", b"x")
    assert a.stats().rooms == 1


async def test_F5_a_node_that_comes_is_a_gap_for_those_who_are_there(join: Join) -> None:
    a, ear = await join(), Ear()
    await ear.listen(a, "room")
    await join()
    await until(lambda: ear.gaps == 1)
    await join()
    await until(lambda: ear.gaps == 2)


async def test_F6_a_newcomer_knows_the_others_before_their_next_beat(nats_server: NatsServer) -> None:
    for make in (partial(LocalFanout, LocalHub()), partial(NatsFanout, nats_server.url, prefix=secrets.token_hex(4))):
        a, b = make(beat_seconds=60.0), make(beat_seconds=60.0)
        await a.open()
        await b.open()
        await until(lambda a=a, b=b: a.nodes == {b.node} and b.nodes == {a.node})  # type: ignore[misc]
        await a.close()
        await b.close()


async def test_F12_what_follows_at_once_leaves_together(
    nats_server: NatsServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(nats_fanout, "SEND_SECONDS", 1.0)
    prefix = f"t{secrets.token_hex(4)}"
    heard: list[tuple[str, bytes]] = []
    listener = await NatsLink.dial(nats_server.url, "listener", lambda *message: heard.append(message))
    await listener.subscribe(f"{prefix}.room.room")
    await listener.settle()
    node = NatsFanout(nats_server.url, prefix=prefix, beat_seconds=60.0)
    await node.open()
    await Ear().listen(node, "room")
    for payload in (b"first", b"second", b"third"):
        node.publish("room", payload)
        await until(lambda: heard)
        await asyncio.sleep(0)
    await until(lambda: len(heard) == 2)
    assert [read_letter(data)[1].payloads for _, data in heard] == [[b"first"], [b"second", b"third"]]
    await node.close()
    await listener.abort()
