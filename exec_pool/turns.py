"""Whose turn it is: jobs wait in rooms and, within a room, by user; rooms take turns, and users within a room. Pure.

The room that uses the least slots goes first; among equals the one that was served the longest ago. A room that
sends a thousand jobs delays its own, not those of the others.
"""

from collections import OrderedDict, deque

import msgspec

from exec_pool.errors import RunnerFull

FIRST_GUESS_SECONDS = 1.0
WEIGHT = 0.1


class Bounds(msgspec.Struct, frozen=True):
    """How many jobs may wait or run: in all, of one room, of one user in a room."""

    total: int = 1000
    room: int = 20
    user: int = 3


class Place(msgspec.Struct, frozen=True):
    """A place in the line: `position` counts from 1, `seconds` is a guess of the wait. Position 0: it has begun."""

    position: int
    seconds: float


class Entry(msgspec.Struct, frozen=True):
    """What waits. `slots` is how many programs it runs at the same time."""

    id: str
    room: str
    user: str
    slots: int = 1


class _Crowd:
    """The entries of one key (a room, or a user in it) that wait, and the slots that its others use."""

    def __init__(self) -> None:
        self.using = 0
        self.users: OrderedDict[str, deque[Entry]] = OrderedDict()
        self.users_using: dict[str, int] = {}

    def waiting(self) -> int:
        return sum(map(len, self.users.values()))

    def next_user(self) -> str:
        return min(self.users, key=lambda user: self.users_using.get(user, 0))


class Turns:
    """`join`, then `take` as slots are free, then `leave`. Every call is cheap in the number of entries."""

    def __init__(self, slots: int, bounds: Bounds) -> None:
        self._slots = slots
        self._bounds = bounds
        self._free = slots
        self._waiting: OrderedDict[str, _Crowd] = OrderedDict()
        self._entries: dict[str, Entry] = {}
        self._running: set[str] = set()
        self._seconds = FIRST_GUESS_SECONDS

    def join(self, entry: Entry, bounds: Bounds | None = None) -> None:
        """Stand in line. Raises RunnerFull with the seconds after which it may be tried again."""
        bounds = bounds or self._bounds
        mine = [other for other in self._entries.values() if other.room == entry.room]
        own = sum(other.user == entry.user for other in mine)
        if len(self._entries) >= self._bounds.total or len(mine) >= bounds.room or own >= bounds.user:
            raise RunnerFull(
                "Too many programs of yours wait already; try again in a moment.", self.retry_seconds(len(mine))
            )
        entry = msgspec.structs.replace(entry, slots=min(entry.slots, self._slots))
        crowd = self._waiting.setdefault(entry.room, _Crowd())
        crowd.users.setdefault(entry.user, deque()).append(entry)
        self._entries[entry.id] = entry

    def resize(self, slots: int) -> None:
        """So many slots there are from now on; what has begun goes on, though it may be more."""
        self._free += slots - self._slots
        self._slots = slots

    def take(self) -> Entry | None:
        """The entry that begins now, if one may. An entry that needs more slots than are free holds up all others,
        so that it gets them."""
        rooms = [room for room, crowd in self._waiting.items() if crowd.users]
        if not rooms:
            return None
        room = min(rooms, key=lambda room: self._waiting[room].using)
        crowd = self._waiting[room]
        user = crowd.next_user()
        entry = crowd.users[user][0]
        if min(entry.slots, self._slots) > self._free:
            return None
        crowd.users[user].popleft()
        self._use(entry, entry.slots)
        crowd.users.move_to_end(user)
        self._waiting.move_to_end(room)
        if not crowd.users[user]:
            del crowd.users[user]
        self._running.add(entry.id)
        return entry

    def leave(self, entry_id: str, seconds: float | None = None) -> None:
        """It has ended (after so many seconds), or waits no more. Harmless again."""
        entry = self._entries.pop(entry_id, None)
        if entry is None:
            return
        if entry_id in self._running:
            self._running.discard(entry_id)
            self._use(entry, -entry.slots)
            if seconds is not None:
                self._seconds += WEIGHT * (seconds - self._seconds)
        else:
            self._withdraw(entry)
        crowd = self._waiting[entry.room]
        if not crowd.users and not crowd.using:
            del self._waiting[entry.room]

    def place(self, entry_id: str) -> Place | None:
        """Where it stands; None when it is not here (any more)."""
        entry = self._entries.get(entry_id)
        if entry is None:
            return None
        if entry_id in self._running:
            return Place(0, 0.0)
        before = self._before(entry)
        return Place(before + 1, self.wait_seconds(before + 1))

    def wait_seconds(self, position: int) -> float:
        """A guess of the wait at this position, by what jobs took so far."""
        return round(position * self._seconds / self._slots, 1)

    def waiting(self) -> int:
        """How many wait."""
        return len(self._entries) - len(self._running)

    def running(self) -> int:
        """How many have begun."""
        return len(self._running)

    def _use(self, entry: Entry, slots: int) -> None:
        self._free -= slots
        crowd = self._waiting[entry.room]
        crowd.using += slots
        crowd.users_using[entry.user] = crowd.users_using.get(entry.user, 0) + slots
        if not crowd.users_using[entry.user]:
            del crowd.users_using[entry.user]

    def _withdraw(self, entry: Entry) -> None:
        crowd = self._waiting[entry.room]
        crowd.users[entry.user].remove(entry)
        if not crowd.users[entry.user]:
            del crowd.users[entry.user]

    def _before(self, entry: Entry) -> int:
        """How many begin before it, if rooms and users simply take turns from now on."""
        crowd = self._waiting[entry.room]
        own = crowd.users[entry.user].index(entry)
        rank = _rank({user: len(queue) for user, queue in crowd.users.items()}, entry.user, own)
        return _rank({room: crowd.waiting() for room, crowd in self._waiting.items()}, entry.room, rank)

    def retry_seconds(self, mine: int) -> float:
        """When to try again for who has so many in the line: as long as those take, by what jobs took so far."""
        return max(1.0, round(self._seconds * max(1, mine) / self._slots))


def _rank(lengths: dict[str, int], mine: str, own: int) -> int:
    """In a round robin over queues of these lengths, in this order: how many are served before number `own` of
    mine."""
    before, passed = own, False
    for name, length in lengths.items():
        if name == mine:
            passed = True
        else:
            before += min(length, own if passed else own + 1)
    return before
