"""A terminal whose run goes on at another node, and those of this node that others look at."""

import asyncio
from collections.abc import Callable

import msgspec

from api.active_run import ActiveRun, Watch
from api.relay import Piece, Relay

GATHER_SECONDS = 0.02
MOST_GATHERED = 65_536
LEFT_OUT = "\r\n[some output was left out]\r\n"


class Seen(msgspec.Struct, frozen=True):
    """What a terminal shows when somebody at another node begins to look; `end` as in `Piece`."""

    in_terminal: bool
    screen: str
    end: int


class Order(msgspec.Struct, frozen=True):
    """What a member wants of a run."""

    member: str = ""
    text: str = ""
    rows: int = 0
    columns: int = 0


class AwayTerminal:
    """Somebody here holds it, for as long as their socket lives: `open` first, `close` last."""

    def __init__(self, relay: Relay, node: str, run: str) -> None:
        self.in_terminal = False
        self.screen = ""
        self.over = False
        self.watchers: set[Watch] = set()
        self._relay = relay
        self._node = node
        self._run = run
        self._end = 0
        self._early: list[Piece] | None = []

    async def open(self) -> None:
        """Raises ApiError when the other node refuses."""
        self._relay.pieces.setdefault(self._run, set()).add(self._take)
        try:
            seen = msgspec.msgpack.decode(await self._relay.call(self._node, self._run, "watch"), type=Seen)
        except BaseException:
            self.close()
            raise
        self.in_terminal, self.screen, self._end = seen.in_terminal, seen.screen, seen.end
        early, self._early = self._early or [], None
        for piece in early:
            self._take(piece)

    def close(self) -> None:
        takers = self._relay.pieces.get(self._run, set())
        takers.discard(self._take)
        if not takers:
            self._relay.pieces.pop(self._run, None)
            self._relay.cast(self._node, self._run, "unwatch")

    def _take(self, piece: Piece | None) -> None:
        if piece is None or piece.text is None:
            self.over = True
            self._show(None)
        elif self._early is not None:
            self._early.append(piece)
        elif piece.end > self._end:
            text = piece.text[-(piece.end - self._end) :]
            self._end = piece.end
            if not self.watchers:
                self.screen += text
            self._show(text)

    def _show(self, text: str | None) -> None:
        for watch in list(self.watchers):
            watch(text)

    def write(self, data: bytes) -> None:
        """What is typed too fast, or after the end, is lost."""
        order = Order(text=data.decode(errors="replace"))
        self._relay.cast(self._node, self._run, "type", msgspec.msgpack.encode(order))

    def resize(self, rows: int, columns: int) -> None:
        order = Order(rows=rows, columns=columns)
        self._relay.cast(self._node, self._run, "resize", msgspec.msgpack.encode(order))


class Onlooker:
    """A node that looks at a terminal of this one: gets what is shown in pieces of a readable size, or a gap."""

    def __init__(self, active: ActiveRun, show: Callable[[Piece], None]) -> None:
        self._active = active
        self._show = show
        self._text = ""
        self._timer: asyncio.TimerHandle | None = None
        active.watchers.add(self.take)

    def take(self, text: str | None) -> None:
        if text is None:
            self.flush()
            self._show(Piece(self._active.id, self._active.shown, None))
            return
        if len(self._text) + len(text) > MOST_GATHERED:
            self._text = LEFT_OUT
        self._text += text[-MOST_GATHERED:]
        if self._timer is None:
            self._timer = asyncio.get_running_loop().call_later(GATHER_SECONDS, self.flush)

    def flush(self) -> None:
        """Send what has gathered."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        text, self._text = self._text, ""
        if text:
            self._show(Piece(self._active.id, self._active.shown, text))

    def close(self) -> None:
        self.flush()
        self._active.watchers.discard(self.take)
