"""`/api/rooms`, `/api/links`: create, join, look, talk."""

from typing import Annotated

import msgspec
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from api.codes import file_id
from api.errors import ApiError
from api.http import clean_name, identify, json_response, read_json
from api.identity import Joined, Reception
from api.people.caller import Caller, bearer
from api.rate_limit import SharedRateLimit
from api.rights import members_for, rights_json
from api.settings import Settings
from exec_pool.language import Language
from rooms.access import Kind
from rooms.cache import Cache
from rooms.events import entry_json, lobby_event
from rooms.registry import RoomRegistry
from rooms.store import JournalStore, RoomStore

CHANNELS = ("chat", "run", "room")
MAX_ENTRIES = 1000
MAX_CHAT_CHARACTERS = 4000


class NewRoom(msgspec.Struct, frozen=True, rename="camel"):
    name: str
    display_name: str | None = None
    kind: Kind = "pair"
    lobby: bool = False
    language: Annotated[str, msgspec.Meta(pattern=r"^[a-z0-9+#-]{1,20}$")] | None = None


class NewMember(msgspec.Struct, frozen=True, rename="camel"):
    display_name: str | None = None
    password: Annotated[str, msgspec.Meta(max_length=200)] = ""


class NewMessage(msgspec.Struct, frozen=True):
    text: Annotated[str, msgspec.Meta(min_length=1, max_length=MAX_CHAT_CHARACTERS)]


class RoomsApi:
    """The handlers; one per process."""

    def __init__(
        self,
        reception: Reception,
        registry: RoomRegistry,
        journal: JournalStore,
        rooms: RoomStore,
        cache: Cache,
        settings: Settings,
        languages: tuple[Language, ...],
    ) -> None:
        self._reception = reception
        self._registry = registry
        self._journal = journal
        self._rooms = rooms
        self._languages = languages
        self._creating = SharedRateLimit(cache, "creating", settings.rooms_per_minute)
        self._joining = SharedRateLimit(cache, "joining", settings.joins_per_minute)
        self.routes = [
            Route("/api/rooms", self.create, methods=["POST"]),
            Route("/api/rooms/{room}", self.look, methods=["GET"]),
            Route("/api/rooms/{room}/entries", self.entries, methods=["GET"]),
            Route("/api/rooms/{room}/chat", self.chat, methods=["POST"]),
            Route("/api/links/{code}", self.link, methods=["GET"]),
            Route("/api/links/{code}/members", self.join, methods=["POST"]),
        ]

    async def create(self, request: Request) -> Response:
        await _limit(self._creating, request)
        new = await read_json(request, NewRoom)
        name = clean_name(new.name, "bad_room_name")
        caller = await self._reception.caller(bearer(request))
        display_name = self._name(new.display_name, caller)
        joined = await self._reception.create_room(
            *(name, new.language or "python", display_name, caller, new.kind), lobby=new.lobby
        )
        if new.language:
            await self._begin(joined)
        return json_response(joined, 201)

    async def _begin(self, joined: Joined) -> None:
        """Put the sample of the room's language into it; a language without one begins empty."""
        begun = [(file_id(), row.file_name, row.sample) for row in self._languages if row.id == joined.room.language]
        async with self._registry.visit(joined.room.id) as room:
            await room.add_files(joined.member, begun)

    async def join(self, request: Request) -> Response:
        await _limit(self._joining, request)
        new = await read_json(request, NewMember)
        caller = await self._reception.caller(bearer(request))
        display_name = self._name(new.display_name, caller)
        joined = await self._reception.join(request.path_params["code"], display_name, caller, new.password)
        if joined.member.standing == "waiting":
            async with self._registry.visit(joined.room.id) as room:
                room.tell_hosts(lobby_event(joined.member))
        return json_response(joined, 201)

    def _name(self, given: str | None, caller: Caller | None) -> str:
        """An account has one already."""
        if given is None and caller is not None:
            return self._reception.name_of(caller)
        return clean_name(given or "", "bad_display_name")

    async def link(self, request: Request) -> Response:
        await _limit(self._joining, request)
        link, record = await self._reception.look(request.path_params["code"])
        room = self._registry.here(link.room)
        here = [{"name": member.name, "number": member.number} for member in room.here()] if room else []
        about = {"name": record.name, "kind": record.kind, "language": record.language}
        bounds = {
            "password": bool(link.secret),
            "approval": link.needs_approval or record.lobby,
            "status": record.status,
        }
        return json_response({"code": link.code, "role": link.role, "room": about, "here": here} | bounds)

    async def look(self, request: Request) -> Response:
        identity = await identify(request, self._reception)
        answer = {
            "room": identity.room,
            "member": identity.member,
            "members": await members_for(identity, self._rooms),
            "links": await self._reception.links(identity.room, identity.member),
            "rights": rights_json(identity),
        }
        return json_response(answer)

    async def entries(self, request: Request) -> Response:
        await identify(request, self._reception)
        query = request.query_params
        channels = query.getlist("channel") or list(CHANNELS)
        if not set(channels) <= set(CHANNELS):
            raise ApiError(422, "bad_request", f"channels are {', '.join(CHANNELS)}")
        limit = _number(query.get("limit"), "limit")
        found = await self._journal.entries(
            request.path_params["room"],
            sorted(set(channels)),
            after=_number(query.get("after"), "after"),
            before=_number(query.get("before"), "before"),
            limit=min(500 if limit is None else limit, MAX_ENTRIES),
        )
        return json_response({"entries": [entry_json(entry) for entry in found]})

    async def chat(self, request: Request) -> Response:
        identity = await identify(request, self._reception)
        identity.require("chat")
        message = await read_json(request, NewMessage)
        if not message.text.strip():
            raise ApiError(422, "bad_request", "a message has something to read")
        async with self._registry.visit(request.path_params["room"]) as room:
            data = msgspec.json.encode({"text": message.text})
            entry = await room.note(identity.member.id, "chat", "message", data)
        return json_response({"entry": entry_json(entry)}, 201)


def _number(text: str | None, name: str) -> int | None:
    if text is None:
        return None
    if not text.isdecimal() or len(text) > 18:
        raise ApiError(422, "bad_request", f"`{name}` is not a number")
    return int(text)


async def _limit(limit: SharedRateLimit, request: Request) -> None:
    wait = await limit.take(request.client.host if request.client else "")
    if wait:
        raise ApiError(429, "too_many_requests", f"too many requests from this address; wait {wait:.0f} s")
