"""One CRDT document. The only file that touches pycrdt documents.

A pycrdt `Doc` belongs to the thread of its event loop; other threads are given bytes (`merge`), never a document.
"""

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from time import thread_time
from typing import Any, NoReturn

import msgspec
from pycrdt import Doc, Map, Text, merge_updates

from realtime import files
from realtime.errors import BadUpdate, DocumentFull, MissingEdits, NeedsTrial
from realtime.keystroke import Keystroke, follow, read_keystroke
from realtime.line_ends import remove_returns
from realtime.pairs import Chunk, Pairs
from realtime.pycrdt_doc import PycrdtDoc
from realtime.update import (
    EMPTY_UPDATE,
    NESTED_LIMIT,
    Footprint,
    LongWalk,
    check_update,
    clocks,
    first_client,
    mergeable,
)

FEW_PLACES = 12
"""What a keystroke has (`Footprint.places`): it is not tried, as one scan of a document takes well under a second."""
MAX_STEPS = 2_000_000
"""Places times what each may have to pass, about 0.1 µs a step: an update of more is tried in a process of its own."""
MAX_GROWTH_STEPS = 10_000_000
"""The same for what came into the document while the update was tried."""
SLOW_SECONDS = 0.0005
"""An update that takes longer to apply, though it was not tried, strains the document."""
MEASURED_BLOCKS = 4000
"""In a smaller document no scan takes SLOW_SECONDS, and looking at the clock costs as much as a keystroke."""
MAX_STRAIN_SECONDS = 0.1
BYTES_PER_BLOCK = 8
_BYTES_PER_STEP = 4096
"""Splitting a string copies it, so many bytes in the time of one step."""


def merge(updates: list[bytes]) -> list[bytes]:
    """As few updates as possible, nearly always one, that say the same as all of them. Safe in any thread."""
    if len(updates) < 2:
        return updates
    try:
        return [merge_updates(*run) for run in mergeable(updates)]
    except ValueError:  # they were applied, so they may be neither lost nor withheld
        return updates


class Taken(msgspec.Struct, frozen=True):
    """What an update brought: what of it was new, the edit that mends its line ends, the CRDT client it begins with.

    The first two are EMPTY_UPDATE if there is nothing.
    """

    new: bytes
    fixed: bytes
    client: int | None


class Document:
    """Owned by one open room. Knows no users and no storage.

    `size` counts the bytes applied since the last full encoding, an upper bound of what the document takes; `blocks`
    is such a bound of the pieces that the library keeps, which a hostile edit can make it scan for each of its items.
    A failure inside the CRDT library leaves it `broken`: its owner replaces it from the journal.
    """

    __slots__ = (
        *("_inner", "_known", "_shed", "_strain"),
        *("blocks", "broken", "max_bytes", "nested", "pairs", "size"),
    )

    def __init__(self, max_bytes: int) -> None:
        self._inner = PycrdtDoc()
        self._known: dict[int, int] = {}
        self.pairs = Pairs()
        self.max_bytes = max_bytes
        self.size = self._shed = 0
        self.nested = 0
        self.blocks = 0
        self._strain = 0.0
        self.broken = False

    @property
    def _doc(self) -> Doc[Any]:
        return self._inner.wrapped()[0]

    @property
    def _files(self) -> Map[Any]:
        return self._inner.wrapped()[1]

    def restore(self, update: bytes) -> bool:
        """Apply an entry of the journal; False if it builds on what is not there. Raises BadUpdate, or pycrdt's."""
        footprint = read_keystroke(update) or check_update(update, LongWalk)
        if not footprint.fits(self._known):
            return False
        self.take(update)
        for client, (_, end) in footprint.spans.items():
            self._known[client] = max(end, self._known.get(client, 0))
        self._count(footprint)
        return True

    def restored(self, blocks: int, nested: int, pairs: list[Chunk]) -> None:
        """A snapshot was taken whole (`take`): this is what was known of it besides."""
        self._known = clocks(self.state_vector())
        self.blocks, self.nested = blocks, nested
        self.pairs.restore(pairs)

    def take(self, update: bytes) -> None:
        """Apply what was checked before, and count nothing but its bytes."""
        self._inner.apply(update)
        self.size += len(update)

    def _count(self, footprint: Footprint | Keystroke) -> None:
        self.nested += footprint.nested
        self.blocks += footprint.places
        for client, clock in footprint.middles:
            self.pairs.add(client, clock)

    def type(self, update: bytes) -> int | None:
        """The short way of `accept`, for a keystroke that follows what is there: its CRDT client.

        None, and nothing was done, if it is anything else. Raises BadUpdate.
        """
        typed = follow(update, self._known, self.pairs)
        size = self.size + len(update)
        if typed is None or size > self.max_bytes or self._strain > MAX_STRAIN_SECONDS:
            return None
        self._timed(self._inner.type, update)
        client, self._known[client] = typed
        self.size = size
        self.blocks += Keystroke.places
        return client

    def accept(self, update: bytes, *, may_repeat: bool = False, passed: int | None = None) -> Taken:
        """`apply`, with the line ends mended."""
        if b"\r" in update:
            new, fixed = self.apply_normalised(update, may_repeat=may_repeat, passed=passed)
        else:
            new, fixed = self.apply(update, may_repeat=may_repeat, passed=passed), EMPTY_UPDATE
        return Taken(new, fixed, None if new == EMPTY_UPDATE else first_client(new))

    def join(self, update: bytes) -> bytes:
        """Apply what another node has taken, whatever the limits here say; what of it was new.

        Raises MissingEdits (nothing was applied) or BadUpdate (see `broken`).
        """
        if self.type(update) is not None:
            return update
        footprint = check_update(update)
        if not footprint.fits(self._known):
            raise MissingEdits("the update builds on edits that are not there")
        repeats = footprint.deletes or footprint.repeats(self._known)
        new = self._novelty(update) if repeats else update
        if not repeats:
            self._apply(update)
        self._note(footprint, new)
        return new

    def fits(self, update: bytes) -> bool:
        """Whether `join` would find all that the update builds on. Raises BadUpdate."""
        return check_update(update).fits(self._known)

    def lacks(self, state_vector: bytes) -> bool:
        """Whether somebody with this vector has what is not here."""
        return any(clock > self._known.get(client, 0) for client, clock in clocks(state_vector).items())

    def apply(self, update: bytes, *, may_repeat: bool = False, passed: int | None = None) -> bytes:
        """Check and apply one update from outside; what of it was new, EMPTY_UPDATE if nothing.

        With `may_repeat` known deletions are told from new ones: a reconnecting client repeats all that it knows.
        `passed` are the blocks there were when the update passed its trial.
        Raises BadUpdate (nothing of it may be journaled; see `broken`), DocumentFull, MissingEdits or NeedsTrial
        (nothing was applied).
        """
        footprint = self.admit(update, passed)
        repeats = may_repeat or footprint.repeats(self._known)
        new = self._novelty(update) if repeats else update
        if not repeats:
            self._apply(update)
        self._note(footprint, new)
        if passed is not None:
            self._strain = 0.0
        return new

    def _may_take_long(self, footprint: Footprint, passed: int | None) -> bool:
        """Once untried updates have taken `MAX_STRAIN_SECONDS`, the next one is tried whatever it has."""
        if passed is not None:
            return footprint.places * (self.blocks - passed) > MAX_GROWTH_STEPS
        if self._strain > MAX_STRAIN_SECONDS:
            return True
        steps = footprint.places * (self.blocks + footprint.places + self.size // _BYTES_PER_STEP)
        return footprint.places > FEW_PLACES and steps > MAX_STEPS

    def admit(self, update: bytes, passed: int | None) -> Footprint:
        """What `apply` does before it applies."""
        if self.size + len(update) > self.max_bytes:
            raise DocumentFull(f"the document has reached {self.max_bytes} bytes")
        footprint = check_update(update)
        if self.nested + footprint.nested > NESTED_LIMIT:
            raise DocumentFull("the document nests too many shared types")
        if not footprint.fits(self._known):
            raise MissingEdits("the update builds on edits that are not there")
        if footprint.cuts_a_character(self.pairs):
            raise BadUpdate("the update cuts a character in two")
        if self._may_take_long(footprint, passed):
            raise NeedsTrial("the update may take long to apply")
        return footprint

    def _note(self, footprint: Footprint, new: bytes) -> None:
        """Several clients in one update may wait for each other in a ring; what waits would trip a later author."""
        for client, (_, end) in footprint.spans.items():
            self._known[client] = max(end, self._known.get(client, 0))
        if len(footprint.spans) > 1 and clocks(self.state_vector()) != self._known:
            self.broken = True
            raise BadUpdate("the update waits for itself")
        self.size += len(new)
        if new != EMPTY_UPDATE:
            self._count(footprint)

    def _novelty(self, update: bytes) -> bytes:
        made: list[bytes] = []
        subscription = self._doc.observe(lambda event: made.append(event.update))
        try:
            self._apply(update)
        finally:
            self._doc.unobserve(subscription)
        if not made:
            return EMPTY_UPDATE
        with self._breaking():  # what contradicts the known part can make nonsense of the rest
            check_update(made[0])
        return made[0]

    def _apply(self, update: bytes) -> None:
        self._timed(self._inner.apply, update)

    def _timed(self, apply: Callable[[bytes], None], update: bytes) -> None:
        """Looks at the clock where it may have taken long."""
        started = thread_time() if self.blocks >= MEASURED_BLOCKS else 0.0
        try:
            apply(update)
        except BaseException as error:  # a panic in Rust is no Exception
            self._break(error)
        if started and (took := thread_time() - started) > SLOW_SECONDS:
            self._strain += took

    @contextmanager
    def _breaking(self) -> Iterator[None]:
        """Whatever fails in here leaves a document of which nobody knows what it holds."""
        try:
            yield
        except BaseException as error:  # a panic in Rust is no Exception
            self._break(error)

    def _break(self, error: BaseException) -> NoReturn:
        self.broken = True
        if isinstance(error, (KeyboardInterrupt, SystemExit)):
            raise error
        raise BadUpdate("the update contradicts the document") from error

    def state_vector(self) -> bytes:
        return self._inner.state_vector()

    def is_mostly_news(self, state_vector: bytes) -> bool:
        """Whether somebody with this lacks most of the document. Raises ProtocolViolation on a malformed vector."""
        theirs, all_clocks = clocks(state_vector), sum(self._known.values())
        return not theirs or 2 * sum(min(end, self._known.get(of, 0)) for of, end in theirs.items()) < all_clocks

    def diff(self, state_vector: bytes) -> bytes:
        """What somebody with `state_vector` lacks; raises ProtocolViolation on a malformed vector."""
        clocks(state_vector)
        return self._inner.beyond(state_vector)

    def encode(self) -> bytes:
        """The whole document as one update."""
        state = self._inner.beyond(b"\x00")
        self.weigh(len(state))
        return state

    def weigh(self, size: int) -> None:
        """So many bytes is what the document takes."""
        self._shed, self.size = self.version - size, size

    @property
    def version(self) -> int:
        """Grows with each update that is applied."""
        return self.size + self._shed

    def paths(self) -> dict[str, str]:
        """File id → path, of the files (not the folders) that have a text."""
        return {file_id: path for file_id, path, _ in files.texts(self._files)}

    def texts(self) -> Iterator[tuple[str, str]]:
        """Path and text of each file."""
        return ((path, str(text)) for _, path, text in files.texts(self._files))

    def folders(self) -> Iterator[str]:
        """Paths of the folders that are kept though empty."""
        return files.folders(self._files)

    def text(self, file_id: str) -> str | None:
        return next((str(text) for known, _, text in files.texts(self._files) if known == file_id), None)

    def add_files(self, added: Iterable[tuple[str, str, str]]) -> bytes:
        """Create (id, path, text) entries in one transaction; the update that says so. Raises DocumentFull."""
        added = list(added)
        if self.size + sum(len(text.encode()) for _, _, text in added) > self.max_bytes:
            raise DocumentFull(f"the document has reached {self.max_bytes} bytes")

        def add() -> None:
            for file_id, path, text in added:
                self._files[file_id] = Map({"path": path, "text": Text(text)})

        return self._edit(add)

    def _edit(self, change: Callable[[], None]) -> bytes:
        """Run `change` in one transaction of our own; the update that it made, empty if it changed nothing."""
        made: list[bytes] = []
        subscription = self._doc.observe(lambda event: made.append(event.update))
        try:
            with self._breaking(), self._doc.transaction():
                change()
        finally:
            self._doc.unobserve(subscription)
        if not made:
            return EMPTY_UPDATE
        self._note(check_update(made[0]), made[0])
        return made[0]

    def apply_normalised(
        self, update: bytes, *, may_repeat: bool = False, passed: int | None = None
    ) -> tuple[bytes, bytes]:
        """Like `apply`, then make `\\n` of each other line end that it brought into a file.

        Returns what was new and the update that mends it, or an empty one. Editors that show `\\r\\n` as one line end
        would otherwise count positions differently from those that do not.
        """
        touched: list[Text] = []

        subscription = self._files.observe_deep(lambda events: touched.extend(files.with_returns(events)))
        try:
            new = self.apply(update, may_repeat=may_repeat, passed=passed)
        finally:
            self._files.unobserve(subscription)
        return new, self._edit(lambda: remove_returns(touched))
