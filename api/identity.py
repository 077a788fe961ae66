"""Who is asking, and how people get into rooms."""

import asyncio
from itertools import count

import msgspec

from api.codes import checked_code, fits, link_code, new_id, new_token, token_hash
from api.people.caller import Caller
from api.people.in_rooms import AccountsInRooms
from api.rate_limit import SharedRateLimit
from rooms import access, doorkeeper
from rooms.access import ROLES, Capability, Kind, Role, Standing
from rooms.clock import unix_ms
from rooms.errors import Forbidden, LinkNotFound, LinkRefused, NotAuthenticated, RoomNotFound, TooManyRooms
from rooms.store import Link, Member, RoomRecord, RoomStore

_COLOURS = "#a95a05 #3f13ba #007a96 #9e2037 #a042d0 #0a605d #22345b #78238b #4f2c04 #d22086 #3e5000 #5b794f"
PEOPLE_COLOURS = _COLOURS.split()
"""The light theme's colours of people, in the order they are given out; for editors that know no themes."""


class Joined(msgspec.Struct, frozen=True):
    """What somebody gets who has just come in; the token is shown this once.

    It is empty for an account: that comes in with its access token.
    """

    room: RoomRecord
    member: Member
    token: str
    links: dict[str, str]


class Identity(msgspec.Struct, frozen=True):
    """Somebody in one room, and the room. A guest of an open room has no place in the room's register.

    `caller` is their account, with its scopes and what it is to the whole house; None for who came by a link alone.
    """

    room: RoomRecord
    member: Member
    is_guest: bool = False
    caller: Caller | None = None

    def may(self, capability: Capability) -> bool:
        return access.may(self.room, self.member, capability)

    def require(self, capability: Capability) -> None:
        """Raises Forbidden with a sentence."""
        doorkeeper.require(self.room, self.member, capability)

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

    def __init__(
        self,
        store: RoomStore,
        accounts: AccountsInRooms | None = None,
        *,
        open_rooms: bool,
        opening: SharedRateLimit | None = None,
    ) -> None:
        self._store = store
        self._accounts = accounts
        self._open_rooms = open_rooms
        self._opening = opening
        self._guests = count(1)

    async def create_room(
        self,
        name: str,
        language: str,
        display_name: str,
        caller: Caller | None = None,
        kind: Kind = "pair",
        *,
        lobby: bool = False,
    ) -> Joined:
        while True:
            links = [Link(link_code(), "", "participant"), Link(link_code(), "", "observer")]
            room = RoomRecord(new_id("rm"), name, kind, language, unix_ms(), lobby=lobby)
            if await self._store.create_room(room, links):
                return await self._add(room, display_name, "host", caller)

    async def join(self, code: str, display_name: str, caller: Caller | None = None, password: str = "") -> Joined:
        """An account that is in the room already comes back as the member that it is.

        Raises LinkNotFound, LinkRefused (past its time, used up, another password), Removed (banned), or Forbidden (an
        ended room).
        """
        link, _ = await self.look(code)
        room = await self.room(link.room)
        member = await self._member(room.id, caller) if caller else None
        if member is not None and member.standing != "out":
            if member.standing == "banned":
                doorkeeper.check_standing(room, member)
            return Joined(room, member, "", await self.links(room, member))
        if room.status != "open":
            raise Forbidden("the room has ended")
        await self._take_use(link, password)
        standing: Standing = "waiting" if (room.lobby or link.needs_approval) and link.role != "host" else "in"
        if member is None:
            return await self._add(room, display_name, link.role, caller, standing)
        again = await self._store.change_member(room.id, member.id, standing=standing) or member
        return Joined(room, again, "", await self.links(room, again))

    async def _take_use(self, link: Link, password: str) -> None:
        if link.secret and not await asyncio.to_thread(fits, password, link.secret):
            raise LinkRefused("this link has a password, and it is another one")
        bounded = link.uses_left is not None or link.expires_at is not None
        if bounded and not await self._store.use_link(link.code, unix_ms()):
            raise LinkRefused("this link is used up or past its time; ask for a new one")

    async def _add(
        self, room: RoomRecord, display_name: str, role: Role, caller: Caller | None, standing: Standing = "in"
    ) -> Joined:
        token = new_token()
        named = new_id("mb"), display_name, role, token_hash(token)
        member = await self._store.add_member(room.id, *named, standing)
        if caller and self._accounts:
            token = ""  # nobody has it, and its hash opens nothing
            if not await self._accounts.link(caller, room.id, member.id):  # the same account came twice at once
                member = await self._member(room.id, caller) or member
        return Joined(room, member, token, await self.links(room, member))

    async def caller(self, token: str) -> Caller | None:
        """Whose account this token is of; None for no token and for a member's. Raises NotAuthenticated, Forbidden."""
        return await self._accounts.caller(token) if self._accounts else None

    def name_of(self, caller: Caller) -> str:
        """What an account is called."""
        return self._accounts.name_of(caller) if self._accounts else ""

    async def _member(self, room_id: str, caller: Caller) -> Member | None:
        wanted = await self._accounts.member_of(caller, room_id) if self._accounts else None
        if wanted is None:
            return None
        return next((member for member in await self._store.members(room_id) if member.id == wanted), None)

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
        if room is not None and room.status == "deleted":
            raise RoomNotFound("there is no such room")
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

    async def links(self, room: RoomRecord, member: Member) -> dict[str, str]:
        """Role → code, as far as they may pass them on; of links without bounds, the first of each role."""
        if member.standing != "in":
            return {}
        links = {link.role: link for link in reversed(await self._store.links(room.id)) if is_plain(link)}
        managing = access.may(room, member, "manage")
        return {role: link.code for role, link in links.items() if managing or _may_pass(member.role, role)}

    async def identify(self, room_id: str, token: str) -> Identity:
        """Raises NotAuthenticated, Forbidden (a token of another room), RoomNotFound, Waiting or Removed."""
        if not token:
            return await self._guest(room_id)
        if caller := await self.caller(token):
            room = await self.room(room_id)
            if member := await self._member(room_id, caller):
                doorkeeper.check_standing(room, member)
                return Identity(room, member, caller=caller)
            raise Forbidden("you are not in this room; join it through its link")
        found = await self._store.member_of_token(token_hash(token))
        if found is None:
            raise NotAuthenticated("the token is not known; join the room again through its link")
        room, member = found
        if room.id != room_id:
            raise Forbidden("the token belongs to another room")
        doorkeeper.check_standing(room, member)
        return Identity(room, member)

    async def _guest(self, room_id: str) -> Identity:
        if not self._open_rooms:
            raise NotAuthenticated("a token is missing; join the room through its link")
        room = await self.room(room_id)
        if await self._store.link(room_id) is None:  # its id opens nothing, and observers know it
            raise NotAuthenticated("this room is not an open one; join it through its link")
        return Identity(room, Member(f"guest-{next(self._guests)}", "Guest", "participant", 0), is_guest=True)


def _open_link(code: str) -> Link:
    """In an open room the code and the id are one word."""
    return Link(code, code, "participant")


def _open_record(code: str) -> RoomRecord:
    return RoomRecord(code, code, "pair", "python", unix_ms())


def is_plain(link: Link) -> bool:
    """Whether anybody who has it gets in at any time."""
    return link.expires_at is None and link.uses_left is None and not link.needs_approval and not link.secret


def _may_pass(own: Role, role: Role) -> bool:
    """Nobody invites people to more than they may themselves."""
    return ROLES.index(own) <= ROLES.index(role)
