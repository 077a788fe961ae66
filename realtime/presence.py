"""Who is where in one document: the awareness states of its sessions, and nothing of the server's own.

Follows y-protocols' awareness rules (a state wins by a higher clock; `null` removes), with three of ours: a session may
only announce client ids that are its own, the `user` field comes from the session, and a client that returns before
its clock moved on is lifted over the clock under which it was removed, so that nobody waits for its next renewal.
"""

from collections.abc import Iterable
from typing import Protocol

import msgspec

from realtime.errors import ProtocolViolation
from realtime.protocol import AwarenessState

MAX_STATE_BYTES = 16_384
MAX_IDS_PER_OWNER = 8
_GONE = b"null"
_RAW_STATE = msgspec.json.Decoder(dict[str, msgspec.Raw])


class Owner(Protocol):
    """What presence needs to know of a session."""

    @property
    def member_id(self) -> str: ...
    @property
    def is_guest(self) -> bool: ...
    @property
    def user_json(self) -> bytes | None: ...


class _Known:
    __slots__ = ("clock", "json", "lift", "member_id", "owner")

    def __init__(self, owner: Owner, clock: int, lift: int, json: bytes) -> None:
        self.owner: Owner | None = owner
        self.member_id = owner.member_id
        self.clock = clock
        self.lift = lift
        self.json = json


class Presence:
    """The states of one open document; dies with it."""

    __slots__ = ("_known",)

    def __init__(self) -> None:
        self._known: dict[int, _Known] = {}

    def announce(self, owner: Owner, states: list[AwarenessState]) -> list[int]:
        """Take what a session says; the client ids to broadcast. Ids of others are ignored: clients repeat them.

        Raises ProtocolViolation on bad JSON, an oversized state or too many ids.
        """
        return [state.client for state in states if self._announce_one(owner, state)]

    def _announce_one(self, owner: Owner, state: AwarenessState) -> bool:
        client, clock, json = state
        known = self._known.get(client)
        if json == _GONE:
            return self._withdraw(owner, known, clock)
        if known is None:
            if clock == 0 or self._owned(owner) >= MAX_IDS_PER_OWNER:
                return self._refuse(owner, clock)
            self._known[client] = _Known(owner, clock, 0, _with_user(json, owner))
            return True
        lift = known.lift
        if known.owner is not owner:
            if not _may_take_over(known, owner, clock):
                return False
            if clock + lift <= known.clock:
                lift = known.clock + 1 - clock
        elif clock + lift <= known.clock:
            return False
        known.owner, known.member_id, known.lift = owner, owner.member_id, lift
        known.clock, known.json = clock + lift, _with_user(json, owner)
        return True

    def _refuse(self, owner: Owner, clock: int) -> bool:
        if clock and self._owned(owner) >= MAX_IDS_PER_OWNER:
            raise ProtocolViolation("too many awareness ids")
        return False

    def _withdraw(self, owner: Owner, known: _Known | None, clock: int) -> bool:
        if known is None or known.owner is not owner or clock + known.lift < known.clock:
            return False
        known.owner, known.clock, known.json = None, clock + known.lift, _GONE
        return True

    def _owned(self, owner: Owner) -> int:
        return sum(known.owner is owner for known in self._known.values())

    def leave(self, owner: Owner) -> list[int]:
        """Remove exactly what this session announced; the ids to broadcast."""
        gone = [client for client, known in self._known.items() if known.owner is owner]
        for client in gone:
            self._known[client].owner, self._known[client].json = None, _GONE
        return gone

    def everybody(self) -> list[AwarenessState]:
        """The states of all who are here, for somebody who joins."""
        return [
            AwarenessState(client, known.clock, known.json)
            for client, known in self._known.items()
            if known.owner is not None
        ]

    def states(self, clients: Iterable[int]) -> list[AwarenessState]:
        known = [(client, self._known.get(client)) for client in clients]
        return [AwarenessState(client, state.clock, state.json) for client, state in known if state is not None]

    def forget_gone(self) -> None:
        """Drop what is only kept to recognise who returns; when a document has no audience nobody needs it."""
        self._known = {client: known for client, known in self._known.items() if known.owner is not None}

    def __len__(self) -> int:
        return sum(known.owner is not None for known in self._known.values())


def _may_take_over(known: _Known, owner: Owner, clock: int) -> bool:
    """A member may return on a new socket; of a guest only a newer clock proves that it is the same client."""
    if owner.is_guest:
        return clock + known.lift > known.clock
    return known.member_id == owner.member_id


def _with_user(json: bytes, owner: Owner) -> bytes:
    if len(json) > MAX_STATE_BYTES:
        raise ProtocolViolation("awareness state too large")
    try:
        state = _RAW_STATE.decode(json)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise ProtocolViolation("awareness state is no JSON object") from error
    if owner.user_json is None:
        return json
    state["user"] = msgspec.Raw(owner.user_json)
    return msgspec.json.encode(state)
