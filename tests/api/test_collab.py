"""The multiplexed dialect under attack, before and after authentication."""

import asyncio
import contextlib
import json

import pytest
from websockets.asyncio.client import ClientConnection
from websockets.exceptions import ConnectionClosed

from tests.api.scene import Scene, memory_bytes, raw, token_body, typed, until_closed, update_frame
from tests.clients import mux_client, sized, uint, y_client
from tests.server import Server, eventually, running

STEP1 = b"\x00\x00\x01\x00"

BROKEN = {
    "empty": b"",
    "address only": sized(b"rm/main"),
    "address of 10 KB": sized(b"x" * 10_000) + STEP1,
    "address that is no UTF-8": sized(b"\xff\xfe") + STEP1,
    "empty address": b"\x00" + STEP1,
    "huge address": uint(2**50),
    "unknown type": sized(b"rm/main") + b"\x63",
    "what only a server says: broadcast": sized(b"rm/main") + b"\x06" + sized(b"hello"),
    "what only a server says: saved": sized(b"rm/main") + b"\x08\x01",
    "what only a server says: authenticated": sized(b"rm/main") + b"\x02\x02" + sized(b"read-write"),
    "bytes after the message": sized(b"rm/main") + STEP1 + b"\x00",
    "a token that is no UTF-8": sized(b"rm/main") + b"\x02\x00" + sized(b"\xff"),
}


@pytest.mark.parametrize("name", BROKEN)
async def test_W2_a_broken_frame_ends_only_its_socket(scene: Scene, name: str) -> None:
    async with scene.bystanders():
        socket = await scene.collab()
        await socket.send(BROKEN[name])
        assert await until_closed(socket) == 4400


async def test_W2_text_and_bad_edits_end_only_their_socket(scene: Scene) -> None:
    async with scene.bystanders():
        for frame in ("text", scene.framed(update_frame(b"\x01\x02\x03")), scene.framed(b"\x01" + sized(b"\x01\x05"))):
            socket = await scene.collab()
            await socket.send(frame)
            assert await until_closed(socket) == 4400


async def test_E4_a_socket_that_authenticates_nothing_is_closed_with_4408(scene: Scene) -> None:
    silent = await raw(scene.server.ws + "/collab")
    chatty = await raw(scene.server.ws + "/collab")
    refused = await raw(scene.server.ws + "/collab")
    await chatty.send(scene.framed(STEP1))
    await refused.send(scene.framed(token_body("wrong")))
    assert [await until_closed(socket) for socket in (silent, chatty, refused)] == [4408] * 3


async def test_E4_a_refused_token_leaves_the_other_documents_of_the_socket_open(scene: Scene) -> None:
    socket = await scene.collab()
    elsewhere = scene.server.create_room()
    for address, token, reason in (
        (f"{scene.room}/notes", scene.guest.token, b"forbidden"),
        (f"{scene.room}/desk/mb_x", scene.guest.token, b"forbidden"),
        (f"{scene.room}/board", "wrong", b"not_authenticated"),
        (f"{elsewhere.room_id}/main", scene.guest.token, b"forbidden"),
        (f"{scene.room}/../../etc/passwd", scene.guest.token, b"room_not_found"),
        (f"{scene.room}/main/..", scene.guest.token, b"room_not_found"),
        ("नमस्ते/main", scene.guest.token, b"forbidden"),
        ("/main", scene.guest.token, b"forbidden"),
    ):
        await socket.send(sized(address.encode()) + token_body(token))
        answer = await socket.recv()
        assert isinstance(answer, bytes)
        assert answer == sized(address.encode()) + b"\x02\x01" + sized(reason)
    await socket.send(scene.framed(STEP1))
    answer = await socket.recv()
    assert isinstance(answer, bytes)
    assert answer.startswith(scene.framed(b"\x00\x01"))
    await socket.close()


async def test_E4_megabytes_before_authentication_are_not_kept(scene: Scene) -> None:
    async with scene.bystanders():
        before = memory_bytes(scene.server)
        sockets = [await raw(scene.server.ws + "/collab") for _ in range(10)]
        await asyncio.gather(*(_pour(scene, socket) for socket in sockets))
        assert memory_bytes(scene.server) - before < 80 * 2**20
        assert {await until_closed(socket) for socket in sockets} <= {4408, 4400}


async def _pour(scene: Scene, socket: ClientConnection) -> None:
    with contextlib.suppress(ConnectionClosed):
        for _ in range(20):
            await socket.send(scene.framed(update_frame(b"\x00" * 1_000_000)))


async def test_E6_documents_of_one_socket_are_bounded(scene: Scene) -> None:
    async with scene.bystanders():
        socket = await raw(scene.server.ws + "/collab")
        with contextlib.suppress(ConnectionClosed):
            for number in range(1000):
                address = f"{scene.room}/main\0{number}"
                await socket.send(sized(address.encode()) + token_body(scene.guest.token))
        assert await until_closed(socket) == 4400


async def test_E6_frames_for_documents_that_are_not_open_are_bounded(scene: Scene) -> None:
    async with scene.bystanders():
        socket = await scene.collab()
        with contextlib.suppress(ConnectionClosed):
            for _ in range(1500):
                await socket.send(sized(b"rm_other/main") + STEP1)
        assert await until_closed(socket) == 4400


PAYLOADS = [
    "",
    "nonsense",
    "[" * 50_000,
    '{"type":"ping","id":' + "9" * 400 + "}",
    '{"type":"ping","id":1e400}',
    '{"type":"ping","id":-1}',
    '{"type":"ping","id":"x"}',
    '{"type":"entry","entry":{}}',
    '{"type":"state","unsaved":false}',
    "\x00" * 1000,
]


async def test_W2_stateless_messages_that_mean_nothing_are_ignored(scene: Scene) -> None:
    socket = await scene.collab()
    for payload in PAYLOADS:
        await socket.send(scene.framed(b"\x05" + sized(payload.encode())))
    await socket.send(scene.framed(b"\x05" + sized(b'{"type":"ping","id":7}')))
    answer = await socket.recv()
    assert isinstance(answer, bytes)
    assert json.loads(answer[answer.index(b"{") :]) == {"type": "pong", "id": 7}
    await socket.close()


async def test_S5_leaving_and_returning_over_and_over_is_one_stay(scene: Scene) -> None:
    async with scene.bystanders():
        socket = await scene.collab()
        for _ in range(300):
            await socket.send(scene.framed(b"\x07"))
            await socket.send(scene.framed(token_body(scene.guest.token)))
        await socket.send(scene.framed(b"\x05" + sized(b'{"type":"ping","id":1}')))
        await _until_pong(socket)
        joined = [e for e in scene.server.entries(scene.host, "room") if e["author"] == scene.guest.member["id"]]
        assert [entry["kind"] for entry in joined] == ["joined"]
        await socket.close()


async def _until_pong(socket: ClientConnection) -> None:
    async with asyncio.timeout(30):
        while b"pong" not in (await socket.recv()):
            pass


async def test_R5_an_observer_changes_nothing_whatever_it_sends(scene: Scene) -> None:
    for socket in (await scene.y(scene.observer), await scene.collab(scene.observer)):
        frame = update_frame(typed(5, 0, "graffiti"))
        reply = b"\x00\x01" + sized(typed(6, 0, "graffiti"))
        for body in (frame, reply, STEP1):
            await socket.send(scene.framed(body) if socket.request and "collab" in socket.request.path else body)
        async with asyncio.timeout(30):
            while b"\x00\x01" not in (answer := await socket.recv()):
                pass
        assert b"graffiti" not in answer
        await socket.close()
    reader = y_client(scene.server, scene.room, scene.host.token)
    await reader.until_connected()
    assert not reader.doc.get_state()[0]
    await reader.close()


async def test_U4_a_full_document_refuses_goes_on_and_loads_again(server: Server, tmp_path: object) -> None:
    from pathlib import Path

    assert isinstance(tmp_path, Path)
    with running(tmp_path / "data", max_document_bytes=300_000) as small:
        scene = Scene(small)
        async with scene.bystanders():
            greedy = mux_client(small, scene.room, scene.guest.token)
            await greedy.until_connected()
            for number in range(6):
                greedy.create_file(f"f{number:015}", "x" * 100_000, f"f{number}.txt")
            await eventually(lambda: greedy.refused)
            assert greedy.close_code is None
            await eventually(lambda: (greedy.state() or {}).get("readOnly") == "document_full")
            await greedy.close()
        small.restart()
        reader = y_client(small, scene.room, scene.host.token)
        await reader.until_connected()
        assert reader.read("f" + "0" * 15) == "x" * 100_000
        await reader.close()


async def test_E6_an_import_cannot_pass_the_limit_of_the_document(tmp_path: object) -> None:
    import io
    import zipfile
    from pathlib import Path

    assert isinstance(tmp_path, Path)
    with running(tmp_path / "data", max_document_bytes=300_000) as small:
        scene = Scene(small)
        out = io.BytesIO()
        with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
            archive.writestr("a.txt", "x" * 200_000)
        path = f"/api/rooms/{scene.room}/archive"
        statuses = [small.call("POST", path, scene.guest.token, content=out.getvalue()).status_code for _ in range(3)]
        assert statuses == [200, 409, 409]
