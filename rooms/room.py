"""An open room: its documents, its events and who is in it."""

import asyncio
import contextlib
from collections.abc import Callable, Iterable
from typing import Protocol

import msgspec

from realtime.digest import Digests
from realtime.errors import CloseCode
from realtime.protocol import stateless_body
from realtime.session import Session
from realtime.trial import Trials
from rooms import doorkeeper
from rooms.clock import unix_ms
from rooms.comings import Comings
from rooms.errors import ReadOnly, RoomFull, StoreUnavailable
from rooms.events import SealedEvents, entry_event, missed_event, state_event
from rooms.exchange import Ask, Bye, Edits, Exchange, Hello, Here, Letter, Renewed, Said, Saved, States, Told, Written
from rooms.farewells import Farewells
from rooms.journal import Journal, JournalState
from rooms.once import commit_once
from rooms.shared_document import SharedDocument
from rooms.store import Draft, Entry, JournalStore, Member, RoomRecord, RoomStore

MAIN = "main"


class RoomLimits(msgspec.Struct, frozen=True):
    """Bounds of one room. A member who leaves and returns within `leave_grace_seconds` was never gone."""

    max_document_bytes: int
    max_sessions: int
    leave_grace_seconds: float


class Correspondent(Protocol):
    """Somebody at this node who writes to the same at the other nodes, in one room; set before the first visit."""

    def hear(self, node: str, body: bytes) -> None: ...

    def introduce(self) -> None:
        """A node has come, or may have missed something: tell it what it must know."""

    def node_gone(self, node: str) -> None: ...

    def close(self) -> None:
        """The room is let go."""


def _ask_writers(shared: SharedDocument) -> None:
    """For what they have and we lack: after edits were refused for a while."""
    for session in shared.audience:
        if session.may_edit:
            session.ask(shared.document.state_vector(), unexpected=True)


class Room:
    """Owned by the registry, from the first visit until it has been idle. Changes only in the event loop."""

    __slots__ = (
        *("_comings", "_digests", "_documents", "_elsewhere", "_events", "_farewells", "_here", "_journal", "_leaving"),
        *("_limits", "_loading", "_register", "_rereading", "_store", "_trials", "correspondent", "exchange", "id"),
        *("members", "on_renewed", "record", "sessions"),
    )

    def __init__(
        self,
        record: RoomRecord,
        members: Iterable[Member],
        journal: Journal,
        store: JournalStore,
        limits: RoomLimits,
        trials: Trials,
        digests: Digests,
        exchange: Exchange,
        register: RoomStore,
    ) -> None:
        self.id = record.id
        self.record = record
        self.members = {member.id: member for member in members}
        self.sessions: dict[Session, SharedDocument] = {}
        self._journal = journal
        self._store = store
        self._limits = limits
        self._trials = trials
        self._digests = digests
        self.exchange = exchange
        self._register = register
        self.on_renewed: tuple[Callable[[], None], ...] = ()
        self._rereading: asyncio.Task[None] | None = None
        self.correspondent: Correspondent | None = None
        self._elsewhere: dict[str, dict[str, Member]] = {}
        self._farewells = Farewells()
        self._documents: dict[str, SharedDocument] = {}
        self._loading: dict[str, asyncio.Task[SharedDocument]] = {}
        self._events: list[tuple[str, str, str, bytes, asyncio.Future[Entry]]] = []
        self._here: dict[str, int] = {}
        self._leaving: dict[str, asyncio.TimerHandle] = {}
        self._comings = Comings(self.id, store, exchange, limits.leave_grace_seconds)

    async def document(self, name: str) -> SharedDocument:
        """Load it once, however many ask at the same moment; a failed load is not remembered."""
        shared = self._documents.get(name)
        if shared is not None:
            return shared
        task = self._loading.get(name)
        if task is None:
            task = asyncio.get_running_loop().create_task(self._load(name), name=f"load-{name}")
            self._loading[name] = task
        return await asyncio.shield(task)

    async def _load(self, name: str) -> SharedDocument:
        try:
            shared = SharedDocument(
                *(self.id, name, self._journal, self._store),
                self._limits.max_document_bytes,
                *(self._trials, self._digests, self.exchange),
            )
            await shared.load()
            self._documents[name] = shared
        finally:
            del self._loading[name]
        shared.siblings.ask()
        return shared

    def loaded(self) -> list[SharedDocument]:
        return list(self._documents.values())

    # Sessions

    async def enter(self, session: Session, member: Member, document: str) -> SharedDocument:
        """Attach a session, with the rights it has; its first SyncStep1 makes it part of the audience.

        Raises RoomFull, and as `doorkeeper.admit` does.
        """
        doorkeeper.admit(self, session, member, document)
        if len(self.sessions) >= self._limits.max_sessions:
            raise self._full()
        shared = await self.document(document)
        if len(self.sessions) >= self._limits.max_sessions:  # others came while it was loaded
            raise self._full()
        doorkeeper.admit(self, session, member, document)
        self.sessions[session] = shared
        if not session.is_guest and document == MAIN:
            self._arrive(member)
        return shared

    def _full(self) -> RoomFull:
        return RoomFull(f"the room has {self._limits.max_sessions} connections already")

    def leave(self, session: Session) -> None:
        """Whatever ended the session; the second call does nothing."""
        shared = self.sessions.pop(session, None)
        if shared is None:
            return
        shared.leave(session)
        if not session.is_guest and shared.name == MAIN:
            self._depart(session.member_id)

    def _arrive(self, member: Member) -> None:
        self.members.setdefault(member.id, member)
        self._here[member.id] = self._here.get(member.id, 0) + 1
        timer = self._leaving.pop(member.id, None)
        self._farewells.name(member.id)
        if timer is not None:
            timer.cancel()
        elif self._here[member.id] == 1:
            if not self._is_elsewhere(member.id):
                self._comings.came(member.id, lambda: self._notice(member, "joined"))
            self._say_who_is_here()

    def _depart(self, member_id: str) -> None:
        self._here[member_id] -= 1
        if self._here[member_id] <= 0:
            del self._here[member_id]
            loop = asyncio.get_running_loop()
            self._leaving[member_id] = loop.call_later(self._limits.leave_grace_seconds, self._gone, member_id)

    def _gone(self, member_id: str) -> None:
        del self._leaving[member_id]
        name = self._farewells.name(member_id)
        if not self._is_elsewhere(member_id):
            self._notice(self.members[member_id], "left", name)
        self._say_who_is_here()

    def _notice(self, member: Member, kind: str, name: str = "") -> None:
        """Under a name if other nodes may do it too."""
        data = msgspec.json.encode({"member": member})
        if name:
            self._farewells.note(self.note_once(name, member.id, "room", kind, data))
        else:
            self.note(member.id, "room", kind, data)

    def here(self) -> list[Member]:
        """The members with a live session at any node, in the order of their numbers."""
        members = {member_id: self.members[member_id] for member_id in self._here}
        for elsewhere in self._elsewhere.values():
            members |= elsewhere
        return sorted(members.values(), key=lambda member: member.number)

    # Rights

    def renew(self, record: RoomRecord | None = None, member: Member | None = None) -> None:
        """The register has this since a moment ago: let it hold for everybody who is here, at all nodes."""
        self._renew(record, member)
        self.exchange.say(Renewed(record, member))

    def _renew(self, record: RoomRecord | None, member: Member | None) -> None:
        self.record = record or self.record
        if member is not None:
            self.members[member.id] = member
            for elsewhere in self._elsewhere.values():
                if member.id in elsewhere:
                    elsewhere[member.id] = member
        doorkeeper.renew(self, self.sessions.items())
        for tell in self.on_renewed:
            tell()
        if member is not None and member.standing != "in":
            self._forget(member.id)

    def _forget(self, member_id: str) -> None:
        """Who was taken out has not left: there is no coming back to wait for."""
        timer = self._leaving.pop(member_id, None)
        if timer is not None:
            timer.cancel()
        self._say_who_is_here()

    # Other nodes

    def hear(self, node: str, said: Said) -> None:
        match said:
            case Edits() | States() | Ask() | Written() | Saved():
                shared = self._documents.get(said.document)
                if shared is not None:
                    shared.siblings.hear(node, said)
            case Told(text, to_hosts):
                self.tell(text, to_hosts=to_hosts)
            case Renewed(record, member):
                self._renew(record, member)
            case Here(members, number):
                self._elsewhere[node] = {member.id: member for member in members}
                self._farewells.hear(node, number)
            case Hello():
                self._say_who_is_here()
                if self.correspondent is not None:
                    self.correspondent.introduce()
            case Bye():
                self._elsewhere.pop(node, None)
            case Letter(to, body):
                if self.correspondent is not None and to in ("", self.exchange.node):
                    self.correspondent.hear(node, body)

    def compare(self) -> None:
        """A line was cut, here or there: compare what everybody has. Events are read again by who shows them."""
        self.tell(missed_event())
        for shared in self.loaded():
            shared.siblings.ask()
            shared.siblings.introduce()
        self._rereading = asyncio.get_running_loop().create_task(self._reread(), name="rights-reread")
        self.exchange.say(Hello())
        self._say_who_is_here()
        if self.correspondent is not None:
            self.correspondent.introduce()

    def node_gone(self, node: str) -> None:
        """One of the nodes that are left says who has left with it; each under one name, should two of them do it."""
        members = self._elsewhere.pop(node, {})
        if self.correspondent is not None:
            self.correspondent.node_gone(node)
        for shared in self.loaded():
            shared.siblings.node_gone(node)
        self._farewells.node_gone(self.id, node, members)
        if self.exchange.node == min((self.exchange.node, *self._elsewhere)):
            loop = asyncio.get_running_loop()
            for member in members.values():
                if member.id not in self._here and member.id not in self._leaving:
                    self.members.setdefault(member.id, member)
                    self._leaving[member.id] = loop.call_later(self._limits.leave_grace_seconds, self._gone, member.id)
        self._comings.expect(members)

    async def _reread(self) -> None:
        """A change of rights may have been among what was missed. While the store is away, nobody can change any."""
        with contextlib.suppress(StoreUnavailable):
            record, members = await self._register.room(self.id), await self._register.members(self.id)
            self.members |= {member.id: member for member in members}
            self._renew(record, None)

    def _is_elsewhere(self, member_id: str) -> bool:
        return any(member_id in members for members in self._elsewhere.values())

    def _say_who_is_here(self) -> None:
        """With those who may return: they were never gone."""
        if not self.exchange.is_alone:
            members = [self.members[member_id] for member_id in {*self._here, *self._leaving}]
            self.exchange.say(Here(members, self._farewells.next_number()))

    # Events

    async def note_once(self, name: str, author: str, channel: str, kind: str, data: bytes) -> Entry:
        """As `note`, but under a name: of all who say it, at all nodes, the first one does. The entry that is there.

        Waits while the store is away. What was noted before need not be committed yet: await it first.
        """
        entry = await commit_once(self._store, name, Draft(self.id, unix_ms(), author, channel, kind, data))
        self.tell_everywhere(entry_event(entry))
        return entry

    def note(self, author: str, channel: str, kind: str, data: bytes) -> asyncio.Future[Entry]:
        """Add an event (JSON `data`) to the journal; the future is the entry, once it is committed."""
        future: asyncio.Future[Entry] = asyncio.get_running_loop().create_future()
        self._events.append((author, channel, kind, data, future))
        self._journal.touch(self)
        return future

    def seal(self) -> SealedEvents:
        events, self._events = self._events, []
        now = unix_ms()
        drafts = [Draft(self.id, now, *event[:4]) for event in events]
        return SealedEvents(self, drafts, [event[4] for event in events])

    def tell_everywhere(self, text: str) -> None:
        """The same, at all nodes."""
        self.tell(text)
        self.exchange.say(Told(text))

    def tell_hosts(self, text: str) -> None:
        """At all nodes, those who manage the room and nobody else."""
        self.tell(text, to_hosts=True)
        self.exchange.say(Told(text, to_hosts=True))

    def tell(self, text: str, *, to_hosts: bool = False) -> None:
        """Send a stateless message to everybody who watches `main` and understands it."""
        body = stateless_body(text)
        if to_hosts:
            return doorkeeper.tell_hosts(self, body)
        for shared in self.loaded():
            if shared.name == MAIN:
                shared.audience.tell(body)

    def journal_state(self, state: JournalState, *, recovered: bool) -> None:
        self.tell(state_event(state))
        for shared in self.loaded():
            if recovered:
                _ask_writers(shared)
            if state == "saved":
                shared.siblings.tell_saved()

    # The files

    async def add_files(self, member: Member, files: list[tuple[str, str, str]]) -> None:
        """Create (id, path, text) entries in `main`. Raises ReadOnly while the room takes no edits, DocumentFull."""
        if self._journal.state == "behind":
            raise ReadOnly("the room takes no edits until the server has saved the earlier ones")
        shared = await self.document(MAIN)
        shared.gather(member.id, shared.document.add_files(files))

    # The end

    def close_sessions(self, code: CloseCode, reason: str) -> None:
        for session in list(self.sessions):
            session.outbox.close(code, reason)

    def close(self) -> None:
        """For good, once it is settled and nobody visits it."""
        self.exchange.say(Bye())
        self.exchange.close()
        if self.correspondent is not None:
            self.correspondent.close()
            self.correspondent = None
        for shared in self.loaded():
            shared.close()

    def bequeath(self) -> None:
        """This node goes: if the room is open at others, they see to it whether its people come back in time."""
        if not self._elsewhere.keys().isdisjoint(self.exchange.nodes):
            for timer in self._leaving.values():
                timer.cancel()
            self._leaving.clear()

    async def settle(self) -> None:
        """Say who left and write the snapshots."""
        await self._comings.settle()
        for member_id, timer in list(self._leaving.items()):
            timer.cancel()
            self._gone(member_id)
        await self._journal.flush()
        await self._farewells.noted()
        for shared in self.loaded():
            await shared.put_away()
