"""A snapshot and what came since as one update, made of their bytes; what is long is not copied."""

from realtime.cutting import StructWalk
from realtime.lib0 import write_id, write_uint
from realtime.outbox import Buffer
from realtime.snapshot import Snapshot
from realtime.update import read_struct


class Amendable:
    """A large snapshot. An update holds each client once, so what a client added goes into its section.

    `vector` is the state vector that `amended` wants the news for; the deletions in such news are all there are.
    """

    __slots__ = ("_sections", "_whole", "deletions_size", "vector")

    def __init__(self, snapshot: Snapshot) -> None:
        self._whole = memoryview(snapshot.whole)
        self.vector = snapshot.table.vector
        sections: dict[int, list[int]] = {}
        for part in snapshot.table.parts:
            for client, _, count, start, end in part.runs:
                section = sections.setdefault(client, [0, start, end])
                section[0] += count
                section[2] = end
        self._sections = dict(sorted(sections.items(), key=lambda item: item[1][1]))
        self.deletions_size = sum(end - start for part in snapshot.table.parts for _, _, start, end in part.deletions)

    def amended(self, news: bytes) -> list[Buffer]:
        """Pieces of one update with all of both; `news` is what a document says to somebody at `vector`."""
        added, deletions = _sections(news)
        fresh = [client for client in added if client not in self._sections]
        pieces: list[Buffer] = [write_uint(len(self._sections) + len(fresh))]
        copied = len(write_uint(len(self._sections)))
        end = copied
        for client, (count, start, end) in self._sections.items():
            if client in added:
                more, _, raw = added[client]
                head = start - len(_head(count, client, 0))
                pieces += (self._whole[copied:head], _head(count + more, client, 0), self._whole[start:end], raw)
                copied = end
        pieces.append(self._whole[copied:end])
        for client in fresh:
            count, clock, raw = added[client]
            pieces += (_head(count, client, clock), raw)
        return [*pieces, deletions]


def _head(count: int, client: int, clock: int) -> bytes:
    return write_uint(count) + write_id(client) + write_uint(clock)


def _sections(update: bytes) -> tuple[dict[int, tuple[int, int, bytes]], bytes]:
    """Client → count, first clock and bytes of its structs; and the bytes of the deletions."""
    walk, found = StructWalk(update), {}
    for _ in range(walk.uint()):
        count, client, clock = walk.uint(), walk.uint(), walk.uint()
        start = walk.pos
        for _ in range(count):
            read_struct(walk)
        found[client] = count, clock, update[start : walk.pos]
    return found, update[walk.pos :]
