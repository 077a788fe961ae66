"""What one document adds to one batch of the journal."""

from collections import Counter
from typing import Protocol

from realtime.session import Session
from rooms.store import Draft


class Shown(Protocol):
    """The document whose edits these are."""

    def show(self, sealed: "Gathered") -> None: ...

    def after_commit(self, sealed: "Gathered", last_seq: int) -> None: ...


class Gathered:
    """What one document adds to one batch; sealed, it is the journal's `Sealed`."""

    __slots__ = (
        "acknowledgements",
        "by_author",
        "changed_clients",
        "drafts",
        "new_clients",
        "replies",
        "senders",
        "shared",
        "updates",
    )

    def __init__(self, shared: Shown) -> None:
        self.shared = shared
        self.updates: list[bytes] = []
        self.by_author: dict[str, list[bytes]] = {}
        self.senders: Counter[Session] = Counter()
        self.acknowledgements: Counter[Session] = Counter()
        self.new_clients: list[tuple[str, int]] = []
        self.replies: list[tuple[Session, bytes]] = []
        self.changed_clients: set[int] = set()
        self.drafts: list[Draft] = []

    def show(self) -> None:
        self.shared.show(self)

    def settle(self, numbers: list[int]) -> None:
        for session, count in self.acknowledgements.items():
            session.acknowledge(count)
        self.shared.after_commit(self, numbers[-1])


def only_author(sealed: Gathered) -> Session | None:
    """Whoever sent all edits of the batch; None if there are several, or none."""
    if len(sealed.senders) == 1 and len(sealed.by_author) == 1:
        return next(iter(sealed.senders))
    return None
