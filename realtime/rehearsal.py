"""Which files would an edit change? Found out in a second document, before the first one takes it."""

from collections.abc import Iterator
from typing import Any

from pycrdt import Doc, Map

from realtime.document import Document
from realtime.errors import BadUpdate, OutOfBounds
from realtime.files import path_of
from realtime.pycrdt_doc import FILES
from realtime.session import Bounds
from realtime.update import clocks


class Rehearsal:
    """Owned by a shared document in which somebody may write only some files. Takes as much memory as the document."""

    __slots__ = ("_doc",)

    def __init__(self) -> None:
        self._doc: Doc[Any] | None = None

    def check(self, document: Document, update: bytes, bounds: Bounds, passed: int | None) -> None:
        """Raises OutOfBounds if the edit changes what is not theirs, and what `Document.apply` raises."""
        document.admit(update, passed)
        paths = document.paths()
        try:
            doc = self._following(document)
            files = doc.get(FILES, type=Map)
            touched = _changed(doc, files, update)
            wanted = [path for file in touched for path in (paths.get(file), path_of(files, file)) if path]
        except BaseException as error:  # a panic in Rust is no Exception
            self._doc = None
            if isinstance(error, (KeyboardInterrupt, SystemExit)):
                raise
            raise BadUpdate("the update contradicts the document") from error
        if not all(map(bounds.allows, wanted)) or not (wanted or bounds.base):
            self._doc = None  # it has what the document will never have
            raise OutOfBounds

    def _following(self, document: Document) -> Doc[Any]:
        doc = self._doc or Doc()
        doc.apply_update(document.diff(doc.get_state()))
        if clocks(doc.get_state()) != clocks(document.state_vector()):  # it has an edit that was not taken after all
            doc = Doc()
            doc.apply_update(document.diff(doc.get_state()))
        self._doc = doc
        return doc


def _changed(doc: Doc[Any], files: Map[Any], update: bytes) -> set[str]:
    """Ids of files."""
    changed: set[str] = set()
    subscription = files.observe_deep(lambda events: changed.update(_ids(events)))
    try:
        doc.apply_update(update)
    finally:
        files.unobserve(subscription)
    return changed


def _ids(events: list[Any]) -> Iterator[str]:
    for event in events:
        if event.path:
            yield str(event.path[0])
        else:
            yield from event.keys
