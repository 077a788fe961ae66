"""SQL that both databases understand, as a port: what people's registers ask of a store."""

from collections.abc import Sequence
from typing import Any, Protocol, TypeVar

import msgspec

_Record = TypeVar("_Record", bound=msgspec.Struct)
Statement = tuple[str, tuple[object, ...]]


class Taken(Exception):
    """A row with such a key is there already; nothing was changed."""


class Statements(Protocol):
    """Values are named `$1`, `$2`, … Every call raises StoreUnavailable, and Taken for what has to be unique."""

    async def open(self) -> None:
        """After the store of rooms, whose database it shares."""

    async def close(self) -> None: ...

    async def rows(self, sql: str, *values: object) -> list[Any]:
        """All rows of one statement, each a sequence."""

    async def together(self, *statements: Statement) -> list[list[Any]]:
        """The rows of each, all in one transaction."""


def columns(kind: type[msgspec.Struct]) -> str:
    """The columns of a table as its record names them, in the record's order."""
    return ", ".join(kind.__struct_fields__)


def insertion(table: str, record: msgspec.Struct) -> Statement:
    """The statement that adds the record to a table."""
    names = record.__struct_fields__
    marks = ", ".join(f"${place}" for place in range(1, len(names) + 1))
    values = tuple(getattr(record, name) for name in names)
    return f"INSERT INTO {table} ({', '.join(names)}) VALUES ({marks})", values


def first(kind: type[_Record], rows: Sequence[Any]) -> _Record | None:
    """The record of the first row, if there is one."""
    return kind(*rows[0]) if rows else None
