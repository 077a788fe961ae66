"""`/collab`: the Hocuspocus dialect, many documents over one socket, authentication in band."""

import asyncio
from collections.abc import Awaitable
from typing import Annotated

import msgspec
from starlette.websockets import WebSocket

from api.connection import Connections
from api.identity import Reception
from api.settings import Settings
from realtime.errors import CloseCode, ProtocolViolation
from realtime.lib0 import write_string
from realtime.outbox import Outbox
from realtime.protocol import (
    Awareness,
    Close,
    Message,
    Ping,
    QueryAwareness,
    Stateless,
    SyncStep1,
    SyncUpdate,
    Token,
    authenticated_body,
    closed_body,
    decode_hocuspocus,
    decode_usual,
    denied_body,
    stateless_body,
)
from realtime.session import Session
from rooms.errors import RoomError, StoreUnavailable
from rooms.registry import RoomRegistry
from rooms.room import MAIN, Room
from rooms.shared_document import SharedDocument

MAX_ADDRESS_BYTES = 256
MAX_STRAY_FRAMES = 1000
"""Frames for documents that are not open on the socket: what a client sends before it hears of a refusal."""


class CollabSocket:
    """The endpoint; one per process."""

    def __init__(
        self, reception: Reception, registry: RoomRegistry, connections: Connections, settings: Settings
    ) -> None:
        self._reception = reception
        self._registry = registry
        self._connections = connections
        self._settings = settings

    async def endpoint(self, socket: WebSocket) -> None:
        outbox = self._connections.outbox(socket)
        await socket.accept()
        wire = _Wire(self._reception, self._registry, outbox, self._settings)
        wire.await_handshake()
        await self._connections.serve(socket, outbox, wire)


class _Open:
    """One document of the socket: its session and where it is."""

    __slots__ = ("room", "session", "shared")

    def __init__(self, session: Session, room: Room, shared: SharedDocument) -> None:
        self.session = session
        self.room = room
        self.shared = shared


class _Wire:
    """One multiplexed socket. Frames are handled in turn, so those that follow a token wait for its answer.

    `_open` knows a document by the prefix of its frames, its encoded address.
    """

    __slots__ = ("_deadline", "_open", "_reception", "_registry", "_settings", "_strays", "outbox")

    def __init__(self, reception: Reception, registry: RoomRegistry, outbox: Outbox, settings: Settings) -> None:
        self._reception = reception
        self._registry = registry
        self._settings = settings
        self._open: dict[bytes, _Open] = {}
        self._strays = 0
        self._deadline: asyncio.TimerHandle | None = None
        self.outbox = outbox

    def await_handshake(self) -> None:
        loop = asyncio.get_running_loop()
        self._deadline = loop.call_later(self._settings.handshake_seconds, self._check_handshake)

    def _check_handshake(self) -> None:
        self._deadline = None
        if not self._open:
            self.outbox.close(CloseCode.HANDSHAKE_TIMEOUT, "nothing was authenticated in time")

    def receive(self, frame: bytes) -> Awaitable[None] | None:
        start = 1 + frame[0] if frame else 0
        opened = self._open.get(frame[:start])
        if opened is not None and not opened.session.ended:
            usual = decode_usual(frame, start)
            if usual is not None:
                return opened.shared.receive(opened.session, usual)
        address, message = decode_hocuspocus(frame, MAX_ADDRESS_BYTES)
        if isinstance(message, Ping):
            return None
        opened = self._open.get(write_string(address))
        if opened is not None and opened.session.ended:  # its rights were taken
            self._leave(opened.session.prefix)
            opened = None
        if opened is not None:
            return self._handle(opened, message)
        if isinstance(message, Token):
            return self._authenticate(address, message.token)
        self._stray()
        return None

    def _stray(self) -> None:
        self._strays += 1
        if self._strays > MAX_STRAY_FRAMES:
            raise ProtocolViolation("too many frames for documents that are not open")

    def _handle(self, opened: _Open, message: Message) -> Awaitable[None] | None:
        match message:
            case SyncUpdate() | Awareness() | SyncStep1() | QueryAwareness():
                return opened.shared.receive(opened.session, message)
            case Stateless(payload):
                if not self.outbox.is_full:
                    _answer(opened.session, payload)
            case Close():
                self._leave(opened.session.prefix)
                self.outbox.put(opened.session.prefix + closed_body("provider_initiated"))
            case Token():
                opened.session.send(authenticated_body(opened.session.may_edit))
                return opened.session.settled()
        return None

    async def _authenticate(self, address: str, token: str) -> None:
        """A refusal names its reason and leaves the socket open for the other documents."""
        try:
            await self._enter(address, token)
        except StoreUnavailable:
            raise
        except RoomError as error:
            self.outbox.put(write_string(address) + denied_body(error.code))
            self._stray()

    async def _enter(self, address: str, token: str) -> None:
        if len(self._open) >= self._settings.max_documents_per_socket:
            raise ProtocolViolation("too many documents on one socket")
        room_id, _, document = address.partition("\0")[0].partition("/")
        document = document or MAIN
        identity = await self._reception.identify(room_id, token)
        session = Session(
            self.outbox,
            member_id=identity.member.id,
            user_json=identity.user_json(),
            is_guest=identity.is_guest,
            prefix=write_string(address),
        )
        room = await self._registry.enter(room_id)
        try:
            shared = await room.enter(session, identity.member, document)
        except BaseException:
            self._registry.leave(room)
            raise
        session.send(authenticated_body(session.may_edit))
        self._open[session.prefix] = _Open(session, room, shared)

    def _leave(self, prefix: bytes) -> None:
        opened = self._open.pop(prefix)
        opened.room.leave(opened.session)
        self._registry.leave(opened.room)

    def end(self) -> None:
        if self._deadline is not None:
            self._deadline.cancel()
        for prefix in list(self._open):
            self._leave(prefix)


class _Ping(msgspec.Struct, tag_field="type", tag="ping"):
    id: Annotated[int, msgspec.Meta(ge=0, lt=2**53)]


def _answer(session: Session, payload: str) -> None:
    """The one thing a client says statelessly: a ping, for the delay that its status line shows."""
    try:
        ping = msgspec.json.decode(payload.encode(), type=_Ping)
    except (msgspec.DecodeError, msgspec.ValidationError, RecursionError):
        return
    session.send(stateless_body(msgspec.json.encode({"type": "pong", "id": ping.id}).decode()))
