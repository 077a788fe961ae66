"""Bounds on what somebody costs before the application sees a request: the size of its head and the time it takes."""

import asyncio
import contextlib
from typing import Any

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

MAX_HEAD_BYTES = 64 * 1024
HEAD_SECONDS = 20.0


class BoundedHttp(HttpToolsProtocol):
    """The server's HTTP protocol; the parser under it takes heads of any length, at any pace."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._head_bytes = 0
        self._in_head = True
        self._deadline: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self._await_head()

    def connection_lost(self, exc: Exception | None) -> None:
        self._end_head()
        super().connection_lost(exc)

    def _await_head(self) -> None:
        self._in_head, self._head_bytes = True, 0
        self._deadline = self._deadline or self.loop.call_later(HEAD_SECONDS, self._give_up)

    def _end_head(self) -> None:
        self._in_head = False
        if self._deadline is not None:
            self._deadline.cancel()
            self._deadline = None

    def _give_up(self) -> None:
        self._deadline = None
        self.transport.close()

    def on_message_begin(self) -> None:
        super().on_message_begin()
        self._await_head()

    def on_headers_complete(self) -> None:
        super().on_headers_complete()
        self._end_head()

    def handle_websocket_upgrade(self) -> None:
        """The WebSocket library refuses some requests that the HTTP parser took, and then nobody answers them."""
        made: list[Any] = []

        def make(**options: Any) -> Any:
            made.append(self.config.ws_protocol_class(**options))  # type: ignore[misc]
            return made[0]

        self.ws_protocol_class = make  # type: ignore[assignment]
        with contextlib.suppress(Exception):
            super().handle_websocket_upgrade()
        self.ws_protocol_class = self.config.ws_protocol_class
        if made and getattr(made[0], "handshake_initiated", False):
            # They know each other: only the garbage collector would find them.
            self.parser = None  # type: ignore[assignment]
        else:
            self.connections.difference_update(made)
            self.transport.set_protocol(self)
            self.send_400_response("This cannot become a WebSocket.")

    def data_received(self, data: bytes) -> None:
        super().data_received(data)
        if self._in_head and not self.transport.is_closing():
            self._head_bytes += len(data)
            if self._head_bytes > MAX_HEAD_BYTES:
                self.send_400_response("The head of the request is too large.")
