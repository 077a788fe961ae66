"""What an open room says to the same room on other nodes, and hears from it.

Live traffic only: whatever is missed is made up for by comparing state vectors, and by the journal.
"""

import logging
from typing import Protocol

import msgspec

from realtime.fanout import Fanout, Subscription
from realtime.presence import Fact
from rooms.store import Member, RoomRecord

_log = logging.getLogger(__name__)


class _Said(msgspec.Struct, frozen=True, array_like=True, tag=True):
    pass


class Edits(_Said, frozen=True):
    """An update of a document that its node has shown, and committed if it says so; else with its author, if one."""

    document: str
    update: bytes
    is_saved: bool = True
    author: str = ""


class Ask(_Said, frozen=True):
    """What of a document is beyond this state vector?"""

    document: str
    state_vector: bytes


class Written(_Said, frozen=True):
    """Something that is too large to travel: the journal has it."""

    document: str


class Saved(_Said, frozen=True):
    """All edits that this node has told are committed."""

    document: str


class States(_Said, frozen=True):
    """What has changed among the awareness states of the sessions at this node; or all there are."""

    document: str
    states: list[Fact]
    are_all: bool = False


class Told(_Said, frozen=True):
    """An event of the room, as text for everybody in it."""

    text: str
    to_hosts: bool = False


class Renewed(_Said, frozen=True):
    """The room, or somebody in it, is different from now on; the register says so already."""

    record: RoomRecord | None
    member: Member | None


class Here(_Said, frozen=True):
    """The members with a live session at this node, all of them; `number` grows with each time that it says so."""

    members: list[Member]
    number: int = 0


class Letter(_Said, frozen=True):
    """From the room's correspondent at one node to the one at `to`; to all if that is empty."""

    to: str
    body: bytes


class Bye(_Said, frozen=True):
    """The room is closed at this node, and nobody is in it there."""


class Hello(_Said, frozen=True):
    """Who is there, and where? From a node that has just opened the room, or may have missed something."""


Said = Edits | Ask | Written | Saved | States | Told | Renewed | Here | Hello | Bye | Letter

_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder(Said).decode


class Listener(Protocol):
    """The room at this node."""

    def hear(self, node: str, said: Said) -> None: ...

    def compare(self) -> None:
        """Something may have been missed, in either direction."""


class Exchange:
    """Owned by its room, from before anything of it is loaded until it is closed."""

    __slots__ = ("_fanout", "_listener", "_room", "_subscription")

    def __init__(self, room: str, fanout: Fanout) -> None:
        self._room = room
        self._fanout = fanout
        self._listener: Listener | None = None
        self._subscription: Subscription | None = None

    async def open(self) -> None:
        """Hear what is said from now on; who loads afterwards misses nothing."""
        self._subscription = await self._fanout.subscribe(self._room, self._receive, self._compare)

    def attach(self, listener: Listener) -> None:
        """What came before is of no interest: whatever is loaded later asks for what is beyond it."""
        self._listener = listener

    def close(self) -> None:
        if self._subscription is not None:
            self._subscription.close()
        self._listener = self._subscription = None

    @property
    def node(self) -> str:
        return self._fanout.node

    @property
    def is_alone(self) -> bool:
        """Nobody would hear: nothing need be encoded."""
        return not self._fanout.nodes

    def is_gone(self, node: str) -> bool:
        """Whether it is certain enough that `node` is not there; see `Fanout.is_gone`."""
        return self._fanout.is_gone(node)

    @property
    def nodes(self) -> frozenset[str]:
        """The other nodes that are there."""
        return self._fanout.nodes

    def say(self, said: Said) -> bool:
        """A cut line loses it; then a gap follows at both ends. False if it was too large to travel."""
        if self.is_alone:
            return True
        payload = _encode(said)
        if len(payload) <= self._fanout.max_payload:
            self._fanout.publish(self._room, payload)
            return True
        if isinstance(said, Edits):
            self._fanout.publish(self._room, _encode(Written(said.document)))
        else:
            _log.warning("too large for the other nodes", extra={"room": self._room, "kind": type(said).__name__})
        return False

    def _receive(self, node: str, payload: bytes) -> None:
        if self._listener is not None:
            self._listener.hear(node, _decode(payload))

    def _compare(self) -> None:
        if self._listener is not None:
            self._listener.compare()
