"""Planted: everything is called committed at once, and written half a second later."""

import asyncio
import sys
from collections.abc import Sequence

from rooms.postgres_store import PostgresStore
from rooms.store import Draft
from tests.simulation.clock import wait_seconds
from tests.simulation.early_snapshots import serve

_SECONDS = 0.5
_append = PostgresStore.append
_writing: set["asyncio.Task[list[int]]"] = set()
_turn = asyncio.Lock()


async def _append_late(store: PostgresStore, commit: str, drafts: Sequence[Draft]) -> list[int]:
    await wait_seconds(_SECONDS)
    async with _turn:
        return await _append(store, commit, drafts)


async def _promise(store: PostgresStore, commit: str, drafts: Sequence[Draft]) -> list[int]:
    task = asyncio.create_task(_append_late(store, commit, drafts))
    _writing.add(task)
    task.add_done_callback(_writing.discard)
    return [1] * len(drafts)


if __name__ == "__main__":
    PostgresStore.append = _promise  # type: ignore[assignment, method-assign]
    sys.exit(serve())
