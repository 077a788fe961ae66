"""A store that is slow, locked, full or broken: shown, told, caught up with, never pretended."""

import asyncio
import os
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.clients import FILE, MuxClient, mux_client, until_equal, until_saved, y_client
from tests.crash.journals import check_numbers, journal, text_by_the_journal
from tests.crash.stores import TROUBLES, Forbidden, Locked, Trouble
from tests.interop.puppets import puppets
from tests.server import Joined, Server, eventually, running
from tests.services.disk import small_disk

TAIL = 60_000
BLOCK = 2000


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Server]:
    """On a disk of its own if that can be had; rooms turn read-only soon."""
    with ExitStack() as stack:
        root = os.geteuid() == 0
        folder = stack.enter_context(small_disk(tmp_path / "disk", 4)).path if root else tmp_path
        yield stack.enter_context(
            running(folder / "data", log=tmp_path / "log", slow_commit_seconds=0.2, max_unsaved_bytes=TAIL)
        )


@pytest.fixture
def store(server: Server) -> Forbidden:
    """The server's, which takes nothing from `begin` to `end`."""
    return Forbidden(server)


def ready(server: Server) -> tuple[int, str]:
    answer = server.call("GET", "/readyz")
    return answer.status_code, answer.json()["journal"]


async def two(server: Server) -> tuple[Joined, MuxClient, MuxClient]:
    """The host who writes and a participant who watches."""
    host = server.create_room()
    guest = server.join(host.links["participant"], "Bo")
    writer, watcher = mux_client(server, host.room_id, host.token), mux_client(server, guest.room_id, guest.token)
    await asyncio.gather(writer.until_connected(), watcher.until_connected())
    writer.create_file()
    await until_saved([writer])
    await until_equal([writer, watcher], "")
    return host, writer, watcher


def told(client: MuxClient) -> tuple[bool, str | None] | None:
    state = client.state()
    return (state["unsaved"], state["readOnly"]) if state else None


async def write_until(writer: MuxClient, watcher: MuxClient, wanted: tuple[bool, str | None]) -> None:
    """Write blocks, each once the last one was seen, until this is told."""
    number = 0
    while told(writer) != wanted:
        number += 1
        writer.file().insert(0, f"{number}".ljust(BLOCK, "x") + "\n")
        await eventually(lambda: watcher.read() == writer.read() or told(writer) == wanted)


async def check_nothing_is_lost(server: Server, host: Joined, text: str | None) -> None:
    await asyncio.to_thread(server.restart)
    late = y_client(server, host.room_id, host.token)
    await late.until_connected()
    assert late.read() == text
    await late.close()
    await asyncio.to_thread(server.kill)
    rows = journal(server.data, host.room_id)
    check_numbers(rows)
    assert text_by_the_journal(rows) == text


async def test_J2_J3_a_slow_commit_is_shown_told_and_not_called_saved(server: Server, store: Forbidden) -> None:
    host, writer, watcher = await two(server)
    await eventually(lambda: ready(server) == (200, "saved"))
    store.begin()
    writer.file().insert(0, "shown early")
    await until_equal([writer, watcher], "shown early")
    await eventually(lambda: told(writer) == told(watcher) == (True, None))
    assert writer.unsynced == 1
    await eventually(lambda: ready(server) == (503, "unsaved"))
    store.end()
    await eventually(lambda: told(writer) == told(watcher) == (False, None))
    await until_saved([writer])
    await eventually(lambda: ready(server) == (200, "saved"))
    await asyncio.gather(writer.close(), watcher.close())
    await check_nothing_is_lost(server, host, "shown early")


async def test_J3_who_types_on_before_the_first_sync_after_a_crash_loses_nothing(
    server: Server, store: Forbidden
) -> None:
    """Their first edit builds on one that the server lost; it is asked for, and both are saved."""
    host, writer, watcher = await two(server)
    store.begin()
    writer.file().insert(0, "lost ")
    await until_equal([writer, watcher], "lost ")
    await asyncio.to_thread(server.kill)
    await asyncio.gather(writer.drop(), watcher.drop())
    await asyncio.to_thread(server.start)
    await writer.connect()
    writer.file().insert(5, "and found")
    await until_saved([writer])
    late = y_client(server, host.room_id, host.token)
    await late.until_connected()
    assert late.read() == writer.read() == "lost and found"
    await asyncio.gather(writer.close(), late.close())
    await check_nothing_is_lost(server, host, "lost and found")


async def test_J9_edits_are_saved_while_the_tables_are_held_and_survive_a_crash(server: Server) -> None:
    host, writer, watcher = await two(server)
    locked = Locked(server)
    locked.begin()
    writer.file().insert(0, "in the log ")
    await until_saved([writer])
    await asyncio.to_thread(server.kill)
    locked.end()
    await asyncio.gather(writer.drop(), watcher.drop())
    await asyncio.to_thread(server.start)
    await check_nothing_is_lost(server, host, "in the log ")


async def test_J2_a_newcomer_is_told_too(server: Server, store: Forbidden) -> None:
    host, writer, watcher = await two(server)
    store.begin()
    writer.file().insert(0, "x")
    await eventually(lambda: told(watcher) == (True, None))
    late = mux_client(server, host.room_id, host.token)
    await late.until_connected()
    assert late.read() == "x"
    await eventually(lambda: told(late) == (True, None))
    store.end()
    await eventually(lambda: told(late) == (False, None))
    await asyncio.gather(writer.close(), watcher.close(), late.close())


async def test_J2_past_the_limit_edits_are_refused_and_come_in_when_the_store_is_back(
    server: Server, store: Forbidden
) -> None:
    host, writer, watcher = await two(server)
    y = y_client(server, host.room_id, host.token)
    await y.until_connected()
    store.begin()
    writer.file().insert(0, "x" * (TAIL + 1))
    await eventually(lambda: told(writer) == told(watcher) == (True, "store_behind"))
    assert ready(server) == (503, "behind")
    await until_equal([writer, watcher, y])
    shown = watcher.read()
    for word in ("refused ", "for ", "now "):
        writer.file().insert(0, word)
    y.file().insert(0, "and here ")
    await eventually(lambda: writer.refused == 3)
    assert watcher.read() == shown
    store.end()
    await eventually(lambda: told(writer) == told(watcher) == (False, None))
    await until_equal([writer, watcher, y])
    assert sorted((watcher.read() or "").split()) == ["and", "for", "here", "now", "refused", "x" * (TAIL + 1)]
    await until_saved([writer])
    text = watcher.read()
    await asyncio.gather(writer.close(), watcher.close(), y.close())
    await check_nothing_is_lost(server, host, text)


async def test_J3_a_stock_provider_counts_to_zero_after_refusals(server: Server, store: Forbidden) -> None:
    host, writer, watcher = await two(server)
    async with puppets() as puppet:
        await puppet("socket", "s", url=f"{server.ws}/collab")
        await puppet("hocuspocus", "p", socket="s", document=f"{host.room_id}/main", token=host.token)
        await puppet.until("p", lambda seen: seen["synced"] and seen["unsyncedChanges"] == 0)
        store.begin()
        writer.file().insert(0, "x" * (TAIL + 1))
        await eventually(lambda: told(watcher) == (True, "store_behind"))
        for letter in "abc":
            await puppet("insert", "p", text=letter)
        refusal = b"main".hex() + "0800"
        await puppet.until("p", lambda seen: sum(frame.endswith(refusal) for frame in seen["frames"]) == 3)
        assert (await puppet.look("p"))["unsyncedChanges"] == 3
        store.end()
        await eventually(lambda: told(watcher) == (False, None))
        await puppet.until("p", lambda seen: seen["unsyncedChanges"] == 0, seconds=30)
        await puppet("insert", "p", text="d")
        await puppet.until("p", lambda seen: seen["unsyncedChanges"] == 0, seconds=30)
    await asyncio.gather(writer.close(), watcher.close())


@pytest.mark.parametrize("kind", TROUBLES)
async def test_J2_a_full_store_is_told_and_everything_is_saved_when_there_is_room(
    server: Server, kind: type[Trouble]
) -> None:
    host, writer, watcher = await two(server)
    trouble = kind(server)  # type: ignore[call-arg]
    trouble.begin()
    await write_until(writer, watcher, (True, None))
    await eventually(lambda: told(watcher) == (True, None))
    assert ready(server)[0] == 503
    await write_until(writer, watcher, (True, "store_behind"))
    await eventually(lambda: told(watcher) == (True, "store_behind"))
    assert ready(server) == (503, "behind")
    trouble.end()
    await eventually(lambda: told(writer) == told(watcher) == (False, None))
    await until_equal([writer, watcher])
    await until_saved([writer])
    await eventually(lambda: ready(server) == (200, "saved"))
    text = watcher.read()
    assert text and FILE in watcher.files
    await asyncio.gather(writer.close(), watcher.close())
    await check_nothing_is_lost(server, host, text)


async def test_J3_who_returns_while_edits_are_unsaved_is_not_told_saved(server: Server, store: Forbidden) -> None:
    host, writer, watcher = await two(server)
    store.begin()
    writer.file().insert(0, "not saved yet")
    await until_equal([writer, watcher], "not saved yet")
    await writer.drop()
    await writer.until_connected()
    writer.say({"type": "ping", "id": 1})
    await eventually(lambda: {"type": "pong", "id": 1} in writer.events)
    assert (writer.unsynced, told(writer)) == (1, (True, None))
    store.end()
    await until_saved([writer])
    await eventually(lambda: told(writer) == (False, None))
    await asyncio.gather(writer.close(), watcher.close())
    await check_nothing_is_lost(server, host, "not saved yet")


async def test_J2_killed_while_unsaved_the_clients_bring_it_back(server: Server, store: Forbidden) -> None:
    host, writer, watcher = await two(server)
    store.begin()
    writer.file().insert(0, "not saved yet")
    await until_equal([writer, watcher], "not saved yet")
    await asyncio.to_thread(server.kill)
    await asyncio.to_thread(server.start)
    late = y_client(server, host.room_id, host.token)
    await late.until_connected()
    assert late.read() == ""
    await watcher.until_connected()
    await until_saved([watcher])
    await until_equal([late, watcher], "not saved yet")
    await writer.until_connected()
    await until_equal([late, watcher, writer], "not saved yet")
    await asyncio.gather(writer.close(), watcher.close(), late.close())
    await check_nothing_is_lost(server, host, "not saved yet")
