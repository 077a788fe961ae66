"""Who is asking, and how people get into rooms."""

import time
from itertools import count

import msgspec

from api.codes import checked_code, link_code, new_id, new_token, token_hash
from api.rate_limit import SharedRateLimit
from rooms import access
from rooms.access import Role
from rooms.errors import Forbidden, LinkNotFound, NotAuthenticated, RoomNotFound, TooManyRooms
from rooms.store import Link, Member, RoomRecord, RoomStore

_COLOURS = "#a95a05 #3f13ba #007a96 #9e2037 #a042d0 #0a605d #22345b #78238b #4f2c04 #d22086 #3e5000 #5b794f"
PEOPLE_COLOURS = _COLOURS.split()
"""The light theme's colours of people, in the order they are given out; for editors that know no themes."""


class Joined(msgspec.Struct, frozen=True):
    """What somebody gets who has just come in; the token is shown this once."""

    room: RoomRecord
    member: Member
    token: str
    links: dict[str, str]


class Identity(msgspec.Struct, frozen=True):
    """Somebody in one room. A guest of an open room has no place in the room's register."""

    member: Member
    is_guest: bool = False

    def user_json(self) -> bytes | None:
        """The awareness `user` that everybody sees; None leaves a guest's own."""
        if self.is_guest:
            return None
        member = self.member
        colour = PEOPLE_COLOURS[(member.number - 1) % len(PEOPLE_COLOURS)]
        user = {"id": member.id, "name": member.name, "role": member.role, "number": member.number}
        return msgspec.json.encode(user | {"color": colour, "colorLight": colour + "33"})


class Reception:
    """The one place where tokens and links become members. One per process."""

    def __init__(self, store: RoomStore, *, open_rooms: bool, opening: SharedRateLimit | None = None) -> None:
        self._store = store
        self._open_rooms = open_rooms
        self._opening = opening
        self._guests = count(1)

    async def create_room(self, name: str, language: str, display_name: str) -> Joined:
        while True:
            links = [Link(link_code(), "", "participant"), Link(link_code(), "", "observer")]
            room = RoomRecord(new_id("rm"), name, "pair", language, int(time.time() * 1000))
            if await self._store.create_room(room, links):
                return await self._add(room, display_name, "host")

    async def join(self, code: str, display_name: str) -> Joined:
        link, _ = await self.look(code)
        return await self._add(await self.room(link.room), display_name, link.role)

    async def _add(self, room: RoomRecord, display_name: str, role: Role) -> Joined:
        token = new_token()
        member = await self._store.add_member(room.id, new_id("mb"), display_name, role, token_hash(token))
        return Joined(room, member, token, await self.links(room.id, role))

    async def look(self, code: str) -> tuple[Link, RoomRecord]:
        """The link and its room. Raises LinkNotFound; what an open room would be is told without making it."""
        link = await self._store.link(checked_code(code))
        if link is not None:
            return link, await self.room(link.room)
        if self._open_rooms and await self._store.room(code) is None:
            return _open_link(code), _open_record(code)
        raise LinkNotFound("no room has this code")

    async def room(self, room_id: str) -> RoomRecord:
        room = await self._store.room(room_id)
        if room is None and self._open_rooms:
            room = await self._create_open(checked_code(room_id))
        if room is None:
            raise RoomNotFound("there is no such room")
        return room

    async def _create_open(self, code: str) -> RoomRecord | None:
        """Raises TooManyRooms: any word makes one, and it stays."""
        if self._opening and (wait := await self._opening.take("all")):
            raise TooManyRooms("too many new rooms; wait a little", wait)
        await self._store.create_room(_open_record(code), [_open_link(code)])
        return await self._store.room(code)

    async def links(self, room_id: str, role: Role) -> dict[str, str]:
        """Role → code, as far as somebody of this role may pass them on."""
        links = await self._store.links(room_id)
        return {link.role: link.code for link in links if role != "observer" or link.role == "observer"}

    async def identify(self, room_id: str, token: str) -> Identity:
        """Raises NotAuthenticated, Forbidden (a token of another room) or RoomNotFound."""
        if not token:
            return await self._guest(room_id)
        found = await self._store.member_of_token(token_hash(token))
        if found is None:
            raise NotAuthenticated("the token is not known; join the room again through its link")
        if found[0] != room_id:
            raise Forbidden("the token belongs to another room")
        return Identity(found[1])

    async def _guest(self, room_id: str) -> Identity:
        if not self._open_rooms:
            raise NotAuthenticated("a token is missing; join the room through its link")
        await self.room(room_id)
        if await self._store.link(room_id) is None:  # its id opens nothing, and observers know it
            raise NotAuthenticated("this room is not an open one; join it through its link")
        return Identity(Member(f"guest-{next(self._guests)}", "Guest", "participant", 0), is_guest=True)


def _open_link(code: str) -> Link:
    """In an open room the code and the id are one word."""
    return Link(code, code, "participant")


def _open_record(code: str) -> RoomRecord:
    return RoomRecord(code, code, "pair", "python", int(time.time() * 1000))


def check_document(identity: Identity, document: str) -> bool:
    """May write? Raises RoomNotFound for a document no room has, Forbidden for one that is not theirs to read."""
    member = identity.member
    if not access.is_document(document):
        raise RoomNotFound("a room has no such document")
    if not access.may_read(member.role, document, member.id):
        raise Forbidden("this document is private to others")
    return access.may_write(member.role, document, member.id)
