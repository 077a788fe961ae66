"""Building a document from what the journal holds, in steps of a few milliseconds."""

from collections.abc import Iterator, Sequence

from realtime.cutting import cut
from realtime.document import BYTES_PER_BLOCK, Document
from realtime.errors import BadUpdate
from realtime.pairs import Pairs, may_hold_pairs
from realtime.snapshot import Snapshot, Table
from realtime.update import LongWalk, check_update

WHOLE_BYTES = 128 * 1024
"""A document up to this size is applied, and encoded, in one step."""


class Loading:
    """Run `steps` to the end; then `document` is what `raw`, a snapshot, and the `entries` after it say.

    An entry that cannot be applied is left out (`refused`: indexes of `entries`), and so is one that builds on what is
    not there (`waiting`). The journal keeps both.
    """

    def __init__(self, max_bytes: int, raw: bytes | None, nested: int, entries: Sequence[bytes]) -> None:
        self._max_bytes = max_bytes
        self._raw = raw
        self._nested = nested
        self._entries = entries
        self.snapshot = Snapshot.decode(raw) if raw is not None else None
        self.document = Document(max_bytes)
        self.refused: set[int] = set()
        self.waiting: list[bytes] = []

    def steps(self) -> Iterator[None]:
        """Raises BadUpdate if the snapshot itself cannot be applied."""
        while True:
            self.document = Document(self._max_bytes)
            yield from self._take_snapshot()
            count = len(self.refused)
            yield from self._take_entries()
            if len(self.refused) == count:
                return

    def _take_snapshot(self) -> Iterator[None]:
        document, snapshot = self.document, self.snapshot
        try:
            if snapshot is not None:
                for update in snapshot.updates():
                    yield
                    document.take(update)
                    yield
                document.restored(snapshot.table.blocks, snapshot.table.nested, snapshot.table.pairs)
            elif self._raw is not None:
                self._take_bare(document, self._raw)
                yield
        except GeneratorExit:
            raise
        except BaseException as error:
            raise _bad(error, "the snapshot cannot be applied") from error

    def _take_bare(self, document: Document, update: bytes) -> None:
        """A snapshot of a server before: nothing is known of it but its bytes."""
        pairs = Pairs()
        if may_hold_pairs(update):
            for client, clock in check_update(update, LongWalk).middles:
                pairs.add(client, clock)
        document.take(update)
        document.restored(len(update) // BYTES_PER_BLOCK, self._nested, pairs.dump())

    def _take_entries(self) -> Iterator[None]:
        """Those that wait are tried again after the others, as long as that brings any of them in."""
        known = self.snapshot.table.waiting if self.snapshot is not None else []
        waiting = list(enumerate(known, -len(known))) + list(enumerate(self._entries))
        left = len(waiting) + 1
        while len(waiting) < left:
            left, again = len(waiting), []
            for index, update in waiting:
                if index in self.refused:
                    continue
                try:
                    if not self.document.restore(update):
                        again.append((index, update))
                except BadUpdate:
                    self.refused.add(index)
                except BaseException as error:
                    _bad(error, "")
                    self.refused.add(index)
                    return
                yield
            waiting = again
        self.waiting = [update for _, update in waiting]

    def condensed(self, *, is_small: bool) -> Snapshot:
        """What was loaded, as a snapshot. Takes long unless it `is_small`."""
        return snapshot_of(self.document, self.waiting, is_small=is_small)


def snapshot_of(document: Document, waiting: list[bytes], *, is_small: bool) -> Snapshot:
    """A document, and the entries that wait beside it. Takes long unless it `is_small`."""
    whole = document.encode()
    parts = [] if is_small else cut(whole)
    counts = document.blocks, document.nested, document.pairs.dump()
    return Snapshot(whole, Table(parts, document.state_vector(), *counts, waiting))


def _bad(error: BaseException, what: str) -> BadUpdate:
    """A panic of the library is no Exception, but what ends the process must get through."""
    if isinstance(error, (KeyboardInterrupt, SystemExit, MemoryError)):
        raise error
    return BadUpdate(what)
