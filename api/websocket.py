"""`/ws/{room}/{document}`: the y-websocket dialect, one document a socket."""

from collections.abc import Awaitable

from starlette.responses import Response
from starlette.websockets import WebSocket

from api.connection import Connections
from api.errors import error_body, error_status
from api.identity import Identity, Reception
from realtime.protocol import Message, decode_usual, decode_y, step1_body
from realtime.session import Session
from rooms.errors import RoomError
from rooms.registry import RoomRegistry
from rooms.room import MAIN, Room
from rooms.shared_document import SharedDocument


class YSocket:
    """The endpoint; one per process."""

    def __init__(
        self, reception: Reception, registry: RoomRegistry, connections: Connections, *, echo_updates: bool
    ) -> None:
        self._reception = reception
        self._registry = registry
        self._connections = connections
        self._echo_updates = echo_updates

    async def endpoint(self, socket: WebSocket) -> None:
        """Authenticate first, accept after; a refusal is an HTTP answer."""
        room_id = socket.path_params["room"]
        document = socket.path_params.get("document", MAIN)
        try:
            identity = await self._reception.identify(room_id, socket.query_params.get("token", ""))
            room = await self._registry.enter(room_id)
            try:
                session = self._session(socket, identity)
                shared = await room.enter(session, identity.member, document)
            except BaseException:
                self._registry.leave(room)
                raise
        except RoomError as error:
            await _refuse(socket, error)
        else:
            await self._serve(socket, _Attached(self._registry, room, session, shared))

    def _session(self, socket: WebSocket, identity: Identity) -> Session:
        return Session(
            self._connections.outbox(socket),
            member_id=identity.member.id,
            user_json=identity.user_json(),
            is_guest=identity.is_guest,
            wants_echo=self._echo_updates,
        )

    async def _serve(self, socket: WebSocket, attached: "_Attached") -> None:
        session = attached.session
        try:
            await socket.accept()
            session.send(step1_body(attached.shared.document.state_vector()))
        except BaseException:
            attached.end()
            raise
        await self._connections.serve(socket, session.outbox, attached)


class _Attached:
    """A session in its room, for as long as its connection lives."""

    __slots__ = ("_registry", "_room", "session", "shared")

    def __init__(self, registry: RoomRegistry, room: Room, session: Session, shared: SharedDocument) -> None:
        self._registry = registry
        self._room = room
        self.session = session
        self.shared = shared

    def receive(self, frame: bytes) -> Awaitable[None] | None:
        usual = decode_usual(frame, 0)
        if usual is not None:
            return self.shared.receive(self.session, usual)
        messages = decode_y(frame)
        if len(messages) == 1:
            return self.shared.receive(self.session, messages[0])
        return _in_turn(self.shared, self.session, messages)

    def end(self) -> None:
        self._room.leave(self.session)
        self._registry.leave(self._room)


async def _in_turn(shared: SharedDocument, session: Session, messages: list[Message]) -> None:
    for message in messages:
        pending = shared.receive(session, message)
        if pending is not None:
            await pending


async def _refuse(socket: WebSocket, error: RoomError) -> None:
    status, code, details = error_status(error)
    body = error_body(code, str(error), socket.state.request_id, details)
    await socket.send_denial_response(Response(body, status, media_type="application/json"))
