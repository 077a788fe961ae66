"""The WebSocket library's full implementation of an open connection, for the rare frames that need it.

A line reads whole binary messages by itself. Control frames, fragments, text, what breaks the rules (RFC 6455) and the
closing handshake are read here; unless more of them follow, this object lives for one frame.
"""

import logging
from collections.abc import Iterator

from websockets.frames import Frame
from websockets.protocol import OPEN, Protocol, Side

_log = logging.getLogger("uvicorn.error")


class Formal:
    """`is_needed` while it holds something that what follows depends on. Owned by its line."""

    __slots__ = ("_in_fragments", "_library", "_parts")

    def __init__(self, max_size: int) -> None:
        self._library = Protocol(Side.SERVER, state=OPEN, max_size=max_size, logger=_log)
        self._parts: list[bytes] = []
        self._in_fragments = False

    def read(self, data: bytes) -> Iterator[Frame]:
        """The frames in there; pings and a close are answered (`to_send`)."""
        self._library.receive_data(data)
        for event in self._library.events_received():
            if isinstance(event, Frame):
                yield event

    def joined(self, frame: Frame) -> bytes | None:
        """The whole message, once its last fragment has come."""
        self._parts.append(bytes(frame.data))
        if not frame.fin:
            self._in_fragments = True
            return None
        payload, self._parts = b"".join(self._parts), []
        return payload

    def close(self, code: int, reason: str) -> bytes:
        """What closes the connection from this side; nothing if it is being closed already."""
        if self._library.state is OPEN:
            self._library.send_close(code, reason)
        return self.to_send()

    def to_send(self) -> bytes:
        return b"".join(self._library.data_to_send())

    @property
    def is_needed(self) -> bool:
        return self._in_fragments or self._library.state is not OPEN

    @property
    def is_over(self) -> bool:
        """The peer has closed or answered our close, or broke the rules: nothing more is said."""
        return self._library.close_rcvd is not None or self._library.parser_exc is not None
