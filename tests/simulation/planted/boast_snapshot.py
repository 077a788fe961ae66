"""Planted: a snapshot claims entries that it does not have."""

import sys

from rooms.postgres_store import PostgresStore
from tests.simulation.early_snapshots import serve

_MORE = 40
_save = PostgresStore.save_snapshot


async def _boast(store: PostgresStore, room: str, document: str, seq: int, nested: int, state: bytes) -> None:
    await _save(store, room, document, seq + _MORE, nested, state)


if __name__ == "__main__":
    PostgresStore.save_snapshot = _boast  # type: ignore[assignment, method-assign]
    sys.exit(serve())
