"""The CRDT library's document without its wrappers.

They take more memory than a small document and as long as a small edit, so they are made for what needs them.
"""

from typing import Any

from pycrdt import Doc, Map

FILES = "files"


class PycrdtDoc:
    """Owned by a `realtime.document.Document`. Belongs to the thread that made it."""

    __slots__ = ("_native", "_wrapped")

    def __init__(self) -> None:
        self._native = Doc()._doc
        self._wrapped: tuple[Doc[Any], Map[Any]] | None = None

    def apply(self, update: bytes) -> None:
        """Raises whatever the library does, a panic of its own included. Dropping the transaction commits it."""
        transaction = self._native.create_transaction()
        try:
            self._native.apply_update(transaction, update)
        finally:
            transaction.drop()

    def state_vector(self) -> bytes:
        transaction = self._native.create_transaction()
        try:
            return self._native.get_state(transaction)
        finally:
            transaction.drop()

    def beyond(self, state_vector: bytes) -> bytes:
        """What somebody with this state vector lacks."""
        transaction = self._native.create_transaction()
        try:
            return self._native.get_update(transaction, state_vector)
        finally:
            transaction.drop()

    def wrapped(self) -> tuple[Doc[Any], Map[Any]]:
        """The document and its files as the library shows them; kept from the first time on."""
        if self._wrapped is None:
            doc: Doc[Any] = Doc(doc=self._native)
            self._wrapped = doc, doc.get(FILES, type=Map)
        return self._wrapped
