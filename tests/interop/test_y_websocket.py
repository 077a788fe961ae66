"""The stock y-websocket provider against the real server."""

import asyncio
from pathlib import Path

import pytest

from tests.clients import y_client
from tests.interop.puppets import Puppet
from tests.server import Joined, Server, eventually, running


async def y(puppet: Puppet, server: Server, name: str, room: str, member: Joined | None = None) -> None:
    token = member.token if member else None
    await puppet("y", name, url=f"{server.ws}/ws", room=room, token=token)


async def test_W4_members_write_together(server: Server, puppet: Puppet) -> None:
    host = server.create_room()
    guest = server.join(host.links["participant"], "Bo")
    await y(puppet, server, "host", host.room_id, host)
    await y(puppet, server, "guest", guest.room_id, guest)
    await puppet("insert", "host", text="line\n😀 ")
    await puppet.until_reads("line\n😀 ", "guest")
    await puppet("insert", "guest", text="last")
    await puppet("remove", "host", at=0, count=1)
    await puppet.until_reads("ine\n😀 last", "host", "guest")


async def test_E14_in_an_open_room_any_word_and_any_document_will_do(open_server: Server, puppet: Puppet) -> None:
    for name in ("one", "two"):
        await y(puppet, open_server, name, "a-word/board")
    await puppet("insert", "one", text="drawing")
    await puppet.until_reads("drawing", "two")
    joined = open_server.join("a-word", "Asha")
    assert joined.room_id == "a-word"
    await y(puppet, open_server, "three", "a-word/board", joined)
    await puppet.until_reads("drawing", "three")


@pytest.mark.parametrize("token", ["no-such-token", None])
async def test_E3_a_bad_token_never_connects(server: Server, puppet: Puppet, token: str | None) -> None:
    host = server.create_room()
    await puppet("y", "thief", url=f"{server.ws}/ws", room=host.room_id, token=token)
    seen = await puppet.until("thief", lambda seen: seen["closes"])
    assert seen["closes"][0][0] == 401 and not seen["synced"] and seen["frames"] == []


async def test_R5_an_observers_edits_reach_nobody(server: Server, puppet: Puppet) -> None:
    host = server.create_room()
    observer = server.join(host.links["observer"], "Olga")
    await y(puppet, server, "host", host.room_id, host)
    await y(puppet, server, "observer", host.room_id, observer)
    await puppet("insert", "host", text="lesson")
    await puppet.until_reads("lesson", "observer")
    await puppet("insert", "observer", text="graffiti")
    await puppet("disconnect", "observer")
    await puppet("insert", "host", text="!")
    await puppet("connect", "observer")
    await puppet.until("observer", lambda seen: "!" in seen["text"])
    late = y_client(server, host.room_id, host.token)
    await late.until_connected()
    assert "graffiti" not in str(late.doc.get_update())
    await late.close()
    assert (await puppet.look("host"))["text"] == "lesson!"


async def test_J2_clients_survive_a_killed_server_by_themselves(tmp_path: Path, puppet: Puppet) -> None:
    with running(tmp_path / "data", "--open-rooms") as server:
        for name in ("one", "two"):
            await y(puppet, server, name, "phoenix")
            await puppet.until(name, lambda seen: seen["synced"])
        await puppet("insert", "one", text="before ")
        await puppet.until_reads("before ", "two")
        await asyncio.to_thread(server.kill)
        await puppet("insert", "one", text="while it was away ")
        await asyncio.to_thread(server.start)
        await puppet.until_reads("before while it was away ", "two")
        await puppet("insert", "two", text="after")
        await puppet.until_reads("before while it was away after", "one")


async def test_S1_a_client_that_takes_the_echo_as_its_answer_gets_one(tmp_path: Path) -> None:
    """A setting, for clients that wait until they hear their own edit."""
    with running(tmp_path / "data", "--open-rooms", echo_updates="true") as server:
        client = y_client(server, "echo")
        await client.until_connected()
        client.create_file(text="hear me")
        await eventually(lambda: any(frame[:2] == b"\0\2" and b"hear me" in frame for frame in client.frames))
        await client.close()
