"""The fan-out while its real broker is stopped, paused, started again, or cut off."""

import asyncio
import signal
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from pathlib import Path

import pytest

from realtime.errors import FanoutUnavailable
from realtime.fanout import Batch
from realtime.letters import write_letters
from realtime.nats_fanout import NatsFanout
from realtime.nats_link import NatsLink
from tests.contracts.fanouts import Ear, until
from tests.server import ROOT
from tests.services.nats import NatsServer
from tests.services.processes import free_port, open_sockets
from tests.services.proxy import Proxy

Join = Callable[..., Awaitable[NatsFanout]]
PATIENCE = 30.0
"""Seconds for what takes one or two on a machine that has nothing else to do."""
FAR_SILENT_SECONDS = 3.0


@pytest.fixture
async def join(own_nats: NatsServer) -> AsyncIterator[Join]:
    """Each call opens a node at the test's own broker, or at `port`."""
    opened: list[NatsFanout] = []

    async def join(
        port: int = own_nats.port, queue: int = 2**20, silent: float = 30.0, answer: float = 0.5
    ) -> NatsFanout:
        fanout = NatsFanout(
            f"nats://127.0.0.1:{port}",
            max_queue_bytes=queue,
            beat_seconds=0.1,
            silent_seconds=silent,
            answer_seconds=answer,
        )
        await fanout.open()
        opened.append(fanout)
        await until(lambda: all(len(each.nodes) == len(opened) - 1 for each in opened))
        return fanout

    yield join
    for fanout in opened:
        await fanout.close()


async def both_hear(a: NatsFanout, b: NatsFanout, room: str = "probe") -> None:
    """Traffic flows again both ways."""
    in_a, in_b = Ear(), Ear()
    there, here = await in_a.listen(a, room), await in_b.listen(b, room)
    while not (in_a.heard and in_b.heard):
        a.publish(room, b"?")
        b.publish(room, b"?")
        await asyncio.sleep(0)
    there.close()
    here.close()


async def test_F9_a_stopped_broker_refuses_payloads_and_its_return_is_a_gap(own_nats: NatsServer, join: Join) -> None:
    a, b = await join(), await join()
    in_a, in_b = Ear(), Ear()
    await in_a.listen(a, "room")
    await in_b.listen(b, "room")
    own_nats.stop()
    await until(lambda: not a.is_connected and not b.is_connected)
    assert not a.publish("room", b"lost")
    late = Ear()
    await asyncio.wait_for(late.listen(b, "opened meanwhile"), PATIENCE)
    await Ear().listen(a, "opened meanwhile")
    own_nats.start()
    await until(lambda: in_a.gaps and in_b.gaps and late.gaps)
    assert a.publish("room", b"back") and a.publish("opened meanwhile", b"too")
    await until(lambda: in_b.heard and late.heard)
    assert (in_b.payloads, late.payloads) == ([b"back"], [b"too"])
    assert a.stats().reconnects == b.stats().reconnects == 1
    assert a.stats().dropped == 1


async def test_F9_a_killed_broker_is_no_different(own_nats: NatsServer, join: Join) -> None:
    a, b = await join(), await join()
    for _ in range(3):
        own_nats.kill()
        await until(lambda: not a.is_connected and not b.is_connected)
        own_nats.start()
        await until(lambda: a.is_connected and b.is_connected)
    await asyncio.wait_for(both_hear(a, b), PATIENCE)


async def test_F9_a_paused_broker_is_noticed_and_nothing_grows(own_nats: NatsServer, join: Join) -> None:
    a, b = await join(queue=2**20), await join()
    in_a, in_b = Ear(), Ear()
    await in_a.listen(a, "room")
    await in_b.listen(b, "room")
    own_nats.pause()
    started, payload, refused = time.monotonic(), bytes(100_000), 0
    while a.is_connected:
        refused += not a.publish("room", payload)
        assert a.stats().queued_bytes <= 2**20
        await asyncio.sleep(0)
    assert time.monotonic() - started < PATIENCE
    assert refused
    await asyncio.wait_for(Ear().listen(a, "opened meanwhile"), PATIENCE)
    own_nats.resume()
    await until(lambda: in_a.gaps)
    await asyncio.wait_for(both_hear(a, b), PATIENCE)
    assert a.publish("room", b"its number leaps")
    await until(lambda: in_b.gaps)


async def test_F9_closing_does_not_wait_for_a_paused_broker(own_nats: NatsServer, join: Join) -> None:
    a = await join(queue=16 * 2**20)
    await Ear().listen(a, "room")
    own_nats.pause()
    sockets = open_sockets(own_nats.port)
    for _ in range(1000):
        a.publish("room", bytes(10_000))
        await asyncio.sleep(0)
    started = time.monotonic()
    await a.close()
    assert time.monotonic() - started < PATIENCE
    await until(lambda: open_sockets(own_nats.port) < sockets)
    own_nats.resume()


async def test_F9_one_node_cut_off_hears_of_its_gap_and_the_others_do_not_suffer(
    own_nats: NatsServer, join: Join
) -> None:
    async with Proxy(own_nats.port) as proxy:
        a, b, c = await join(proxy.port), await join(), await join()
        ears = {node: Ear() for node in (a, b, c)}
        for node, ear in ears.items():
            await ear.listen(node, "room")
        await proxy.cut()
        await until(lambda: not a.is_connected)
        assert b.publish("room", b"without a")
        await until(lambda: ears[c].heard)
        await proxy.mend()
        await until(lambda: ears[a].gaps)
        assert b.publish("room", b"with a")
        await until(lambda: ears[a].heard)
        assert ears[a].payloads == [b"with a"]
        assert ears[c].gaps == 0


async def test_F9_a_silent_cut_is_noticed_by_both_sides(own_nats: NatsServer, join: Join) -> None:
    async with Proxy(own_nats.port) as proxy:
        a, b = await join(proxy.port, silent=0.5), await join(silent=0.5)
        in_a, in_b = Ear(), Ear()
        await in_a.listen(a, "room")
        await in_b.listen(b, "room")
        await until(lambda: a.node in b.nodes and b.node in a.nodes)
        gone: list[str] = []
        b.when_node_gone(gone.append)
        proxy.swallow()
        await until(lambda: gone == [a.node] and not a.is_connected)
        proxy.flow()
        await until(lambda: in_a.gaps and in_b.gaps)
        await until(lambda: a.node in b.nodes and b.node in a.nodes)


async def test_F5_what_the_bound_refused_is_a_gap_for_the_others_even_when_silence_follows(
    own_nats: NatsServer, join: Join
) -> None:
    a, b = await join(queue=10_000), await join()
    ear, fresh = Ear(), Ear()
    await Ear().listen(a, "room")
    await ear.listen(b, "room")
    taken = [a.publish("room", bytes(3000)) for _ in range(5)]
    assert taken == [True, True, True, False, False]
    await until(lambda: ear.gaps == 1)
    assert len(ear.heard) == 3
    await Ear().listen(a, "fresh")
    await fresh.listen(b, "fresh")
    assert not a.publish("fresh", bytes(10_000))
    await until(lambda: fresh.gaps == 1)
    assert fresh.heard == [] and ear.gaps == 1


async def test_F5_an_error_line_of_the_broker_is_a_loss_like_any_other(tmp_path: Path) -> None:
    with NatsServer(tmp_path, "max_subscriptions: 4\n") as server:
        a = NatsFanout(server.url, beat_seconds=0.1)
        await a.open()
        ears = [Ear() for _ in range(6)]
        rooms = [await ear.listen(a, f"room{number}") for number, ear in enumerate(ears)]
        await until(lambda: not a.is_connected)
        for subscription in rooms[3:]:
            subscription.close()
        await until(lambda: a.is_connected and all(ear.gaps for ear in ears[:3]))
        await a.close()


async def test_F9_rooms_opened_while_the_connection_comes_and_goes_all_stand_in_the_end(
    own_nats: NatsServer, join: Join
) -> None:
    async with Proxy(own_nats.port) as proxy:
        a, b = await join(proxy.port), await join()
        ears = {f"room{number}": Ear() for number in range(60)}
        for number, (room, ear) in enumerate(ears.items()):
            if number % 20 == 7:
                proxy.cut_lines()
            await ear.listen(a, room)
            await Ear().listen(b, room)
        await until(lambda: a.is_connected and a.stats().reconnects)
        await asyncio.wait_for(both_hear(a, b), PATIENCE)
        for room in ears:
            assert b.publish(room, b"x")
        await until(lambda: all(ear.payloads[-1:] == [b"x"] for ear in ears.values()))


@pytest.mark.parametrize("piece_bytes", [5, 40, 333])
async def test_F1_what_comes_in_pieces_comes_whole_and_in_order(
    own_nats: NatsServer, join: Join, piece_bytes: int
) -> None:
    async with Proxy(own_nats.port) as proxy:
        proxy.piece_bytes = piece_bytes
        far, near, ear = await join(port=proxy.port, answer=PATIENCE), await join(), Ear()
        await ear.listen(far, "room")
        await Ear().listen(near, "room")
        payloads = [b"\r\nMSG %d\r\n" % number * (number % 9) for number in range(40)]
        for number, payload in enumerate(payloads):
            assert near.publish("room", payload)
            if number % 3 == 0:
                await asyncio.sleep(0)
        await until(lambda: len(ear.heard) == len(payloads), PATIENCE)
        assert ear.payloads == payloads
        assert far.stats().reconnects == 0


async def test_F1_F11_own_letters_and_what_is_no_letter_change_nothing(own_nats: NatsServer, join: Join) -> None:
    a, ear = await join(), Ear()
    await ear.listen(a, "room")
    stranger = await NatsLink.dial(own_nats.url, "stranger")
    own = next(write_letters(a.node, Batch(1, [b"my own"]), 1000))
    good = next(write_letters("f" * 16, Batch(1, [b"good"]), 1000))
    for data in (own, b"", b"hello", b"\xff" * 100, good[:-1], b"\x02" + good[1:], own, good):
        await stranger.publish("sangam.room.room", data)
    for beat in (b"", b"\xff\xfe", b"?", b"-nobody"):
        await stranger.publish("sangam.nodes", beat)
    await stranger.publish("sangam.room.room", next(write_letters("f" * 16, Batch(2, [b"too"]), 1000)))
    await until(lambda: len(ear.heard) == 2)
    assert ear.payloads == [b"good", b"too"]
    assert (ear.gaps, a.stats().reconnects) == (1, 0), "the stranger is a node that came"
    assert a.nodes == {"f" * 16}
    await stranger.close()


async def test_F8_an_unreachable_broker_is_told_in_a_sentence() -> None:
    port = free_port()
    fanout = NatsFanout(f"nats://ana:secret@127.0.0.1:{port}")
    with pytest.raises(FanoutUnavailable) as caught:
        await asyncio.wait_for(fanout.open(), PATIENCE)
    assert f"no NATS server at nats://127.0.0.1:{port}: " in str(caught.value)
    assert "refused" in str(caught.value) and "secret" not in str(caught.value)
    await fanout.close()


async def test_F8_a_broker_that_does_not_answer_is_told_in_a_sentence(own_nats: NatsServer) -> None:
    own_nats.pause()
    fanout = NatsFanout(own_nats.url)
    with pytest.raises(FanoutUnavailable, match="it does not answer"):
        await asyncio.wait_for(fanout.open(), PATIENCE)
    await until(lambda: open_sockets(own_nats.port) == 0)


@pytest.mark.parametrize("url", ["", "nats://", "http://127.0.0.1:1", "nats://nowhere.invalid:4222", "nats://h:port"])
async def test_F8_a_wrong_address_is_told_in_a_sentence(url: str) -> None:
    with pytest.raises(FanoutUnavailable, match="no NATS server at"):
        await asyncio.wait_for(NatsFanout(url).open(), PATIENCE)


async def test_F8_a_wrong_password_is_told_in_a_sentence(tmp_path: Path) -> None:
    with NatsServer(tmp_path, 'authorization { user: "ana", password: "right" }\n') as server:
        with pytest.raises(FanoutUnavailable, match=r"(?i)authorization violation"):
            await NatsFanout(f"nats://ana:wrong@127.0.0.1:{server.port}").open()
        right = NatsFanout(f"nats://ana:right@127.0.0.1:{server.port}")
        await right.open()
        await right.close()


async def test_F8_the_second_of_two_addresses_will_do(own_nats: NatsServer) -> None:
    fanout = NatsFanout(f"nats://127.0.0.1:{free_port()}, {own_nats.url}")
    await fanout.open()
    assert fanout.is_connected
    await fanout.close()


class FarNode:
    """A node in another process, and what it said."""

    def __init__(self, url: str) -> None:
        command = [sys.executable, "-m", "tests.contracts.far_node", url]
        self._process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True)
        assert self._process.stdout is not None
        self._said = self._process.stdout
        self.node = self._said.readline().strip()

    def signal(self, which: signal.Signals) -> None:
        self._process.send_signal(which)

    async def says(self) -> str:
        return (await asyncio.to_thread(self._said.readline)).strip()

    def end(self) -> None:
        self._process.kill()
        self._process.wait()
        self._said.close()


@pytest.fixture
def far(nats_server: NatsServer) -> Iterator[FarNode]:
    node = FarNode(nats_server.url)
    yield node
    node.end()


async def test_F6_F7_a_node_that_is_paused_is_told_gone_and_makes_a_gap_when_it_goes_on(
    nats_server: NatsServer, far: FarNode
) -> None:
    near, ear, gone = (
        NatsFanout(nats_server.url, beat_seconds=0.1, silent_seconds=FAR_SILENT_SECONDS),
        Ear(),
        list[str](),
    )
    near.when_node_gone(gone.append)
    await near.open()
    await until(lambda: far.node in near.nodes)
    await ear.listen(near, "room")
    far.signal(signal.SIGSTOP)
    await until(lambda: far.node in gone and far.node not in near.nodes)
    assert near.publish("room", b"meanwhile")
    gaps = ear.gaps
    far.signal(signal.SIGCONT)
    await until(lambda: ear.gaps > gaps and far.node in near.nodes)
    while (said := await far.says()) != "meanwhile":
        assert said == "gap", "F7: it thinks nobody gone"
    gone.clear()
    far.signal(signal.SIGKILL)
    await until(lambda: gone == [far.node])
    await near.close()


async def test_F5_a_node_that_reads_too_slowly_for_the_broker_makes_up_for_it(tmp_path: Path) -> None:
    with NatsServer(tmp_path, 'max_payload: 100000\nmax_pending: 200000\nwrite_deadline: "200ms"\n') as server:
        far = FarNode(server.url)
        near, ear = NatsFanout(server.url), Ear()
        await near.open()
        await until(lambda: far.node in near.nodes)
        await ear.listen(near, "room")
        far.signal(signal.SIGSTOP)
        for _ in range(1000):  # more than the kernel holds for one who does not read
            await until(lambda: near.publish("room", bytes(50_000)))
        assert near.publish("room", b"the last of many")
        await until(lambda: near.stats().queued_bytes == 0)
        far.signal(signal.SIGCONT)
        gaps, line = 0, ""
        while gaps < 2:  # that of our coming, and that of the broker's cut
            line = await far.says()
            gaps += line == "gap"
        far.end()
        await near.close()
