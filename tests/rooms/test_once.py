"""Entries that several nodes may want to write."""

import asyncio

from rooms.once import commit_once
from rooms.store import Draft
from tests.rooms.conftest import ROOM, GatedStore


def ended(by: str) -> Draft:
    return Draft(ROOM.id, 1, by, "run", "finished", b'{"by":"%s"}' % by.encode())


async def test_N8_what_several_nodes_want_to_write_is_there_once(store: GatedStore) -> None:
    found = await asyncio.gather(*(commit_once(store, "end-run_a", ended(by)) for by in ("one", "two", "three")))
    assert len(set(found)) == 1
    assert await store.entries(ROOM.id, ["run"], after=None, before=None, limit=9) == found[:1]
    other = await commit_once(store, "end-run_b", ended("two"))
    assert (other.seq, other.author) == (2, "two")


async def test_N8_it_waits_for_a_store_that_is_away(store: GatedStore) -> None:
    store.failing = True
    writing = asyncio.create_task(commit_once(store, "end-run_a", ended("one")))
    await asyncio.sleep(0)
    assert not writing.done()
    store.failing = False
    assert (await writing).author == "one"
