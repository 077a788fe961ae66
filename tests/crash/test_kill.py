"""kill -9 while people write."""

import asyncio
import random

import pytest

from tests.clients import Client, mux_client, until_equal, until_saved, y_client
from tests.crash.journals import check_numbers, journal, text_by_the_journal
from tests.crash.writers import Writer, marks, promised
from tests.server import Joined, Server, eventually

ROUNDS = 4
EDITS = 120


async def read_afresh(server: Server, member: Joined) -> str:
    """What somebody reads who has never been here."""
    client = mux_client(server, member.room_id, member.token)
    await client.until_connected()
    text = client.read()
    await client.close()
    assert text is not None
    return text


async def write_until_killed(server: Server, writers: list[Writer], after: int) -> None:
    """All write at once; the server dies when one of them has made `after` edits."""

    async def kill() -> None:
        target = len(writers[0].written) + after
        await eventually(lambda: len(writers[0].written) >= target)
        server.process.kill()

    await asyncio.gather(kill(), *(writer.write_many(EDITS) for writer in writers))
    await eventually(lambda: all(writer.client.close_code is not None for writer in writers))
    server.kill()


def writers_of(server: Server, host: Joined, seed: int) -> list[Writer]:
    people = [host, *(server.join(host.links["participant"], name) for name in ("Bo", "Chi"))]
    people.append(people[2])
    clients: list[Client] = [
        (y_client if i % 2 else mux_client)(server, person.room_id, person.token) for i, person in enumerate(people)
    ]
    return [Writer(f"w{i}", client, seed + i) for i, client in enumerate(clients)]


async def connect_all(writers: list[Writer]) -> None:
    await asyncio.gather(*(writer.client.until_connected() for writer in writers))


@pytest.mark.parametrize("seed", [1, 2])
async def test_J1_J3_what_others_saw_and_what_was_called_saved_survives(server: Server, seed: int) -> None:
    """Twice: read by a newcomer while the old clients stay away, then when they have come back."""
    chance = random.Random(seed)
    host = server.create_room()
    writers = writers_of(server, host, seed)
    await connect_all(writers)
    writers[0].client.create_file()
    await until_equal([writer.client for writer in writers], "")
    promises = 0
    for _ in range(ROUNDS):
        await write_until_killed(server, writers, chance.randrange(1, EDITS))
        expected = promised(writers)
        promises += len(expected)
        server.start()
        found = marks(await read_afresh(server, host))
        assert expected - set(found) == set()
        assert {mark: count for mark, count in found.items() if count > 1} == {}
        await connect_all(writers)
        clients = [writer.client for writer in writers]
        await until_saved(clients)
        await until_equal(clients)
        everything = [mark for writer in writers for mark in writer.written]
        assert marks(clients[0].read()) == dict.fromkeys(everything, 1)
        assert await read_afresh(server, host) == clients[0].read()
    for writer in writers:
        await writer.client.close()
    server.kill()
    assert promises > ROUNDS
    check_journal(server, host, str(clients[0].read()))


def check_journal(server: Server, host: Joined, text: str) -> None:
    rows = journal(server.data, host.room_id)
    check_numbers(rows)
    assert text_by_the_journal(rows) == text
    members = {row.author for row in rows if row.channel == "main"}
    assert len(members) == 3 and all(member.startswith("mb_") for member in members)


async def test_J7_edits_after_a_crash_outlive_the_next(server: Server) -> None:
    """Snapshots are written on the way; what comes after them must be read too."""
    host = server.create_room()
    writers = writers_of(server, host, 7)[:2]
    await connect_all(writers)
    writers[0].client.create_file()
    await until_equal([writer.client for writer in writers], "")
    for _ in range(3):
        for writer in writers:
            for _ in range(700):
                writer.write()
                await asyncio.sleep(0)
        await until_saved([writer.client for writer in writers])
        await until_equal([writer.client for writer in writers])
        text = writers[0].client.read()
        server.restart()
        assert await read_afresh(server, host) == text
        await connect_all(writers)
    for writer in writers:
        await writer.client.close()


async def test_J5_chat_and_comings_survive_without_gaps(server: Server) -> None:
    host = server.create_room()
    client = mux_client(server, host.room_id, host.token)
    await client.until_connected()
    client.create_file()
    said = []
    for number in range(30):
        client.file().insert(0, "x\n")
        answer = server.call("POST", f"/api/rooms/{host.room_id}/chat", host.token, json={"text": f"line {number}"})
        said.append(answer.raise_for_status().json()["entry"])
        await asyncio.sleep(0)
    server.restart()
    assert server.entries(host, "chat") == said
    assert [entry["kind"] for entry in server.entries(host, "room")][:1] == ["joined"]
    await client.close()
    server.kill()
    check_numbers(journal(server.data, host.room_id))
