"""The two wire dialects as pure functions: bytes in, messages out, and the other way round.

Sans-I/O. A y-websocket frame is one or more messages; a Hocuspocus frame is an address (the document's name) and one
message. The bodies are the same, so a body is built once and each session puts its own prefix before it: nothing for
y-websocket, the encoded address for Hocuspocus.
Sources: github.com/yjs/y-protocols (PROTOCOL.md), github.com/ueberdosis/hocuspocus (`packages/server/src`).
"""

import re

import msgspec

from realtime.errors import ProtocolViolation
from realtime.lib0 import UINT, Reader, read_id, read_uint, write_bytes, write_id, write_string, write_uint

MAX_AWARENESS_IDS = 4096
"""Awareness states in one message; a client repeats those of everybody in the room, so it is not small."""
MAX_MESSAGES = 256
"""Messages in one y-websocket frame; known clients send one."""
_ONE_STATE = re.compile(rb"\x01(" + UINT + rb")\x01(" + UINT + rb")(" + UINT + rb")(" + UINT + rb")(.*)", re.DOTALL)
"""A message with what a client says of itself alone: size, client, clock, size, state."""
_SHORT_UPDATES = [bytes((0, 2, size)) for size in range(0x80)]
"""What goes before an edit of this size."""


class SyncStep1(msgspec.Struct, frozen=True, gc=False):
    state_vector: bytes


class SyncUpdate(msgspec.Struct, frozen=True, gc=False):
    """An edit (`Update`) or the answer to our SyncStep1 (`SyncStep2`, is_reply)."""

    update: bytes
    is_reply: bool


class AwarenessState(msgspec.Struct, frozen=True, gc=False):
    client: int
    clock: int
    json: bytes


class Awareness(msgspec.Struct, frozen=True):
    states: list[AwarenessState]


class QueryAwareness(msgspec.Struct, frozen=True, gc=False):
    pass


class Token(msgspec.Struct, frozen=True, gc=False):
    token: str


class Stateless(msgspec.Struct, frozen=True, gc=False):
    payload: str


class Close(msgspec.Struct, frozen=True, gc=False):
    pass


class Ping(msgspec.Struct, frozen=True, gc=False):
    """A keep-alive of the connection; needs no answer but Pong (Hocuspocus) or is one."""


Message = SyncStep1 | SyncUpdate | Awareness | QueryAwareness | Token | Stateless | Close | Ping

PONG = b"\x0a"


def decode_y(frame: bytes) -> list[Message]:
    """All messages of a y-websocket frame; raises ProtocolViolation."""
    usual = decode_usual(frame, 0)
    if usual is not None:
        return [usual]
    reader = Reader(frame)
    messages: list[Message] = []
    while not reader.exhausted:
        messages.append(_y_message(reader))
        if len(messages) > MAX_MESSAGES:
            raise ProtocolViolation("too many messages in one frame")
    if not messages:
        raise ProtocolViolation("empty frame")
    return messages


def decode_hocuspocus(frame: bytes, max_address_bytes: int) -> tuple[str, Message]:
    """The address and message of a Hocuspocus frame; the address of a ping is empty."""
    if frame in (b"\x09", PONG):
        return "", Ping()
    start = 1 + frame[0] if len(frame) > 0 and frame[0] < 0x80 else 0
    usual = decode_usual(frame, start) if 1 < start <= max_address_bytes else None
    if usual is not None:
        return _address(frame[1:start]), usual
    reader = Reader(frame)
    address = reader.string()
    if not address or reader.pos > max_address_bytes:
        raise ProtocolViolation("address empty or too long")
    message = _hocuspocus_message(reader)
    if not reader.exhausted:
        raise ProtocolViolation("bytes after the message")
    return address, message


def decode_usual(frame: bytes, start: int) -> SyncUpdate | Awareness | None:
    """What nearly every frame has from `start` to its end: an edit of less than 128 bytes, or one client's state."""
    length = len(frame) - start - 3
    if 0 <= length < 0x80 and frame[start : start + 3] == _SHORT_UPDATES[length]:
        return SyncUpdate(frame[start + 3 :], False)
    found = _ONE_STATE.fullmatch(frame, start)
    if found is None:
        return None
    whole, client, clock, size, state = found.groups()
    if read_uint(size) != len(state) or read_uint(whole) != len(frame) - found.end(1):
        return None
    return Awareness([AwarenessState(read_id(client), read_uint(clock), state)])


def _address(raw: bytes) -> str:
    try:
        return raw.decode()
    except UnicodeDecodeError as error:
        raise ProtocolViolation("not UTF-8") from error


def _y_message(reader: Reader) -> Message:
    match reader.uint():
        case 0:
            return _sync(reader)
        case 1:
            return _awareness(reader)
        case 3:
            return QueryAwareness()
        case kind:
            raise ProtocolViolation(f"unknown message type {kind}")


def _hocuspocus_message(reader: Reader) -> Message:
    match reader.uint():
        case 0 | 4:
            return _sync(reader)
        case 1:
            return _awareness(reader)
        case 2:
            return _token(reader)
        case 3:
            return QueryAwareness()
        case 5:
            return Stateless(reader.string())
        case 7:
            return Close()
        case kind:
            raise ProtocolViolation(f"unknown message type {kind}")


def _sync(reader: Reader) -> Message:
    kind = reader.uint()
    if kind == 0:
        return SyncStep1(reader.bytes())
    if kind in (1, 2):
        return SyncUpdate(reader.bytes(), kind == 1)
    raise ProtocolViolation(f"unknown sync type {kind}")


def _awareness(reader: Reader) -> Awareness:
    inner = Reader(reader.bytes())
    count = inner.uint()
    if count > MAX_AWARENESS_IDS:
        raise ProtocolViolation("too many awareness states")
    states = [AwarenessState(inner.uint(), inner.uint(), inner.bytes()) for _ in range(count)]
    if not inner.exhausted:
        raise ProtocolViolation("bytes after the awareness states")
    return Awareness(states)


def _token(reader: Reader) -> Token:
    if reader.uint() != 0:
        raise ProtocolViolation("only a client's token is expected")
    token = reader.string()
    if not reader.exhausted:  # newer providers add their version
        reader.string()
    return Token(token)


def step1_body(state_vector: bytes) -> bytes:
    return b"\x00\x00" + write_bytes(state_vector)


def step2_body(update: bytes) -> bytes:
    return b"\x00\x01" + write_bytes(update)


def update_body(update: bytes) -> bytes:
    if len(update) < 0x80:
        return _SHORT_UPDATES[len(update)] + update
    return b"\x00\x02" + write_bytes(update)


def awareness_body(states: list[AwarenessState]) -> bytes:
    parts = [write_uint(len(states))]
    for state in states:
        parts += (write_id(state.client), write_uint(state.clock), write_uint(len(state.json)), state.json)
    payload = b"".join(parts)
    return b"\x01" + write_uint(len(payload)) + payload


def denied_body(reason: str) -> bytes:
    """Hocuspocus: the token was refused; the socket stays open."""
    return b"\x02\x01" + write_string(reason)


def authenticated_body(may_write: bool) -> bytes:
    return b"\x02\x02" + write_string("read-write" if may_write else "readonly")


def stateless_body(payload: str) -> bytes:
    return b"\x05" + write_string(payload)


def closed_body(reason: str) -> bytes:
    return b"\x07" + write_string(reason)


SAVED_BODY = b"\x08\x01"
REFUSED_BODY = b"\x08\x00"
