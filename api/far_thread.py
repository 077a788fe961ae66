"""A talk between two ends over a fan-out that may lose letters: everything arrives, once and in order, or not at all.

What was said is kept until the other end has heard it, and said again when something is missing or nothing is heard.
"""

import asyncio
from collections import deque
from collections.abc import Callable

import msgspec

AGAIN_SECONDS = 1.0
"""What is not known to be heard for so long is said again."""
HEARD_SECONDS = 0.01
WINDOW_BYTES = 2**19
"""Said and not heard yet; the rest waits."""
LETTER_BYTES = 2**17
OVERHEAD_BYTES = 256
MOST_BYTES = 2**26
OVER = -1
TAKEN_OVER = -2
"""Somebody else has what the talk was about."""


class Letter(msgspec.Struct, frozen=True, array_like=True):
    """One letter of a thread. `number` 0: it only says that all up to `heard` have come, and with `again` that the
    next is missing; OVER and TAKEN_OVER: the talk is. With `more` its message goes on in the next letter."""

    thread: str
    to_worker: bool
    number: int
    heard: int
    again: bool = False
    more: bool = False
    body: bytes = b""


def void(thread: str, number: int, *, to_worker: bool) -> bytes:
    """Tells an end that nobody listens to it any more: it is OVER or TAKEN_OVER."""
    return encode(Letter(thread, to_worker, number, 0))


encode = msgspec.msgpack.Encoder().encode
read = msgspec.msgpack.Decoder(Letter).decode


class Thread:
    """One end. `send` takes an encoded letter, or loses it; `hear` gets each message of the other end, None when that
    wants to hear no more.

    Owned by whoever made it, until `close`.
    """

    def __init__(
        self,
        name: str,
        send: Callable[[bytes], object],
        hear: Callable[[bytes | None], None],
        *,
        to_worker: bool,
        most: int,
        again_seconds: float = AGAIN_SECONDS,
    ) -> None:
        self.name = name
        self._send = send
        self._hear = hear
        self._to_worker = to_worker
        self._again_seconds = again_seconds
        self._most = min(LETTER_BYTES, most) - OVERHEAD_BYTES
        self._next = 1
        self._waiting: deque[Letter] = deque()
        self._unheard: deque[Letter] = deque()
        self._unheard_bytes = 0
        self._heard = 0
        self._asked = 0
        self._parts: list[bytes] = []
        self._again: asyncio.TimerHandle | None = None
        self._telling: asyncio.TimerHandle | None = None
        self._all_heard = asyncio.Event()
        self._all_heard.set()
        self.closed = False
        self.is_taken_over = False

    def say(self, message: bytes) -> None:
        """Say it; after `close` nothing happens."""
        if self.closed:
            return
        self._all_heard.clear()
        for start in range(0, max(1, len(message)), self._most):
            more = start + self._most < len(message)
            part = message[start : start + self._most]
            self._waiting.append(Letter(self.name, self._to_worker, self._next, 0, more=more, body=part))
            self._next += 1
        self._pump()

    async def until_heard(self) -> None:
        """Until the other end has all that was said, or this one is closed."""
        await self._all_heard.wait()

    def take(self, letter: Letter) -> None:
        """A letter of the other end has come."""
        if self.closed:
            return
        if letter.number < 0:
            self.is_taken_over = letter.number == TAKEN_OVER
            self.close()
            self._hear(None)
            return
        self._forget(letter.heard)
        if letter.again:
            self.repeat()
        if letter.number:
            self._receive(letter)
        self._pump()

    def repeat(self) -> None:
        """Something may be missing: say again what is not heard."""
        self._cancel_again()
        for letter in self._unheard:
            self._post(letter)
        self._set_again()

    def close(self) -> None:
        """Say and hear nothing more."""
        self.closed = True
        self._all_heard.set()
        for timer in (self._again, self._telling):
            if timer is not None:
                timer.cancel()

    def _receive(self, letter: Letter) -> None:
        if letter.number == self._heard + 1:
            self._heard += 1
            self._parts.append(letter.body)
            if sum(map(len, self._parts)) > MOST_BYTES:
                raise ValueError("a message that is too long")
            self._tell_soon()
            if not letter.more:
                message, self._parts = b"".join(self._parts), []
                self._hear(message)
        elif letter.number <= self._heard or self._asked != self._heard + 1:
            again = letter.number > self._heard
            self._asked = self._heard + 1 if again else self._asked
            self._send(encode(Letter(self.name, self._to_worker, 0, self._heard, again)))

    def _forget(self, heard: int) -> None:
        while self._unheard and self._unheard[0].number <= heard:
            self._unheard_bytes -= len(self._unheard.popleft().body)
            self._cancel_again()
        if not self._unheard and not self._waiting:
            self._all_heard.set()

    def _pump(self) -> None:
        while self._waiting and not self.closed and self._unheard_bytes < WINDOW_BYTES:
            letter = self._waiting.popleft()
            self._unheard.append(letter)
            self._unheard_bytes += len(letter.body)
            self._post(letter)
        self._set_again()

    def _post(self, letter: Letter) -> None:
        if self._telling is not None:
            self._telling.cancel()
            self._telling = None
        self._send(encode(msgspec.structs.replace(letter, heard=self._heard)))

    def _cancel_again(self) -> None:
        if self._again is not None:
            self._again.cancel()
            self._again = None

    def _set_again(self) -> None:
        """Only what is heard puts it off: an end that talks without hearing is told again all the same."""
        if self._again is None and self._unheard and not self.closed:
            self._again = asyncio.get_running_loop().call_later(self._again_seconds, self._say_again)

    def _say_again(self) -> None:
        self._again = None
        self._asked = 0
        self.repeat()

    def _tell_soon(self) -> None:
        if self._telling is None and not self.closed:
            self._telling = asyncio.get_running_loop().call_later(HEARD_SECONDS, self._tell)

    def _tell(self) -> None:
        self._telling = None
        self._send(encode(Letter(self.name, self._to_worker, 0, self._heard)))
