"""Room events as JSON text: the stateless messages of `docs/api.md`."""

import asyncio
from typing import Protocol

import msgspec

from rooms.journal import JournalState
from rooms.store import Draft, Entry, Member


class _State(msgspec.Struct, tag_field="type", tag="state", rename="camel"):
    unsaved: bool
    read_only: str | None


class EntryJson(msgspec.Struct):
    """An entry as clients read it; `data` is the JSON of its kind."""

    seq: int
    time: int
    author: str
    channel: str
    kind: str
    data: msgspec.Raw


class _Entry(msgspec.Struct, tag_field="type", tag="entry"):
    entry: EntryJson


def entry_json(entry: Entry) -> EntryJson:
    return EntryJson(entry.seq, entry.time, entry.author, entry.channel, entry.kind, msgspec.Raw(entry.data))


def entry_event(entry: Entry) -> str:
    return msgspec.json.encode(_Entry(entry_json(entry))).decode()


def missed_event() -> str:
    """Events were left out for somebody who read too slowly: the journal has them."""
    return '{"type":"missed"}'


def state_event(journal: JournalState, *, is_full: bool = False) -> str:
    read_only = "document_full" if is_full else "store_behind" if journal == "behind" else None
    return msgspec.json.encode(_State(journal != "saved", read_only)).decode()


def lobby_event(member: Member) -> str:
    """Somebody waits to be let in; for hosts."""
    return msgspec.json.encode({"type": "lobby", "member": member}).decode()


class Teller(Protocol):
    def tell_everywhere(self, text: str) -> None: ...


class SealedEvents:
    """The events of one batch; the journal's `Sealed`. They are told with their numbers, so not before the commit."""

    def __init__(self, room: Teller, drafts: list[Draft], waiting: list[asyncio.Future[Entry]]) -> None:
        self._room = room
        self._waiting = waiting
        self.drafts = drafts

    def show(self) -> None:
        pass

    async def review(self) -> None:
        pass

    def settle(self, numbers: list[int]) -> None:
        for draft, seq, future in zip(self.drafts, numbers, self._waiting, strict=True):
            entry = Entry(draft.room, seq, draft.time, draft.author, draft.channel, draft.kind, draft.data)
            self._room.tell_everywhere(entry_event(entry))
            if not future.done():
                future.set_result(entry)
