"""One document of an open room with everybody who watches it: apply, gather, commit, show."""

import asyncio
import logging
import time
from collections.abc import Awaitable, Sequence

from realtime.aside import Order
from realtime.digest import Digests
from realtime.document import Document, merge
from realtime.errors import DocumentFull, MissingEdits, NeedsTrial, OutOfBounds, ProtocolViolation
from realtime.lib0 import write_uint
from realtime.outbox import Buffer
from realtime.presence import Presence
from realtime.protocol import (
    Awareness,
    AwarenessState,
    Message,
    QueryAwareness,
    SyncStep1,
    SyncUpdate,
    awareness_body,
    stateless_body,
    update_body,
)
from realtime.rehearsal import Rehearsal
from realtime.session import MAX_UNSEEN_UPDATES, Missed, Session
from realtime.snapshot import Snapshot
from realtime.trial import REST, Trials
from realtime.update import EMPTY_UPDATE
from rooms.answers import Answers
from rooms.audience import Audience
from rooms.events import missed_event, state_event
from rooms.exchange import Exchange
from rooms.gathered import Gathered
from rooms.journal import Journal
from rooms.shelf import Shelf
from rooms.siblings import Acknowledged, Siblings
from rooms.store import SYSTEM, Draft, JournalStore

_log = logging.getLogger(__name__)


class SharedDocument:
    """Owned by its room. From a decoded message to the batch everything is synchronous, so nothing interleaves.

    `_uncommitted` holds what the store has not confirmed, shown or not; it begins after `_committed` updates.
    Nothing that is not yet shown leaves it: answers and catch-ups that would contain such edits wait for their commit.
    """

    def __init__(
        self,
        room: str,
        name: str,
        journal: Journal,
        store: JournalStore,
        max_bytes: int,
        trials: Trials,
        digests: Digests,
        exchange: Exchange,
    ) -> None:
        self.room = room
        self.name = name
        self._journal = journal
        self._shelf = Shelf(room, name, store, max_bytes, digests, self)
        self._answers, self._trials = Answers(self, self._shelf), trials
        self.document = Document(max_bytes)
        self._rehearsal = Rehearsal()
        self.presence = Presence()
        self.audience = Audience(self._mark, self._catch_up)
        self.siblings = Siblings(self, exchange, journal)
        self._gathered: Gathered | None = None
        self.unshown: list[bytes] = []
        self._uncommitted, self._committed = list[bytes](), 0
        self._known_edits, self._authors = list[tuple[int, Acknowledged, int]](), dict[int, str]()
        self._mending: asyncio.Future[None] | None = None

    async def load(self) -> None:
        """Raises StoreUnavailable; then nothing was loaded and nothing may be written."""
        self.document = await self._stored_document()

    async def _stored_document(self) -> Document:
        document, snapshot = await self._shelf.load()
        self._answers.start_from(snapshot)
        return document

    # Messages in

    def receive(self, session: Session, message: Message) -> Awaitable[None] | None:
        """Handle one message; an awaitable means that the session's next one has to wait for it: to mend a broken
        document, to try an edit that may take long, for a sender whose edits are not shown yet, and, before a large
        answer, for a peer that has not read the earlier ones. Raises ProtocolViolation, which ends this session alone.
        """
        if type(message) is Awareness:
            self._announce(session, message.states)
            return session.settled()
        if type(message) is SyncUpdate and not message.is_reply and self._type(session, message.update):
            return session.settled()
        if self.document.broken or (isinstance(message, SyncStep1) and session.outbox.is_full):
            return self._receive_later(session, message)
        trial = self._receive(session, message)
        return session.settled() if trial is None else trial

    def _type(self, session: Session, update: bytes) -> bool:
        """The short way of nearly every edit; False, and nothing was done, if it has to take the long one."""
        document = self.document
        if not session.may_write or session.is_full or document.broken or self._journal.state == "behind":
            return False
        client = document.type(update)
        if client is None:
            return False
        if client not in self._authors:
            self.know_client(session.member_id, client)
        self._add(session, update, 1)
        return True

    async def _receive_later(self, session: Session, message: Message) -> None:
        await session.outbox.until_low()
        await self.mended()
        trial = self._receive(session, message)
        if trial is not None:
            await trial

    def _receive(self, session: Session, message: Message) -> Awaitable[None] | None:
        match message:
            case SyncUpdate(update, is_reply):
                return self._edit(session, update, is_reply)
            case SyncStep1(state_vector):
                return self._answers.answer(session, state_vector)
            case QueryAwareness() if not session.outbox.is_full:
                session.send(awareness_body(self.presence.everybody()))
            case _:
                pass
        return None

    def _edit(self, session: Session, update: bytes, is_reply: bool) -> Awaitable[None] | None:
        count = session.reply_worth() if is_reply else 1
        if not session.may_edit and is_reply and update[:1] == b"\x00":
            session.acknowledge(count)
        elif update == EMPTY_UPDATE:
            self.acknowledge_known(session, count)
        else:
            return self._try(session, update, is_reply, count)
        return None

    def _try(
        self, session: Session, update: bytes, is_reply: bool, count: int, passed: int | None = None
    ) -> Awaitable[None] | None:
        if not session.may_edit or self._journal.state == "behind":
            session.refuse(count)
            return None
        try:
            self._take(session, update, is_reply, count, passed)
        except OutOfBounds:
            session.refuse(count)
        except NeedsTrial:
            return self._try_outside(session, update, is_reply, count)
        except DocumentFull as error:
            _log.warning("edit refused", extra={"room": self.room, "document": self.name, "error": str(error)})
            session.refuse(count)
            self._tell_full(session, True)
        except MissingEdits:
            session.refuse(count)
            self._ask_for_all(session, is_reply)
        else:
            if session.is_full:
                self._tell_full(session, False)
        return None

    async def _try_outside(self, session: Session, update: bytes, is_reply: bool, count: int) -> None:
        """Raises BadUpdate if the edit takes too long. Again, if much came into the document meanwhile."""
        again: Awaitable[None] | None = None
        async with self._trials.turns:
            await self.mended()
            passed = await self._trials.run(self.document, update, self._order)
            await self.mended()
            if not session.ended:
                again = self._try(session, update, is_reply, count, passed.blocks)
            if again is None:
                await asyncio.sleep(REST * passed.seconds)
        if again is not None:
            await again

    def _order(self) -> Awaitable[Order]:
        return self._shelf.order(list(self._uncommitted))

    def _tell_full(self, session: Session, is_full: bool) -> None:
        session.is_full = is_full
        if session.acknowledges:
            session.send(stateless_body(state_event(self._journal.state, is_full=is_full)))

    def _ask_for_all(self, session: Session, is_reply: bool) -> None:
        """An edit that builds on one that we lack, say one that was refused: the sender's reply has both."""
        if is_reply:
            raise ProtocolViolation("the reply builds on edits that it lacks")
        if not session.asked:
            session.asked = True
            session.ask(self.document.state_vector(), unexpected=True)

    def _take(self, session: Session, update: bytes, is_reply: bool, count: int, passed: int | None) -> None:
        if session.fence is not None:
            self._rehearsal.check(self.document, update, session.fence, passed)
        session.asked = session.asked and not is_reply
        taken = self.document.accept(update, may_repeat=is_reply, passed=passed)
        if is_reply:
            count += session.repay()
        if taken.new == EMPTY_UPDATE:
            return self.acknowledge_known(session, count)
        if taken.client is not None:
            self.know_client(session.member_id, taken.client)
        self._add(session, taken.new, count)
        if taken.fixed != EMPTY_UPDATE:
            self.gather(SYSTEM, taken.fixed)

    def acknowledge_known(self, session: Acknowledged, count: int) -> None:
        """What it sent was here already; it is saved once everything that is here now is committed."""
        if self._uncommitted:
            self._known_edits.append((self._committed + len(self._uncommitted), session, count))
        else:
            self.siblings.acknowledge(session, count)

    def know_client(self, author: str, client: int) -> None:
        """Journal, once, whose CRDT client id this is: attribution reads it."""
        if client not in self._authors:
            self._authors[client] = author
            self._batch().new_clients.append((author, client))

    def _add(self, session: Session, update: bytes, acknowledgements: int) -> None:
        (self._gathered or self._batch()).add(session, update, acknowledgements)
        self.unshown.append(update)
        self._uncommitted.append(update)
        session.unseen += 1

    def gather(self, author: str, update: bytes) -> None:
        """An edit of no session's."""
        batch = self._batch()
        batch.is_for_all = True
        batch.updates.append(update)
        batch.by_author.setdefault(author, []).append(update)
        self.unshown.append(update)
        self._uncommitted.append(update)

    def reply(self, session: Session, body: Sequence[Buffer]) -> None:
        """Send what may contain edits that are not committed yet: now if there are none, else with their commit."""
        if self.unshown:
            self.audience.expect(session)
            session.unseen += MAX_UNSEEN_UPDATES
            self._batch().replies.append((session, body))
        else:
            self._deliver(session, body)

    def _deliver(self, session: Session, body: Sequence[Buffer]) -> None:
        if session.ended:  # while its answer waited for a commit
            return
        session.send_pieces(body)
        if not session.live:
            session.live = True
            self.audience.add(session)
            if session.acknowledges:
                session.ask(self.document.state_vector(), unexpected=False)
                session.send(stateless_body(state_event(self._journal.state)))
            if len(self.presence):
                session.send(awareness_body(self.presence.everybody()))

    def _announce(self, session: Session, states: list[AwarenessState]) -> None:
        changed = self.presence.announce(session, states)
        if changed:
            batch = self._gathered or self._batch()
            batch.changed_clients.update(changed)
            batch.sessions.setdefault(session, 0)

    def leave(self, session: Session) -> None:
        self.audience.discard(session)
        session.live, session.ended = False, True
        gone = self.presence.leave(session)
        if gone:
            self._batch().changed_clients.update(gone)
            self._batch().is_for_all = True
        if not self.audience:
            self.presence.forget_gone()
            if self._gathered is not None:
                self._gathered.changed_clients.clear()

    def close(self) -> None:
        """For good, when its room is let go. Its parts know it: only the garbage collector would find them."""
        self.siblings.close()
        del self.siblings, self.audience, self._answers, self._shelf

    # The batch

    def _batch(self) -> Gathered:
        """Made when something comes: most documents are quiet. The journal seals it, soon."""
        if self._gathered is None:
            self._gathered = Gathered(self)
            self._journal.touch(self)
        return self._gathered

    def seal(self) -> Gathered:
        sealed, self._gathered = self._gathered or Gathered(self), None
        now = int(time.time() * 1000)
        for author, client in sealed.new_clients:
            sealed.drafts.append(Draft(self.room, now, author, self.name, "client", write_uint(client)))
        for author, updates in sealed.by_author.items():
            sealed.merged = merge(updates)
            for merged in sealed.merged:
                sealed.drafts.append(Draft(self.room, now, author, self.name, "update", merged))
        if len(sealed.by_author) > 1:
            sealed.merged = merge(sealed.updates)
        return sealed

    def show(self, sealed: Gathered) -> None:
        del self.unshown[: len(sealed.updates)]
        for session, body in sealed.replies:
            self._deliver(session, body)
            session.count_seen(MAX_UNSEEN_UPDATES)
        self._broadcast(sealed.merged, sealed.changed_clients, sealed.only_source)
        self.siblings.tell(sealed.updates, sealed.by_author, sealed.changed_clients, sealed.answers)

    def show_heard(self) -> None:
        self._broadcast([], set(), None)

    def _broadcast(self, merged: list[bytes], clients: set[int], source: Session | None) -> None:
        """With what other nodes told meanwhile."""
        if self.siblings.have_news:
            news, moved = self.siblings.take_heard()
            merged, clients, source = merge(news + merged), clients | moved, None
        if merged or clients:
            self.audience.broadcast(merged, self.presence.states(clients), source=source)

    # Other nodes

    def gather_answer(self, update: bytes) -> None:
        """To another node's question; it has edits that are not shown yet, so it goes out with them."""
        self._batch().answers.append(update)

    async def shelf(self) -> Shelf:
        """Where the journal can be read, once the document is whole. Raises StoreUnavailable."""
        await self.mended()
        return self._shelf

    # Slow readers

    def _mark(self) -> Missed:
        """What everybody in the audience has been sent: the document but for what is not shown yet."""
        return self.document.state_vector(), [*self.siblings.news, *self.unshown]

    def _catch_up(self, session: Session, missed: Missed) -> None:
        state_vector, unshown = missed
        for update in [self.document.diff(state_vector), *merge(unshown)]:
            self.reply(session, [update_body(update)])
        session.send(awareness_body(self.presence.everybody()))
        if session.acknowledges:
            session.send(stateless_body(missed_event()))

    # Mending and snapshots

    async def mended(self) -> None:
        while self.document.broken:
            await self._mend()

    async def _mend(self) -> None:
        """Replace a document that the library broke by what the journal and the batch hold. Single-flight."""
        if self._mending is not None:
            return await asyncio.shield(self._mending)
        self._mending = asyncio.get_running_loop().create_future()
        try:
            # Taken before reading: what is committed meanwhile is in neither place later.
            on_their_way = list(self._uncommitted)
            fresh = await self._stored_document()
            for update in on_their_way:
                fresh.restore(update)
            self.document = fresh
            self.siblings.ask()
        finally:
            self._mending.set_result(None)
            self._mending = None

    def after_commit(self, sealed: Gathered, last_seq: int) -> None:
        del self._uncommitted[: len(sealed.updates)]
        self._committed += len(sealed.updates)
        while self._known_edits and self._known_edits[0][0] <= self._committed:
            _, session, count = self._known_edits.pop(0)
            self.siblings.acknowledge(session, count)
        self._shelf.count(sealed.drafts, self.document.size, last_seq)

    def committed(self) -> Document | None:
        """The live document, if it is now what this node has committed and nothing else."""
        return None if self._uncommitted or self.siblings.have_spoken or self.document.broken else self.document

    def shortened(self, snapshot: Snapshot) -> None:
        """This was written; more may be committed since."""
        self.document.weigh(len(snapshot.whole) + self._shelf.bytes + sum(map(len, self._uncommitted)))
        if snapshot.table.parts:
            self._answers.renew(snapshot)

    async def put_away(self) -> None:
        """Write what is committed in short, if anything was since the last time. Loading gets faster; history stays."""
        self._answers.close()
        await self._shelf.write_news()
