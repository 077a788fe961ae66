"""What hosts decide holds at once, for live sockets of both dialects and for HTTP."""

import contextlib
from collections.abc import AsyncIterator, Callable
from typing import Any

import pytest

from tests.api.scene import Scene
from tests.clients import FILE, Client, MuxClient, mux_client, until_equal, until_saved, y_client
from tests.server import Joined, Server, eventually

TESTS = "b" * 16


INTRUSIONS: list[Callable[[Client], object]] = [
    lambda client: client.file(TESTS).insert(0, "no "),
    lambda client: client.files[FILE].__setitem__("path", "tests/moved.py"),
    lambda client: client.files[TESTS].__setitem__("path", "src/moved.py"),
    lambda client: client.create_file("d" * 16, "no", "tests/new.py"),
    lambda client: client.files.pop(TESTS),
]


async def until_refused(client: MuxClient) -> None:
    await eventually(lambda: client.refused)


@contextlib.asynccontextmanager
async def live(*clients: Client) -> AsyncIterator[None]:
    for client in clients:
        await client.until_connected()
    try:
        yield
    finally:
        for client in clients:
            await client.drop()


def create(server: Server, **settings: Any) -> Joined:
    body = {"name": "Room", "displayName": "Asha", **settings}
    joined: Joined = scene_joined(server.call("POST", "/api/rooms", json=body).raise_for_status().json())
    return joined


def scene_joined(answer: dict[str, Any]) -> Joined:
    return Joined(answer["room"], answer["member"], answer["token"], answer["links"])


def both(server: Server, joined: Joined) -> tuple[Client, MuxClient]:
    return y_client(server, joined.room_id, joined.token), mux_client(server, joined.room_id, joined.token)


def change_role(server: Server, host: Joined, member: Joined, role: str) -> None:
    path = f"/api/rooms/{host.room_id}/members/{member.member['id']}"
    server.call("PATCH", path, host.token, json={"role": role}).raise_for_status()


async def test_R16_a_new_role_holds_at_once_on_open_sockets(server: Server) -> None:
    host = create(server)
    guest = server.join(host.links["participant"], "Bo")
    y, mux = both(server, guest)
    watcher = mux_client(server, host.room_id, host.token)
    async with live(watcher, y, mux):
        watcher.create_file()
        await until_equal([watcher, y, mux], "")
        change_role(server, host, guest, "observer")
        await eventually(lambda: mux.scope == "readonly")
        y.file().insert(0, "y")
        mux.file().insert(0, "m")
        await eventually(lambda: mux.refused)
        assert server.call("POST", f"/api/rooms/{host.room_id}/runs", guest.token, json={"fileId": FILE}).is_error
        watcher.file().insert(0, "host")
        await until_saved([watcher])
        assert watcher.read() == "host"
        change_role(server, host, guest, "participant")
        await eventually(lambda: mux.scope == "read-write")
        back = mux_client(server, host.room_id, guest.token)
        async with live(back):
            back.file().insert(0, "again ")
            await eventually(lambda: watcher.read() == "again host")
    kinds = [entry["kind"] for entry in server.entries(host, "room")]
    assert kinds.count("role") == 2


async def test_R16_who_is_taken_out_is_out_at_once_and_stays_out(server: Server) -> None:
    host = create(server)
    guest = server.join(host.links["participant"], "Bo")
    y, mux = both(server, guest)
    watcher = mux_client(server, host.room_id, host.token)
    async with live(watcher, y, mux):
        watcher.create_file()
        mux.announce({"cursor": 1})
        await eventually(lambda: mux.doc.client_id in watcher.people)
        path = f"/api/rooms/{host.room_id}/members/{guest.member['id']}"
        assert server.call("DELETE", path, guest.token, params={"ban": "true"}).status_code == 204  # by themselves
        await eventually(lambda: y.close_code == 4403)
        await eventually(lambda: mux.denied == "removed")
        await eventually(lambda: mux.doc.client_id not in watcher.people)
        mux.announce({"cursor": 2})
        mux.create_file(TESTS, "sneaky", "sneaky.py")
        watcher.file().insert(0, "host")
        await until_saved([watcher])
        assert TESTS not in watcher.files
        assert mux.doc.client_id not in watcher.people
    refused = server.call("GET", f"/api/rooms/{host.room_id}", guest.token)
    assert (refused.status_code, refused.json()["error"]["code"]) == (403, "removed")
    again = mux_client(server, host.room_id, guest.token)
    await again.connect()
    await eventually(lambda: again.denied == "removed")
    await again.drop()


async def test_R16_a_former_host_loses_the_notes_and_keeps_the_socket(server: Server) -> None:
    host = create(server)
    second = server.join(host.links["participant"], "Bo")
    change_role(server, host, second, "host")
    notes = MuxClient(f"{server.ws}/collab", f"{host.room_id}/notes", second.token)
    main = mux_client(server, host.room_id, second.token)
    async with live(notes, main):
        change_role(server, host, second, "participant")
        await eventually(lambda: notes.denied == "forbidden")
        main.create_file()
        await until_saved([main])


async def test_R16_a_room_that_ends_is_read_only_for_all_until_it_is_reopened(server: Server) -> None:
    host = create(server)
    guest = server.join(host.links["participant"], "Bo")
    mux = mux_client(server, host.room_id, guest.token)
    async with live(mux):
        mux.create_file(text="kept")
        await until_saved([mux])
        room = f"/api/rooms/{host.room_id}"
        assert server.call("PATCH", room, guest.token, json={"status": "ended"}).status_code == 403
        assert server.call("PATCH", room, host.token, json={"status": "ended"}).json()["room"]["status"] == "ended"
        await eventually(lambda: mux.scope == "readonly")
        assert server.call("POST", f"{room}/chat", host.token, json={"text": "x"}).status_code == 403
        joining = server.call("POST", f"/api/links/{host.links['participant']}/members", json={"displayName": "Cy"})
        assert joining.status_code == 403
        assert server.call("GET", f"{room}/archive.zip", guest.token).is_success
        assert server.call("PATCH", room, host.token, json={"status": "open"}).json()["room"]["status"] == "open"
        await eventually(lambda: mux.scope == "read-write")
        assert server.call("DELETE", room, host.token).status_code == 204
        await eventually(lambda: mux.denied == "room_not_found")
        assert server.call("GET", room, host.token).status_code == 404


async def test_R15_who_may_write_only_some_files_changes_no_others(server: Server) -> None:
    host = create(server)
    guest = server.join(host.links["participant"], "Bo")
    watcher, mux = mux_client(server, host.room_id, host.token), mux_client(server, host.room_id, guest.token)
    rules = [{"subject": "participant", "document": "main", "access": "read", "paths": "tests/**"}]
    async with live(watcher, mux):
        watcher.create_file(text="code\n")
        watcher.create_file(TESTS, "check\n", "tests/test.py")
        await until_equal([watcher, mux], "check\n", TESTS)
        answer = server.call("PATCH", f"/api/rooms/{host.room_id}", host.token, json={"rules": rules})
        assert answer.json()["room"]["rules"] == rules
        mine = server.call("GET", f"/api/rooms/{host.room_id}", guest.token).json()["rights"]["main"]
        assert mine == {"write": True, "paths": [{"glob": "tests/**", "write": False}]}
        mux.file().insert(0, "more ")
        mux.create_file("c" * 16, "new", "src/new.py")
        await until_saved([mux])
        await eventually(lambda: watcher.read("c" * 16) == "new")
        assert watcher.read() == "more code\n"
        for bad in INTRUSIONS:
            intruder = mux_client(server, host.room_id, guest.token)
            async with live(intruder):
                bad(intruder)
                await until_refused(intruder)
        assert watcher.read(TESTS) == "check\n"
        assert {file["path"] for file in watcher.files.values()} == {"main.py", "tests/test.py", "src/new.py"}
        intruder = mux_client(server, host.room_id, guest.token)
        async with live(intruder):
            intruder.file().insert(0, "still ")
            await eventually(lambda: watcher.read() == "still more code\n")


async def test_R17_who_waits_in_the_lobby_gets_in_when_a_host_says_so(server: Server) -> None:
    host = create(server, lobby=True)
    watcher = mux_client(server, host.room_id, host.token)
    bystander_events = mux_client(server, host.room_id, host.token)
    async with live(watcher, bystander_events):
        guest = server.join(host.links["participant"], "Bo")
        assert guest.member["standing"] == "waiting"
        assert guest.links == {}
        await eventually(lambda: any(event["type"] == "lobby" for event in watcher.events))
        refused = server.call("GET", f"/api/rooms/{host.room_id}", guest.token)
        assert (refused.status_code, refused.json()["error"]["code"]) == (403, "waiting")
        knocking = mux_client(server, host.room_id, guest.token)
        await knocking.connect()
        await eventually(lambda: knocking.denied == "waiting")
        await knocking.drop()
        members = f"/api/rooms/{host.room_id}/members"
        assert server.call("POST", f"{members}/{guest.member['id']}/admit", guest.token).status_code == 403
        assert server.call("POST", f"{members}/{guest.member['id']}/admit", host.token).is_success
        inside = mux_client(server, host.room_id, guest.token)
        async with live(inside):
            inside.create_file(text="hello")
            await until_saved([inside])


def test_R18_a_link_has_what_its_maker_asked_for(server: Server) -> None:
    host = create(server)
    links = f"/api/rooms/{host.room_id}/links"

    def add(**options: Any) -> str:
        answer = server.call("POST", links, host.token, json=options).raise_for_status()
        return str(answer.json()["link"]["code"])

    def join(code: str, **more: Any) -> tuple[int, dict[str, Any]]:
        answer = server.call("POST", f"/api/links/{code}/members", json={"displayName": "Bo", **more})
        return answer.status_code, answer.json()

    once = add(role="participant", uses=1)
    assert join(once)[0] == 201
    assert join(once)[1]["error"]["code"] == "link_refused"
    secret = add(role="host", password="open sesame")
    assert join(secret)[0] == 403
    assert join(secret, password="Open sesame")[0] == 403
    assert join(secret, password="open sesame")[1]["member"]["role"] == "host"
    asked = add(role="observer", approval=True)
    assert join(asked)[1]["member"]["standing"] == "waiting"
    assert server.call("GET", f"/api/links/{asked}").json()["approval"] is True
    listed = server.call("GET", links, host.token).json()["links"]
    assert {link["code"] for link in listed} >= {once, secret, asked}
    assert "open sesame" not in str(listed)
    assert server.call("DELETE", f"{links}/{asked}", host.token).status_code == 204
    assert join(asked)[0] == 404
    guest = server.join(host.links["participant"], "Cy")
    assert server.call("GET", links, guest.token).status_code == 403
    assert server.call("POST", links, guest.token, json={"role": "host"}).status_code == 403


def test_R16_the_last_host_stays_and_nobody_touches_other_rooms(server: Server) -> None:
    host, other = create(server), create(server)
    me = f"/api/rooms/{host.room_id}/members/{host.member['id']}"
    answer = server.call("PATCH", me, host.token, json={"role": "observer"})
    assert (answer.status_code, answer.json()["error"]["code"]) == (409, "last_host")
    assert server.call("DELETE", me, host.token).status_code == 409
    assert server.call("DELETE", me, other.token).status_code == 403
    stranger = f"/api/rooms/{other.room_id}/members/{host.member['id']}"
    assert server.call("DELETE", stranger, other.token).json()["error"]["code"] == "member_not_found"


def test_R19_a_copy_of_a_room_has_its_files_and_nothing_else(scene: Scene) -> None:
    server = scene.server
    host = create(server, language="python")
    before = server.call("GET", f"/api/rooms/{host.room_id}/archive.zip", host.token).content
    copied = scene_joined(server.call("POST", f"/api/rooms/{host.room_id}/duplicate", host.token, json={}).json())
    assert copied.room_id != host.room_id
    assert copied.room["name"] == "Room (2)"
    after = server.call("GET", f"/api/rooms/{copied.room_id}/archive.zip", copied.token).content
    assert len(after) == len(before)
    assert server.call("GET", f"/api/rooms/{copied.room_id}/archive.zip", host.token).status_code == 403


@pytest.mark.parametrize("rules", [[{"subject": "x", "document": "nope", "access": "read"}], [{"subject": "x"}], 7])
def test_R15_bad_rules_are_refused_and_change_nothing(server: Server, rules: object) -> None:
    host = create(server)
    answer = server.call("PATCH", f"/api/rooms/{host.room_id}", host.token, json={"rules": rules})
    assert answer.status_code == 422
    assert server.call("GET", f"/api/rooms/{host.room_id}", host.token).json()["room"]["rules"] == []
