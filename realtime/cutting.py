"""Cutting a whole document into parts to be applied one after the other. It takes a while: for a process beside."""

import math

from realtime.errors import BadUpdate
from realtime.lib0 import Reader
from realtime.snapshot import Deletions, Part
from realtime.update import HAS_ORIGIN, HAS_RIGHT_ORIGIN, LongWalk, read_struct

PART_STRUCTS = 1000
PART_BYTES = 256 * 1024


class StructWalk(LongWalk):
    """Over what was checked before, struct by struct (`read_struct`): `ids` are the items that they name."""

    __slots__ = ("ids",)

    def __init__(self, data: bytes, pos: int = 0) -> None:
        super().__init__(data, pos)
        self.ids: list[tuple[int, int]] = []

    def id(self) -> tuple[int, int]:
        found = self.uint(), self.uint()
        self.ids.append(found)
        return found

    def neighbours(self, info: int) -> None:
        if info & HAS_ORIGIN:
            self.id()
        if info & HAS_RIGHT_ORIGIN:
            self.id()


def cut(update: bytes) -> list[Part]:
    """The parts of a whole document's update, in the order to apply them in.

    A long string stays in one piece: the library would put pieces together again, and copy all of it for each.
    Raises BadUpdate for what is not whole.
    """
    return _Cutter(update).cut()


class _Client:
    """How far the structs of one client are out: the next clock, its place in the update, how many are left."""

    __slots__ = ("clock", "left", "pos")

    def __init__(self, left: int, pos: int) -> None:
        self.clock = 0
        self.left = left
        self.pos = pos


class _Run:
    """Of the part that is being filled."""

    __slots__ = ("clock", "count", "end", "start")

    def __init__(self, clock: int, start: int) -> None:
        self.clock = clock
        self.count = 0
        self.start = self.end = start


class _Cutter:
    def __init__(self, update: bytes) -> None:
        self._walk = StructWalk(update)
        self._clients: dict[int, _Client] = {}
        self._parts: list[Part] = []
        self._open: dict[int, _Run] = {}
        self._structs = self._bytes = 0

    def cut(self) -> list[Part]:
        self._find_clients()
        deletions = self._walk.pos
        for client in self._clients:
            self._emit_all(client)
        self._close_part()
        return self._parts + self._deletions(deletions)

    def _find_clients(self) -> None:
        walk = self._walk
        for _ in range(walk.uint()):
            count, client, clock = walk.uint(), walk.uint(), walk.uint()
            if clock != 0 or client in self._clients:
                raise BadUpdate("not a whole document")
            self._clients[client] = _Client(count, walk.pos)
            for _ in range(count):
                read_struct(walk)
        if walk.footprint.has_gap:
            raise BadUpdate("a document with gaps")

    def _emit_all(self, first: int) -> None:
        """All structs of a client, and before each one those of others that it needs."""
        wanted: list[tuple[int, float]] = [(first, math.inf)]
        while wanted:
            client, clock = wanted[-1]
            state = self._clients.get(client)
            if state is None or len(wanted) > len(self._clients):
                raise BadUpdate("a document that waits for something")
            if state.clock > clock or state.left == 0:
                wanted.pop()
                continue
            missing = self._emit(client, state)
            if missing is not None:
                wanted.append(missing)

    def _emit(self, client: int, state: _Client) -> tuple[int, int] | None:
        """The next struct of a client, unless it needs something that is not out: then that is told."""
        walk = self._walk
        walk.pos = state.pos
        walk.ids.clear()
        length = read_struct(walk)
        for other, clock in walk.ids:
            if other != client and (other not in self._clients or self._clients[other].clock <= clock):
                return other, clock
        run = self._open.get(client)
        if run is None:
            run = self._open[client] = _Run(state.clock, state.pos)
        run.count += 1
        run.end = walk.pos
        self._structs += 1
        self._bytes += walk.pos - state.pos
        state.pos, state.left, state.clock = walk.pos, state.left - 1, state.clock + length
        if self._structs >= PART_STRUCTS or self._bytes >= PART_BYTES:
            self._close_part()
        return None

    def _close_part(self) -> None:
        if self._open:
            runs = [(client, run.clock, run.count, run.start, run.end) for client, run in self._open.items()]
            self._parts.append(Part(runs))
        self._open = {}
        self._structs = self._bytes = 0

    def _deletions(self, start: int) -> list[Part]:
        reader = Reader(self._walk.data, start)
        parts: list[Part] = []
        runs: list[Deletions] = []
        room = PART_STRUCTS
        for _ in range(reader.uint()):
            client, left = reader.uint(), reader.uint()
            while left:
                count, begin = min(left, room), reader.pos
                for _ in range(2 * count):
                    reader.uint()
                runs.append((client, count, begin, reader.pos))
                left, room = left - count, room - count
                if room == 0:
                    parts.append(Part([], runs))
                    runs, room = [], PART_STRUCTS
        return [*parts, Part([], runs)] if runs else parts
