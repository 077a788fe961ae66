"""Recorded sessions typed again over real sockets, with lost connections and a killed server on the way."""

import asyncio
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.clients import FILE, Client, MuxClient, mux_client, until_equal, until_saved, y_client
from tests.server import Joined, Server, eventually, running
from tests.traces.recordings import Author, Causality, Recording, Typist, recording

BREATH = 16
"""Transactions typed before the writer lets the others run; nothing is waited for."""


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Server]:
    with running(tmp_path / "data") as server:
        yield server


async def back(*clients: Client) -> None:
    await asyncio.gather(*(client.until_connected() for client in clients))


async def check_the_end(server: Server, member: Joined, clients: list[Client], end: str) -> None:
    """All read it, whoever joins afterwards reads it, and it survives another death and an orderly stop."""
    await until_saved(clients)
    await until_equal(clients, end)
    for stop in (server.kill, server.stop):
        late = y_client(server, member.room_id, member.token)
        await back(late)
        assert late.read() == end
        await late.close()
        await asyncio.to_thread(stop)
        await asyncio.to_thread(server.start)
    late = mux_client(server, member.room_id, member.token)
    await back(late)
    assert late.read() == end
    for client in [late, *clients]:
        await client.close()


async def replay_alone(server: Server, host: Joined, typed: Recording, writer: Client, watchers: list[Client]) -> None:
    """At full speed. A third of the way the writer loses its connection, two thirds on the server is killed."""
    await back(writer, *watchers)
    writer.create_file(FILE, typed.start_content)
    typist = Typist(writer.doc, writer.file(), is_ascii=False)
    third = len(typed.txns) // 3
    for index, transaction in enumerate(typed.txns):
        if index == third:
            await writer.drop()
        elif index == third + 50:
            await back(writer)
        elif index == 2 * third:
            await asyncio.to_thread(server.kill)
        elif index == 2 * third + 50:
            await asyncio.to_thread(server.start)
            await back(writer, *watchers)
        typist.type(transaction)
        if index % BREATH == 0:
            await asyncio.sleep(0)
    await check_the_end(server, host, [writer, *watchers], typed.end_content)


@pytest.mark.parametrize("name", ["sveltecomponent", "rustcode"])
async def test_J7_a_recorded_session_ends_as_it_was_recorded(server: Server, name: str) -> None:
    host = server.create_room()
    guest = server.join(host.links["participant"], "Bo")
    writer = mux_client(server, host.room_id, host.token)
    watchers = [
        y_client(server, guest.room_id, guest.token),
        mux_client(server, guest.room_id, guest.token),
        y_client(server, host.room_id, host.token),
    ]
    await replay_alone(server, host, recording(name), writer, watchers)


class Typing:
    """The agents of a concurrent recording, each with a replica of its own and a client that sends what it types."""

    def __init__(self, typed: Recording, clients: list[Client], start: bytes) -> None:
        self._typed = typed
        self._clients = clients
        self._authors = [Author(client.doc.client_id, start, FILE) for client in clients]
        self._causality = Causality(typed.txns)
        self._updates: list[bytes] = []
        self._heads: list[tuple[int, int]] = []

    async def type(self, index: int) -> None:
        """An agent types what was typed once its client has seen what it was typed on."""
        transaction = self._typed.txns[index]
        client = self._clients[transaction.agent]
        news = self._causality.next(index)
        heads = [self._heads[i] for i in news]
        await eventually(lambda: client.has(heads))
        update = self._authors[transaction.agent].type(transaction, [self._updates[i] for i in news])
        client.push(update)
        self._updates.append(update)
        self._heads.append((client.doc.client_id, client.clock_of(client.doc.client_id)))


async def test_J7_three_people_at_once_end_as_they_did(server: Server) -> None:
    typed = recording("clownschool")
    host = server.create_room()
    people = [host, *(server.join(host.links["participant"], name) for name in ("Bo", "Chi"))]
    clients: list[Client] = [
        (mux_client if i % 2 else y_client)(server, person.room_id, person.token, 1000 + i)
        for i, person in enumerate(people)
    ]
    watcher = mux_client(server, host.room_id, host.token)
    await back(watcher, *clients)
    watcher.create_file(FILE, typed.start_content)
    await until_equal([watcher, *clients], "")
    typing = Typing(typed, clients, watcher.doc.get_update())
    count = len(typed.txns)
    for index in range(count):
        if index == count // 3:
            await clients[2].drop()
            await back(clients[2])
        elif index == count * 2 // 3:
            await asyncio.to_thread(server.restart)
            await back(watcher, *clients)
        await typing.type(index)
        if index % BREATH == 0:
            await asyncio.sleep(0)
    await check_the_end(server, host, [watcher, *clients], typed.end_content)


def test_the_recordings_are_what_they_say() -> None:
    """Replayed without any server; what fails here is not the server's doing."""
    for name in ("sveltecomponent", "rustcode"):
        typed = recording(name)
        client = MuxClient("", "")
        client.create_file(FILE, typed.start_content)
        typist = Typist(client.doc, client.file(), is_ascii=False)
        for transaction in typed.txns:
            typist.type(transaction)
        assert client.read() == typed.end_content
