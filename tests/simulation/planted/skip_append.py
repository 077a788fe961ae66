"""Planted: now and then a batch's edits are called committed and are not written."""

import sys
from collections.abc import Sequence

from rooms.postgres_store import PostgresStore
from rooms.store import Draft
from tests.simulation.early_snapshots import serve

_EVERY = 12
_append = PostgresStore.append
_calls = iter(range(10**9))


async def _skip(store: PostgresStore, commit: str, drafts: Sequence[Draft]) -> list[int]:
    kept = list(drafts)
    if next(_calls) % _EVERY == _EVERY - 1:
        kept = [draft for draft in drafts if draft.kind != "update"]
    numbers = await _append(store, commit, kept)
    return [*numbers, *[1] * (len(drafts) - len(kept))]


if __name__ == "__main__":
    PostgresStore.append = _skip  # type: ignore[assignment, method-assign]
    sys.exit(serve())
