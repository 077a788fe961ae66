"""Members, links and the life of a room: what hosts decide, and everybody's own rights."""

import asyncio
import time
from typing import Annotated, Literal

import msgspec
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from api.codes import file_id, link_code, secret_of
from api.errors import ApiError
from api.http import clean_name, identify, json_response, read_json
from api.identity import Identity, Reception
from rooms import access
from rooms.access import CAPABILITIES, Role, Rule
from rooms.errors import BadRules, LastHost, LinkNotFound, MemberNotFound
from rooms.registry import RoomRegistry
from rooms.room import MAIN
from rooms.store import Link, Member, RoomChange, RoomRecord, RoomStore

MAX_LINKS = 100


class RoomPatch(msgspec.Struct, frozen=True):
    name: str | None = None
    language: Annotated[str, msgspec.Meta(pattern=r"^[a-z0-9+#-]{1,20}$")] | None = None
    lobby: bool | None = None
    rules: tuple[Rule, ...] | None = None
    status: Literal["open", "ended", "archived"] | None = None


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

    def __init__(self, reception: Reception, registry: RoomRegistry, rooms: RoomStore) -> None:
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
            changed_at=_now() if patch.status else None,
            lobby=patch.lobby,
            rules=patch.rules,
        )
        return json_response({"room": await self._apply(identity, change, patch.status or "settings")})

    async def delete(self, request: Request) -> Response:
        """For everybody at once; what was in it is erased after `deleted_days`."""
        identity = await identify(request, self._reception)
        identity.require("end")
        await self._apply(identity, RoomChange(status="deleted", changed_at=_now()), "deleted")
        return Response(status_code=204)

    async def _apply(self, identity: Identity, change: RoomChange, kind: str) -> RoomRecord:
        async with self._registry.visit(identity.room.id) as room:
            record = await self._rooms.change_room(identity.room.id, change)
            assert record is not None
            room.renew(record)
            await room.note(identity.member.id, "room", kind, msgspec.json.encode({"room": record}))
        return record

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
        return json_response(joined, 201)

    # Members

    async def members(self, request: Request) -> Response:
        identity = await identify(request, self._reception)
        return json_response({"members": await members_for(identity, self._rooms)})

    async def change_member(self, request: Request) -> Response:
        identity = await self._host(request)
        patch = await read_json(request, MemberPatch)
        return json_response({"member": await self._change_member(identity, request, "role", role=patch.role)})

    async def admit(self, request: Request) -> Response:
        identity = await self._host(request)
        return json_response({"member": await self._change_member(identity, request, "admitted", standing="in")})

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
        return member

    # Links

    async def links(self, request: Request) -> Response:
        identity = await self._host(request)
        return json_response({"links": [_link_json(link) for link in await self._rooms.links(identity.room.id)]})

    async def add_link(self, request: Request) -> Response:
        identity = await self._host(request)
        new = await read_json(request, NewLink)
        if len(await self._rooms.links(identity.room.id)) >= MAX_LINKS:
            raise ApiError(409, "too_many_links", f"a room has at most {MAX_LINKS} links; take one away first")
        expires_at = None if new.expires_in_seconds is None else _now() + new.expires_in_seconds * 1000
        secret = await asyncio.to_thread(secret_of, new.password) if new.password else ""
        bounds = (expires_at, new.uses, new.approval, secret)
        link = Link(link_code(), identity.room.id, new.role, *bounds)
        while not await self._rooms.add_link(link):
            link = Link(link_code(), identity.room.id, new.role, *bounds)
        return json_response({"link": _link_json(link)}, 201)

    async def remove_link(self, request: Request) -> Response:
        identity = await self._host(request)
        if not await self._rooms.remove_link(identity.room.id, request.path_params["code"]):
            raise LinkNotFound("the room has no such link")
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


def _now() -> int:
    return int(time.time() * 1000)
