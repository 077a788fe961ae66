"""Members, links and the life of a room: what hosts decide, and everybody's own rights."""

import asyncio
import hashlib
from typing import Annotated, Literal

import msgspec
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from api.answers import Joined as JoinedAnswer
from api.codes import file_id, link_code, secret_of
from api.described import PAGE, Query, describe
from api.errors import ApiError
from api.http import clean_name, identify, json_response, read_json
from api.identity import Identity, Reception
from api.paging import cursor, number_of, page_of
from api.witness import Witness
from rooms import access
from rooms.access import CAPABILITIES, Role, Rule
from rooms.clock import unix_ms
from rooms.errors import BadRules, LastHost, LinkNotFound, MemberNotFound
from rooms.registry import RoomRegistry
from rooms.room import MAIN
from rooms.store import Link, Member, RoomChange, RoomRecord, RoomStore

MAX_LINKS = 100
_HELD = ("fanout_unavailable",)
_OF_A_MEMBER = ("member_not_found", "last_host", *_HELD)


class RoomPatch(msgspec.Struct, frozen=True):
    name: str | None = None
    language: Annotated[str, msgspec.Meta(pattern=r"^[a-z0-9+#-]{1,20}$")] | None = None
    lobby: bool | None = None
    rules: tuple[Rule, ...] | None = None
    status: Literal["open", "ended", "archived"] | None = None


class OneRoom(msgspec.Struct, frozen=True):
    room: RoomRecord


class OneMember(msgspec.Struct, frozen=True):
    member: Member


class Members(msgspec.Struct, frozen=True, rename="camel"):
    """In the order of their numbers."""

    members: list[Member]
    next_cursor: str | None


class LinkNow(msgspec.Struct, frozen=True, rename="camel"):
    """A link as hosts see it; `password` says whether it has one."""

    code: str
    role: Role
    expires_at: int | None
    uses_left: int | None
    approval: bool
    password: bool


class OneLink(msgspec.Struct, frozen=True):
    link: LinkNow


class LinkList(msgspec.Struct, frozen=True, rename="camel"):
    """In the order of their codes."""

    links: list[LinkNow]
    next_cursor: str | None


class MemberPatch(msgspec.Struct, frozen=True):
    role: Role


class NewLink(msgspec.Struct, frozen=True, rename="camel"):
    role: Role
    expires_in_seconds: Annotated[int, msgspec.Meta(ge=1, le=366 * 86_400)] | None = None
    uses: Annotated[int, msgspec.Meta(ge=1, le=100_000)] | None = None
    approval: bool = False
    password: Annotated[str, msgspec.Meta(max_length=200)] = ""


class NewCopy(msgspec.Struct, frozen=True, rename="camel"):
    name: str | None = None


def rights_json(identity: Identity) -> dict[str, object]:
    """What somebody may do: `{capabilities, main: {write, paths}}`; `paths` are rules of the files, the last counts."""
    room, member = identity.room, identity.member
    fence = access.fence(room, member, MAIN)
    return {
        "capabilities": sorted(one for one in CAPABILITIES[room.kind][member.role] if access.may(room, member, one)),
        "main": {
            "write": fence.base if fence else access.may_write(room, member, MAIN),
            "paths": [{"glob": glob, "write": write} for glob, write in fence.rules] if fence else [],
        },
    }


async def members_for(identity: Identity, rooms: RoomStore) -> list[Member]:
    """Hosts also see who waits, and who was taken out."""
    members = await rooms.members(identity.room.id)
    return members if identity.may("manage") else [member for member in members if member.standing == "in"]


class RightsApi:
    """The handlers; one per process. A change is in the register first, then it holds for live sessions everywhere."""

    def __init__(self, reception: Reception, registry: RoomRegistry, rooms: RoomStore, witness: Witness) -> None:
        self._witness = witness
        self._reception = reception
        self._registry = registry
        self._rooms = rooms
        room = "/api/rooms/{room}"
        self.routes = [
            Route(room, self.change, methods=["PATCH"]),
            Route(room, self.delete, methods=["DELETE"]),
            Route(f"{room}/duplicate", self.duplicate, methods=["POST"]),
            Route(f"{room}/members", self.members, methods=["GET"]),
            Route(f"{room}/members/{{member}}", self.change_member, methods=["PATCH"]),
            Route(f"{room}/members/{{member}}", self.remove_member, methods=["DELETE"]),
            Route(f"{room}/members/{{member}}/admit", self.admit, methods=["POST"]),
            Route(f"{room}/links", self.links, methods=["GET"]),
            Route(f"{room}/links", self.add_link, methods=["POST"]),
            Route(f"{room}/links/{{code}}", self.remove_link, methods=["DELETE"]),
        ]

    async def _host(self, request: Request) -> Identity:
        identity = await identify(request, self._reception)
        identity.require("manage")
        return identity

    # The room

    @describe(
        "Change a room, end it or open it again",
        takes=RoomPatch, gives=OneRoom, errors=("bad_rules", "bad_room_name", *_HELD),
    )  # fmt: skip
    async def change(self, request: Request) -> Response:
        identity = await self._host(request)
        patch = await read_json(request, RoomPatch)
        if patch.rules is not None and (complaint := access.complaint(patch.rules)):
            raise BadRules(complaint)
        name = None if patch.name is None else clean_name(patch.name, "bad_room_name")
        change = RoomChange(
            name=name,
            language=patch.language,
            status=patch.status,
            changed_at=unix_ms() if patch.status else None,
            lobby=patch.lobby,
            rules=patch.rules,
        )
        return json_response({"room": await self._apply(request, identity, change, patch.status or "settings")})

    @describe("Delete a room", status=204, errors=_HELD)
    async def delete(self, request: Request) -> Response:
        """For everybody at once; what was in it is erased after `deleted_days`."""
        identity = await identify(request, self._reception)
        identity.require("end")
        await self._apply(request, identity, RoomChange(status="deleted", changed_at=unix_ms()), "deleted")
        return Response(status_code=204)

    async def _apply(self, request: Request, identity: Identity, change: RoomChange, kind: str) -> RoomRecord:
        async with self._registry.visit(identity.room.id) as room:
            record = await self._rooms.change_room(identity.room.id, change)
            assert record is not None
            room.renew(record)
            await room.note(identity.member.id, "room", kind, msgspec.json.encode({"room": record}))
        room_id = identity.room.id
        await self._witness.record(f"room.{kind}", identity.member.id, request=request, room=room_id, subject=room_id)
        if kind == "ended":
            self._witness.tell("room.ended", room_id, {})
        return record

    @describe(
        "A new room with the same files",
        takes=NewCopy, gives=JoinedAnswer, status=201, errors=("bad_room_name", "read_only", "document_full", *_HELD),
    )  # fmt: skip
    async def duplicate(self, request: Request) -> Response:
        """A new room with the same files, of which the caller is the host."""
        identity = await self._host(request)
        new = await read_json(request, NewCopy)
        old = identity.room
        name = clean_name(new.name or f"{old.name} (2)"[:80], "bad_room_name")
        joined = await self._reception.create_room(
            *(name, old.language, identity.member.name, identity.caller, old.kind), lobby=old.lobby
        )
        async with self._registry.visit(old.id) as room:
            files = [(file_id(), path, text) for path, text in (await room.document(MAIN)).document.texts()]
        async with self._registry.visit(joined.room.id) as room:
            await room.add_files(joined.member, files)
        await self._witness.record(
            *("room.created", identity.member.id),
            request=request,
            room=joined.room.id,
            subject=joined.room.id,
            of=old.id,
        )
        return json_response(joined, 201)

    # Members

    @describe("Who is a member", gives=Members, query=PAGE)
    async def members(self, request: Request) -> Response:
        identity = await identify(request, self._reception)
        most, after = page_of(request)
        last = number_of(after or None, "cursor") or 0
        left = [member for member in await members_for(identity, self._rooms) if member.number > last]
        more = cursor(str(left[most - 1].number)) if len(left) > most else None
        return json_response({"members": left[:most], "nextCursor": more})

    @describe("Give a member another role", takes=MemberPatch, gives=OneMember, errors=_OF_A_MEMBER)
    async def change_member(self, request: Request) -> Response:
        identity = await self._host(request)
        patch = await read_json(request, MemberPatch)
        return json_response({"member": await self._change_member(identity, request, "role", role=patch.role)})

    @describe("Let somebody in", gives=OneMember, errors=_OF_A_MEMBER)
    async def admit(self, request: Request) -> Response:
        identity = await self._host(request)
        return json_response({"member": await self._change_member(identity, request, "admitted", standing="in")})

    @describe(
        "Take a member out, for good with `ban`",
        status=204, errors=_OF_A_MEMBER, query=(Query("ban", bool, "for good"),),
    )  # fmt: skip
    async def remove_member(self, request: Request) -> Response:
        """Take somebody out, or refuse who waits; with `?ban=true` for good. Anybody may go by themselves."""
        identity = await identify(request, self._reception)
        if request.path_params["member"] != identity.member.id:
            identity.require("manage")
        banned = request.query_params.get("ban") == "true"
        await self._change_member(identity, request, "removed", standing="banned" if banned else "out")
        return Response(status_code=204)

    async def _change_member(
        self,
        identity: Identity,
        request: Request,
        kind: str,
        *,
        role: Role | None = None,
        standing: access.Standing | None = None,
    ) -> Member:
        room_id, member_id = identity.room.id, request.path_params["member"]
        if all(member.id != member_id for member in await self._rooms.members(room_id)):
            raise MemberNotFound("the room has no such member")
        async with self._registry.visit(room_id) as room:
            member = await self._rooms.change_member(room_id, member_id, role, standing)
            if member is None:
                raise LastHost("somebody has to stay the room's host; make another member one first")
            room.renew(member=member)
            await room.note(identity.member.id, "room", kind, msgspec.json.encode({"member": member}))
        now = {"role": member.role, "standing": member.standing}
        await self._witness.record(
            f"member.{kind}", identity.member.id, request=request, room=room_id, subject=member_id, **now
        )
        return member

    # Links

    @describe("The links of a room", gives=LinkList, query=PAGE)
    async def links(self, request: Request) -> Response:
        identity = await self._host(request)
        most, after = page_of(request)
        left = [link for link in await self._rooms.links(identity.room.id) if link.code > after]
        left.sort(key=lambda link: link.code)
        more = cursor(left[most - 1].code) if len(left) > most else None
        return json_response({"links": [_link_json(link) for link in left[:most]], "nextCursor": more})

    @describe("Make a link", takes=NewLink, gives=OneLink, status=201, errors=("too_many_links",))
    async def add_link(self, request: Request) -> Response:
        identity = await self._host(request)
        new = await read_json(request, NewLink)
        if len(await self._rooms.links(identity.room.id)) >= MAX_LINKS:
            raise ApiError(409, "too_many_links", f"a room has at most {MAX_LINKS} links; take one away first")
        expires_at = None if new.expires_in_seconds is None else unix_ms() + new.expires_in_seconds * 1000
        secret = await asyncio.to_thread(secret_of, new.password) if new.password else ""
        bounds = (expires_at, new.uses, new.approval, secret)
        link = Link(link_code(), identity.room.id, new.role, *bounds)
        while not await self._rooms.add_link(link):
            link = Link(link_code(), identity.room.id, new.role, *bounds)
        of = {"role": link.role, "link": _known_by(link.code)}
        await self._witness.record("link.made", identity.member.id, request=request, room=link.room, **of)
        return json_response({"link": _link_json(link)}, 201)

    @describe("Take a link away", status=204, errors=("link_not_found",))
    async def remove_link(self, request: Request) -> Response:
        identity = await self._host(request)
        if not await self._rooms.remove_link(identity.room.id, request.path_params["code"]):
            raise LinkNotFound("the room has no such link")
        of = {"link": _known_by(request.path_params["code"])}
        await self._witness.record("link.removed", identity.member.id, request=request, room=identity.room.id, **of)
        return Response(status_code=204)


def _link_json(link: Link) -> dict[str, object]:
    return {
        "code": link.code,
        "role": link.role,
        "expiresAt": link.expires_at,
        "usesLeft": link.uses_left,
        "approval": link.needs_approval,
        "password": bool(link.secret),
    }


def _known_by(code: str) -> str:
    """A link in the audit log: which one it was can be told, what it was cannot."""
    return hashlib.sha256(code.encode()).hexdigest()[:12]
