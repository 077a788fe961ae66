"""Who is seen by whom, with stock clients of both dialects."""

from typing import Any

import pytest

from tests.clients import y_client
from tests.interop.puppets import Puppet
from tests.server import Joined, Server, eventually

KINDS = ("y", "hocuspocus")
ROUNDS = 20


async def open_as(puppet: Puppet, kind: str, server: Server, name: str, member: Joined) -> str:
    """Connect, sync and show a cursor; the awareness id as JSON has it."""
    if kind == "y":
        done = await puppet("y", name, url=f"{server.ws}/ws", room=member.room_id, token=member.token)
    else:
        await puppet("socket", name, url=f"{server.ws}/collab")
        document = f"{member.room_id}/main"
        done = await puppet("hocuspocus", name, socket=name, document=document, token=member.token)
    await puppet.until(name, lambda seen: seen["synced"])
    await puppet("announce", name, field="cursor", value=name)
    return str(done["client"])


def sees(client: str, **fields: Any) -> Any:
    """Whether somebody's state is seen, with these fields."""
    return lambda seen: client in seen["states"] and fields.items() <= seen["states"][client].items()


async def exchange(puppet: Puppet, one: str, other: str) -> None:
    """Edits there and back, so that whatever was on its way has arrived."""
    for turn in range(ROUNDS):
        writer, reader = (one, other) if turn % 2 else (other, one)
        await puppet("insert", writer, text="x")
        length = len((await puppet.look(writer))["text"])
        await puppet.until(reader, lambda seen, length=length: len(seen["text"]) >= length)  # type: ignore[misc]


@pytest.mark.parametrize("theirs", KINDS)
@pytest.mark.parametrize("mine", KINDS)
async def test_A3_everybody_sees_everybody_under_the_servers_names(
    server: Server, puppet: Puppet, mine: str, theirs: str
) -> None:
    host = server.create_room()
    guest = server.join(host.links["participant"], "Bo")
    asha = await open_as(puppet, mine, server, "asha", host)
    await puppet("announce", "asha", field="user", value={"name": "Somebody else", "color": "#000000"})
    bo = await open_as(puppet, theirs, server, "bo", guest)
    user = {"id": host.member["id"], "name": "Asha", "role": "host", "number": 1}
    seen = await puppet.until("bo", sees(asha, cursor="asha"))
    shown = seen["states"][asha]["user"]
    assert user.items() <= shown.items() and shown["color"] + "33" == shown["colorLight"]
    await puppet.until("asha", sees(bo, cursor="bo"))


@pytest.mark.parametrize("theirs", KINDS)
@pytest.mark.parametrize("mine", KINDS)
async def test_A4_who_leaves_is_gone_at_once(server: Server, puppet: Puppet, mine: str, theirs: str) -> None:
    host = server.create_room()
    guest = server.join(host.links["participant"], "Bo")
    asha = await open_as(puppet, mine, server, "asha", host)
    await open_as(puppet, theirs, server, "bo", guest)
    await puppet.until("bo", sees(asha))
    await puppet("destroy", "asha")
    await puppet.until("bo", lambda seen: asha not in seen["states"])


@pytest.mark.parametrize("kind", KINDS)
async def test_A4_who_dies_without_a_word_is_gone_at_once(server: Server, puppet: Puppet, kind: str) -> None:
    host = server.create_room()
    guest = server.join(host.links["participant"], "Bo")
    dying = y_client(server, host.room_id, host.token)
    await dying.connect()
    dying.announce({"cursor": 1})
    await open_as(puppet, kind, server, "bo", guest)
    asha = str(dying.doc.client_id)
    await puppet.until("bo", sees(asha))
    await dying.drop()
    await puppet.until("bo", lambda seen: asha not in seen["states"])


@pytest.mark.parametrize("how", ["disconnect", "cut"])
@pytest.mark.parametrize("kind", KINDS)
async def test_A5_who_returns_is_seen_again_at_once(server: Server, puppet: Puppet, kind: str, how: str) -> None:
    host = server.create_room()
    guest = server.join(host.links["participant"], "Bo")
    asha = await open_as(puppet, kind, server, "asha", host)
    await open_as(puppet, "y", server, "bo", guest)
    await puppet.until("bo", sees(asha, cursor="asha"))
    await puppet(how, "asha")
    await puppet.until("bo", lambda seen: asha not in seen["states"])
    await puppet("connect", "asha")
    await puppet.until("bo", sees(asha, cursor="asha"))
    await puppet("announce", "asha", field="cursor", value="moved")
    await puppet.until("bo", sees(asha, cursor="moved"))
    await puppet("renew", "bo")
    await puppet.until("asha", lambda seen: len(seen["states"]) == 2)


@pytest.mark.parametrize("kind", KINDS)
async def test_A5_a_return_is_told_once_and_not_for_ever(server: Server, puppet: Puppet, kind: str) -> None:
    """A stock y-websocket client repeats every state it hears; a repeated state must come to rest."""
    host = server.create_room()
    guest = server.join(host.links["participant"], "Bo")
    asha = await open_as(puppet, kind, server, "asha", host)
    await open_as(puppet, "y", server, "bo", guest)
    await puppet.until("bo", sees(asha))
    await puppet("cut", "asha")
    await puppet("connect", "asha")
    await puppet.until("asha", lambda seen: len(seen["closes"]) == 1 and seen["synced"])
    await exchange(puppet, "asha", "bo")
    before = (await puppet.look("bo"))["awareness"]
    await exchange(puppet, "asha", "bo")
    assert (await puppet.look("bo"))["awareness"] == before


async def test_A5_two_windows_of_one_member_leave_each_other_alone(server: Server, puppet: Puppet) -> None:
    host = server.create_room()
    left = await open_as(puppet, "y", server, "left", host)
    right = await open_as(puppet, "y", server, "right", host)
    await puppet.until("left", sees(right, cursor="right"))
    await puppet.until("right", sees(left, cursor="left"))
    await exchange(puppet, "left", "right")
    before = (await puppet.look("left"))["awareness"]
    await exchange(puppet, "left", "right")
    assert (await puppet.look("left"))["awareness"] == before
    await puppet("announce", "left", field="cursor", value="moved")
    await puppet.until("right", sees(left, cursor="moved"))


async def test_A4_the_first_of_two_windows_leaves_no_ghost(server: Server, puppet: Puppet) -> None:
    host = server.create_room()
    guest = server.join(host.links["participant"], "Bo")
    left = await open_as(puppet, "y", server, "left", host)
    right = await open_as(puppet, "y", server, "right", host)
    await open_as(puppet, "hocuspocus", server, "bo", guest)
    await puppet.until("bo", lambda seen: sees(left)(seen) and sees(right)(seen))
    await puppet("announce", "left", field="cursor", value="last")
    await puppet("destroy", "left")
    await puppet.until("bo", lambda seen: left not in seen["states"])
    await exchange(puppet, "right", "bo")
    assert left not in (await puppet.look("bo"))["states"]
    assert left not in (await puppet.look("right"))["states"]


async def test_A2_nobody_can_remove_or_fake_another(server: Server, puppet: Puppet) -> None:
    host = server.create_room()
    guest = server.join(host.links["participant"], "Bo")
    asha = await open_as(puppet, "hocuspocus", server, "asha", host)
    await open_as(puppet, "y", server, "witness", host)
    rogue = y_client(server, guest.room_id, guest.token)
    await rogue.connect()
    await eventually(lambda: int(asha) in rogue.people)
    rogue.announce({"cursor": "faked"}, clock=1000, client=int(asha))
    rogue.announce(None, clock=1001, client=int(asha))
    rogue.announce({"cursor": "rogue"}, clock=1)
    seen = await puppet.until("witness", sees(str(rogue.doc.client_id), cursor="rogue"))
    assert sees(asha, cursor="asha")(seen)
    assert (await puppet.look("asha"))["states"][asha]["cursor"] == "asha"
    await rogue.close()
    await puppet.until("witness", lambda seen: str(rogue.doc.client_id) not in seen["states"])
    assert asha in (await puppet.look("witness"))["states"]


@pytest.mark.parametrize("kind", KINDS)
async def test_A1_a_lone_client_hears_its_own_renewals(server: Server, puppet: Puppet, kind: str) -> None:
    """Stock clients hang up after 30 s of silence; what keeps them is the echo of what they say every 15 s."""
    host = server.create_room()
    await open_as(puppet, kind, server, "asha", host)
    name = b'"name":"Asha"'.hex()

    def echoes(seen: dict[str, Any]) -> int:
        return sum(b'"cursor":"asha"'.hex() in frame and name in frame for frame in seen["frames"])

    for heard in range(3):
        await puppet.until("asha", lambda seen, heard=heard: echoes(seen) > heard)  # type: ignore[misc]
        await puppet("renew", "asha")


async def test_A4_a_newcomer_sees_those_who_are_here_and_nobody_else(server: Server, puppet: Puppet) -> None:
    host = server.create_room()
    here = [await open_as(puppet, kind, server, f"here-{kind}", host) for kind in KINDS]
    gone = await open_as(puppet, "y", server, "gone", host)
    await puppet.until("here-y", sees(gone))
    await puppet("destroy", "gone")
    await puppet.until("here-y", lambda seen: gone not in seen["states"])
    guest = server.join(host.links["participant"], "Bo")
    newcomer = y_client(server, guest.room_id, guest.token)
    await newcomer.connect()
    await eventually(lambda: len(newcomer.people) == 2)
    assert set(newcomer.people) == {int(client) for client in here}
    await newcomer.close()


async def test_A4_in_an_open_room_guests_see_each_other_come_go_and_return(open_server: Server, puppet: Puppet) -> None:
    ids: dict[str, str] = {}
    for name in ("one", "two"):
        ids[name] = str((await puppet("y", name, url=f"{open_server.ws}/ws", room="guests"))["client"])
        await puppet.until(name, lambda seen: seen["synced"])
        await puppet("announce", name, field="user", value={"name": name, "color": "#30bced"})
    await puppet.until("two", sees(ids["one"], user={"name": "one", "color": "#30bced"}))
    await puppet("disconnect", "one")
    await puppet.until("two", lambda seen: ids["one"] not in seen["states"])
    await puppet("connect", "one")
    await puppet.until("one", lambda seen: seen["synced"])
    await puppet("announce", "one", field="line", value=3)
    await puppet.until("two", sees(ids["one"], line=3))
