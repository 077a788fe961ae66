"""Outboxes and sessions."""

import asyncio

from realtime.errors import CloseCode
from realtime.outbox import Outbox
from realtime.session import MAX_UNSEEN_UPDATES, Session


def session(outbox: Outbox, prefix: bytes = b"") -> Session:
    return Session(outbox, member_id="ana", user_json=None, may_write=True, prefix=prefix)


async def written(outbox: Outbox) -> list[bytes]:
    frames: list[bytes] = []

    async def send(frame: bytes) -> None:
        frames.append(frame)

    outbox.close(CloseCode.BYE)
    await outbox.drain(send)
    return frames


async def test_S1_frames_leave_in_the_order_they_were_put() -> None:
    outbox = Outbox(1000)
    for number in range(100):
        outbox.put(bytes([number]))
    assert await written(outbox) == [bytes([number]) for number in range(100)]


async def test_W5_a_session_puts_its_prefix_before_the_body() -> None:
    outbox = Outbox(1000)
    session(outbox, b"\x03doc").send(b"body")
    session(outbox).send(b"body")
    assert await written(outbox) == [b"\x03docbody", b"body"]


async def test_S1_nothing_is_put_after_closing_and_the_first_reason_wins() -> None:
    outbox = Outbox(1000)
    outbox.put(b"a")
    outbox.close(CloseCode.BAD_FRAME, "first")
    outbox.close(CloseCode.BYE, "second")
    outbox.put(b"b")
    assert await written(outbox) == [b"a"]
    assert outbox.closing == (CloseCode.BAD_FRAME, "first")


async def test_S2_who_fell_behind_is_told_once_the_queue_is_low() -> None:
    outbox, low, release = Outbox(100), asyncio.Event(), asyncio.Semaphore(0)

    async def send(_frame: bytes) -> None:
        await release.acquire()

    for _ in range(12):
        outbox.put(b"x" * 10)
    assert outbox.is_full
    outbox.when_low(low.set)
    writing = asyncio.create_task(outbox.drain(send))
    for _ in range(9):
        release.release()
    async with asyncio.timeout(5):
        while outbox.queued_bytes > 30:
            await asyncio.sleep(0)
        assert not low.is_set()
        release.release()
        await low.wait()
    writing.cancel()


async def test_S3_giving_up_drops_the_queue_and_closes_with_1013() -> None:
    outbox = Outbox(10)
    outbox.put(b"x" * 100)
    outbox.give_up()
    assert outbox.hopeless.is_set()
    assert outbox.queued_bytes == 0
    assert outbox.closing is not None
    assert outbox.closing[0] == CloseCode.OVERLOADED


async def test_S4_a_fast_sender_is_not_read_until_its_edits_were_shown() -> None:
    ana = session(Outbox(1000))
    for _ in range(MAX_UNSEEN_UPDATES):
        ana.count_unseen()
    reading = asyncio.create_task(ana.room_to_read())
    await asyncio.sleep(0)
    assert not reading.done()
    ana.count_seen(1)
    async with asyncio.timeout(5):
        await reading
