"""The y-websocket dialect under attack: each attack harms only its sender, the room goes on."""

import asyncio
import contextlib
import json
import random

import pytest
from pycrdt import Text
from websockets.exceptions import ConnectionClosed, InvalidStatus

from tests.api.scene import Scene, memory_bytes, raw, typed, until_closed, update_frame
from tests.clients import sized, uint, y_client
from tests.fuzz.generate import Updates, damaged
from tests.server import Server, eventually

STEP1 = b"\x00\x00\x01\x00"
HUGE = uint(2**60)

BROKEN = {
    "empty": b"",
    "cut": b"\x00",
    "cut body": b"\x00\x02\x05ab",
    "unknown type": b"\x63",
    "unknown sync type": b"\x00\x07\x00",
    "authentication of the other dialect": b"\x02\x00\x01a",
    "stateless of the other dialect": b"\x05\x01a",
    "huge length": b"\x00\x02" + HUGE,
    "endless number": b"\x00" + b"\xff" * 20,
    "update of nothing": update_frame(b""),
    "update with a huge client count": update_frame(HUGE + b"\x00"),
    "update with bytes after its end": update_frame(typed(5, 0) + b"\x00"),
    "update over the last clock": update_frame(typed(5, 2**31)),
    "update with an unknown content": update_frame(b"\x01\x01\x05\x00\x1f\x01\x01t\x00"),
    "update whose parent is a string": update_frame(b"\x01\x02\x05\x00\x04\x01\x01t\x01a\x04\x00\x05\x00\x01b\x00"),
    "state vector cut": b"\x00\x00\x02\x05\x01",
    "state vector that lies": b"\x00\x00" + sized(uint(2**40)),
    "awareness cut": b"\x01\x05\x01",
    "awareness of 100000 clients": b"\x01" + sized(uint(100_000)),
    "awareness that is no JSON": b"\x01" + sized(b"\x01\x05\x01" + sized(b"{")),
    "awareness that is no object": b"\x01" + sized(b"\x01\x05\x01" + sized(b"[]")),
    "awareness too large": b"\x01" + sized(b"\x01\x05\x01" + sized(b'{"a":"' + b"x" * 20_000 + b'"}')),
    "awareness too deep": b"\x01" + sized(b"\x01\x05\x01" + sized(b'{"a":' + b"[" * 8000 + b"]" * 8000 + b"}")),
    "awareness that is no UTF-8": b"\x01" + sized(b"\x01\x05\x01" + sized(b'{"a":"\xff"}')),
    "awareness clock of 2^53 - 1": b"\x01" + sized(b"\x01\x05" + uint(2**53 - 1) + sized(b"{}")),
    "ids without end": b"\x01" + sized(uint(100) + b"".join(uint(n + 9) + b"\x01\x02{}" for n in range(100))),
    "300 messages in one frame": b"\x03" * 300,
}


@pytest.mark.parametrize("name", BROKEN)
async def test_W2_a_broken_frame_ends_only_its_session(scene: Scene, name: str) -> None:
    async with scene.bystanders():
        socket = await scene.y()
        await socket.send(STEP1)
        await socket.send(BROKEN[name])
        assert await until_closed(socket) == 4400


async def test_W2_a_text_frame_ends_only_its_session(scene: Scene) -> None:
    async with scene.bystanders():
        socket = await scene.y()
        await socket.send("hello")
        assert await until_closed(socket) == 4400


async def test_W1_a_frame_over_the_limit_is_refused(scene: Scene) -> None:
    async with scene.bystanders():
        socket = await scene.y()
        with contextlib.suppress(ConnectionClosed):
            await socket.send(b"\x00" * (16 * 2**20 + 1))
        assert await until_closed(socket) == 1009


async def test_W1_a_frame_in_many_pieces_is_refused_all_the_same(scene: Scene) -> None:
    async with scene.bystanders():
        socket = await scene.y()

        async def pieces() -> None:
            await socket.send(b"\x00" * 2**20 for _ in range(20))

        sending = asyncio.create_task(pieces())
        # 1006: it was still sending, and the reset that this brings can overtake the close frame
        assert await until_closed(socket) in (1009, 1006)
        await asyncio.gather(sending, return_exceptions=True)


async def test_U1_random_and_damaged_frames_harm_nobody_else(scene: Scene) -> None:
    source = random.Random(7)
    updates = Updates(source)
    async with scene.bystanders():
        for _ in range(60):
            socket = await scene.y()
            for _ in range(10):
                frame = source.choice((source.randbytes(20), update_frame(updates.one()), damaged(source, STEP1)))
                await socket.send(frame or b"\x00")
            await socket.send("end")
            assert await until_closed(socket) == 4400
    assert "Traceback" not in scene.server.log.read_text().replace("Python stack trace", "")


async def test_U7_nobody_waits_in_ambush_for_the_edits_of_another(scene: Scene) -> None:
    """Edits that refer to what the victim will write next: one would make it fail, one would delete it."""
    victim = y_client(scene.server, scene.room, scene.host.token, client_id=77)
    await victim.until_connected()
    mal = await scene.y()
    await mal.send(update_frame(b"\x01\x01\x05\x00\x04\x00\x4d\x00\x01x\x00"))
    await mal.send(update_frame(b"\x00\x01\x4d\x01\x00\x32"))
    await mal.send(STEP1)
    for _ in range(2):
        await mal.recv()
    victim.create_file(text="mine")
    reader = y_client(scene.server, scene.room, scene.host.token)
    await reader.until_connected()
    await eventually(lambda: reader.read() == "mine")
    assert victim.close_code is None
    await asyncio.gather(victim.close(), reader.close(), mal.close())


async def test_U7_an_edit_on_top_of_a_missing_one_is_asked_for_and_then_taken(scene: Scene) -> None:
    client = await scene.y()
    await client.send(update_frame(typed(9, 1, "b")))
    answer = await client.recv()
    assert isinstance(answer, bytes)
    assert answer[:2] == b"\x00\x00", "the server asks for all that the client has"
    whole = b"\x01\x02\x09\x00\x04\x01\x01t\x01a\x84\x09\x00\x01b\x00"
    await client.send(b"\x00\x01" + sized(whole))
    await client.send(STEP1)
    reply = await client.recv()
    assert isinstance(reply, bytes)
    assert b"ab" in reply
    await client.close()


async def test_U8_half_a_character_cannot_be_deleted(scene: Scene) -> None:
    socket = await scene.y()
    await socket.send(update_frame(typed(5, 0, "\U0001d4b3")))
    await socket.send(update_frame(b"\x00\x01\x05\x01\x01\x01"))
    assert await until_closed(socket) == 4400


async def test_U2_the_deepest_nesting_can_be_made_and_deleted(scene: Scene) -> None:
    deep = b"\x27\x01\x01t\x01a\x01"
    deep += b"".join(b"\x27\x00\x05" + uint(n) + b"\x01k\x01" for n in range(99_999))
    async with scene.bystanders():
        socket = await scene.y()
        await socket.send(update_frame(b"\x01" + uint(100_000) + b"\x05\x00" + deep + b"\x00"))
        await socket.send(update_frame(b"\x00\x01\x05\x01\x00\x01"))
        await socket.send(STEP1)
        await socket.recv()
        await socket.send("end")
        assert await until_closed(socket) == 4400


async def test_A2_announcing_and_withdrawing_without_end_costs_little(scene: Scene) -> None:
    """And nobody can be removed by another's null."""
    async with scene.bystanders():
        seen = y_client(scene.server, scene.room, scene.host.token)
        await seen.until_connected()
        seen.announce({"here": True})
        socket = await scene.y()
        await socket.send(STEP1)
        before = memory_bytes(scene.server)
        for start in range(0, 200_000, 4000):
            ids = range(10_000 + start, 10_000 + start + 2000)
            states = b"".join(uint(n) + b"\x01\x02{}" + uint(n) + b"\x01" + sized(b"null") for n in ids)
            await socket.send(b"\x01" + sized(uint(4000) + states))
        await socket.send(b"\x01" + sized(b"\x01" + uint(seen.doc.client_id) + uint(99) + sized(b"null")))
        await socket.send(b"\x03")
        await eventually(lambda: seen.close_code is None)
        watcher = y_client(scene.server, scene.room, scene.host.token)
        await watcher.until_connected()
        await eventually(lambda: seen.doc.client_id in watcher.people, "the victim was removed")
        assert memory_bytes(scene.server) - before < 30 * 2**20
        await asyncio.gather(seen.close(), watcher.close(), socket.close())


async def test_S2_answers_wait_for_somebody_who_asks_but_does_not_read(scene: Scene) -> None:
    """A few bytes ask for the whole document; thousands of answers must not pile up."""
    async with scene.bystanders():
        writer = y_client(scene.server, scene.room, scene.guest.token)
        await writer.until_connected()
        writer.create_file(text="x" * 2_000_000)
        await eventually(lambda: writer.sent_updates and writer._out.empty())
        before = memory_bytes(scene.server)
        deaf = await scene.y()
        deaf.transport.pause_reading()
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(3):
                while True:
                    await deaf.send(STEP1 * 200)
        assert memory_bytes(scene.server) - before < 120 * 2**20
        deaf.transport.abort()
        await writer.close()


async def test_S4_a_flood_of_tiny_updates_is_slowed_down_not_dropped(scene: Scene) -> None:
    async with scene.bystanders():
        socket = await scene.y()
        await socket.send(update_frame(typed(5, 0)))
        for clock in range(1, 8000):
            await socket.send(
                update_frame(b"\x01\x01\x05" + uint(clock) + b"\x84\x05" + uint(clock - 1) + b"\x01b\x00")
            )
        reader = y_client(scene.server, scene.room, scene.host.token)
        await reader.until_connected()
        await eventually(lambda: len(str(reader.doc.get("t", type=Text))) == 8000, "edits were lost")
        await asyncio.gather(socket.close(), reader.close())


ADDRESSES = {
    "no token": ("{room}", 401),
    "garbage": ("{room}?token=garbage", 401),
    "a token of 6000 characters": ("{room}?token=" + "x" * 6000, 401),
    "token of another room": ("{room}?token={foreign}", 403),
    "unknown room": ("rm_nowhere?token={token}", 403),
    "unknown document": ("{room}/etc?token={token}", 404),
    "somebody's desk": ("{room}/desk/mb_other?token={token}", 403),
    "notes of the hosts": ("{room}/notes?token={token}", 403),
    "dots": ("{room}/..%2f..%2fetc%2fpasswd?token={token}", 404),
    "a NUL": ("{room}/main%00x?token={token}", 404),
    "not UTF-8": ("{room}/%ff%fe?token={token}", 404),
    "a name of 6000 characters": ("x" * 6000 + "?token={token}", 403),
    "a document of 6000 characters": ("{room}/" + "x" * 6000 + "?token={token}", 404),
    "bidirectional": ("{room}/%e2%80%aemain?token={token}", 404),
}


@pytest.mark.parametrize("name", ADDRESSES)
async def test_E3_a_refusal_is_an_http_answer_in_the_one_shape(scene: Scene, name: str) -> None:
    path, status = ADDRESSES[name]
    foreign = scene.server.create_room().token
    url = path.format(room=scene.room, token=scene.guest.token, foreign=foreign)
    with pytest.raises(InvalidStatus) as refused:
        await raw(f"{scene.server.ws}/ws/{url}")
    assert refused.value.response.status_code == status
    error = json.loads(refused.value.response.body or b"")["error"]
    assert set(error) == {"code", "message", "details", "timestamp", "requestId"}
    assert scene.guest.token not in error["message"]


@pytest.mark.parametrize("path", ["x" * 10_000, "x?token=" + "x" * 50_000])
async def test_E6_an_address_that_is_far_too_long_is_answered_too(server: Server, path: str) -> None:
    with pytest.raises(InvalidStatus) as refused:
        await raw(f"{server.ws}/ws/{path}")
    assert refused.value.response.status_code == 400
