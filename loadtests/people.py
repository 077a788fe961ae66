"""What one person of the load test says and hears on `/collab`: tokens, documents, edits and what was saved.

A gevent program (locust): one greenlet reads, others may send. Nothing here knows locust.
"""

import random
import time
from collections import deque
from collections.abc import Callable
from typing import Any

import gevent
import websocket
from gevent.event import Event
from gevent.lock import RLock
from pycrdt import Doc, Map, Text, TransactionEvent, create_sync_message, handle_sync_message

_SYNC, _AUTH, _STATUS = 0, 2, 8
_WORDS = ["for ", "item ", "in ", "items", ":\n", "    ", "print", "(item)", "\n", "# ", "sum ", "+= ", "1\n"]


class NoDocument(Exception):
    """The room's document did not come in time, or the server ended the connection."""


def uint(value: int) -> bytes:
    out = bytearray()
    while value > 127:
        out.append(value & 127 | 128)
        value >>= 7
    return bytes([*out, value])


def sized(data: bytes) -> bytes:
    return uint(len(data)) + data


class Desk:
    """One person's `main` document over one socket.

    `on_saved` is told the seconds from each edit to the server's word that it is saved, `on_end` why the socket ended.
    """

    def __init__(
        self, url: str, room: str, token: str, on_saved: Callable[[float], None], on_end: Callable[[Exception], None]
    ) -> None:
        self._prefix = sized(f"{room}/main".encode())
        self._on_saved = on_saved
        self._on_end = on_end
        self._lock = RLock()
        self._unsaved: deque[float] = deque()
        self._is_synced = Event()
        self._is_ours = False
        self._is_closed = False
        self.doc: Doc[Any] = Doc()
        self.files: Map[Any] = self.doc.get("files", type=Map)
        self._subscription = self.doc.observe(self._changed)
        self._socket = websocket.create_connection(url, timeout=30, enable_multithread=True)
        self._send(bytes([_AUTH, 0]) + sized(token.encode()) + sized(b"4.8.0"))
        self._send(create_sync_message(self.doc))
        self._reader = gevent.spawn(self._read)

    def wait_until_synced(self, seconds: float = 30.0) -> None:
        """Raises NoDocument."""
        if not self._is_synced.wait(seconds):
            raise NoDocument("no SyncStep2 in time")

    def _send(self, body: bytes) -> None:
        with self._lock:
            self._socket.send_binary(self._prefix + body)

    def _changed(self, event: TransactionEvent) -> None:
        if self._is_ours:
            self._unsaved.append(time.perf_counter())
            self._send(bytes([_SYNC, 2]) + sized(event.update))

    def _read(self) -> None:
        try:
            while True:
                frame = self._socket.recv()
                if not frame:
                    raise NoDocument("the server closed the connection")
                self._take(frame)
        except (OSError, websocket.WebSocketException, NoDocument) as error:
            if not self._is_closed:
                self._on_end(error)

    def _take(self, frame: bytes) -> None:
        body = frame[len(self._prefix) :]
        if body[0] == _SYNC:
            answer = handle_sync_message(body[1:], self.doc)
            if answer is not None:
                self._send(answer)
            if body[1] == 1:
                self._is_synced.set()
        elif body[0] == _STATUS and self._unsaved and self._is_synced.is_set() and body[1] == 1:
            self._on_saved(time.perf_counter() - self._unsaved.popleft())

    def first_file(self) -> str | None:
        """The id of the file that everybody works on."""
        return min(self.files.keys(), default=None)

    def type(self) -> bool:
        """A few characters somewhere; False when there is no file to write in."""
        file = self.first_file()
        text = self.files[file]["text"] if file else None
        if not isinstance(text, Text):
            return False
        with self._lock:
            self._is_ours = True
            try:
                text.insert(random.randint(0, len(text)), random.choice(_WORDS))
            finally:
                self._is_ours = False
        return True

    def close(self) -> None:
        self._is_closed = True
        self._socket.close()
        self._reader.kill()
