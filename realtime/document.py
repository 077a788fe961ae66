"""One CRDT document. The only file that touches pycrdt documents.

A pycrdt `Doc` belongs to the thread of its event loop; other threads are given bytes (`merge`), never a document.
"""

from collections.abc import Callable, Iterable, Iterator
from typing import Any, cast

from pycrdt import Doc, Map, MapEvent, Text, TextEvent, merge_updates

from realtime.errors import BadUpdate, DocumentFull
from realtime.lib0 import Reader
from realtime.update import EMPTY_UPDATE, MAX_CLOCK, NESTED_LIMIT, check_update

FILES = "files"


def merge(updates: list[bytes]) -> bytes:
    """One update that says the same as all of them. Pure bytes: safe in any thread."""
    return updates[0] if len(updates) == 1 else merge_updates(*updates)


class Document:
    """Owned by one open room. Knows no users and no storage.

    `size` counts the bytes applied since the last full encoding, an upper bound of what the document takes.
    A failure inside the CRDT library leaves it `broken`: its owner replaces it from the journal.
    """

    __slots__ = ("_doc", "_files", "broken", "max_bytes", "nested", "size")

    def __init__(self, max_bytes: int) -> None:
        self._doc: Doc[Any] = Doc()
        self._files: Map[Any] = self._doc.get(FILES, type=Map)
        self.max_bytes = max_bytes
        self.size = 0
        self.nested = 0
        self.broken = False

    def load(self, updates: Iterable[bytes]) -> None:
        """Apply what the journal holds; the bytes were checked when they came in."""
        for update in updates:
            self._doc.apply_update(update)
            self.size += len(update)

    def apply(self, update: bytes) -> None:
        """Check and apply one update from outside.

        Raises BadUpdate (nothing of it may be journaled; see `broken`) or DocumentFull (nothing was applied).
        """
        if self.size + len(update) > self.max_bytes:
            raise DocumentFull(f"the document has reached {self.max_bytes} bytes")
        nested = check_update(update)
        if self.nested + nested > NESTED_LIMIT:
            raise DocumentFull("the document nests too many shared types")
        self._apply(update)
        self.size += len(update)
        self.nested += nested

    def adds_nothing(self, update: bytes) -> bool:
        """Apply an update that may repeat known things and tell whether it did only that.

        A reconnecting client's reply repeats every deletion it knows; such a reply is not worth a journal entry.
        """
        fired = []
        subscription = self._doc.observe(lambda _event: fired.append(True))
        try:
            self.apply(update)
        finally:
            self._doc.unobserve(subscription)
        return not fired and update[0] == 0

    def _apply(self, update: bytes) -> None:
        try:
            self._doc.apply_update(update)
        except BaseException as error:  # a panic in Rust is no Exception
            self.broken = True
            if isinstance(error, (KeyboardInterrupt, SystemExit)):
                raise
            raise BadUpdate("the update contradicts the document") from error

    def state_vector(self) -> bytes:
        return self._doc.get_state()

    def diff(self, state_vector: bytes) -> bytes:
        """What somebody with `state_vector` lacks; raises ProtocolViolation on a malformed vector."""
        check_state_vector(state_vector)
        return self._doc.get_update(state_vector)

    def encode(self) -> bytes:
        """The whole document as one update."""
        state = self._doc.get_update()
        self.size = len(state)
        return state

    def paths(self) -> dict[str, str]:
        """File id → path, of the files (not the folders) that have a text."""
        return {file_id: path for file_id, path, _ in self._texts()}

    def texts(self) -> Iterator[tuple[str, str]]:
        """Path and text of each file."""
        return ((path, str(text)) for _, path, text in self._texts())

    def folders(self) -> Iterator[str]:
        """Paths of the folders that are kept though empty."""
        for file in list(self._files.values()):
            if isinstance(file, Map) and file.get("folder", False) is True and isinstance(file.get("path", None), str):
                yield file["path"]

    def _texts(self) -> Iterator[tuple[str, str, Text]]:
        for file_id in list(self._files.keys()):
            file = self._files[file_id]
            if not isinstance(file, Map):
                continue
            path, text = file.get("path", None), file.get("text", None)
            if isinstance(path, str) and isinstance(text, Text):
                yield file_id, path, text

    def text(self, file_id: str) -> str | None:
        return next((str(text) for known, _, text in self._texts() if known == file_id), None)

    def add_files(self, files: Iterable[tuple[str, str, str]]) -> bytes:
        """Create (id, path, text) entries in one transaction; the update that says so."""

        def add() -> None:
            for file_id, path, text in files:
                self._files[file_id] = Map({"path": path, "text": Text(text)})

        return self._edit(add)

    def _edit(self, change: Callable[[], None]) -> bytes:
        """Run `change` in one transaction of our own; the update that it made, empty if it changed nothing."""
        made: list[bytes] = []
        subscription = self._doc.observe(lambda event: made.append(event.update))
        try:
            with self._doc.transaction():
                change()
        finally:
            self._doc.unobserve(subscription)
        update = made[0] if made else EMPTY_UPDATE
        self.size += len(update)
        return update

    def apply_normalised(self, update: bytes) -> bytes:
        """Like `apply`, then make `\\n` of each other line end that it brought into a file.

        Returns the update that does so, or an empty one. Editors that show `\\r\\n` as one line end would
        otherwise count positions differently from those that do not.
        """
        touched: list[Text] = []

        def note(events: list[Any]) -> None:
            for event in events:
                if isinstance(event, MapEvent):
                    touched.extend(_new_texts(event))
                elif isinstance(event, TextEvent) and _brings_returns(event):
                    touched.append(cast(Any, event).target)

        subscription = self._files.observe_deep(note)
        try:
            self.apply(update)
        finally:
            self._files.unobserve(subscription)
        return self._edit(lambda: _remove_returns(touched))


def _brings_returns(event: Any) -> bool:
    return any("\r" in str(change.get("insert", "")) for change in event.delta)


def _new_texts(event: Any) -> Iterator[Text]:
    for change in event.keys.values():
        value = change.get("newValue")
        if isinstance(value, Map):
            value = value.get("text", None)
        if isinstance(value, Text):
            yield value


def _remove_returns(texts: list[Text]) -> None:
    """Positions of pycrdt texts are UTF-8 bytes, so the search is in bytes too."""
    for text in texts:
        raw = str(text).encode()
        found = raw.rfind(b"\r")
        while found >= 0:
            if raw[found + 1 : found + 2] == b"\n":
                del text[found]
            else:
                text[found : found + 1] = "\n"
            found = raw.rfind(b"\r", 0, found)


def check_state_vector(vector: bytes) -> None:
    """Raise ProtocolViolation unless `vector` is complete and bounded; the library would trust it."""
    reader = Reader(vector)
    count = reader.uint()
    if count > len(vector):
        raise BadUpdate("state vector too short")
    for _ in range(count):
        reader.uint()
        if reader.uint() > MAX_CLOCK:
            raise BadUpdate("clock out of range")
    if not reader.exhausted:
        raise BadUpdate("bytes after the state vector")
