"""Outboxes and sessions."""

import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from realtime.errors import CloseCode
from realtime.frames import Bundle, binary_frame
from realtime.outbox import Buffer, LineOutbox, Outbox, QueueOutbox, Turn
from realtime.session import MAX_UNSEEN_UPDATES, Session


def session(outbox: Outbox, prefix: bytes = b"") -> Session:
    return Session(outbox, member_id="ana", user_json=None, may_write=True, prefix=prefix)


async def written(outbox: QueueOutbox) -> list[bytes]:
    frames: list[bytes] = []

    async def send(frame: bytes) -> None:
        frames.append(frame)

    outbox.close(CloseCode.BYE)
    await outbox.drain(send)
    return frames


async def test_S1_frames_leave_in_the_order_they_were_put() -> None:
    outbox = QueueOutbox(1000)
    for number in range(100):
        outbox.put(bytes([number]))
    assert await written(outbox) == [bytes([number]) for number in range(100)]


async def test_W5_a_session_puts_its_prefix_before_the_body() -> None:
    outbox = QueueOutbox(1000)
    session(outbox, b"\x03doc").send(b"body")
    session(outbox).send(b"body")
    assert await written(outbox) == [b"\x03docbody", b"body"]


async def test_S1_nothing_is_put_after_closing_and_the_first_reason_wins() -> None:
    outbox = QueueOutbox(1000)
    outbox.put(b"a")
    outbox.close(CloseCode.BAD_FRAME, "first")
    outbox.close(CloseCode.BYE, "second")
    outbox.put(b"b")
    assert await written(outbox) == [b"a"]
    assert outbox.closing == (CloseCode.BAD_FRAME, "first")


async def test_S2_who_fell_behind_is_told_once_the_queue_is_low() -> None:
    outbox, low, release = QueueOutbox(100), asyncio.Event(), asyncio.Semaphore(0)

    async def send(_frame: bytes) -> None:
        await release.acquire()

    for _ in range(12):
        outbox.put(b"x" * 10)
    assert outbox.is_full
    outbox.when_low(low.set)
    writing = asyncio.create_task(outbox.drain(send))
    for _ in range(9):
        release.release()
    async with asyncio.timeout(30):
        while outbox.queued_bytes > 30:
            await asyncio.sleep(0)
        assert not low.is_set()
        release.release()
        await low.wait()
    writing.cancel()


async def test_S3_giving_up_drops_the_queue_and_closes_with_1013() -> None:
    outbox = QueueOutbox(10)
    outbox.put(b"x" * 100)
    outbox.give_up()
    assert outbox.is_hopeless
    assert outbox.queued_bytes == 0
    assert outbox.closing is not None
    assert outbox.closing[0] == CloseCode.OVERLOADED


async def test_S4_a_fast_sender_is_not_read_until_its_edits_were_shown() -> None:
    ana = session(QueueOutbox(1000))
    for _ in range(MAX_UNSEEN_UPDATES):
        assert ana.settled() is None
        ana.unseen += 1
    settled = ana.settled()
    assert settled is not None
    reading = asyncio.ensure_future(settled)
    await asyncio.sleep(0)
    assert not reading.done()
    ana.count_seen(1)
    async with asyncio.timeout(30):
        await reading


class Wire:
    """A transport that only remembers what was written."""

    def __init__(self, *, closed: bool = False) -> None:
        self.writes: list[bytes] = []
        self.closed = closed

    def write(self, data: Buffer) -> None:
        if self.closed:
            raise RuntimeError("the handler is closed")  # as uvloop's does
        self.writes.append(bytes(data))

    def is_closing(self) -> bool:
        return self.closed

    def get_write_buffer_size(self) -> int:
        return sum(map(len, self.writes))


def line_outbox(wire: Wire, turn: Turn) -> LineOutbox:
    return LineOutbox(wire, turn, lambda: None)


async def test_S1_a_line_is_written_once_a_turn_in_order() -> None:
    turn, wire = Turn(), Wire()
    ana = session(line_outbox(wire, turn), b"\x01d")
    ana.send(b"one")
    ana.outbox.put_bundle(Bundle(b"\x01d", [b"two", b"three"]))
    ana.send(b"four")
    assert wire.writes == []
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    assert wire.writes == [b"".join(binary_frame(b"\x01d" + body) for body in (b"one", b"two", b"three", b"four"))]


async def test_W5_everybody_with_one_prefix_is_written_the_same_bytes() -> None:
    turn, wires = Turn(), [Wire(), Wire()]
    bundle = Bundle(b"", [b"edit", b"presence"])
    for wire in wires:
        line_outbox(wire, turn).put_bundle(bundle)
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    assert wires[0].writes[0] is wires[1].writes[0] is bundle.wire


async def test_S1_a_line_writes_what_was_put_before_it_closes() -> None:
    wire, closed = Wire(), asyncio.Event()
    outbox = LineOutbox(wire, Turn(), closed.set)
    outbox.put(b"last")
    outbox.close(CloseCode.RESTARTING)
    outbox.put(b"too late")
    assert wire.writes == [binary_frame(b"last")]
    assert closed.is_set()


async def test_S2_a_line_tells_once_when_its_transport_has_drained() -> None:
    outbox, told = line_outbox(Wire(), Turn()), []
    outbox.pause()
    assert outbox.is_full
    outbox.when_low(lambda: told.append(1))
    outbox.resume()
    outbox.resume()
    assert (outbox.is_full, told) == (False, [1])


async def test_S5_somebody_who_is_gone_costs_the_others_of_the_turn_nothing() -> None:
    turn, wires = Turn(), [Wire(), Wire(closed=True), Wire()]
    for wire in wires:
        line_outbox(wire, turn).put(b"edit")
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    assert [wire.writes for wire in wires] == [[binary_frame(b"edit")], [], [binary_frame(b"edit")]]


@asynccontextmanager
async def connected(high: int) -> AsyncIterator[tuple[asyncio.Transport, socket.socket]]:
    """A transport, and the peer's end of it."""
    here, there = socket.socketpair()
    here.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 4096)
    here.setblocking(False)
    transport, _ = await asyncio.get_running_loop().create_connection(asyncio.Protocol, sock=here)
    transport.set_write_buffer_limits(high=high)
    yield transport, there
    transport.abort()
    there.close()


async def test_S1_what_the_socket_does_not_take_at_once_follows_in_order() -> None:
    async with connected(high=2**24) as (transport, there):
        file = transport.get_extra_info("socket").fileno()
        turn = Turn()
        outbox = LineOutbox(transport, turn, lambda: None, file)
        sent = [bytes([number]) * 3000 for number in range(200)]
        with turn:
            for part in sent[:100]:
                outbox.put_bundle(Bundle(b"", [part]))
        for part in sent[100:]:
            outbox.put(part)
        outbox.write()
        wire = b"".join(map(binary_frame, sent))
        assert transport.get_write_buffer_size() > 0
        there.settimeout(10)
        read = b""
        while len(read) < len(wire):
            read += await asyncio.to_thread(there.recv, 2**16)
        assert read == wire


async def test_S1_what_the_transport_itself_was_given_is_not_overtaken() -> None:
    async with connected(high=2**24) as (transport, there):
        outbox = LineOutbox(transport, Turn(), lambda: None, transport.get_extra_info("socket").fileno())
        there.settimeout(10)
        read = b""
        for wire in (b"first", b"a ping", b"second"):
            if wire == b"a ping":
                outbox.write_through(wire)
            else:
                outbox.put(wire)
                outbox.write()
        while not read.endswith(b"second"):
            read += await asyncio.to_thread(there.recv, 2**16)
        assert read == binary_frame(b"first") + b"a ping" + binary_frame(b"second")


async def test_S5_the_number_of_a_closed_socket_is_not_written_to() -> None:
    async with connected(high=2**20) as (transport, there):
        file = transport.get_extra_info("socket").fileno()
        outbox = LineOutbox(transport, Turn(), lambda: None, file)
        transport.abort()
        outbox.put(b"for nobody")
        outbox.write()
        await asyncio.sleep(0)
        assert await asyncio.to_thread(there.recv, 100) == b""
