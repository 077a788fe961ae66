"""What somebody takes along, and what stays when they go."""

import base64
import time
from collections.abc import AsyncIterator
from typing import Literal

import msgspec

from api.people.book import AccountBook, Person
from api.people.sign_ins import SignIns
from api.people.views import external_json, membership_json, passkey_json, service_token_json, sign_in_json, user_json
from rooms.accounts import ErasedMember, Membership
from rooms.people_store import PeopleStore
from rooms.store import Entry, Store

Contributions = Literal["anonymise", "erase"]
"""Of what somebody wrote in rooms: the name goes, or what they said in chats goes too."""

NAMELESS = "Former member"
DAY_SECONDS = 86_400.0
_AT_ONCE = 500
_TEXTS = ("chat", "run", "room")


class Leaving:
    """Copies of all that is kept about somebody, and the end of it. One per process."""

    def __init__(self, people: PeopleStore, rooms: Store, book: AccountBook, sign_ins: SignIns) -> None:
        self._people = people
        self._rooms = rooms
        self._book = book
        self._sign_ins = sign_ins

    async def export(self, person: Person) -> AsyncIterator[bytes]:
        """One JSON document, in parts: however much it is, it is not in memory at once."""
        about = msgspec.json.encode(await self._about(person))
        yield about[:-1] + b',"rooms":['
        for place, membership in enumerate(await self._people.memberships.of_account(person.account.id)):
            yield (b"," if place else b"") + msgspec.json.encode(await self._room(membership))[:-1] + b',"entries":['
            separator = b""
            async for entry in self._written(membership):
                yield separator + msgspec.json.encode(_entry_json(entry))
                separator = b","
            yield b"]}"
        yield b"]}"

    async def erase(self, account: str, contributions: Contributions) -> None:
        """For good. What somebody wrote into documents stays there, as a former member's."""
        for membership in await self._people.memberships.of_account(account):
            await self._settle(membership)
            now, erase_words = int(time.time() * 1000), int(contributions == "erase")
            erased = ErasedMember(membership.member, membership.room, erase_words, now)
            await self._people.memberships.erase(erased, NAMELESS)
        await self._people.accounts.delete(account)

    async def finish(self) -> None:
        """Rename what open rooms wrote since about people who went lately; forget who was in erased rooms."""
        await self._people.memberships.sweep()
        await self._people.memberships.erase_again(int((time.time() - DAY_SECONDS) * 1000), NAMELESS)

    async def _about(self, person: Person) -> dict[str, object]:
        account = person.account.id
        sign_ins = await self._people.accounts.sign_ins(account)
        devices = [sign_in_json(one, self._sign_ins.device(one), is_current=False) for one in sign_ins]
        credentials = self._people.credentials
        return {
            "user": user_json(person),
            "sessions": devices,
            "passkeys": [passkey_json(passkey) for passkey in await credentials.passkeys(account)],
            "identities": [external_json(identity) for identity in await credentials.externals(account)],
            "tokens": [service_token_json(token) for token in await credentials.service_tokens(account)],
        }

    async def _room(self, membership: Membership) -> dict[str, object]:
        members = await self._rooms.members(membership.room)
        me = next((member for member in members if member.id == membership.member), None)
        return membership_json(membership) | {"about": await self._rooms.room(membership.room), "me": me}

    async def _written(self, membership: Membership) -> AsyncIterator[Entry]:
        await self._settle(membership)
        after = 0
        while some := await self._people.memberships.written(membership.room, membership.member, after, _AT_ONCE):
            for entry in some:
                yield entry
            after = some[-1].seq

    async def _settle(self, membership: Membership) -> None:
        """SQLite has the newest entries in a log; whoever reads entries has them moved into the tables."""
        await self._rooms.entries(membership.room, ["chat"], after=None, before=None, limit=1)


def _entry_json(entry: Entry) -> dict[str, object]:
    is_text = entry.channel in _TEXTS
    data = msgspec.Raw(entry.data) if is_text else base64.b64encode(entry.data).decode()
    about = {"seq": entry.seq, "time": entry.time, "channel": entry.channel, "kind": entry.kind}
    return about | {"data": data}
