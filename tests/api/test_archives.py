"""Zips that want to fill the disk, the memory or another folder."""

import io
import struct
import time
import zipfile
import zlib
from random import Random

import httpx
import pytest
from pycrdt import Map, Text

from tests.api.scene import Scene, memory_bytes, until_closed, update_frame
from tests.clients import y_client
from tests.server import eventually


def upload(scene: Scene, data: bytes, token: str = "") -> httpx.Response:
    return scene.server.call("POST", f"/api/rooms/{scene.room}/archive", token or scene.guest.token, content=data)


def zipped(files: dict[str, bytes], method: int = zipfile.ZIP_DEFLATED) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", method) as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return out.getvalue()


def overlapping(members: int, content: bytes) -> bytes:
    """Many names for one compressed body: the directory claims far more than the file holds."""
    packer = zlib.compressobj(9, zlib.DEFLATED, -15)
    body = packer.compress(content) + packer.flush()
    sums = struct.pack("<III", zlib.crc32(content), len(body), len(content))
    local = b"PK\x03\x04" + struct.pack("<HHHHH", 20, 0, 8, 0, 0) + sums + struct.pack("<HH", 1, 0) + b"a" + body
    entry = b"PK\x01\x02" + struct.pack("<HHHHHH", 20, 20, 0, 8, 0, 0) + sums
    directory = b"".join(entry + struct.pack("<HHHHHII", 1, 0, 0, 0, 0, 0, 0) + b"a" for _ in range(members))
    tail = struct.pack("<HHHHIIH", 0, 0, members % 65536, members % 65536, len(directory), len(local), 0)
    return local + directory + b"PK\x05\x06" + tail


BAD = {
    "no zip": b"PK\x03\x04 not really",
    "empty": b"",
    "cut": zipped({"a.txt": b"x" * 5000})[:-40],
    "a bomb": zipped({"a.txt": b"\0" * 100_000_000}),
    "a bomb of many": zipped({f"{n}.txt": b"a" * 7_000_000 for n in range(8)}),
    "overlapping": overlapping(60_000, b"a" * 8_000_000),
    "too many members": zipped({f"{n}": b"" for n in range(2001)}),
}


@pytest.mark.parametrize("name", BAD)
async def test_Z2_Z3_a_bad_zip_is_refused_and_others_notice_nothing(scene: Scene, name: str) -> None:
    async with scene.bystanders():
        before = memory_bytes(scene.server)
        answer = upload(scene, BAD[name])
        assert (answer.status_code, answer.json()["error"]["code"]) == (422, "bad_archive")
        assert memory_bytes(scene.server) - before < 150 * 2**20


@pytest.mark.parametrize("method", [zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_Z2_methods_that_unpack_without_a_bound_are_not_unpacked(scene: Scene, method: int) -> None:
    """A few hundred bytes of these become gigabytes before anybody can count them."""
    before = memory_bytes(scene.server)
    answer = upload(scene, zipped({"a.txt": b"\0" * 80_000_000, "b.txt": b"small"}, method))
    assert {skipped["reason"] for skipped in answer.json()["skipped"]} == {"unknown_compression"}
    assert answer.json()["created"] == []
    assert memory_bytes(scene.server) - before < 50 * 2**20


def test_Z3_damaged_zips_are_refused_not_stumbled_over(scene: Scene) -> None:
    source, good = Random(3), zipped({"a.txt": b"hello" * 50, "b/c.txt": "नमस्ते".encode()})
    for _ in range(40):
        data = bytearray(good)
        for _ in range(source.choice((1, 2, 5))):
            data[source.randrange(len(data))] = source.randrange(256)
        assert upload(scene, bytes(data)).status_code in (200, 422)


def test_Z3_names_from_hell_stay_in_the_room(scene: Scene) -> None:
    names = ["../up", "/abs", "a/../b", "C:\\x", "\x1b[2J", "a" * 300, "\u202etxt", "con//x", ".", "x/."]
    answer = upload(scene, zipped(dict.fromkeys(names, b"x") | {"fine.txt": b"\xef\xbb\xbfa\r\nb\rc"}))
    assert answer.json()["created"] == ["fine.txt"]
    assert len(answer.json()["skipped"]) == len(names)
    back = scene.server.call("GET", f"/api/rooms/{scene.room}/archive.zip", scene.guest.token)
    with zipfile.ZipFile(io.BytesIO(back.content)) as archive:
        assert archive.read("fine.txt") == b"a\nb\nc"


def test_E5_an_observer_imports_nothing(scene: Scene) -> None:
    assert upload(scene, zipped({"a.txt": b"x"}), scene.observer.token).status_code == 403
    assert scene.server.call("GET", f"/api/rooms/{scene.room}/archive.zip", scene.observer.token).status_code == 200


async def test_Z1_thousands_of_files_of_one_path_go_out_in_time(scene: Scene) -> None:
    mal = y_client(scene.server, scene.room, scene.guest.token)
    await mal.until_connected()
    with mal.doc.transaction():
        for number in range(8000):
            mal.files[f"{number:016}"] = Map({"path": "same.txt", "text": Text("x")})
    await eventually(lambda: mal._out.empty())
    reader = y_client(scene.server, scene.room, scene.host.token)
    await reader.until_connected()
    await eventually(lambda: len(list(reader.files.keys())) == 8000)  # so large an edit is tried first
    started = time.monotonic()
    answer = scene.server.call("GET", f"/api/rooms/{scene.room}/archive.zip", scene.guest.token)
    assert time.monotonic() - started < 25
    assert len(zipfile.ZipFile(io.BytesIO(answer.content)).namelist()) == 8000
    await mal.close()
    await reader.close()


async def test_U3_files_of_another_shape_spoil_neither_archive_nor_list(scene: Scene) -> None:
    """A value that the library lists but cannot read: the name of a file that is a format."""
    socket = await scene.y()
    for key in (b"path", b"text", b"folder"):
        item = b"\x26\x01\x05files\x01f" if key == b"path" else b"\x21\x01\x05files" + bytes((len(key),)) + key
        content = b"\x04bold\x041234" if key == b"path" else b"\x01"
        await socket.send(update_frame(b"\x01\x01" + key[:1] + b"\x00" + item + content + b"\x00"))
    await until_closed(socket)
    answer = scene.server.call("GET", f"/api/rooms/{scene.room}/archive.zip", scene.guest.token)
    assert answer.status_code == 200
