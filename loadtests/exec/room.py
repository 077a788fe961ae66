"""Through a whole server: how long until everybody in the room reads what a program writes first."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx

from loadtests.exec.measures import HELLO
from tests.clients import FILE, MuxClient, mux_client
from tests.server import Joined, Server, eventually, running


class Room:
    """A room with one file and somebody who watches it."""

    def __init__(self, server: Server, host: Joined, watcher: MuxClient, http: httpx.AsyncClient) -> None:
        self._server = server
        self._host = host
        self._http = http
        self._first: asyncio.Future[float] | None = None
        self._ended = asyncio.Event()
        watcher.on_event = self._hear

    def _hear(self, event: dict[str, Any]) -> None:
        kind = event.get("entry", {}).get("kind")
        if kind == "output" and self._first is not None and not self._first.done():
            self._first.set_result(time.perf_counter())
        elif kind == "finished":
            self._ended.set()

    async def once(self) -> float:
        """From the call to the first output on the room's socket."""
        self._first = asyncio.get_running_loop().create_future()
        self._ended.clear()
        began = time.perf_counter()
        answer = await self._http.post(f"/api/rooms/{self._host.room_id}/runs", json={"fileId": FILE})
        answer.raise_for_status()
        first = await self._first
        await self._ended.wait()
        return first - began

    async def idle_cells(self) -> float:
        """How many are ready, by the server's own count."""
        lines = (await self._http.get("/metrics")).text.splitlines()
        return sum(float(line.split()[1]) for line in lines if line.startswith("sangam_cells_idle "))


@asynccontextmanager
async def room(folder: str, **settings: Any) -> AsyncIterator[Room]:
    """In a server of its own, whose cells serve one run each."""
    with running(Path(folder) / "room", exec_reuse_cells=False, **settings) as server:
        host = await asyncio.to_thread(server.create_room)
        watcher = mux_client(server, host.room_id, host.token)
        await watcher.until_connected()
        watcher.create_file(text=HELLO.decode())
        await eventually(lambda: watcher.unsynced == 0)
        headers = {"Authorization": f"Bearer {host.token}"}
        async with httpx.AsyncClient(base_url=server.http, headers=headers, timeout=30, verify=False) as http:
            while not (await http.get("/api/config")).json()["execution"]["available"]:
                await asyncio.sleep(0.1)
            yield Room(server, host, watcher, http)
        await watcher.drop()
