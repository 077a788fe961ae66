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
    """What one document adds to one batch; sealed, it is the journal's `Sealed`."""

    __slots__ = (
        "acknowledgements",
        "answers",
        "by_author",
        "changed_clients",
        "drafts",
        "is_for_all",
        "new_clients",
        "replies",
        "senders",
        "shared",
        "speakers",
        "updates",
    )

    def __init__(self, shared: Shown) -> None:
        self.shared = shared
        self.updates: list[bytes] = []
        self.by_author: dict[str, list[bytes]] = {}
        self.senders: dict[Session, int] = {}
        self.acknowledgements: dict[Session, int] = {}
        self.speakers: set[Session] = set()
        self.is_for_all = False
        self.answers: list[bytes] = []
        self.new_clients: list[tuple[str, int]] = []
        self.replies: list[tuple[Session, Sequence[Buffer]]] = []
        self.changed_clients: set[int] = set()
        self.drafts: list[Draft] = []

    def add(self, session: Session, update: bytes, acknowledgements: int) -> None:
        """An edit of this session's."""
        self.updates.append(update)
        self.by_author.setdefault(session.member_id, []).append(update)
        self.senders[session] = self.senders.get(session, 0) + 1
        self.acknowledgements[session] = self.acknowledgements.get(session, 0) + acknowledgements

    def show(self) -> None:
        self.shared.show(self)
        for session, count in self.senders.items():
            session.count_seen(count)

    def settle(self, numbers: list[int]) -> None:
        for session, count in self.acknowledgements.items():
            self.shared.siblings.acknowledge(session, count)
        self.shared.after_commit(self, numbers[-1])

    @property
    def only_source(self) -> Session | None:
        """The session that everything in the batch comes from; None if there are several, or others are meant."""
        if self.is_for_all or len(self.by_author) > 1:
            return None
        sources = self.speakers.union(self.senders)
        return sources.pop() if len(sources) == 1 else None
