"""The second factor and passkeys, on each database."""

import time
from typing import Any

import httpx
import pyotp

from tests.people.authenticator import PRESENT, VERIFIED, Authenticator
from tests.people.visitor import PASSWORD, Visitor, code
from tests.server import Server

ORIGIN, HOST = "https://sangam.example", "sangam.example"


class Telephone:
    """Shows each code once. Two can be shown at once: this step's, and the next one's, which is right already."""

    def __init__(self, secret: str) -> None:
        self._totp = pyotp.TOTP(secret)
        self._last = 0

    def show(self) -> str:
        self._last = max(self._last + 1, int(time.time()) // 30)
        return self._totp.generate_otp(self._last)


def with_second_factor(server: Server) -> tuple[Visitor, Telephone, list[str]]:
    asha = Visitor(server).arrive()
    enrolled = asha.call("POST", "/api/auth/totp", json={"password": PASSWORD}).raise_for_status().json()
    assert enrolled["uri"].startswith("otpauth://totp/Sangam:") and enrolled["secret"] in enrolled["uri"]
    telephone = Telephone(enrolled["secret"])
    confirmed = asha.call("POST", "/api/auth/totp/confirm", json={"code": telephone.show()})
    codes: list[str] = confirmed.raise_for_status().json()["recoveryCodes"]
    return asha, telephone, codes


def test_I7_a_code_is_asked_for_once_it_has_been_shown_to_arrive(server: Server) -> None:
    asha = Visitor(server).arrive()
    assert code(asha.call("POST", "/api/auth/totp", json={}), 403) == "password_needed"
    asha.call("POST", "/api/auth/totp", json={"password": PASSWORD}).raise_for_status()
    assert asha.login().status_code == 200
    assert code(asha.call("POST", "/api/auth/totp/confirm", json={"code": "000000"}), 403) == "wrong_code"
    asha, telephone, _ = with_second_factor(server)
    assert asha.user()["secondFactor"] is True
    assert code(asha.login(), 401) == "second_factor_needed"
    assert code(asha.login("Wrong-River-88", code="123456"), 401) == "wrong_credentials"
    assert code(asha.login(code="12345x"), 401) == "wrong_code"
    shown = telephone.show()
    assert asha.login(code=shown).status_code == 200
    assert code(asha.login(code=shown), 401) == "wrong_code"


def test_I7_recovery_codes_work_once_and_are_renewed(server: Server) -> None:
    asha, telephone, codes = with_second_factor(server)
    assert len(set(codes)) == 10
    assert asha.login(code=codes[0].lower()).status_code == 200
    assert code(asha.login(code=codes[0]), 401) == "wrong_code"
    renewed = asha.call("POST", "/api/auth/totp/recovery-codes", json={"password": PASSWORD}).json()["recoveryCodes"]
    assert code(asha.login(code=codes[1]), 401) == "wrong_code"
    assert asha.login(code=renewed[1]).status_code == 200
    off = {"password": PASSWORD, "code": "000000"}
    assert code(asha.call("DELETE", "/api/auth/totp", json=off), 403) == "wrong_code"
    assert asha.call("DELETE", "/api/auth/totp", json=off | {"code": telephone.show()}).status_code == 204
    assert asha.login().status_code == 200
    asha.wait_for_letter("Your account was changed", 2)


def add_passkey(asha: Visitor, device: Authenticator, name: str = "Phone") -> httpx.Response:
    asked = asha.call("POST", "/api/auth/passkeys/options", json={"password": PASSWORD}).raise_for_status().json()
    body = {"ceremony": asked["ceremony"], "name": name, "credential": device.create(asked["publicKey"])}
    return asha.call("POST", "/api/auth/passkeys", json=body)


def ask(server: Server) -> tuple[str, dict[str, Any]]:
    asked = Visitor(server).call("POST", "/api/auth/passkeys/sign-in/options").raise_for_status().json()
    return asked["ceremony"], asked["publicKey"]


def sign_in(server: Server, device: Authenticator) -> httpx.Response:
    ceremony, options = ask(server)
    body = {"ceremony": ceremony, "credential": device.get(options), "client": "program"}
    return Visitor(server).call("POST", "/api/auth/passkeys/sign-in", json=body)


def test_I8_a_passkey_signs_in_without_a_password(server: Server) -> None:
    asha, device = Visitor(server).arrive(), Authenticator(ORIGIN, HOST)
    added = add_passkey(asha, device)
    assert added.status_code == 201
    opened = sign_in(server, device).raise_for_status().json()
    assert opened["user"]["id"] == asha.user()["id"]
    assert asha.call("GET", "/api/users/me", token=opened["accessToken"]).status_code == 200
    (shown,) = asha.call("GET", "/api/auth/passkeys").json()["passkeys"]
    assert shown["name"] == "Phone" and shown["lastUsedAt"]
    other = Visitor(server).arrive()
    assert code(other.call("DELETE", f"/api/auth/passkeys/{shown['id']}"), 404) == "passkey_not_found"
    assert asha.call("DELETE", f"/api/auth/passkeys/{shown['id']}").status_code == 204
    assert code(sign_in(server, device), 401) == "passkey_refused"


def test_I8_what_a_passkey_says_to_others_is_nothing_here(server: Server) -> None:
    asha, device = Visitor(server).arrive(), Authenticator(ORIGIN, HOST)
    for name, wrong in (("origin", "https://evil.example"), ("host", "evil.example"), ("flags", PRESENT)):
        odd = Authenticator(ORIGIN, HOST)
        setattr(odd, name, wrong)
        assert code(add_passkey(asha, odd), 422) == "passkey_refused"
    assert add_passkey(asha, device).status_code == 201
    assert code(add_passkey(Visitor(server).arrive(), device), 422) == "passkey_refused"
    for name, wrong in (("origin", "https://evil.example"), ("host", "evil.example"), ("flags", VERIFIED)):
        right = getattr(device, name)
        setattr(device, name, wrong)
        assert code(sign_in(server, device), 401) == "passkey_refused"
        setattr(device, name, right)
    stranger = Authenticator(ORIGIN, HOST)
    stranger.id = device.id
    assert code(sign_in(server, stranger), 401) == "passkey_refused"
    assert sign_in(server, device).status_code == 200


def test_I8_an_answer_is_taken_once_and_a_key_that_does_not_count_on_is_a_copy(server: Server) -> None:
    asha, device = Visitor(server).arrive(), Authenticator(ORIGIN, HOST)
    add_passkey(asha, device)
    ceremony, options = ask(server)
    body = {"ceremony": ceremony, "credential": device.get(options)}
    call = Visitor(server).call
    assert call("POST", "/api/auth/passkeys/sign-in", json=body).status_code == 200
    assert code(call("POST", "/api/auth/passkeys/sign-in", json=body), 401) == "passkey_refused"
    device.count = 0
    assert code(sign_in(server, device), 401) == "passkey_refused"
    for odd in ({}, {"id": 7}, {"id": "%%"}, {"id": "AAAA", "response": []}):
        ceremony, _ = ask(server)
        answer = call("POST", "/api/auth/passkeys/sign-in", json={"ceremony": ceremony, "credential": odd})
        assert code(answer, 401) == "passkey_refused"
