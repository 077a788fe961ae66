"""The CRDT library's document without its wrappers.

They take more memory than a small document and as long as a small edit, so they are made for what needs them.
"""

from typing import Any

from pycrdt import Doc, Map
from pycrdt._pycrdt import Transaction

FILES = "files"


MOST_TYPED = 64
"""Small updates that share one transaction."""


class PycrdtDoc:
    """Owned by a `realtime.document.Document`. Belongs to the thread that made it.

    Opening and ending a transaction takes longer than a keystroke in it, so keystrokes share one: `_open`. The library
    allows no other beside it, so whatever else is done here ends it first.
    """

    __slots__ = ("_native", "_open", "_typed", "_wrapped")

    def __init__(self) -> None:
        self._native = Doc()._doc
        self._open: Transaction | None = None
        self._typed = 0
        self._wrapped: tuple[Doc[Any], Map[Any]] | None = None

    def __del__(self) -> None:
        """A transaction must not outlive its document."""
        self._end()

    def _end(self) -> None:
        """Raises RuntimeError if the library fails."""
        transaction, self._open = self._open, None
        if transaction is not None:
            try:
                transaction.drop()
            except BaseException as error:  # a panic in Rust is no Exception, and would end more than who asks
                raise RuntimeError("the CRDT library failed") from error

    def _begin(self) -> Transaction:
        self._end()
        return self._native.create_transaction()

    def apply(self, update: bytes) -> None:
        """Raises whatever the library does, a panic of its own included. Dropping the transaction commits it."""
        transaction = self._begin()
        try:
            self._native.apply_update(transaction, update)
        finally:
            transaction.drop()

    def type(self, update: bytes) -> None:
        """As `apply`, for one of many small updates; who observes the document hears of it later."""
        if self._open is None:
            self._open, self._typed = self._native.create_transaction(), 0
        try:
            self._native.apply_update(self._open, update)
        except BaseException:
            self._end()
            raise
        self._typed += 1
        if self._typed == MOST_TYPED:
            self._end()

    def state_vector(self) -> bytes:
        transaction = self._begin()
        try:
            return self._native.get_state(transaction)
        finally:
            transaction.drop()

    def beyond(self, state_vector: bytes) -> bytes:
        """What somebody with this state vector lacks."""
        transaction = self._begin()
        try:
            return self._native.get_update(transaction, state_vector)
        finally:
            transaction.drop()

    def wrapped(self) -> tuple[Doc[Any], Map[Any]]:
        """The document and its files as the library shows them, for what is done at once."""
        self._end()
        if self._wrapped is None:
            doc: Doc[Any] = Doc(doc=self._native)
            self._wrapped = doc, doc.get(FILES, type=Map)
        return self._wrapped
