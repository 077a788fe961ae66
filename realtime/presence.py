"""Who is where in one document: the awareness states of its sessions, and nothing of the server's own.

Follows y-protocols' awareness rules (a state wins by a higher clock; `null` removes), with three of ours: a session may
only announce client ids that are its own, the `user` field comes from the session, and a client that returns before
its clock moved on is lifted over the clock under which it was removed, so that nobody waits for its next renewal.
"""

from collections.abc import Iterable, Iterator
from typing import Protocol

import msgspec

from realtime.errors import ProtocolViolation
from realtime.protocol import AwarenessState

MAX_STATE_BYTES = 16_384
MAX_IDS_PER_OWNER = 8
MAX_CLOCK = 2**32
"""Far above what renewals reach; JavaScript peers cannot read clocks above 2^53 - 1, and ours may be lifted."""
MAX_GONE = 4096
"""Clients that left and are remembered, in case they return; the oldest are forgotten."""
_GONE = b"null"
_RAW_STATE = msgspec.json.Decoder(dict[str, msgspec.Raw])


Fact = tuple[int, int, bytes, str, bool]
"""Client id, clock, JSON, member id, whether a guest."""


class Owner(Protocol):
    """What presence needs to know of a session."""

    @property
    def member_id(self) -> str: ...
    @property
    def is_guest(self) -> bool: ...
    @property
    def user_json(self) -> bytes | None: ...


class _Known:
    __slots__ = ("clock", "is_guest", "json", "lift", "member_id", "owner")

    def __init__(self, owner: Owner, clock: int, lift: int, json: bytes) -> None:
        self.owner: Owner | None = owner
        self.member_id = owner.member_id
        self.is_guest = owner.is_guest
        self.clock = clock
        self.lift = lift
        self.json = json


class Presence:
    """The states of one open document; dies with it."""

    __slots__ = ("_gone", "_known", "_owned")

    def __init__(self) -> None:
        self._known: dict[int, _Known] = {}
        self._gone: dict[int, None] = {}
        self._owned: dict[Owner, int] = {}

    def announce(self, owner: Owner, states: list[AwarenessState]) -> list[int]:
        """Take what a session says; the client ids to broadcast. Ids of others are ignored: clients repeat them.

        Raises ProtocolViolation on bad JSON, an oversized state or too many ids.
        """
        if len(states) == 1:  # nearly always a newer state of a client that is this session's already
            state = states[0]
            known = self._known.get(state.client)
            is_newer = known is not None and known.owner is owner and known.clock < state.clock <= MAX_CLOCK
            if known is not None and is_newer and state.json != _GONE:
                known.json = _with_user(state.json, owner)
                known.clock, known.lift = state.clock, 0
                return [state.client]
        is_first = owner not in self._owned
        self._owned.setdefault(owner, 0)
        return [state.client for state in states if self._announce_one(owner, state, is_first)]

    def _announce_one(self, owner: Owner, state: AwarenessState, is_first: bool) -> bool:
        client, clock, json = state.client, state.clock, state.json
        if clock > MAX_CLOCK:
            raise ProtocolViolation("awareness clock out of range")
        known = self._known.get(client)
        if json == _GONE:
            return self._withdraw(owner, client, known, clock)
        if known is None:
            if clock == 0:
                return False
            self._own(owner, client, None)
            self._known[client] = _Known(owner, clock, 0, _with_user(json, owner))
            return True
        if known.owner is not owner:
            if not _may_take_over(known, owner, clock, is_first):
                return False
            self._own(owner, client, known.owner)
        return _renew(known, owner, clock, _with_user(json, owner))

    def _own(self, owner: Owner, client: int, before: Owner | None) -> None:
        if self._owned[owner] >= MAX_IDS_PER_OWNER:
            raise ProtocolViolation("too many awareness ids")
        self._owned[owner] += 1
        self._gone.pop(client, None)
        if before is not None:
            self._owned[before] -= 1

    def _withdraw(self, owner: Owner, client: int, known: _Known | None, clock: int) -> bool:
        if known is None or known.owner is not owner or clock + known.lift < known.clock:
            return False
        self._owned[owner] -= 1
        known.clock = clock + known.lift
        self._put_away(client, known)
        return True

    def _put_away(self, client: int, known: _Known) -> None:
        known.owner, known.json = None, _GONE
        self._gone[client] = None
        if len(self._gone) > MAX_GONE:
            oldest = next(iter(self._gone))
            del self._gone[oldest], self._known[oldest]

    def leave(self, owner: Owner) -> list[int]:
        """Remove exactly what this session announced; the ids to broadcast."""
        gone = [client for client, known in self._known.items() if known.owner is owner]
        self._owned.pop(owner, None)
        for client in gone:
            self._put_away(client, self._known[client])
        return gone

    def everybody(self) -> list[AwarenessState]:
        """The states of all who are here, for somebody who joins."""
        return [
            AwarenessState(client, known.clock, known.json)
            for client, known in self._known.items()
            if known.owner is not None
        ]

    def states(self, clients: Iterable[int]) -> list[AwarenessState]:
        known = self._known
        return [AwarenessState(one, known[one].clock, known[one].json) for one in clients if one in known]

    def owners(self) -> Iterator[tuple[int, Owner]]:
        """Client id and session of each state that is here."""
        return ((client, known.owner) for client, known in self._known.items() if known.owner is not None)

    def facts(self, clients: Iterable[int]) -> "list[Fact]":
        """What another node needs to know of these clients, of those that are gone too."""
        known = [(client, self._known.get(client)) for client in clients]
        return [(client, one.clock, one.json, one.member_id, one.is_guest) for client, one in known if one is not None]

    def forget_gone(self) -> None:
        """Drop what is only kept to recognise who returns; when a document has no audience nobody needs it."""
        self._known = {client: known for client, known in self._known.items() if known.owner is not None}
        self._gone.clear()

    def __len__(self) -> int:
        return sum(known.owner is not None for known in self._known.values())


def _may_take_over(known: _Known, owner: Owner, clock: int, is_first: bool) -> bool:
    """Is `owner` the same client on a new socket?

    Repeating what others say never yields a newer clock than ours. Of a member, the first words on a socket count too:
    with them a client speaks of itself; later it repeats, also what the member's other windows say.
    """
    may_be_the_same = known.is_guest if owner.is_guest else known.member_id == owner.member_id
    return may_be_the_same and (clock > known.clock or (is_first and not owner.is_guest))


def _renew(known: _Known, owner: Owner, clock: int, json: bytes) -> bool:
    """Take a state under a clock above all that others heard, and tell whether it is news.

    A client that was lifted hears its own state under the lifted clock, goes on from there and may repeat it first.
    """
    is_own = known.owner is owner
    if clock > known.clock:
        known.lift = 0
    elif clock + known.lift <= known.clock:
        if is_own:
            return False
        known.lift = known.clock + 1 - clock
    elif is_own and clock == known.clock and _same(json, known.json):
        known.lift = 0
        return False
    known.owner, known.member_id, known.is_guest = owner, owner.member_id, owner.is_guest
    known.clock, known.json = clock + known.lift, json
    return True


def _same(json: bytes, other: bytes) -> bool:
    """By value: a client that repeats a state writes it its own way."""
    return json == other or bool(msgspec.json.decode(json) == msgspec.json.decode(other))


def _with_user(json: bytes, owner: Owner) -> bytes:
    if len(json) > MAX_STATE_BYTES:
        raise ProtocolViolation("awareness state too large")
    try:
        state = _RAW_STATE.decode(json.decode())
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise ProtocolViolation("awareness state is no JSON object") from error
    if owner.user_json is None:
        return json
    state["user"] = msgspec.Raw(owner.user_json)
    return msgspec.json.encode(state)
