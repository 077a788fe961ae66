"""The same document at other nodes: what is said to them, and what is done with what they say."""

import asyncio
import logging
from collections.abc import Callable, Iterable, Mapping
from typing import Protocol

from realtime.document import Document, merge
from realtime.errors import BadUpdate, MissingEdits
from realtime.presence import Presence
from realtime.update import EMPTY_UPDATE, first_client
from rooms.audience import Audience
from rooms.elsewhere import Elsewhere
from rooms.errors import StoreUnavailable
from rooms.exchange import Ask, Edits, Exchange, Said, Saved, States, Written
from rooms.journal import Journal
from rooms.shelf import Shelf
from rooms.store import SYSTEM, Draft

_log = logging.getLogger(__name__)

ASK_SECONDS = 0.05
"""So long it waits for edits that came in another order before it asks the other nodes."""
REREAD_SECONDS = 1.0
"""So long after a journal could not be read it is tried again."""
MANY_EDITS = 64
"""So many of one batch travel as they came, which is quicker to take; more of them merged, which is shorter."""
_NOTHING: Mapping[str, list[tuple[str, bytes]]] = {}
KEEP_SECONDS = 1.0
"""What another node could not commit for so long is committed here, if this node can."""


class Acknowledged(Protocol):
    """A session that waits to be told that edits are saved."""

    def acknowledge(self, count: int) -> None: ...


class _Covered:
    """Those whose edits build on nothing that is not committed once what is on its way is."""

    def __init__(self, held: list[tuple[Acknowledged, int]], tell_saved: Callable[[], None]) -> None:
        self._held = held
        self._tell_saved = tell_saved

    def acknowledge(self, _count: int) -> None:
        for session, count in self._held:
            session.acknowledge(count)
        self._tell_saved()


class Home(Protocol):
    """The document at this node."""

    room: str
    name: str
    document: Document
    presence: Presence
    audience: Audience
    unshown: list[bytes]

    def show_heard(self) -> None: ...

    def gather_answer(self, update: bytes) -> None: ...

    def gather(self, author: str, update: bytes) -> None: ...

    def know_client(self, author: str, client: int) -> None: ...

    def acknowledge_known(self, session: Acknowledged, count: int) -> None: ...

    async def shelf(self) -> Shelf: ...


class Siblings:
    """Owned by a shared document. An edit that comes from here is shown at once, and neither journaled nor repeated."""

    __slots__ = (
        *("_asking", "_by_reference", "_elsewhere", "_exchange", "_held", "_home", "_journal", "_keeping", "_moved"),
        *("_must_keep", "_must_reread", "_rereading", "_told_unsaved", "_unsaved", "have_spoken", "news"),
    )

    def __init__(self, home: Home, exchange: Exchange, journal: Journal) -> None:
        self._home = home
        self._exchange = exchange
        self._journal = journal
        self._by_reference = self._told_unsaved = False
        self._must_reread = self._must_keep = False
        self._unsaved = _NOTHING
        self._held: list[tuple[Acknowledged, int]] = []
        self._keeping: asyncio.TimerHandle | None = None
        self._elsewhere: Elsewhere | None = None
        self._asking: asyncio.TimerHandle | None = None
        self._rereading: asyncio.Task[None] | None = None
        self.news: list[bytes] = []
        self._moved: dict[int, None] = {}
        self.have_spoken = False
        """Whether anything may have come from another node."""

    def close(self) -> None:
        """For good, once nothing is heard any more."""
        self._journal.forget(self._home)
        if self._asking is not None:
            self._asking.cancel()
        self._stop_keeping()
        if self._rereading is not None:
            self._rereading.cancel()

    def tell(
        self, edits: list[bytes], by_author: Mapping[str, list[bytes]], clients: Iterable[int], answers: list[bytes]
    ) -> None:
        """What has just been shown at this node."""
        if self._exchange.is_alone:
            return
        authors: dict[bytes, str] = {}
        if self._journal.state != "saved":
            authors = {update: author for author, updates in by_author.items() for update in updates}
        for update in edits if authors or len(edits) < MANY_EDITS else merge(edits):
            self._tell(update, authors.get(update, ""), are_own=True)
        for update in answers:
            self._tell(update)
        if clients:
            self._exchange.say(States(self._home.name, self._home.presence.facts(clients)))

    def _tell(self, update: bytes, author: str = "", *, are_own: bool = False) -> None:
        """An answer may have edits of others, too."""
        is_saved = self._journal.state == "saved" and (are_own or not self._unsaved)
        self._told_unsaved |= not is_saved
        self._by_reference |= not self._exchange.say(Edits(self._home.name, update, is_saved, author))

    def tell_saved(self) -> None:
        """Once the journal has everything again. What it was said to have, while it had not, is there now."""
        if self._journal.state != "saved" or self._unsaved:
            return
        if self._by_reference:
            self._exchange.say(Written(self._home.name))
        if self._told_unsaved:
            self._exchange.say(Saved(self._home.name))
        self._by_reference = self._told_unsaved = False

    def introduce(self) -> None:
        """Tell who is here, and so who is not: their leaving may have been missed."""
        self._exchange.say(States(self._home.name, self._others().here(), True))

    def _others(self) -> Elsewhere:
        """Made when a node speaks: most are alone."""
        if self._elsewhere is None:
            self._elsewhere = Elsewhere(self._home.presence)
        return self._elsewhere

    def ask(self) -> None:
        """For what they have and we lack; once for all that is found missing in a moment."""
        if self._asking is None and not self._exchange.is_alone:
            self._asking = asyncio.get_running_loop().call_later(ASK_SECONDS, self._ask)

    def _ask(self) -> None:
        self._asking = None
        self._exchange.say(Ask(self._home.name, self._home.document.state_vector()))

    def hear(self, node: str, said: Said) -> None:
        self.have_spoken = True
        match said:
            case Edits(_, update, is_saved, author):
                if not is_saved:
                    self._hear_unsaved(node, author, update)
                self._take(update)
            case States(_, states, are_all):
                self._show_presence(self._others().hear(node, states, are_all=are_all))
            case Saved():
                self._hear_saved(node)
            case Ask(_, state_vector):
                self._hear_question(state_vector)
            case Written():
                self.reread()
            case _:
                pass

    def _take(self, update: bytes) -> None:
        try:
            new = EMPTY_UPDATE if update == EMPTY_UPDATE else self._home.document.join(update)
        except MissingEdits:
            self.ask()
        except BadUpdate as error:
            _log.error("another node's edit cannot be used", extra={"room": self._home.room, "error": str(error)})
            self.reread()
        else:
            if new != EMPTY_UPDATE:
                self._journal.hear(self._home)
                self.news.append(new)

    def _show_presence(self, changed: list[int]) -> None:
        if changed:
            self._journal.hear(self._home)
            self._moved.update(dict.fromkeys(changed))

    @property
    def have_news(self) -> bool:
        """That nobody here was shown."""
        return bool(self.news or self._moved)

    def take_heard(self) -> tuple[list[bytes], set[int]]:
        """Edits, and clients who moved, that other nodes have told and nobody here was shown."""
        news, self.news = self.news, []
        moved, self._moved = self._moved, {}
        return news, set(moved)

    def _hear_question(self, state_vector: bytes) -> None:
        """Whoever asks has just come, or missed something. Edits that are not shown yet are not told either."""
        self.introduce()
        if self._home.document.lacks(state_vector):
            self.ask()
        answer = self._home.document.diff(state_vector)
        if self._home.unshown:
            self._home.gather_answer(answer)
        else:
            self._tell(answer)

    def node_gone(self, node: str) -> None:
        """Its people vanish. What it had committed, and could not tell any more, is in the journal.

        What it had told and not committed is here: without it, what others built on it would mean nothing.
        """
        self.have_spoken = True
        self._show_presence(self._others().gone(node))
        self._must_keep |= node in self._unsaved
        self.reread()

    # What others have not committed

    def acknowledge(self, session: Acknowledged, count: int) -> None:
        """Edits of this node are committed. What they build on, maybe of another node that could not, comes first."""
        if self._unsaved and not isinstance(session, _Covered):
            self._held.append((session, count))
        else:
            session.acknowledge(count)

    def _hear_unsaved(self, node: str, author: str, update: bytes) -> None:
        if node not in self._unsaved:
            self._unsaved = {**self._unsaved, node: []}
        if author:
            self._unsaved[node].append((author, update))
        if self._keeping is None:
            self._keeping = asyncio.get_running_loop().call_later(KEEP_SECONDS, self._keep_soon)

    def _hear_saved(self, node: str) -> None:
        self._unsaved = {other: told for other, told in self._unsaved.items() if other != node}
        if not self._unsaved:
            self._stop_keeping()
            self._release()

    def _stop_keeping(self) -> None:
        if self._keeping is not None:
            self._keeping.cancel()
            self._keeping = None

    def _release(self) -> None:
        held, self._held = self._held, []
        self._home.acknowledge_known(_Covered(held, self.tell_saved), 0)

    def _keep_soon(self) -> None:
        self._keeping = None
        if self._unsaved:
            self._must_keep = True
            self.reread()

    def reread(self) -> None:
        """Take from the journal what other nodes have written there, again and again until it could be read."""
        self._must_reread = True
        if self._rereading is None:
            self._rereading = asyncio.get_running_loop().create_task(self._reread_all(), name="reread")

    async def _reread_all(self) -> None:
        try:
            while self._must_reread:
                self._must_reread = False
                await self._reread()
                if self._must_keep:  # this node has trouble with its journal too
                    self._must_reread = True
                    await asyncio.sleep(REREAD_SECONDS)
        finally:
            self._rereading = None

    async def _reread(self) -> None:
        try:
            shelf = await self._home.shelf()
            for update in await shelf.updates():
                self._take(update)
                await asyncio.sleep(0)
            if self._must_keep and self._journal.state == "saved":
                await self._keep(shelf)
        except StoreUnavailable as error:
            _log.warning("the journal could not be read again", extra={"room": self._home.room, "error": str(error)})
            self._must_reread = True
            await asyncio.sleep(REREAD_SECONDS)
        except BadUpdate as error:  # what is held back stays so: nothing is called saved that may not be
            _log.error("the journal cannot be used", extra={"room": self._home.room, "error": str(error)})
            self._must_keep = False

    async def _keep(self, shelf: Shelf) -> None:
        """Commit what other nodes have shown and not committed, as far as it is here."""
        told = [pair for pairs in self._unsaved.values() for pair in pairs]
        lacking = await shelf.lacks(self._home.document, told)
        self._must_keep = False
        self._unsaved = _NOTHING
        if lacking:
            _log.warning("edits that another node could not commit are committed here", extra={"room": self._home.room})
        for author, update in lacking:
            client = first_client(update) if author != SYSTEM else None
            if client is not None:
                self._home.know_client(author, client)
            self._home.gather(author, update)
        self._release()

    async def review(self, drafts: list[Draft]) -> list[Draft]:
        """A commit of these failed: without what other nodes have committed for this one since.

        As many as before: the same commit may have been made after all. Raises StoreUnavailable.
        """
        if not self._told_unsaved or self._exchange.is_alone:
            return drafts
        try:
            return await (await self._home.shelf()).without_known(drafts)
        except BadUpdate:
            return drafts
