"""Keystroke to echo: through a whole server, its terminal socket, the sandbox and back."""

import asyncio
import contextlib
import io
import subprocess
import sys
import time
import zipfile
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import httpx
import msgspec
from pycrdt import Doc, Map, create_sync_message, handle_sync_message
from websockets.asyncio.client import connect

ROOT = Path(__file__).resolve().parents[2]


@contextlib.contextmanager
def server(folder: str, settings: dict[str, str]) -> Iterator[str]:
    """The address of a server of its own."""
    command = [sys.executable, "-m", "api", "serve", "--port", "0", "--data", folder]
    quiet = subprocess.DEVNULL
    process = subprocess.Popen(command, cwd=ROOT, env=settings, stdout=subprocess.PIPE, stderr=quiet, text=True)
    try:
        assert process.stdout is not None
        yield process.stdout.readline().split()[-1].replace("localhost", "127.0.0.1")
    finally:
        process.terminate()
        process.wait(20)


async def file_of(address: str, room: str, token: str) -> str:
    """The id of the room's only file."""
    document: Doc[Any] = Doc()
    files: Map[Any] = document.get("files", type=Map)
    async with connect(f"{address.replace('http', 'ws')}/ws/{room}/main?token={token}", max_size=None) as socket:
        await socket.send(create_sync_message(document))
        while not list(files.keys()):
            frame = await socket.recv()
            if isinstance(frame, bytes) and frame[0] == 0 and (answer := handle_sync_message(frame[1:], document)):
                await socket.send(answer)
    return str(next(iter(files.keys())))


def waiting_program() -> bytes:
    """A zip with a script that reads lines and does nothing with them; the terminal echoes."""
    whole = io.BytesIO()
    with zipfile.ZipFile(whole, "w") as archive:
        archive.writestr("main.sh", "cat > /dev/null\n")
    return whole.getvalue()


@contextlib.asynccontextmanager
async def terminal(address: str) -> AsyncIterator[Any]:
    """The socket of a terminal in which a program waits for lines."""
    async with httpx.AsyncClient(base_url=address, timeout=30, verify=False) as http:
        new = {"name": "Echo", "kind": "pair", "displayName": "A"}
        made = (await http.post("/api/rooms", json=new)).json()
        room, token = made["room"]["id"], made["token"]
        http.headers["Authorization"] = f"Bearer {token}"
        zipped = {"content-type": "application/zip"}
        await http.post(f"/api/rooms/{room}/archive", content=waiting_program(), headers=zipped)
        while not (await http.get("/api/config")).json()["execution"]["available"]:
            await asyncio.sleep(0.1)
        body = {"fileId": await file_of(address, room, token), "terminal": {}}
        started = (await http.post(f"/api/rooms/{room}/runs", json=body)).json()["run"]["id"]
        url = f"{address.replace('http', 'ws')}/api/rooms/{room}/runs/{started}/terminal?token={token}"
        async with connect(url) as socket:
            yield socket
        await http.post(f"/api/rooms/{room}/runs/{started}/stop", json={})


async def echoes(socket: Any, keys: int) -> list[float]:
    """Seconds from each key to the moment its echo was read."""
    seconds = []
    for number in range(keys):
        letter = "abcdefghij"[number % 10]
        began = time.perf_counter()
        await socket.send(msgspec.json.encode(["stdin", letter]).decode())
        while letter not in _shown(await socket.recv()):
            pass
        seconds.append(time.perf_counter() - began)
    return seconds


def _shown(frame: str) -> str:
    kind, what = msgspec.json.decode(frame)
    return str(what) if kind == "stdout" else ""
