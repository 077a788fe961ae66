"""One member's live attachment to one document, over a socket of its own or a shared one."""

import asyncio

from realtime.outbox import Outbox
from realtime.protocol import REFUSED_BODY, SAVED_BODY

MAX_UNSEEN_UPDATES = 512
"""Edits of one session that nobody was shown yet; past it the session is not read until they were."""


class Session:
    """Owned by its connection, known to the room's document; ends exactly once, by `SharedDocument.leave`.

    `prefix` goes before every body: empty for y-websocket, the encoded address for Hocuspocus (`acknowledges`).
    `missed` is None while the session follows; otherwise it is *behind*: it gets no increments until its outbox
    has drained, then one difference. `asked` is whether its answer to a SyncStep1 of ours is awaited after an edit that
    could not be taken. `user_json` is what others see as its awareness `user`.
    """

    __slots__ = (
        "_settled",
        "acknowledges",
        "asked",
        "has_left",
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
        may_write: bool,
        is_guest: bool = False,
        wants_echo: bool = False,
        prefix: bytes = b"",
    ) -> None:
        self.outbox = outbox
        self.member_id = member_id
        self.user_json = user_json
        self.may_write = may_write
        self.is_guest = is_guest
        self.wants_echo = wants_echo
        self.prefix = prefix
        self.acknowledges = bool(prefix)
        self.live = False
        self.has_left = False
        self.asked = False
        self.missed: tuple[bytes, list[bytes]] | None = None
        self.unseen = 0
        self._settled = asyncio.Event()

    def send(self, body: bytes) -> None:
        """A message for this session alone."""
        self.outbox.put(self.prefix + body)

    def acknowledge(self, saved: bool) -> None:
        """Tell a Hocuspocus client that its edit is committed (or was refused); y-websocket has no such message."""
        if self.acknowledges:
            self.send(SAVED_BODY if saved else REFUSED_BODY)

    def count_unseen(self, updates: int = 1) -> None:
        self.unseen += updates

    def count_seen(self, updates: int) -> None:
        self.unseen -= updates
        if self.unseen < MAX_UNSEEN_UPDATES:
            self._settled.set()

    def is_too_fast(self) -> bool:
        """Too much of this session's is on its way, in or out: it should not be read until that has gone."""
        return self.unseen >= MAX_UNSEEN_UPDATES or self.outbox.is_crowded

    async def settled(self) -> None:
        """Wait while the session is too fast: flow control towards a fast sender."""
        await self.outbox.until_low()
        while self.unseen >= MAX_UNSEEN_UPDATES:
            self._settled.clear()
            await self._settled.wait()
