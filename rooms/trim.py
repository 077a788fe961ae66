"""What of a room's history may be forgotten on purpose: never what loading needs."""

from typing import Protocol


class TrimStore(Protocol):
    """A store whose history an operator may shorten, also while servers use it."""

    async def trim(self, before: int, room: str | None = None) -> int:
        """Forget what happened before that time (Unix milliseconds), in one room or in all; how many entries.

        Edits go only once a snapshot contains them; whose a CRDT client is stays, and a room's last entry. Room by
        room, so that nobody waits long. Raises StoreUnavailable, RoomNotFound.
        """


def forgettable(before: str, room: str) -> str:
    """The condition on `entries` in SQL that both stores understand, given its two parameters' names."""
    return (
        f"entries.room = {room} AND time < {before}"
        f" AND seq < (SELECT max(newest.seq) FROM entries AS newest WHERE newest.room = {room})"
        " AND (channel IN ('chat', 'run', 'room') OR (channel = 'report' AND kind NOT LIKE 'problem%')"
        " OR (kind = 'update' AND seq <= coalesce((SELECT snapshots.seq"
        f" FROM snapshots WHERE snapshots.room = {room} AND document = channel), 0)))"
    )
