"""Accounts in rooms: joining as oneself, guests who become accounts, what is taken along, what stays."""

import base64
import json

from websockets.sync.client import connect

from tests.people.visitor import PASSWORD, Visitor, code
from tests.server import Joined, Server


def create(asha: Visitor, **more: object) -> dict[str, object]:
    answer = asha.call("POST", "/api/rooms", json={"name": "Room"} | more)
    assert answer.status_code == 201, answer.text
    found: dict[str, object] = answer.json()
    return found


def say(visitor: Visitor, room: str, text: str, token: str | None = None) -> None:
    answer = visitor.call("POST", f"/api/rooms/{room}/chat", token=token, json={"text": text})
    assert answer.status_code == 201, answer.text


def test_I10_an_account_is_in_rooms_as_itself(server: Server) -> None:
    asha, bo = Visitor(server).arrive(), Visitor(server).arrive(displayName="Bo")
    made = create(asha)
    room, links = made["room"]["id"], made["links"]  # type: ignore[index]
    assert made["token"] == "" and made["member"]["name"] == "Asha Rao"  # type: ignore[index]
    say(asha, room, "hello")
    assert code(bo.call("GET", f"/api/rooms/{room}"), 403) == "forbidden"
    joined = bo.call("POST", f"/api/links/{links['participant']}/members", json={}).json()  # type: ignore[index]
    again = bo.call("POST", f"/api/links/{links['observer']}/members", json={}).json()  # type: ignore[index]
    assert joined["member"] == again["member"] and joined["member"]["role"] == "participant"
    assert bo.call("GET", f"/api/rooms/{room}").json()["member"] == joined["member"]
    assert [one["room"] for one in bo.call("GET", "/api/users/me/memberships").json()["memberships"]] == [room]
    with connect(f"{server.ws}/ws/{room}/main?token={bo.access}") as socket:
        assert isinstance(socket.recv(timeout=20), bytes)
    bo.call("POST", "/api/auth/logout")
    assert code(bo.call("GET", f"/api/rooms/{room}"), 401) == "not_authenticated"
    assert code(bo.call("POST", "/api/rooms", json={"name": "x"}), 401) == "not_authenticated"


def test_I10_who_has_no_account_comes_in_by_link_as_ever(server: Server) -> None:
    host = server.create_room()
    assert server.join(host.links["participant"], "Guest").member["name"] == "Guest"
    assert code(server.call("POST", "/api/rooms", json={"name": "Room"}), 422) == "bad_request"


def guest(server: Server) -> Joined:
    """A guest who has said something in a room of others."""
    joined = server.join(server.create_room().links["participant"], "Guest Asha")
    say(Visitor(server), joined.room_id, "said as a guest", joined.token)
    return joined


def test_I11_a_guest_who_gets_an_account_keeps_what_they_did(server: Server) -> None:
    before, later = guest(server), guest(server)
    asha = Visitor(server).arrive(guestTokens=[before.token, "nonsense"])
    assert asha.call("GET", f"/api/rooms/{before.room_id}").json()["member"] == before.member
    claimed = asha.call("POST", "/api/users/me/memberships", json={"token": later.token})
    assert claimed.json()["membership"] | {"createdAt": 0} == {
        "room": later.room_id,
        "member": later.member["id"],
        "createdAt": 0,
    }
    assert asha.call("POST", "/api/users/me/memberships", json={"token": later.token}).status_code == 201
    (entry,) = server.entries(later, "chat")
    assert entry["author"] == later.member["id"]


def test_I11_a_guest_becomes_one_account_only(server: Server) -> None:
    mine = guest(server)
    asha = Visitor(server).arrive(guestTokens=[mine.token])
    thief = Visitor(server).arrive(guestTokens=[mine.token])
    assert thief.call("GET", "/api/users/me/memberships").json()["memberships"] == []
    assert code(thief.call("POST", "/api/users/me/memberships", json={"token": mine.token}), 409) == "member_taken"
    assert code(thief.call("POST", "/api/users/me/memberships", json={"token": "x"}), 401) == "not_authenticated"
    assert len(asha.call("GET", "/api/users/me/memberships").json()["memberships"]) == 1


def test_I12_what_is_known_of_somebody_is_theirs_to_take(server: Server) -> None:
    mine = guest(server)
    asha = Visitor(server, agent="Phone").arrive(guestTokens=[mine.token])
    made = create(asha, language="python")
    say(asha, made["room"]["id"], "said by an account")  # type: ignore[index]
    answer = asha.call("GET", "/api/users/me/export")
    assert "attachment" in answer.headers["content-disposition"]
    taken = answer.json()
    assert taken["user"]["email"] == asha.address
    assert [one["userAgent"] for one in taken["sessions"]] == ["Phone"]
    assert {room["room"] for room in taken["rooms"]} == {mine.room_id, made["room"]["id"]}  # type: ignore[index]
    entries = [entry for room in taken["rooms"] for entry in room["entries"]]
    said = [entry["data"]["text"] for entry in entries if entry["channel"] == "chat"]
    assert sorted(said) == ["said as a guest", "said by an account"]
    updates = [base64.b64decode(entry["data"]) for entry in entries if entry["kind"] == "update"]
    assert updates and b"main.py" in b"".join(updates)
    for secret in ("argon2", "password_hash", mine.token, asha.access):
        assert secret not in json.dumps(taken)


def test_I12_who_goes_leaves_no_name_and_with_erasing_no_word(server: Server) -> None:
    for contributions, left in (("anonymise", "said as a guest"), ("erase", "")):
        mine = guest(server)
        asha = Visitor(server).arrive(guestTokens=[mine.token])
        with connect(f"{server.ws}/ws/{mine.room_id}/main?token={asha.access}") as socket:
            socket.recv(timeout=20)
        farewell = {"password": PASSWORD, "contributions": contributions}
        assert code(asha.call("DELETE", "/api/users/me", json={"password": "Wrong-1-River"}), 403) == "wrong_password"
        assert asha.call("DELETE", "/api/users/me", json=farewell).status_code == 204
        assert code(asha.call("GET", "/api/users/me"), 401) == "not_authenticated"
        assert code(asha.login(), 401) == "wrong_credentials"
        host = server.call("GET", f"/api/rooms/{mine.room_id}", mine.token).json()
        assert "Guest Asha" not in json.dumps(host)
        assert host["member"]["name"] == "Former member"
        entries = server.entries(mine, "chat", "room")
        assert [entry["data"]["text"] for entry in entries if entry["channel"] == "chat"] == [left]
        assert "Guest Asha" not in json.dumps([entry for entry in entries if entry["kind"] == "joined"])
        assert Visitor(server, asha.address).arrive().user()["id"] != ""


def test_I13_a_token_for_a_machine_does_what_it_is_for_and_no_more(server: Server) -> None:
    asha = Visitor(server).arrive()
    new = {"name": "Robot", "scopes": ["rooms"]}
    assert code(asha.call("POST", "/api/users/me/tokens", json=new), 403) == "password_needed"
    made = asha.call("POST", "/api/users/me/tokens", json=new | {"password": PASSWORD}).json()["token"]
    secret = made.pop("secret")
    assert asha.call("GET", "/api/users/me/tokens").json() == {"tokens": [made]}
    room = asha.call("POST", "/api/rooms", token=secret, json={"name": "By a robot"}).json()["room"]["id"]
    assert asha.call("GET", f"/api/rooms/{room}", token=secret).status_code == 200
    assert asha.call("GET", f"/api/rooms/{room}").status_code == 200
    for method, path in (("GET", "/api/users/me"), ("DELETE", "/api/auth/sessions"), ("POST", "/api/users/me/tokens")):
        assert code(asha.call(method, path, token=secret, json={}), 403) == "forbidden"
    admin = new | {"scopes": ["admin"], "password": PASSWORD}
    assert code(asha.call("POST", "/api/users/me/tokens", json=admin), 403) == "forbidden"
    other = Visitor(server).arrive()
    assert code(other.call("DELETE", f"/api/users/me/tokens/{made['id']}"), 404) == "token_not_found"
    assert asha.call("DELETE", f"/api/users/me/tokens/{made['id']}").status_code == 204
    assert code(asha.call("GET", f"/api/rooms/{room}", token=secret), 401) == "not_authenticated"
