"""Four kinds of clients in one room."""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack

from pycrdt import Provider, Text

from tests.interop.puppets import Puppet
from tests.interop.test_pycrdt import new_text, over_httpx, over_websockets
from tests.server import Server, eventually

ROUNDS = 15

Write = Callable[[str], Awaitable[object]]


async def test_W5_four_kinds_of_clients_in_one_room_converge(server: Server, puppet: Puppet) -> None:
    """All write at once; one of each dialect loses its connection on the way."""
    host = server.create_room()
    guest = server.join(host.links["participant"], "Bo")
    await puppet("y", "y", url=f"{server.ws}/ws", room=host.room_id, token=host.token)
    await puppet("socket", "s", url=f"{server.ws}/collab")
    await puppet("hocuspocus", "h", socket="s", document=f"{host.room_id}/main", token=guest.token)
    (one, ones), (two, twos) = new_text(), new_text()
    async with AsyncExitStack() as stack:
        url = f"{server.ws}/ws/{host.room_id}/main?token={guest.token}"
        providers = [
            await stack.enter_async_context(way(url, doc)) for way, doc in ((over_websockets, one), (over_httpx, two))
        ]
        await all_synced(puppet, providers)
        for number in range(ROUNDS):
            await write_everywhere(puppet, [ones, twos], number)
            if number in (5, 10):
                await puppet("cut", "y" if number == 5 else "h")
        everything = {f"{name}{number}" for name in ("y", "h", "p0-", "p1-") for number in range(ROUNDS)}

        def complete(text: str) -> bool:
            return set(text.split()) == everything

        await eventually(lambda: complete(str(ones)))
        await puppet.until_reads(str(ones), "y", "h")
        await eventually(lambda: str(twos) == str(ones))
        await puppet.until("h", lambda seen: seen["unsyncedChanges"] == 0)


async def all_synced(puppet: Puppet, providers: list[Provider]) -> None:
    for name in ("y", "h"):
        await puppet.until(name, lambda seen: seen["synced"])
    await asyncio.gather(*(provider.synced.wait() for provider in providers))


async def write_everywhere(puppet: Puppet, texts: list[Text], number: int) -> None:
    for index, text in enumerate(texts):
        text += f"p{index}-{number} "
    for name in ("y", "h"):
        await puppet("insert", name, at=0, text=f"{name}{number} ")
