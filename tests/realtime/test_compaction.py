"""Snapshots made beside the server."""

import asyncio
import os
import signal
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from pycrdt import Doc, Text

from realtime.compaction import LARGE_BYTES, SMALL_UPDATES, CompactionFailed, Compactor
from realtime.document import Document


@pytest.fixture
async def compactor() -> AsyncIterator[Compactor]:
    compactor = Compactor()
    yield compactor
    await compactor.close()


def typed(count: int, size: int = 1) -> tuple[list[bytes], str]:
    """So many edits of one text, and what it says then."""
    doc: Doc[Text] = Doc()
    updates: list[bytes] = []
    text = doc.get("text", type=Text)
    doc.observe(lambda event: updates.append(event.update))
    for number in range(count):
        text.insert(0, chr(97 + number % 26) * size)
        if number % 3 == 0:
            del text[0:1]
    return updates, str(text)


def said(state: bytes) -> str:
    doc: Doc[Text] = Doc()
    doc.apply_update(state)
    return str(doc.get("text", type=Text))


@pytest.mark.parametrize("count", [1, SMALL_UPDATES, 1000])
async def test_K1_a_snapshot_says_what_its_updates_say(compactor: Compactor, count: int) -> None:
    updates, text = typed(count)
    made = await compactor.compact(None, 0, updates)
    assert said(made.state) == text
    again = await compactor.compact(made.state, made.nested, updates[:3] * SMALL_UPDATES)
    assert said(again.state) == text
    loaded = Document(0)
    loaded.load(None, 0, updates)
    assert (made.state, made.nested) == (loaded.encode(), loaded.nested)


async def test_K1_many_wait_for_their_turn(compactor: Compactor) -> None:
    updates, _ = typed(300)
    parts = [updates[:count] for count in range(100, 300, 20)]
    made = await asyncio.gather(*(compactor.compact(None, 0, part) for part in parts))
    for part, one in zip(parts, made, strict=True):
        document = Document(0)
        document.load(None, 0, part)
        assert one.state == document.encode()


async def test_K2_a_process_that_dies_is_told_and_the_next_one_works(compactor: Compactor) -> None:
    updates, text = typed(300)
    await compactor.compact(None, 0, updates)
    (child,) = children()
    os.kill(child, signal.SIGKILL)
    with pytest.raises(CompactionFailed):
        await compactor.compact(None, 0, updates)
    assert said((await compactor.compact(None, 0, updates)).state) == text
    with pytest.raises(CompactionFailed):
        await compactor.compact(b"\x01\x01\x01", 0, updates)
    assert said((await compactor.compact(None, 0, updates)).state) == text


async def test_K2_no_process_stays_after_a_large_document_or_the_end(compactor: Compactor) -> None:
    assert children() == []
    updates, _ = typed(9, LARGE_BYTES // 8)
    await compactor.compact(None, 0, updates)
    assert children() == []
    updates, _ = typed(300)
    await compactor.compact(None, 0, updates)
    assert len(children()) == 1
    await compactor.close()
    assert children() == []


def children() -> list[int]:
    """Processes of this one that make snapshots."""
    found = []
    for task in Path(f"/proc/{os.getpid()}/task").glob("*/children"):
        for pid in task.read_text().split():
            if b"realtime.compaction" in Path(f"/proc/{pid}/cmdline").read_bytes():
                found.append(int(pid))
    return found
