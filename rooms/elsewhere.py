"""Who is in a room at other nodes: their awareness states in one document, as owners for `realtime.presence`."""

from realtime.errors import ProtocolViolation
from realtime.presence import Fact, Presence
from realtime.protocol import AwarenessState


class _Away:
    """Somebody's session at another node. The `user` in its states was put there by that node."""

    __slots__ = ("is_guest", "member_id", "user_json")

    def __init__(self, member_id: str, is_guest: bool) -> None:
        self.member_id = member_id
        self.is_guest = is_guest
        self.user_json = None


class Elsewhere:
    """Owned by a document of an open room, beside its `Presence`."""

    __slots__ = ("_owners", "_presence")

    def __init__(self, presence: Presence) -> None:
        self._presence = presence
        self._owners: dict[str, dict[int, _Away]] = {}

    def hear(self, node: str, states: list[Fact], *, are_all: bool) -> list[int]:
        """The client ids whose state is news here. With `are_all` whoever is not among them has left."""
        gone = self._left(node, {state[0] for state in states}) if are_all else []
        return gone + [
            client
            for client, clock, json, member_id, is_guest in states
            if self._hear_one(node, AwarenessState(client, clock, json), member_id, is_guest)
        ]

    def _left(self, node: str, here: set[int]) -> list[int]:
        owners = self._owners.get(node, {})
        return [client for one in owners.keys() - here for client in self._presence.leave(owners.pop(one))]

    def _hear_one(self, node: str, state: AwarenessState, member_id: str, is_guest: bool) -> bool:
        owners = self._owners.setdefault(node, {})
        owner = owners.get(state.client)
        if owner is None or owner.member_id != member_id:
            owner = owners[state.client] = _Away(member_id, is_guest)
        try:
            return bool(self._presence.announce(owner, [state]))
        except ProtocolViolation:  # of an older or newer version: nobody is hurt by not seeing it
            return False
        finally:
            if state.json == b"null":
                self._presence.leave(owners.pop(state.client))

    def gone(self, node: str) -> list[int]:
        """The client ids that vanish with a node."""
        owners = self._owners.pop(node, {})
        return [client for owner in owners.values() for client in self._presence.leave(owner)]

    def here(self) -> list[Fact]:
        """The states of the sessions at this node."""
        return self._presence.facts(
            [client for client, owner in self._presence.owners() if not isinstance(owner, _Away)]
        )
