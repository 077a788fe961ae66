"""Entries that several nodes may want to write, and that shall be there once."""

import asyncio

from rooms.errors import StoreUnavailable
from rooms.store import ONCE, Draft, Entry, JournalStore

_RETRY_SECONDS = (0.2, 5.0)


async def commit_once(store: JournalStore, name: str, draft: Draft) -> Entry:
    """The entry that is there under `name`, this one's or another node's. Waits for a store that is away."""
    wait, longest = _RETRY_SECONDS
    while True:
        try:
            return await _commit(store, name, draft)
        except StoreUnavailable:
            await asyncio.sleep(wait)
            wait = min(2 * wait, longest)


async def _commit(store: JournalStore, name: str, draft: Draft) -> Entry:
    answer = store.append(ONCE + name, [draft])
    [seq] = answer if isinstance(answer, list) else await answer
    [entry] = await store.entries(draft.room, [draft.channel], after=seq - 1, before=seq + 1, limit=1)
    return entry
