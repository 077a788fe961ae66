"""The two hot paths of a connection to a NATS broker: a message that comes, a message that leaves.

The library takes a message through two tasks, four coroutines and a queue, which costs more than all that a node does
with it. Here plain messages are read and written at once; everything else, and whatever comes in pieces, is the
library's business as before. Format: docs.nats.io, "Client Protocol".
"""

import asyncio
import re
from collections.abc import Callable
from typing import Any

from nats.aio.client import Client
from nats.protocol.parser import AWAITING_CONTROL_LINE, Parser

MAX_WAITING_BYTES = 2**16
"""More than this waits in the socket: the broker reads slowly."""
Receive = Callable[[str, bytes], None]
"""Called with the subject and the data, while the socket is read; it must not raise."""
_MESSAGE = re.compile(rb"MSG ([^ \r\n]+) \d+ (\d+)\r\n")


def deliver_to(receive: Receive) -> Callable[..., None]:
    """In place of the library's message class: it is called for each message, and without a message none is queued.

    So nothing waits between the socket and `receive`, and no slow consumer inside this process can lose anything.
    """

    def deliver(*, subject: str, data: bytes, **_rest: object) -> None:
        receive(subject, data)

    return deliver


def shorten(client: Client, receive: Receive) -> None:
    """Once it is connected: whole messages go to `receive` from the socket itself."""
    writer = _writer(client)
    if writer is not None:
        protocol = writer.transport.get_protocol()
        writer.transport.set_protocol(_QuickProtocol(protocol, client._transport._io_reader, client._ps, receive))  # type: ignore[union-attr]


def is_quick(client: Client) -> bool:
    """Whether the broker takes what it gets, and the library has nothing to write that was there before."""
    writer = _writer(client)
    if client.pending_data_size or writer is None or writer.transport.is_closing():
        return False
    return writer.transport.get_write_buffer_size() <= MAX_WAITING_BYTES


def write(client: Client, subject: str, data: bytes) -> None:
    """Publish past the library's queue, if it `is_quick`."""
    assert client._transport is not None
    client._transport.write(b"PUB %b %d\r\n%b\r\n" % (subject.encode(), len(data), data))


def _writer(client: Client) -> asyncio.StreamWriter | None:
    """None if the connection is no stream, or not there."""
    return getattr(client._transport, "_io_writer", None)


class _QuickProtocol(asyncio.Protocol):
    """Before the library's own; while that has a part of something, all goes there."""

    def __init__(self, inner: Any, reader: Any, parser: Parser, receive: Receive) -> None:
        self._inner = inner
        self._reader = reader
        self._parser = parser
        self._receive = receive

    def data_received(self, data: bytes) -> None:
        parser = self._parser
        if not self._reader._buffer and not parser.buf and parser.state == AWAITING_CONTROL_LINE:
            data = data[self._messages(data) :]
        if data:
            self._inner.data_received(data)

    def _messages(self, data: bytes) -> int:
        """Hand on those that `data` begins with; where they end."""
        at = 0
        while (head := _MESSAGE.match(data, at)) is not None:
            start = head.end()
            end = start + int(head[2])
            if end + 2 > len(data):
                break
            at = end + 2
            self._receive(head[1].decode(), data[start:end])
        return at

    def eof_received(self) -> bool | None:
        ended: bool | None = self._inner.eof_received()
        return ended

    def connection_lost(self, exc: Exception | None) -> None:
        self._inner.connection_lost(exc)

    def pause_writing(self) -> None:
        self._inner.pause_writing()

    def resume_writing(self) -> None:
        self._inner.resume_writing()
