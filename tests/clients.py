"""Small clients of both dialects: a document, an awareness state, a socket that can be lost and found again."""

import asyncio
import contextlib
import json
from collections.abc import Callable, Iterator
from typing import Any

from pycrdt import Decoder, Doc, Map, Text
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed

from tests.server import Server, eventually

FILE = "a" * 16


def uint(number: int) -> bytes:
    out = bytearray()
    while number > 0x7F:
        out.append(number & 0x7F | 0x80)
        number >>= 7
    return bytes((*out, number))


def sized(data: bytes) -> bytes:
    return uint(len(data)) + data


class Client:
    """One document over one socket of the y-websocket dialect. Edits made offline are sent by the next `connect`."""

    saves = False

    def __init__(self, url: str, client_id: int | None = None) -> None:
        self.url = url
        self.doc: Doc[Any] = Doc(client_id=client_id) if client_id is not None else Doc()
        self.files: Map[Any] = self.doc.get("files", type=Map)
        self.synced = False
        self.close_code: int | None = None
        self.frames: list[bytes] = []
        self.people: dict[int, Any] = {}
        self.sent_updates = 0
        self.on_change: Callable[[], None] = lambda: None
        self._clocks: dict[int, int] = {}
        self._clock = 0
        self._state: object = None
        self.keeps_present = False
        self._socket: ClientConnection | None = None
        self._tasks: list[asyncio.Task[None]] = []
        self._out: asyncio.Queue[bytes] = asyncio.Queue()
        self._remote = False
        self._subscription = self.doc.observe(self._changed)

    # The socket

    async def connect(self) -> None:
        """Raises what websockets raises when nobody listens or the server refuses."""
        await self.drop()
        self.synced, self.close_code, self._out = False, None, asyncio.Queue()
        self._socket = await connect(self.url, max_size=None, compression=None, ping_interval=None)
        self._clocks.clear()
        self._greet()
        self._tasks = [asyncio.create_task(self._read(self._socket)), asyncio.create_task(self._write(self._socket))]

    async def until_connected(self) -> None:
        """Try until the server is there, then wait for the first sync."""
        async with asyncio.timeout(60):
            while True:
                with contextlib.suppress(OSError, ConnectionClosed, TimeoutError):
                    await self.connect()
                    await eventually(lambda: self.synced or self.close_code is not None)
                if self.synced:
                    return
                await asyncio.sleep(0.02)

    def _greet(self) -> None:
        self._send(b"\x00\x00" + sized(self.doc.get_state()))

    def _send(self, body: bytes) -> None:
        self._out.put_nowait(body)

    async def _write(self, socket: ClientConnection) -> None:
        with contextlib.suppress(ConnectionClosed):
            while True:
                await socket.send(await self._out.get())

    async def _read(self, socket: ClientConnection) -> None:
        with contextlib.suppress(ConnectionClosed):
            async for frame in socket:
                assert isinstance(frame, bytes)
                self.frames.append(frame)
                self._receive(frame)
        self.close_code = socket.close_code
        self.synced = False
        self.people.clear()

    async def drop(self) -> None:
        """Lose the connection without a word, as a dying network does."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        self._tasks = []
        self.synced = False
        self.people.clear()
        if self._socket is not None:
            self._socket.transport.abort()
            self._socket = None

    async def close(self) -> None:
        """Leave properly."""
        if self._socket is not None:
            await eventually(lambda: self._out.empty() or self.close_code is not None)
            await self._socket.close()
        await self.drop()

    # Messages

    def _receive(self, frame: bytes) -> None:
        decoder = Decoder(frame)
        while decoder.length:
            self._message(decoder)

    def _message(self, decoder: Decoder) -> None:
        match decoder.read_var_uint():
            case 0:
                self._sync(decoder)
            case 1:
                self._hear(Decoder(_bytes(decoder)))
            case kind:
                raise AssertionError(f"message type {kind}")

    def _sync(self, decoder: Decoder) -> None:
        kind, body = decoder.read_var_uint(), _bytes(decoder)
        if kind == 0:
            self._send(b"\x00\x01" + sized(self.doc.get_update(body)))
            return
        self._remote = True
        try:
            self.doc.apply_update(body)
        finally:
            self._remote = False
        self.synced = self.synced or kind == 1
        self.on_change()

    def _hear(self, decoder: Decoder) -> None:
        for _ in range(decoder.read_var_uint()):
            client, clock = decoder.read_var_uint(), decoder.read_var_uint()
            state = json.loads(decoder.read_var_string())
            known = self._clocks.get(client, 0)
            if clock > known or (clock == known and state is None):
                self._clocks[client] = clock
                self.people[client] = state
                if state is None:
                    del self.people[client]
            if client == self.doc.client_id and self.keeps_present:
                self._hear_of_itself(clock, state)

    def _hear_of_itself(self, clock: int, state: object) -> None:
        """As stock clients do: who is told gone says that it is not."""
        if state is None and clock >= self._clock:
            self.announce(self._state, clock=clock + 1)
        else:
            self._clock = max(self._clock, clock)

    def announce(self, state: object, *, clock: int | None = None, client: int | None = None) -> None:
        """Say what this client does now; with `client` somebody else's name is used."""
        self._clock = clock if clock is not None else self._clock + 1
        self._state = state
        body = sized(json.dumps(state).encode())
        self._send(b"\x01" + sized(b"\x01" + uint(client or self.doc.client_id) + uint(self._clock) + body))

    # Edits

    def _changed(self, event: Any) -> None:
        if not self._remote:
            self.sent_updates += 1
            self._send_update(event.update)

    def _send_update(self, update: bytes) -> None:
        if self._socket is not None and self.close_code is None:
            self._send(b"\x00\x02" + sized(update))

    def push(self, update: bytes) -> None:
        """Apply and send an edit that was made elsewhere."""
        self._remote = True
        try:
            self.doc.apply_update(update)
        finally:
            self._remote = False
        self._send_update(update)

    def clock_of(self, client: int) -> int:
        """How much of a CRDT client's work is in this document."""
        decoder = Decoder(self.doc.get_state())
        vector = {decoder.read_var_uint(): decoder.read_var_uint() for _ in range(decoder.read_var_uint())}
        return vector.get(client, 0)

    def has(self, heads: list[tuple[int, int]]) -> bool:
        """Whether all these (client, clock) are in this document."""
        return all(self.clock_of(client) >= clock for client, clock in heads)

    def create_file(self, file_id: str = FILE, text: str = "", path: str = "main.py") -> None:
        self.files[file_id] = Map({"path": path, "text": Text(text)})

    def file(self, file_id: str = FILE) -> Text:
        text = self.files[file_id]["text"]
        assert isinstance(text, Text)
        return text

    def read(self, file_id: str = FILE) -> str | None:
        """None until the file is there."""
        return str(self.file(file_id)) if file_id in self.files else None


class MuxClient(Client):
    """The same over the Hocuspocus dialect, with its token, its count of unsaved edits and its events."""

    saves = True

    def __init__(self, url: str, document: str, token: str = "", client_id: int | None = None) -> None:
        super().__init__(url, client_id)
        self.document = document
        self.token = token
        self.unsynced = 1
        self.refused = 0
        self.scope: str | None = None
        self.denied: str | None = None
        self.events: list[dict[str, Any]] = []
        self.on_saved: Callable[[], None] = lambda: None
        self.on_event: Callable[[dict[str, Any]], None] = lambda _event: None

    def _greet(self) -> None:
        self.unsynced = 1
        self._send(b"\x02\x00" + sized(self.token.encode()) + sized(b"4.8.0"))
        super()._greet()

    def _send(self, body: bytes) -> None:
        super()._send(sized(self.document.encode()) + body)

    def _send_update(self, update: bytes) -> None:
        if self._socket is not None and self.close_code is None:
            self.unsynced += 1
        super()._send_update(update)

    def say(self, event: object) -> None:
        """A stateless message."""
        self._send(b"\x05" + sized(json.dumps(event).encode()))

    def state(self) -> dict[str, Any] | None:
        """The last `state` event."""
        return next((event for event in reversed(self.events) if event["type"] == "state"), None)

    def _message(self, decoder: Decoder) -> None:
        assert decoder.read_var_string() == self.document
        match decoder.read_var_uint():
            case 0:
                self._sync(decoder)
            case 1:
                self._hear(Decoder(_bytes(decoder)))
            case 2:
                self._authentication(decoder)
            case 5:
                self.events.append(json.loads(decoder.read_var_string()))
                self.on_event(self.events[-1])
            case 7:
                decoder.read_var_string()
            case 8:
                self._status(decoder.read_var_uint())
            case kind:
                raise AssertionError(f"message type {kind}")

    def _authentication(self, decoder: Decoder) -> None:
        if decoder.read_var_uint() == 2:
            self.scope = decoder.read_var_string()
        else:
            self.denied = decoder.read_var_string()

    def _status(self, saved: int) -> None:
        if not saved:
            self.refused += 1
            return
        self.unsynced = max(0, self.unsynced - 1)
        if self.unsynced == 0:
            self.on_saved()


def _bytes(decoder: Decoder) -> bytes:
    data = decoder.read_message()
    assert data is not None
    return data


def y_client(server: Server, room: str, token: str = "", client_id: int | None = None) -> Client:
    return Client(f"{server.ws}/ws/{room}" + (f"?token={token}" if token else ""), client_id)


def mux_client(server: Server, room: str, token: str = "", client_id: int | None = None) -> MuxClient:
    return MuxClient(f"{server.ws}/collab", f"{room}/main", token, client_id)


@contextlib.contextmanager
def positions(text: Text) -> Iterator[Callable[[int], int]]:
    """Code points to the UTF-8 offsets that pycrdt counts in, while the text does not change."""
    now = str(text)
    yield (lambda at: at) if now.isascii() else (lambda at: len(now[:at].encode()))


async def until_equal(clients: list[Client], what: str | None = None, file_id: str = FILE) -> None:
    """Wait until all read the same, and `what` if it is given."""

    def same() -> bool:
        texts = {client.read(file_id) for client in clients}
        return len(texts) == 1 and (what is None or texts == {what})

    await eventually(same, "the replicas differ")


async def until_saved(clients: list[Client]) -> None:
    """Wait until the server has told all who can be told that their edits are saved."""
    await eventually(lambda: all(c.unsynced == 0 for c in clients if isinstance(c, MuxClient)), "never saved")
