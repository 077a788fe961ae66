"""One member's live attachment to one document, over a socket of its own or a shared one."""

import asyncio
from collections.abc import Awaitable, Sequence
from time import monotonic
from typing import Protocol

from realtime.outbox import Buffer, Outbox
from realtime.protocol import REFUSED_BODY, SAVED_BODY, step1_body


class Bounds(Protocol):
    """Which files somebody may write who may not write all."""

    @property
    def base(self) -> bool:
        """Whether what is no file of a known path may be written."""

    def allows(self, path: str) -> bool: ...


Missed = tuple[bytes, list[bytes]]
"""What a session that is behind was sent: a state vector, and the updates within it that it was not sent."""

ECHO_SECONDS = 10.0
"""How often a client hears its own presence, at most."""
MAX_UNSEEN_UPDATES = 512
"""Edits of one session that nobody was shown yet; past it the session is not read until they were."""


class Session:
    """Owned by its connection, known to the room's document; ends exactly once, by `SharedDocument.leave`.

    `prefix` goes before every body: empty for y-websocket, the encoded address for Hocuspocus (`acknowledges`).
    `missed` is None while the session follows; otherwise it is *behind*: it gets no increments until its outbox
    has drained, then one difference. `asked` is whether its answer to a SyncStep1 of ours is awaited after an edit that
    could not be taken. With a `fence` it may write some files only, and
    `may_write` is False. `user_json` is what others see as its awareness `user`. Once `ended` it is sent nothing.
    `is_full` is whether it was last told that the document takes no more.
    """

    __slots__ = (
        "_echo_due",
        "_refused",
        "_settled",
        "_uncounted",
        "acknowledges",
        "asked",
        "ended",
        "fence",
        "is_full",
        "is_guest",
        "live",
        "may_write",
        "member_id",
        "missed",
        "outbox",
        "prefix",
        "unseen",
        "user_json",
        "wants_echo",
    )

    def __init__(
        self,
        outbox: Outbox,
        *,
        member_id: str,
        user_json: bytes | None,
        may_write: bool = False,
        is_guest: bool = False,
        wants_echo: bool = False,
        prefix: bytes = b"",
    ) -> None:
        self.outbox = outbox
        self.member_id = member_id
        self.user_json = user_json
        self.may_write = may_write
        self.fence: Bounds | None = None
        self.is_guest = is_guest
        self.wants_echo = wants_echo
        self.prefix = prefix
        self.acknowledges = bool(prefix)
        self.live = False
        self.asked = False
        self.ended = False
        self.is_full = False
        self._echo_due = 0.0
        self._refused = 0
        self._uncounted: list[bool] | None = None
        self.missed: Missed | None = None
        self.unseen = 0
        self._settled: asyncio.Event | None = None

    def send(self, body: bytes) -> None:
        """A message for this session alone."""
        if not self.ended:
            self.outbox.put(self.prefix + body)

    def send_pieces(self, pieces: Sequence[Buffer]) -> None:
        """One message, as above, of which others get pieces too."""
        if not self.ended:
            self.outbox.put_pieces([self.prefix, *pieces] if self.prefix else pieces)

    def ask(self, state_vector: bytes, *, unexpected: bool) -> None:
        """Send a SyncStep1. A client counts the reply as an edit to be saved, unless the question is `unexpected`."""
        if self._uncounted is None:
            self._uncounted = []
        self._uncounted.append(unexpected)
        self.send(step1_body(state_vector))

    def reply_worth(self) -> int:
        """How many acknowledgements the client expects for the reply that has just come; replies come in order."""
        return 0 if self._uncounted and self._uncounted.pop(0) else 1

    def acknowledge(self, count: int = 1) -> None:
        """Tell a Hocuspocus client that edits of its are committed; y-websocket has no such message."""
        if self.acknowledges:
            for _ in range(count):
                self.send(SAVED_BODY)

    def refuse(self, count: int = 1) -> None:
        """Tell that an edit was not taken. The client goes on counting it as unsaved until a reply brings it again."""
        self._refused += count
        if self.acknowledges:
            self.send(REFUSED_BODY)

    def repay(self) -> int:
        """A reply was taken, and it holds all that was refused: so many acknowledgements are owed besides its own."""
        owed, self._refused = self._refused, 0
        return owed

    def may_think_it_is_alone(self) -> bool:
        """Whether its last echo is a while ago; asking counts as one."""
        now = monotonic()
        if now < self._echo_due:
            return False
        self._echo_due = now + ECHO_SECONDS
        return True

    @property
    def may_edit(self) -> bool:
        """All of the document, or some of its files."""
        return self.may_write or self.fence is not None

    def count_seen(self, updates: int) -> None:
        self.unseen -= updates
        if self._settled is not None and self.unseen < MAX_UNSEEN_UPDATES:
            self._settled.set()

    def settled(self) -> Awaitable[None] | None:
        """None, unless too much of its is on the way, in or out: then it should not be read until that has gone."""
        if self.unseen < MAX_UNSEEN_UPDATES and not self.outbox.is_crowded:
            return None
        return self._until_settled()

    async def _until_settled(self) -> None:
        """Wait while the session is too fast: flow control towards a fast sender."""
        await self.outbox.until_low()
        while self.unseen >= MAX_UNSEEN_UPDATES:
            self._settled = asyncio.Event()
            await self._settled.wait()
