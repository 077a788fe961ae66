"""What one document adds to one batch of the journal."""

from collections.abc import Sequence
from typing import Protocol

from realtime.outbox import Buffer
from realtime.session import Session
from rooms.siblings import Siblings
from rooms.store import Draft


class Shown(Protocol):
    """The document whose edits these are."""

    siblings: Siblings

    def show(self, sealed: "Gathered") -> None: ...

    def after_commit(self, sealed: "Gathered", last_seq: int) -> None: ...


class Gathered:
    """What one document adds to one batch; sealed, it is the journal's `Sealed`.

    `sessions` are those it comes from, with the number of their edits; `owed` the acknowledgements for these, of those
    who know what that is. `merged` are the updates as they are shown.
    """

    __slots__ = (
        *("answers", "by_author", "changed_clients", "drafts", "is_for_all", "merged", "new_clients"),
        *("owed", "replies", "sessions", "shared", "updates"),
    )

    def __init__(self, shared: Shown) -> None:
        self.shared = shared
        self.updates: list[bytes] = []
        self.merged: list[bytes] = []
        self.by_author: dict[str, list[bytes]] = {}
        self.sessions: dict[Session, int] = {}
        self.owed: dict[Session, int] = {}
        self.is_for_all = False
        self.answers: list[bytes] = []
        self.new_clients: list[tuple[str, int]] = []
        self.replies: list[tuple[Session, Sequence[Buffer]]] = []
        self.changed_clients: set[int] = set()
        self.drafts: list[Draft] = []

    def add(self, session: Session, update: bytes, acknowledgements: int) -> None:
        """An edit of this session's."""
        self.updates.append(update)
        author, sessions, by_author = session.member_id, self.sessions, self.by_author
        if author in by_author:
            by_author[author].append(update)
        else:
            by_author[author] = [update]
        sessions[session] = sessions[session] + 1 if session in sessions else 1
        if session.acknowledges:
            self.owed[session] = self.owed.get(session, 0) + acknowledgements

    def show(self) -> None:
        self.shared.show(self)
        for session, count in self.sessions.items():
            session.count_seen(count)

    async def review(self) -> None:
        self.drafts = await self.shared.siblings.review(self.drafts)

    def settle(self, numbers: list[int]) -> None:
        for session, count in self.owed.items():
            self.shared.siblings.acknowledge(session, count)
        self.shared.after_commit(self, numbers[-1])

    @property
    def only_source(self) -> Session | None:
        """The session that everything in the batch comes from; None if there are several, or others are meant."""
        if self.is_for_all or len(self.sessions) != 1:
            return None
        return next(iter(self.sessions))
