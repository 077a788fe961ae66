"""`/ws/{room}/{document}`: the y-websocket dialect, one document a socket."""

from starlette.responses import Response
from starlette.websockets import WebSocket

from api.connection import serve_socket
from api.errors import error_body, error_status
from api.identity import Identity, Reception, check_document
from api.settings import Settings
from realtime.outbox import Outbox
from realtime.protocol import decode_y, step1_body
from realtime.session import Session
from rooms.errors import RoomError
from rooms.registry import RoomRegistry
from rooms.room import MAIN


class YSocket:
    """The endpoint; one per process."""

    def __init__(self, reception: Reception, registry: RoomRegistry, settings: Settings) -> None:
        self._reception = reception
        self._registry = registry
        self._settings = settings

    async def endpoint(self, socket: WebSocket) -> None:
        """Authenticate first, accept after; a refusal is an HTTP answer."""
        room_id = socket.path_params["room"]
        document = socket.path_params.get("document", MAIN)
        try:
            identity = await self._reception.identify(room_id, socket.query_params.get("token", ""))
            may_write = check_document(identity, document)
        except RoomError as error:
            await _refuse(socket, error)
            return
        session = self._session(identity, may_write)
        try:
            await self._serve(socket, session, identity, room_id, document)
        except RoomError as error:
            await _refuse(socket, error)

    def _session(self, identity: Identity, may_write: bool) -> Session:
        return Session(
            Outbox(self._settings.max_queue_bytes),
            member_id=identity.member.id,
            user_json=identity.user_json(),
            may_write=may_write,
            is_guest=identity.is_guest,
            wants_echo=self._settings.echo_updates,
        )

    async def _serve(
        self, socket: WebSocket, session: Session, identity: Identity, room_id: str, document: str
    ) -> None:
        async with self._registry.visit(room_id) as room:
            shared = await room.enter(session, identity.member, document)

            async def receive(frame: bytes) -> None:
                for message in decode_y(frame):
                    await shared.receive(session, message)
                    await session.room_to_read()

            try:
                await socket.accept()
                session.send(step1_body(shared.document.state_vector()))
                await serve_socket(socket, session.outbox, receive)
            finally:
                room.leave(session)


async def _refuse(socket: WebSocket, error: RoomError) -> None:
    status, code, details = error_status(error)
    body = error_body(code, str(error), socket.state.request_id, details)
    await socket.send_denial_response(Response(body, status, media_type="application/json"))
