"""What is asked of another node about the runs and submissions that go on there, and what it answers; per room."""

import asyncio
import logging
from collections.abc import Callable
from contextlib import suppress
from typing import Protocol

import msgspec

from api.errors import ApiError, error_status, told
from rooms.exchange import Letter
from rooms.room import Room

_log = logging.getLogger(__name__)

HEAR_SECONDS = 1.0
"""So long after a room was opened, or a line cut, a node may not have told yet what goes on there."""
ANSWER_SECONDS = 3.0
MOST_CALLS = 1000


class _Written(msgspec.Struct, frozen=True, array_like=True, tag=True):
    pass


class Going(_Written, frozen=True):
    """The runs and submissions that go on at this node in the room, all of them."""

    subjects: list[str]


class Call(_Written, frozen=True):
    """Do something with one of them. An answer comes if there is a number."""

    number: int
    subject: str
    verb: str
    body: bytes


class Answer(_Written, frozen=True):
    number: int
    body: bytes


class Refusal(_Written, frozen=True):
    number: int
    status: int
    code: str
    message: str


class Piece(_Written, frozen=True):
    """What a terminal shows; `end` counts its characters from the beginning. Without text it is over."""

    subject: str
    end: int
    text: str | None


_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder(Going | Call | Answer | Refusal | Piece).decode


class Office(Protocol):
    """What this node does for the others."""

    def subjects(self, room: str) -> list[str]:
        """What goes on here, in one room."""

    async def perform(self, node: str, room: str, call: Call) -> bytes:
        """Raises errors of the known kinds, which the caller gets."""

    def node_gone(self, room: Room, node: str) -> None: ...

    def introduced(self, room: Room) -> None:
        """Another node has come back, or this one: it may have been taken for dead."""


OnPiece = Callable[[Piece | None], None]


class Relay:
    """The room's correspondent at this node. Most rooms have nothing to say, and there are many."""

    __slots__ = ("_calls", "_going", "_heard", "_last_call", "_office", "_room", "_tasks", "_unsure_until", "pieces")

    def __init__(self, room: Room, office: Office) -> None:
        self._room = room
        self._office = office
        self._going: dict[str, frozenset[str]] = {}
        self._heard: asyncio.Event | None = None
        self._last_call = 0
        self._calls: dict[int, tuple[str, asyncio.Future[bytes]]] = {}
        self._tasks: dict[asyncio.Task[None], None] = {}
        self._unsure_until = self._later()
        self.pieces: dict[str, set[OnPiece]] = {}

    def _later(self) -> float:
        return asyncio.get_running_loop().time() + HEAR_SECONDS

    # What goes on

    def tell(self) -> None:
        """Something has begun or ended here."""
        self._write(Going(self._office.subjects(self._room.id)))

    @property
    def away(self) -> frozenset[str]:
        """What goes on at the other nodes."""
        return frozenset().union(*self._going.values())

    def introduce(self) -> None:
        self._unsure_until = self._later()
        self.tell()
        self._office.introduced(self._room)

    def node_gone(self, node: str) -> None:
        for subject in self._going.pop(node, frozenset()):
            self._hand_piece(subject, None)
        for asked, future in self._calls.values():
            if asked == node and not future.done():
                future.set_exception(ApiError(503, "node_gone", "the node that did this is gone"))
        self._office.node_gone(self._room, node)

    def close(self) -> None:
        for task in self._tasks:
            task.cancel()
        for subject in list(self.pieces):
            self._hand_piece(subject, None)

    async def holder(self, subject: str) -> str | None:
        """The node at which it goes on; None if it is over, or never was."""
        with suppress(TimeoutError):
            async with asyncio.timeout_at(self._unsure_until):
                while self._find(subject) is None and not self._room.exchange.is_alone:
                    self._heard = self._heard or asyncio.Event()
                    self._heard.clear()
                    await self._heard.wait()
        return self._find(subject)

    def _find(self, subject: str) -> str | None:
        return next((node for node, subjects in self._going.items() if subject in subjects), None)

    # Asking

    async def call(self, node: str, subject: str, verb: str, body: bytes = b"") -> bytes:
        """Raises ApiError: what the other node refused, or that it does not answer."""
        if len(self._calls) >= MOST_CALLS:
            raise ApiError(429, "too_many_requests", "too many wait for an answer of another node")
        number = self._last_call = self._last_call + 1
        future: asyncio.Future[bytes] = asyncio.get_running_loop().create_future()
        self._calls[number] = node, future
        self._write(Call(number, subject, verb, body), node)
        try:
            async with asyncio.timeout(ANSWER_SECONDS):
                return await future
        except TimeoutError:
            raise ApiError(503, "node_silent", "the node that does this does not answer; try again") from None
        finally:
            del self._calls[number]

    def cast(self, node: str, subject: str, verb: str, body: bytes = b"") -> None:
        """As `call`, and nobody waits for an answer."""
        self._write(Call(0, subject, verb, body), node)

    def show(self, node: str, piece: Piece) -> None:
        """Send it to a node that watches."""
        self._write(piece, node)

    def _write(self, written: _Written, node: str = "") -> None:
        if not self._room.exchange.is_alone:
            self._room.exchange.say(Letter(node, _encode(written)))

    # Hearing

    def hear(self, node: str, body: bytes) -> None:
        match _decode(body):
            case Going(subjects):
                self._hear_going(node, frozenset(subjects))
            case Call() as call:
                self._begin(node, call)
            case Answer(number, answer):
                self._settle(node, number, lambda future: future.set_result(answer))
            case Refusal(number, status, code, message):
                error = ApiError(status, code, message)
                self._settle(node, number, lambda future: future.set_exception(error))
            case Piece() as piece:
                self._hand_piece(piece.subject, piece)

    def _hear_going(self, node: str, subjects: frozenset[str]) -> None:
        over = self._going.get(node, frozenset()) - subjects
        self._going[node] = subjects
        if self._heard is not None:
            self._heard.set()
        for subject in over:
            self._hand_piece(subject, None)

    def _hand_piece(self, subject: str, piece: Piece | None) -> None:
        for take in list(self.pieces.get(subject, ())):
            take(piece)

    def _settle(self, node: str, number: int, how: Callable[["asyncio.Future[bytes]"], None]) -> None:
        asked, future = self._calls.get(number, ("", None))
        if future is not None and asked == node and not future.done():
            how(future)

    def _begin(self, node: str, call: Call) -> None:
        """Calls of one node are begun in their order; an office that does not wait also ends them in it."""
        task = asyncio.get_running_loop().create_task(self._perform(node, call), name="relay-call")
        self._tasks[task] = None
        task.add_done_callback(self._tasks.pop)

    async def _perform(self, node: str, call: Call) -> None:
        try:
            answer: _Written = Answer(call.number, await self._office.perform(node, self._room.id, call))
        except Exception as error:
            status, code, _ = error_status(error)
            if status == 500:
                _log.error("another node's call failed", exc_info=error)
            answer = Refusal(call.number, status, code, told(error) if status != 500 else "The server made a mistake.")
        if call.number:
            self._write(answer, node)
