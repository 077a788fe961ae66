"""The same document at other nodes: what is said to them, and what is done with what they say."""

import asyncio
import logging
from collections.abc import Iterable, Iterator
from typing import Protocol

from realtime.document import Document
from realtime.errors import BadUpdate, MissingEdits
from realtime.presence import Presence
from realtime.protocol import awareness_body, update_body
from realtime.update import EMPTY_UPDATE
from rooms.audience import Audience
from rooms.elsewhere import Elsewhere
from rooms.errors import StoreUnavailable
from rooms.exchange import Ask, Edits, Exchange, Said, States, Written

_log = logging.getLogger(__name__)

ASK_SECONDS = 0.05
"""So long it waits for edits that came in another order before it asks the other nodes."""


class Home(Protocol):
    """The document at this node."""

    room: str
    name: str
    document: Document
    presence: Presence
    audience: Audience
    unshown: list[bytes]

    def gather_question(self, state_vector: bytes) -> None: ...

    async def stored_updates(self) -> Iterator[bytes]: ...


class Siblings:
    """Owned by a shared document. An edit that comes from here is shown at once, and neither journaled nor repeated."""

    __slots__ = ("_asking", "_elsewhere", "_exchange", "_home", "_rereading")

    def __init__(self, home: Home, exchange: Exchange) -> None:
        self._home = home
        self._exchange = exchange
        self._elsewhere = Elsewhere(home.presence)
        self._asking: asyncio.TimerHandle | None = None
        self._rereading: asyncio.Task[None] | None = None

    def close(self) -> None:
        """For good, once nothing is heard any more."""
        if self._asking is not None:
            self._asking.cancel()
        if self._rereading is not None:
            self._rereading.cancel()

    @property
    def are_none(self) -> bool:
        return self._exchange.is_alone

    def tell(self, edits: list[bytes], clients: Iterable[int], questions: list[bytes]) -> None:
        """What has just been shown at this node."""
        name = self._home.name
        for update in edits:
            self._exchange.say(Edits(name, update))
        if clients:
            self._exchange.say(States(name, self._home.presence.facts(clients)))
        for state_vector in questions:
            self._answer(state_vector)

    def introduce(self) -> None:
        """Tell who is here."""
        self._exchange.say(States(self._home.name, self._elsewhere.here()))

    def ask(self) -> None:
        """For what they have and we lack; once for all that is found missing in a moment."""
        if self._asking is None and not self._exchange.is_alone:
            self._asking = asyncio.get_running_loop().call_later(ASK_SECONDS, self._ask)

    def _ask(self) -> None:
        self._asking = None
        self._exchange.say(Ask(self._home.name, self._home.document.state_vector()))

    def hear(self, node: str, said: Said) -> None:
        match said:
            case Edits(_, update):
                self._take(update)
            case Ask(_, state_vector):
                self._hear_question(state_vector)
            case States(_, states):
                self._show_presence(self._elsewhere.hear(node, states))
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
                self._home.audience.broadcast([update_body(new)], [], source=None)

    def _hear_question(self, state_vector: bytes) -> None:
        """Whoever asks has just come, or missed something. Edits that are not shown yet are not told either."""
        self.introduce()
        if self._home.document.lacks(state_vector):
            self.ask()
        if self._home.unshown:
            self._home.gather_question(state_vector)
        else:
            self._answer(state_vector)

    def _answer(self, state_vector: bytes) -> None:
        self._exchange.say(Edits(self._home.name, self._home.document.diff(state_vector)))

    def node_gone(self, node: str) -> None:
        """Its people vanish. What it had committed, and could not tell any more, is in the journal."""
        self._show_presence(self._elsewhere.gone(node))
        self.reread()

    def _show_presence(self, changed: list[int]) -> None:
        if changed:
            states = self._home.presence.states(changed)
            self._home.audience.broadcast([], [awareness_body(states)], source=None)

    def reread(self) -> None:
        """Take from the journal what other nodes have written there; single-flight."""
        if self._rereading is None:
            self._rereading = asyncio.get_running_loop().create_task(self._reread(), name="reread")

    async def _reread(self) -> None:
        try:
            for update in await self._home.stored_updates():
                self._take(update)
                await asyncio.sleep(0)
        except StoreUnavailable as error:  # the nodes that are left are asked when the line is back
            _log.warning("the journal could not be read again", extra={"room": self._home.room, "error": str(error)})
        finally:
            self._rereading = None
