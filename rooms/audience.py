"""Everybody who watches one document: the broadcast, and those who read too slowly for it."""

import asyncio
from collections.abc import Callable, Iterator

from realtime.frames import Bundle
from realtime.protocol import AwarenessState, awareness_body, update_body
from realtime.session import Missed, Session

STALL_SECONDS = 30.0
"""How long a session may stay behind before it is closed with 1013."""


class Audience:
    """Owned by a document of an open room. Who waits for a first answer that was made already gets with it what is
    broadcast meanwhile.

    `mark` says what a session has been sent so far; `catch_up` gets a session that has read its queue, and that mark.
    """

    __slots__ = ("_catch_up", "_expected", "_mark", "_sessions")

    def __init__(self, mark: Callable[[], Missed], catch_up: Callable[[Session, Missed], None]) -> None:
        self._sessions: set[Session] = set()
        self._expected: dict[Session, list[bytes]] = {}
        self._mark = mark
        self._catch_up = catch_up

    def __iter__(self) -> Iterator[Session]:
        return iter(self._sessions)

    def __len__(self) -> int:
        return len(self._sessions)

    def expect(self, session: Session) -> None:
        """Its answer waits for a commit; edits of other nodes do not, and are not in it."""
        if session not in self._sessions:
            self._expected.setdefault(session, [])

    def add(self, session: Session) -> None:
        """Its answer has been sent."""
        for body in self._expected.pop(session, ()):
            session.send(body)
        self._sessions.add(session)

    def discard(self, session: Session) -> None:
        self._expected.pop(session, None)
        self._sessions.discard(session)

    def broadcast(self, updates: list[bytes], states: list[AwarenessState], *, source: Session | None) -> None:
        """The hot path: each bundle is encoded once per prefix and put once per recipient.

        The only `source` does not need it back. But a y-websocket client hangs up after 30 s of silence; what keeps it
        is the echo of its presence, which it renews every 15 s.
        """
        edits = [update_body(update) for update in updates]
        presence = [awareness_body(states)] if states else []
        for missed in self._expected.values():
            missed += edits
        bundles: dict[bytes, Bundle] = {}
        for session in self._sessions:
            if session.missed is not None:
                continue
            outbox = session.outbox
            if session is source and not session.wants_echo:
                if presence and session.may_think_it_is_alone():
                    session.send(presence[0])
            else:
                prefix = session.prefix
                if prefix not in bundles:
                    bundles[prefix] = Bundle(prefix, edits + presence)
                outbox.put_bundle(bundles[prefix])
            if outbox.is_full:
                self._fall_behind(session)

    def tell(self, body: bytes) -> None:
        """Send a stateless message to those who understand it."""
        for session in self._sessions:
            if session.acknowledges and session.missed is None:
                session.send(body)
                if session.outbox.is_full:
                    self._fall_behind(session)

    def _fall_behind(self, session: Session) -> None:
        """What is queued is all that it gets until its queue is low; its memory stays bounded."""
        missed = session.missed = self._mark()
        session.outbox.when_low(lambda: self._recover(session, missed))
        asyncio.get_running_loop().call_later(STALL_SECONDS, self._give_up, session, missed)

    def _recover(self, session: Session, missed: Missed) -> None:
        if session.missed is missed and session in self._sessions:
            session.missed = None
            self._catch_up(session, missed)

    def _give_up(self, session: Session, missed: Missed) -> None:
        if session.missed is missed and session in self._sessions:
            session.outbox.give_up()
