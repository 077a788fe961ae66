"""An account from its first letter to its end, on each database."""

import httpx

from tests.people.visitor import PASSWORD, Visitor, code
from tests.server import Server


def test_I1_an_account_is_there_once_its_address_is_confirmed(server: Server) -> None:
    asha = Visitor(server)
    assert asha.register(firstName="Asha", lastName="Rao").json() == {"status": "letter_sent"}
    assert code(asha.login(), 401) == "wrong_credentials"
    token = asha.letter_token("Confirm")
    assert "https://sangam.example/api/auth/verify?token=" in asha.wait_for_letter("Confirm")
    assert asha.call("GET", "/api/auth/verify", params={"token": token}).json() == {"status": "verified"}
    assert code(asha.call("GET", "/api/auth/verify", params={"token": token}), 400) == "bad_token"
    signed_in = asha.login().json()
    assert (signed_in["tokenType"], signed_in["expiresIn"]) == ("Bearer", 3600)
    user = asha.user()
    assert user == signed_in["user"] | {"lastLoginAt": user["lastLoginAt"]}
    assert (user["email"], user["displayName"], user["firstName"]) == (asha.address, "Asha Rao", "Asha")
    assert (user["role"], user["hasPassword"], user["secondFactor"]) == ("user", True, False)


def test_I1_addresses_and_passwords_are_checked_before_anything_is_sent(server: Server) -> None:
    for address in (" ", "asha", "a@b", "a b@mail.example", "a@mail.example\nBcc: b@mail.example", "x" * 250 + "@a.de"):
        assert code(Visitor(server, address).register(), 422) == "bad_address"
    for password in ("", "Sh0rt!a", "alllower-1", "NoDigits--", "N0Specials", "Password1!", "P@ssw0rd!", "Dragon-12!"):
        assert code(Visitor(server).register(password), 422) == "weak_password"
    own = Visitor(server, "marigold@mail.example")
    assert code(own.register("Marigold-1970"), 422) == "weak_password"
    assert own.letters() == []


def test_I2_an_address_that_has_an_account_is_not_told(server: Server) -> None:
    asha = Visitor(server).arrive()
    again = Visitor(server, asha.address.upper())
    first, second = Visitor(server).register(), again.register("Another-River-9")
    assert (first.status_code, first.json()) == (second.status_code, second.json())
    asha.wait_for_letter("You have an account already")
    assert code(again.login("Another-River-9"), 401) == "wrong_credentials"
    assert asha.login().status_code == 200
    answers = [
        visitor.call("POST", "/api/auth/forgot-password", json={"email": visitor.address})
        for visitor in (asha, Visitor(server))
    ]
    assert [(answer.status_code, answer.content) for answer in answers] == [(202, b'{"status":"letter_sent"}')] * 2


def test_I2_who_is_refused_learns_nothing(server: Server) -> None:
    asha = Visitor(server).arrive()
    unknown, wrong = Visitor(server).login(), asha.login("Wrong-River-88")
    bodies = [answer.json()["error"] | {"timestamp": "", "requestId": ""} for answer in (unknown, wrong)]
    assert bodies[0] == bodies[1]
    assert [answer.status_code for answer in (unknown, wrong)] == [401, 401]


def test_I3_refresh_tokens_follow_one_another_and_one_that_comes_twice_ends_them_all(server: Server) -> None:
    asha = Visitor(server).arrive()
    asha.login(client="program")
    first = asha.refresh
    second = refreshed(asha, first).json()["refreshToken"]
    third = refreshed(asha, second).json()
    assert asha.call("GET", "/api/users/me", token=third["accessToken"]).status_code == 200
    assert code(refreshed(asha, first), 401) == "not_authenticated"
    assert code(refreshed(asha, third["refreshToken"]), 401) == "not_authenticated"
    assert code(asha.call("GET", "/api/users/me", token=third["accessToken"]), 401) == "not_authenticated"


def refreshed(visitor: Visitor, token: str) -> httpx.Response:
    return visitor.call("POST", "/api/auth/refresh", token="", json={"refreshToken": token})


def test_I3_a_browser_keeps_its_refresh_token_where_no_script_reads_it(server: Server) -> None:
    asha = Visitor(server).arrive()
    answer = asha.login()
    assert "refreshToken" not in answer.json()
    cookie = answer.headers["set-cookie"]
    for part in ("HttpOnly", "SameSite=strict", "Secure", "Path=/api/auth", "Max-Age=2592000"):
        assert part in cookie
    value = cookie.partition("=")[2].partition(";")[0]
    turned = asha.call("POST", "/api/auth/refresh", token="", headers={"Cookie": f"sangam_refresh={value}"})
    assert turned.status_code == 200
    assert "refreshToken" not in turned.json()
    assert turned.headers["set-cookie"].partition(";")[0] != cookie.partition(";")[0]


def test_I4_sign_ins_are_listed_and_ended_one_by_one_or_all_others(server: Server) -> None:
    phone, laptop = Visitor(server, agent="Phone").arrive(), Visitor(server, agent="Laptop")
    laptop.address = phone.address
    laptop.login()
    phone.login()
    shown = phone.call("GET", "/api/auth/sessions").json()["sessions"]
    assert sorted(one["userAgent"] for one in shown) == ["Laptop", "Phone", "Phone"]
    assert {one["ipAddress"] for one in shown} == {"127.0.0.1"}
    assert [one["userAgent"] for one in shown if one["current"]] == ["Phone"]
    (of_laptop,) = (one["id"] for one in shown if one["userAgent"] == "Laptop")
    assert phone.call("DELETE", f"/api/auth/sessions/{of_laptop}").status_code == 204
    assert code(laptop.call("GET", "/api/users/me"), 401) == "not_authenticated"
    assert phone.call("DELETE", "/api/auth/sessions").json() == {"ended": 1}
    assert phone.call("POST", "/api/auth/logout").status_code == 204
    assert code(phone.call("GET", "/api/users/me"), 401) == "not_authenticated"


def test_I5_a_forgotten_password_is_replaced_and_everybody_signed_in_is_out(server: Server) -> None:
    asha = Visitor(server).arrive()
    asha.call("POST", "/api/auth/forgot-password", json={"email": asha.address})
    token = asha.letter_token("Choose a new password")
    body = {"token": token, "password": "password"}
    assert code(asha.call("POST", "/api/auth/reset-password", json=body), 422) == "weak_password"
    body["password"] = "Fresh-River-99"
    assert asha.call("POST", "/api/auth/reset-password", json=body).status_code == 204
    assert code(asha.call("POST", "/api/auth/reset-password", json=body), 400) == "bad_token"
    assert code(asha.call("GET", "/api/users/me"), 401) == "not_authenticated"
    assert code(asha.login(), 401) == "wrong_credentials"
    assert asha.login("Fresh-River-99").status_code == 200
    asha.wait_for_letter("Your account was changed")


def test_I5_a_password_is_changed_by_who_knows_it(server: Server) -> None:
    asha, other = Visitor(server).arrive(), Visitor(server)
    other.address = asha.address
    other.login()
    change = {"newPassword": "Fresh-River-99"}
    assert code(asha.call("POST", "/api/users/me/password", json=change), 403) == "password_needed"
    wrong = change | {"password": "Wrong-River-88"}
    assert code(asha.call("POST", "/api/users/me/password", json=wrong), 403) == "wrong_password"
    assert asha.call("POST", "/api/users/me/password", json=change | {"password": PASSWORD}).status_code == 204
    assert asha.user()
    assert code(other.call("GET", "/api/users/me"), 401) == "not_authenticated"
    assert code(other.login(), 401) == "wrong_credentials"


def test_I5_an_address_moves_once_the_new_one_is_confirmed(server: Server) -> None:
    asha, bo = Visitor(server).arrive(), Visitor(server).arrive()
    taken = asha.call("POST", "/api/users/me/email", json={"email": bo.address, "password": PASSWORD})
    new = Visitor(server)
    moved = asha.call("POST", "/api/users/me/email", json={"email": new.address, "password": PASSWORD})
    assert (taken.status_code, taken.json()) == (moved.status_code, moved.json()) == (202, {"status": "letter_sent"})
    assert asha.user()["email"] == asha.address
    assert new.verify().status_code == 200
    assert asha.user()["email"] == new.address
    assert new.login().status_code == 200
    asha.wait_for_letter("Your account was changed")


def test_I6_a_profile_changes_in_what_its_owner_may_change(server: Server) -> None:
    asha = Visitor(server).arrive()
    change = {
        "displayName": "  Asha\u202e  R ",
        "lastName": "Rao",
        "preferences": {"language": "hi-IN", "editor": {"tabSize": 4, "vim": True}, "learningGoals": ["graphs"]},
        "consents": {"analytics": True},
    }
    user = asha.call("PATCH", "/api/users/me", json=change).json()["user"]
    assert (user["displayName"], user["lastName"]) == ("Asha R", "Rao")
    assert user["preferences"]["editor"] == {"tabSize": 4, "vim": True}
    assert user["consents"]["analytics"]["given"] is True
    later = asha.call("PATCH", "/api/users/me", json={"preferences": {"notificationsEnabled": False}}).json()["user"]
    assert later["preferences"] == user["preferences"] | {"notificationsEnabled": False}
    assert later == asha.user()
    for wrong in ({"displayName": ""}, {"preferences": {"editor": {"a b": 1}}}, {"preferences": {"language": "<b>"}}):
        assert asha.call("PATCH", "/api/users/me", json=wrong).status_code == 422
    assert asha.user() == later
