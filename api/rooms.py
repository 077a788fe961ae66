"""`/api/rooms`, `/api/links`: create, join, look, talk."""

from typing import Annotated, Literal

import msgspec
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from api.admission import address_of, too_often
from api.answers import Entries, LinkAhead, OneEntry, RoomNow
from api.answers import Joined as JoinedAnswer
from api.codes import file_id
from api.described import PAGE, Query, describe
from api.errors import ApiError
from api.http import clean_name, identify, json_response, read_json
from api.identity import Joined, Reception
from api.paging import cursor, number_of, page_of
from api.people.caller import Caller, bearer
from api.rate_limit import SharedRateLimit
from api.rights import members_for, rights_json
from api.settings import Settings
from api.witness import Witness
from exec_pool.language import Language
from rooms.access import Kind
from rooms.cache import Cache
from rooms.events import entry_json, lobby_event
from rooms.registry import RoomRegistry
from rooms.store import Entry, JournalStore, RoomStore

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
        witness: Witness,
    ) -> None:
        self._witness = witness
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

    @describe(
        "Make a room; who makes it is its host",
        takes=NewRoom, gives=JoinedAnswer, status=201, needs="anybody",
        errors=("bad_room_name", "bad_display_name", "read_only", "document_full", "fanout_unavailable"),
    )  # fmt: skip
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
        who, room = joined.member.id, joined.room.id
        await self._witness.record(
            "room.created", who, request=request, room=room, subject=room, links=" ".join(joined.links)
        )
        return json_response(joined, 201)

    async def _begin(self, joined: Joined) -> None:
        """Put the sample of the room's language into it; a language without one begins empty."""
        begun = [(file_id(), row.file_name, row.sample) for row in self._languages if row.id == joined.room.language]
        async with self._registry.visit(joined.room.id) as room:
            await room.add_files(joined.member, begun)

    @describe(
        "Join a room through a link",
        takes=NewMember, gives=JoinedAnswer, status=201, needs="anybody",
        errors=("link_not_found", "link_refused", "room_not_found", "bad_display_name"),
    )  # fmt: skip
    async def join(self, request: Request) -> Response:
        await _limit(self._joining, request)
        new = await read_json(request, NewMember)
        caller = await self._reception.caller(bearer(request))
        display_name = self._name(new.display_name, caller)
        joined = await self._reception.join(request.path_params["code"], display_name, caller, new.password)
        room_id, member = joined.room.id, joined.member
        if member.standing == "waiting":
            async with self._registry.visit(room_id) as room:
                room.tell_hosts(lobby_event(member))
        await self._witness.record(
            *("member.joined", member.id),
            request=request, room=room_id, subject=member.id, role=member.role, standing=member.standing,
        )  # fmt: skip
        self._witness.tell("member.joined", room_id, {"member": msgspec.to_builtins(member)})
        return json_response(joined, 201)

    def _name(self, given: str | None, caller: Caller | None) -> str:
        """An account has one already."""
        if given is None and caller is not None:
            return self._reception.name_of(caller)
        if given is None:
            raise ApiError(422, "bad_request", "the request does not fit: `displayName` is missing")
        return clean_name(given, "bad_display_name")

    @describe("Where a link leads", gives=LinkAhead, needs="anybody", errors=("link_not_found", "room_not_found"))
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

    @describe("A room and who is in it", gives=RoomNow)
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

    @describe(
        "What was said and done in a room: without `after` the newest",
        gives=Entries,
        query=(
            Query("channel", list[Literal["chat", "run", "room"]], "only these"),
            Query("after", int, "only entries with a higher number, the lowest first"),
            Query("before", int, "only entries with a lower number"),
            *PAGE,
        ),
    )
    async def entries(self, request: Request) -> Response:
        await identify(request, self._reception)
        query = request.query_params
        channels = query.getlist("channel") or list(CHANNELS)
        if not set(channels) <= set(CHANNELS):
            raise ApiError(422, "bad_request", f"channels are {', '.join(CHANNELS)}")
        limit = number_of(query.get("limit"), "limit")
        span = _span(request)
        most = min(500 if limit is None else limit, MAX_ENTRIES)
        found = await self._journal.entries(
            request.path_params["room"], sorted(set(channels)), after=span.after, before=span.before, limit=most
        )
        return json_response({"entries": [entry_json(entry) for entry in found], "nextCursor": span.next(found, most)})

    @describe("Say something", takes=NewMessage, gives=OneEntry, status=201, errors=("fanout_unavailable",))
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


class _Span(msgspec.Struct, frozen=True):
    """Between which numbers; without `after` from the newest backwards."""

    after: int | None
    before: int | None

    def next(self, found: list[Entry], most: int) -> str | None:
        """The cursor to what follows a full page."""
        if not found or len(found) < most:
            return None
        if self.after is None:
            return cursor(f"-{found[0].seq}")
        return cursor(f"{found[-1].seq}-{'' if self.before is None else self.before}")


def _span(request: Request) -> _Span:
    """Raises ApiError 422."""
    query, (_, after) = request.query_params, page_of(request)
    if after:
        first, dash, last = after.partition("-")
        if not dash:
            raise ApiError(422, "bad_request", "`cursor` is not one of ours")
        return _Span(number_of(first or None, "cursor"), number_of(last or None, "cursor"))
    return _Span(number_of(query.get("after"), "after"), number_of(query.get("before"), "before"))


async def _limit(limit: SharedRateLimit, request: Request) -> None:
    wait = await limit.take(address_of(request.scope))
    if wait:
        raise too_often(wait)
