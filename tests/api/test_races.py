"""Everybody at the same moment, and at the worst one."""

import asyncio
import time
from pathlib import Path

import pytest
from prometheus_client.parser import text_string_to_metric_families
from websockets.exceptions import ConnectionClosed, InvalidHandshake

from tests.api.scene import Scene, memory_bytes, until, until_closed, update_frame
from tests.clients import mux_client, sized, uint, until_equal, y_client
from tests.server import Server, eventually, running


async def test_R1_25_rooms_are_opened_by_four_each_at_the_same_moment(server: Server) -> None:
    rooms = [server.create_room() for _ in range(25)]
    clients = [
        make(server, room.room_id, room.token)
        for room in rooms
        for make in (y_client, mux_client, y_client, mux_client)
    ]
    async with asyncio.timeout(60):
        await asyncio.gather(*(client.until_connected() for client in clients))
    clients[0].create_file(text="one load")
    await until_equal(clients[:4], "one load")
    await asyncio.gather(*(client.close() for client in clients))


async def test_E6_a_full_room_is_full_even_if_all_come_at_once(tmp_path: Path) -> None:
    with running(tmp_path / "data", max_room_sessions=5) as server:
        scene = Scene(server)
        found = await asyncio.gather(*(scene.y() for _ in range(12)), return_exceptions=True)
        inside = [socket for socket in found if not isinstance(socket, BaseException)]
        assert len(inside) == 5
        assert all(isinstance(other, InvalidHandshake) for other in found if isinstance(other, BaseException))
        await asyncio.gather(*(socket.close() for socket in inside))
        socket = await scene.y()
        await socket.close()


async def test_R7_coming_while_the_room_closes_finds_everything(tmp_path: Path) -> None:
    with running(tmp_path / "data", idle_seconds=0.01, leave_grace_seconds=0.01) as server:
        host = server.create_room()
        expected = ""
        for visit in range(40):
            client = (y_client, mux_client)[visit % 2](server, host.room_id, host.token)
            await client.until_connected()
            if visit == 0:
                client.create_file()
            assert client.read() == expected, f"visit {visit}"
            client.file().insert(0, "x")
            expected += "x"
            await client.close()
        others = [y_client(server, host.room_id, host.token) for _ in range(10)]
        await asyncio.gather(*(other.until_connected() for other in others))
        assert {other.read() for other in others} == {expected}
        await asyncio.gather(*(other.close() for other in others))


async def test_R1_those_who_give_up_while_a_room_loads_spoil_nothing(server: Server) -> None:
    rooms = [server.create_room() for _ in range(20)]
    for room in rooms:
        hasty = [y_client(server, room.room_id, room.token) for _ in range(4)]
        tasks = [asyncio.create_task(client.connect()) for client in hasty]
        await asyncio.sleep(0)
        for task in tasks[:3]:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await hasty[3].until_connected()
        await asyncio.gather(*(client.drop() for client in hasty))


async def test_R9_two_windows_of_one_member_are_one_person(scene: Scene) -> None:
    first, second = (mux_client(scene.server, scene.room, scene.guest.token) for _ in range(2))
    await asyncio.gather(first.until_connected(), second.until_connected())
    await first.drop()
    second.create_file(text="still here")
    await eventually(lambda: second.unsynced == 0)
    kinds = [e["kind"] for e in scene.server.entries(scene.host, "room") if e["author"] == scene.guest.member["id"]]
    assert kinds == ["joined"]
    await second.close()


async def test_E15_a_stop_while_people_come_and_one_reads_nothing_is_orderly(tmp_path: Path) -> None:
    with running(tmp_path / "data") as server:
        scene = Scene(server)
        writer = y_client(server, scene.room, scene.host.token)
        await writer.until_connected()
        writer.create_file(text="x" * 3_000_000)
        deaf = await scene.y()
        deaf.transport.pause_reading()
        await deaf.send(b"\x00\x00\x01\x00")

        came = []

        async def come() -> None:
            with pytest.raises((OSError, ConnectionClosed, InvalidHandshake, EOFError)):
                while True:
                    came.append(await scene.y())
                    await came[-1].send(b"\x00\x00\x01\x00")

        coming = [asyncio.create_task(come()) for _ in range(5)]
        await eventually(lambda: len(came) > 20)
        started = time.monotonic()
        assert await asyncio.to_thread(server.stop) == 0
        assert time.monotonic() - started < 25
        await asyncio.wait_for(asyncio.gather(*coming), 20)
        deaf.transport.abort()
        await writer.drop()


@pytest.mark.slow
async def test_S3_a_reader_that_never_reads_costs_little_and_is_closed_with_1013(scene: Scene) -> None:
    deaf = await scene.collab()
    await deaf.send(scene.framed(b"\x00\x00\x01\x00"))
    for _ in range(3):
        await deaf.recv()
    async with scene.bystanders():
        writer = await scene.y(scene.host)
        deaf.transport.pause_reading()
        before = memory_bytes(scene.server)
        for number in range(100):
            after = b"\x84\x05" + uint(number * 100_000 - 1) if number else b"\x04\x01\x01t"
            text = sized(b"x" * 100_000)
            await writer.send(update_frame(b"\x01\x01\x05" + uint(number * 100_000) + after + text + b"\x00"))
        await until(lambda: behind(scene.server) == 1, "it was never behind")
        assert memory_bytes(scene.server) - before < 200 * 2**20
        await until(lambda: behind(scene.server) == 0, "it was never given up", 60)
        deaf.transport.resume_reading()
        assert await until_closed(deaf) in (1013, 1006)  # 1006: there was no room left for the close frame
        await writer.close()


def behind(server: Server) -> float:
    families = text_string_to_metric_families(server.call("GET", "/metrics").text)
    return next(family.samples[0].value for family in families if family.name == "sangam_sessions_behind")
