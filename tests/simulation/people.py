"""Somebody who writes, erases, pastes, chats and moves from node to node, and what they were promised."""

import asyncio
import contextlib
import random
import time
from collections import Counter

import httpx
import msgspec
from websockets.exceptions import WebSocketException

from tests.clients import Client, MuxClient, mux_client, y_client
from tests.server import Joined, Server
from tests.simulation.clock import wait_seconds

PATIENCE_SECONDS = 4.0
PASTE = 40_000


class Mark(msgspec.Struct):
    """A line of its own. `saved`: the server said so, to its author; `erased` likewise, once somebody has erased it."""

    text: str
    at: float
    saved: bool = False
    erased: bool = False
    erasure_saved: bool = False


class Person:
    """Owns one client, of either dialect, which finds its way back whenever it is lost."""

    def __init__(self, name: str, joined: Joined, server: Server, seed: str, *, mux: bool) -> None:
        self.name = name
        self.joined = joined
        self.server = server
        self.marks: list[Mark] = []
        self.left_behind: list[Mark] = []
        self.said: list[str] = []
        self.generation = 0
        self._mux = mux
        self._random = random.Random(f"{seed} {name}")
        self.client = self._new_client()
        self._keeper: asyncio.Task[None] | None = None
        self._moving = asyncio.Lock()

    def _new_client(self) -> Client:
        client = (mux_client if self._mux else y_client)(self.server, self.joined.room_id, self.joined.token)
        client.keeps_present = True
        if isinstance(client, MuxClient):
            client.on_saved = self._note_saved
        return client

    def _note_saved(self) -> None:
        for mark in self.marks:
            mark.saved = True
            mark.erasure_saved = mark.erased

    # The line

    def arrive(self) -> None:
        """Be there, and come back whenever the line is lost."""
        self._keeper = asyncio.create_task(self._keep())

    async def go_away(self) -> None:
        """The line ends without a word; nobody comes back until `arrive`."""
        if self._keeper is not None:
            self._keeper.cancel()
            await asyncio.gather(self._keeper, return_exceptions=True)
            self._keeper = None
        await self.client.drop()

    async def _keep(self) -> None:
        while True:
            if not self.client.synced:
                await self._connect()
            await wait_seconds(0.02)

    async def _connect(self) -> None:
        client = self.client
        with contextlib.suppress(OSError, WebSocketException, TimeoutError):
            async with asyncio.timeout(PATIENCE_SECONDS):
                await client.connect()
                client.announce({"user": {"name": self.name}})
                while not client.synced and client.close_code is None:
                    await wait_seconds(0.01)

    async def move(self, server: Server) -> None:
        """The same replica at another node."""
        async with self._moving:
            await self.go_away()
            self.server = server
            self.client.url = self._new_client().url
            self.arrive()

    async def leave(self, server: Server) -> None:
        """For good: this replica is gone, and with it what was not saved. Another one comes under the same name."""
        async with self._moving:
            await self.go_away()
            self.left_behind += self.marks
            self.marks = []
            self.generation += 1
            self.server = server
            self.client = self._new_client()
            self.arrive()

    # Acts

    def _line(self, lines: list[str]) -> int:
        return sum(len(line) + 1 for line in lines[: self._random.randrange(len(lines))])

    def write(self, more: str = "") -> None:
        """A mark at the beginning of some line, if the file is there."""
        text = self.client.read()
        if text is None:
            return
        mark = Mark(f"{self.name}.{self.generation}.{len(self.marks)}{more}", time.monotonic())
        self.marks.append(mark)
        self.client.file().insert(self._line(text.split("\n")), mark.text + "\n")

    async def burst(self) -> None:
        for _ in range(self._random.randint(1, 12)):
            self.write()
            await wait_seconds(self._random.choice((0.0, 0.0, 0.01)))

    def paste(self) -> None:
        """More than the broker takes at once."""
        self.write("x" * PASTE)

    def erase(self) -> None:
        """One of the own marks that is still there."""
        lines = (self.client.read() or "").split("\n")
        standing = set(lines)
        mine = [mark for mark in self.marks if mark.text in standing and not mark.erased]
        if mine:
            mark = self._random.choice(mine)
            start = sum(len(line) + 1 for line in lines[: lines.index(mark.text)])
            mark.erased = True
            del self.client.file()[start : start + len(mark.text) + 1]

    async def chat(self) -> None:
        """Counts as said only if the server says so."""
        text = f"{self.name} says {self._random.getrandbits(64):x}"
        call = f"{self.server.http}/api/rooms/{self.joined.room_id}/chat"
        headers = {"Authorization": f"Bearer {self.joined.token}"}
        with contextlib.suppress(httpx.HTTPError):
            async with httpx.AsyncClient(timeout=PATIENCE_SECONDS) as http:
                if (await http.post(call, headers=headers, json={"text": text})).is_success:
                    self.said.append(text)

    # What is known

    @property
    def is_settled(self) -> bool:
        """Connected, and nothing of its own that was not called saved."""
        client = self.client
        return client.synced and (not isinstance(client, MuxClient) or client.unsynced == 0)

    def found(self) -> Counter[str]:
        return lines_of(self.client.read())


def lines_of(text: str | None) -> Counter[str]:
    """Each mark, and how often it is there."""
    return Counter(line for line in (text or "").split("\n") if line)
