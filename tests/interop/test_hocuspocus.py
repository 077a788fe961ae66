"""The stock Hocuspocus provider against the real server."""

from pathlib import Path
from typing import Any

from tests.interop.puppets import Puppet
from tests.server import Joined, Server, eventually, running


def at_rest(seen: dict[str, Any]) -> bool:
    """In sync, and everything written here is saved there."""
    return bool(seen["synced"]) and seen["unsyncedChanges"] == 0


async def mux(puppet: Puppet, server: Server, name: str, member: Joined, document: str = "main", **more: Any) -> None:
    """A provider on a socket of its own, named like it."""
    await puppet("socket", name, url=f"{server.ws}/collab")
    await mux_on(puppet, name, name, member, document, **more)


async def mux_on(puppet: Puppet, socket: str, name: str, member: Joined, document: str = "main", **more: Any) -> None:
    """One more document on a socket."""
    wanted = {"token": member.token} | more
    await puppet("hocuspocus", name, socket=socket, document=f"{member.room_id}/{document}", **wanted)


async def test_W4_members_write_together_and_are_told_what_is_saved(server: Server, puppet: Puppet) -> None:
    host = server.create_room()
    guest = server.join(host.links["participant"], "Bo")
    await mux(puppet, server, "host", host)
    await mux(puppet, server, "guest", guest)
    for name in ("host", "guest"):
        assert (await puppet.until(name, at_rest))["scope"] == "read-write"
    await puppet("insert", "host", text="one ")
    await puppet.until_reads("one ", "guest")
    await puppet("insert", "guest", text="two")
    await puppet.until_reads("one two", "host", "guest")
    seen = await puppet.until("guest", at_rest)
    assert seen["unsynced"] == [1, 0, 1, 0]


async def test_E4_a_bad_token_is_refused_by_name_and_the_socket_serves_others(server: Server, puppet: Puppet) -> None:
    host = server.create_room()
    await puppet("socket", "wire", url=f"{server.ws}/collab")
    await mux_on(puppet, "wire", "bad", host, token="no-such-token")
    assert (await puppet.until("bad", lambda seen: seen["denied"]))["denied"] == ["not_authenticated"]
    await mux_on(puppet, "wire", "good", host, "board")
    seen = await puppet.until("good", at_rest)
    assert seen["synced"] and seen["closes"] == []


async def test_R12_a_token_opens_its_own_room_only(server: Server, puppet: Puppet) -> None:
    mine, other = server.create_room(), server.create_room()
    await mux(puppet, server, "thief", other, token=mine.token)
    assert (await puppet.until("thief", lambda seen: seen["denied"]))["denied"] == ["forbidden"]


async def test_E14_without_a_token_nobody_gets_in(server: Server, puppet: Puppet) -> None:
    host = server.create_room()
    await mux(puppet, server, "nobody", host, token="")
    assert (await puppet.until("nobody", lambda seen: seen["denied"]))["denied"] == ["not_authenticated"]


async def test_R5_an_observer_reads_but_changes_nothing(server: Server, puppet: Puppet) -> None:
    host = server.create_room()
    observer = server.join(host.links["observer"], "Olga")
    await mux(puppet, server, "host", host)
    await puppet("insert", "host", text="lesson")
    await puppet.until("host", at_rest)
    await mux(puppet, server, "observer", observer)
    seen = await puppet.until("observer", at_rest)
    assert (seen["scope"], seen["text"]) == ("readonly", "lesson")
    await puppet("insert", "observer", text=" graffiti")
    refusal = f"{observer.room_id}/main".encode().hex() + "0800"
    seen = await puppet.until("observer", lambda seen: any(frame.endswith(refusal) for frame in seen["frames"]))
    assert seen["unsyncedChanges"] == 1
    await puppet("insert", "host", text="!")
    await puppet.until("host", at_rest)
    assert (await puppet.look("host"))["text"] == "lesson!"


async def test_R5_an_observer_who_comes_back_with_an_edit_still_changes_nothing(server: Server, puppet: Puppet) -> None:
    host = server.create_room()
    observer = server.join(host.links["observer"], "Olga")
    await mux(puppet, server, "observer", observer)
    await puppet.until("observer", at_rest)
    await puppet("disconnect", "observer")
    await puppet.until("observer", lambda seen: seen["closes"])
    await puppet("insert", "observer", text="graffiti")
    await puppet("connect", "observer")
    refusal = f"{observer.room_id}/main".encode().hex() + "0800"
    seen = await puppet.until("observer", lambda seen: any(frame.endswith(refusal) for frame in seen["frames"]))
    assert seen["unsyncedChanges"] > 0
    await mux(puppet, server, "host", host)
    assert (await puppet.until("host", at_rest))["text"] == ""


async def test_W5_many_documents_share_a_socket_and_one_can_leave(server: Server, puppet: Puppet) -> None:
    host = server.create_room()
    await puppet("socket", "wire", url=f"{server.ws}/collab")
    await mux_on(puppet, "wire", "main", host)
    await mux_on(puppet, "wire", "board", host, "board")
    await mux_on(puppet, "wire", "notes", host, "notes")
    for name in ("main", "board", "notes"):
        await puppet.until(name, at_rest)
        await puppet("insert", name, text=name)
    await puppet("detach", "board")
    closed = f"{host.room_id}/board".encode().hex() + "07" + b"\x12provider_initiated".hex()
    await puppet.until("main", lambda seen: any(frame.endswith(closed) for frame in seen["frames"]))
    await puppet("insert", "main", text="!")
    assert (await puppet.until("main", at_rest))["closes"] == []
    await mux(puppet, server, "reader", host, "board")
    await puppet.until_reads("board", "reader")
    await puppet("attach", "board")
    await puppet("insert", "reader", text="er")
    await puppet.until_reads("boarder", "board")


async def test_R6_private_documents_are_refused_to_others(server: Server, puppet: Puppet) -> None:
    host = server.create_room()
    guest = server.join(host.links["participant"], "Bo")
    await puppet("socket", "wire", url=f"{server.ws}/collab")
    await mux_on(puppet, "wire", "notes", guest, "notes")
    await mux_on(puppet, "wire", "desk", guest, f"desk/{host.member['id']}")
    await mux_on(puppet, "wire", "none", guest, "no-such-document")
    await mux_on(puppet, "wire", "own", guest, f"desk/{guest.member['id']}")
    for name, reason in (("notes", "forbidden"), ("desk", "forbidden"), ("none", "room_not_found")):
        assert (await puppet.until(name, lambda seen: seen["denied"]))["denied"] == [reason]
    await puppet.until("own", at_rest)


async def test_W4_two_providers_of_one_document_on_one_socket(server: Server, puppet: Puppet) -> None:
    """With session awareness the provider adds its own name to the document's."""
    host = server.create_room()
    await puppet("socket", "wire", url=f"{server.ws}/collab")
    await mux_on(puppet, "wire", "left", host, sessionAwareness=True)
    await mux_on(puppet, "wire", "right", host, sessionAwareness=True)
    for name in ("left", "right"):
        await puppet.until(name, at_rest)
    await puppet("insert", "left", text="both")
    await puppet.until_reads("both", "right")


async def test_W4_a_ping_is_answered_and_events_are_told(server: Server, puppet: Puppet) -> None:
    host = server.create_room()
    await mux(puppet, server, "host", host)
    await puppet.until("host", lambda seen: seen["events"])
    await puppet("stateless", "host", payload={"type": "ping", "id": 41})
    seen = await puppet.until("host", lambda seen: {"type": "pong", "id": 41} in seen["events"])
    assert seen["events"][0] == {"type": "state", "unsaved": False, "readOnly": None}
    said = server.call("POST", f"/api/rooms/{host.room_id}/chat", host.token, json={"text": "hello"})
    event = {"type": "entry", "entry": said.json()["entry"]}
    await puppet.until("host", lambda seen: event in seen["events"])
    assert event["entry"]["data"] == {"text": "hello"}
    assert event["entry"] in server.entries(host, "chat")


async def test_W4_stateless_messages_of_others_are_ignored(server: Server, puppet: Puppet) -> None:
    host = server.create_room()
    guest = server.join(host.links["participant"], "Bo")
    await mux(puppet, server, "host", host)
    await mux(puppet, server, "guest", guest)
    await puppet.until("guest", lambda seen: seen["events"])
    others: list[Any] = ["ping", {"type": "entry"}, {"type": "ping"}, [], {"type": "ping", "id": "x"}]
    for payload in others:
        await puppet("stateless", "guest", payload=payload)
    await puppet("stateless", "guest", payload={"type": "ping", "id": 1})
    await puppet.until("guest", lambda seen: {"type": "pong", "id": 1} in seen["events"])
    assert [event["type"] for event in (await puppet.look("host"))["events"] if event["type"] == "pong"] == []


async def test_R9_coming_and_going_are_entries(server: Server, puppet: Puppet) -> None:
    host = server.create_room()
    guest = server.join(host.links["participant"], "Bo")
    await mux(puppet, server, "host", host)
    await puppet.until("host", at_rest)
    await mux(puppet, server, "guest", guest)

    def told() -> list[tuple[str, str]]:
        return [(entry["kind"], entry["data"]["member"]["name"]) for entry in server.entries(host, "room")]

    await eventually(lambda: told() == [("joined", "Asha"), ("joined", "Bo")])
    await puppet("cut", "guest")
    await puppet.until("guest", lambda seen: len(seen["closes"]) == 1 and at_rest(seen))
    assert told() == [("joined", "Asha"), ("joined", "Bo")]
    await puppet("disconnect", "guest")
    await eventually(lambda: told()[-1] == ("left", "Bo"))


async def test_J3_what_was_typed_offline_is_sent_and_saved_on_return(server: Server, puppet: Puppet) -> None:
    host = server.create_room()
    guest = server.join(host.links["participant"], "Bo")
    await mux(puppet, server, "host", host)
    await mux(puppet, server, "guest", guest)
    await puppet.until("host", at_rest)
    await puppet("disconnect", "host")
    await puppet.until("host", lambda seen: seen["closes"])
    for letter in "offline":
        await puppet("insert", "host", text=letter)
    await puppet("insert", "guest", text="meanwhile ")
    await puppet("connect", "host")
    await puppet.until("host", lambda seen: at_rest(seen) and "meanwhile" in seen["text"])
    text = (await puppet.look("host"))["text"]
    assert text in ("meanwhile offline", "offlinemeanwhile ")
    await puppet.until_reads(text, "guest")


async def test_W4_a_provider_that_syncs_again_is_told_saved_again(server: Server, puppet: Puppet) -> None:
    """The interval of `forceSync` starts the count anew; as in the first sync, the reply to our question ends it."""
    host = server.create_room()
    await mux(puppet, server, "host", host)
    await puppet.until("host", at_rest)
    for text in ("a", "b"):
        await puppet("forceSync", "host")
        await puppet("insert", "host", text=text)
        await puppet.until("host", at_rest)


async def test_U4_what_is_too_much_is_refused_until_it_is_taken_back(tmp_path: Path, puppet: Puppet) -> None:
    with running(tmp_path / "data", max_document_bytes=20_000) as server:
        host = server.create_room()
        guest = server.join(host.links["participant"], "Bo")
        await mux(puppet, server, "host", host)
        await mux(puppet, server, "guest", guest)
        for name in ("host", "guest"):
            await puppet.until(name, at_rest)
        await puppet("insert", "host", text="x" * 30_000)
        full = {"type": "state", "unsaved": False, "readOnly": "document_full"}
        seen = await puppet.until("host", lambda seen: full in seen["events"])
        assert seen["unsyncedChanges"] == 1
        await puppet("insert", "guest", text="small")
        await puppet.until("guest", at_rest)
        await puppet("remove", "host", at=(await puppet.look("host"))["text"].index("x"), count=30_000)
        await puppet.until("host", at_rest)
        await puppet.until("host", lambda seen: seen["events"][-1] == full | {"readOnly": None})
        await puppet("insert", "host", text=" and fine")
        await puppet.until("guest", lambda seen: "fine" in seen["text"])
        await puppet.until_reads((await puppet.look("host"))["text"], "guest")
        assert sorted((await puppet.look("guest"))["text"].split()) == ["and", "fine", "small"]
