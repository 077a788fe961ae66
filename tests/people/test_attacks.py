"""Attacks on accounts: forged tokens, foreign sites, other people's ids, guessing, and what may be told."""

import base64
import hashlib
import hmac
import json
import statistics
import time
from typing import Any

import jwt
import pyotp
import pytest

from tests.people.visitor import PASSWORD, Visitor, code, texts_of
from tests.server import Server


def encoded(part: object) -> str:
    data = part if isinstance(part, bytes) else json.dumps(part).encode()
    return base64.urlsafe_b64encode(data).decode().rstrip("=")


def key_of(server: Server) -> tuple[str, bytes]:
    """The id and the signing key of the house, as only its operator could read them."""
    (secret,) = json.loads((server.data / "keys.json").read_text())["keys"]
    raw = base64.b64decode(secret)
    return hashlib.sha256(b"key id" + raw).hexdigest()[:8], hmac.digest(raw, b"access tokens", "sha256")


def forged(server: Server, token: str, head: dict[str, Any] | None = None, **claims: object) -> str:
    """A token with a right signature and something else changed."""
    key_id, key = key_of(server)
    found = jwt.decode(token, options={"verify_signature": False}) | claims
    kept = {name: value for name, value in found.items() if value is not None}
    return jwt.encode(kept, key, "HS256", headers={"kid": key_id, "typ": "at+jwt"} | (head or {}))


@pytest.fixture(scope="module")
def asha(one_server: Server) -> Visitor:
    return Visitor(one_server).arrive()


def refused(asha: Visitor, token: str) -> None:
    assert code(asha.call("GET", "/api/users/me", token=token), 401) == "not_authenticated"
    assert code(asha.call("GET", "/api/rooms/rm_x", token=token), 401) == "not_authenticated"


def test_I20_the_forger_of_these_tests_would_notice(asha: Visitor) -> None:
    assert asha.call("GET", "/api/users/me", token=forged(asha.server, asha.access)).status_code == 200


def test_I20_tokens_without_the_signature_of_the_house_are_refused(asha: Visitor) -> None:
    head, claims, signature = asha.access.split(".")
    none = {"alg": "none", "typ": "at+jwt", "kid": key_of(asha.server)[0]}
    for odd in (none, none | {"alg": "None"}, none | {"alg": "HS512"}, none | {"alg": "RS256"}):
        for end in ("", signature):
            refused(asha, f"{encoded(odd)}.{claims}.{end}")
    told = jwt.decode(asha.access, options={"verify_signature": False})
    for change in ({"sub": "ac_0000000000000000"}, {"scope": ["account", "rooms", "admin"]}, {"exp": 2**40}):
        refused(asha, f"{head}.{encoded(told | change)}.{signature}")
    refused(asha, f"{head}.{claims}.{signature[:-4]}AAAA")


def test_I20_keys_that_are_not_ours_sign_nothing(asha: Visitor) -> None:
    key_id, key = key_of(asha.server)
    told = jwt.decode(asha.access, options={"verify_signature": False})
    for secret in (key_id.encode() * 8, hashlib.sha256(b"guess").digest(), key[::-1]):
        refused(asha, jwt.encode(told, secret, "HS256", headers={"kid": key_id, "typ": "at+jwt"}))
    for head in ({"kid": "00000000"}, {"kid": "../../keys.json"}, {"kid": ""}, {"typ": "JWT"}):
        refused(asha, forged(asha.server, asha.access, head))
    own_key = {"jwk": {"kty": "oct", "k": encoded(b"mine" * 8)}, "jku": "http://127.0.0.1:9/keys"}
    refused(asha, jwt.encode(told, b"mine" * 8, "HS256", headers={"kid": key_id, "typ": "at+jwt"} | own_key))
    hs512 = jwt.encode(told, key * 2, "HS512", headers={"kid": key_id, "typ": "at+jwt"})
    refused(asha, hs512)


WRONG: list[dict[str, object]] = [
    {"exp": int(time.time()) - 10},
    {"exp": None},
    {"iat": None},
    {"iat": int(time.time()) + 3600},
    {"nbf": int(time.time()) + 3600},
    {"aud": "another"},
    {"aud": None},
    {"iss": "https://evil.example"},
    {"jti": None},
    {"sid": None},
    {"sid": "si_0000000000000000"},
    {"sub": "ac_0000000000000000"},
    {"scope": "admin"},
    {"scope": None},
    {"scope": []},
]


@pytest.mark.parametrize("claims", WRONG)
def test_I20_a_rightly_signed_token_that_says_something_else_is_refused(asha: Visitor, claims: dict[str, Any]) -> None:
    answer = asha.call("GET", "/api/users/me", token=forged(asha.server, asha.access, **claims))
    assert answer.status_code == (403 if claims == {"scope": []} else 401)


def test_I20_a_scope_that_the_account_has_not_is_worth_nothing(asha: Visitor) -> None:
    token = forged(asha.server, asha.access, scope=["account", "rooms", "admin"])
    new = {"name": "Robot", "scopes": ["admin"], "password": PASSWORD}
    assert code(asha.call("POST", "/api/users/me/tokens", token=token, json=new), 403) == "forbidden"


def test_I20_odd_tokens_are_no_mistake_of_ours(asha: Visitor) -> None:
    for odd in (
        "a.b.c",
        "..",
        "." * 2 + "x" * 8000,
        "sangam_",
        "sangam_x.y.z",
    ):
        refused(asha, odd)
    answer = asha.call("GET", "/api/users/me", token="", headers={"Authorization": b"Bearer \xe9.b.c"})
    assert code(answer, 401) == "not_authenticated"


def cookie_of(asha: Visitor) -> dict[str, str]:
    answer = asha.login()
    return {"Cookie": answer.headers["set-cookie"].partition(";")[0]}


FOREIGN: list[dict[str, str]] = [
    {"Origin": "https://evil.example"},
    {"Origin": "https://sangam.example.evil.example"},
    {"Origin": "null"},
    {"Origin": "https://evil.example", "Sec-Fetch-Site": "same-origin"},
    {"Sec-Fetch-Site": "cross-site"},
    {"Sec-Fetch-Site": "same-site"},
]


@pytest.mark.parametrize("headers", FOREIGN, ids=str)
def test_I21_another_site_cannot_use_the_cookie(asha: Visitor, headers: dict[str, str]) -> None:
    cookie = cookie_of(asha)
    for path in ("/api/auth/refresh", "/api/auth/logout"):
        answer = asha.call("POST", path, token="", headers=cookie | headers)
        assert code(answer, 403) == "foreign_origin"
    own = {"Origin": "https://sangam.example", "Sec-Fetch-Site": "same-origin"}
    assert asha.call("POST", "/api/auth/refresh", token="", headers=cookie | own).status_code == 200


def test_I21_the_cookie_alone_opens_nothing_else(asha: Visitor) -> None:
    cookie = cookie_of(asha)
    for method, path in (("GET", "/api/users/me"), ("DELETE", "/api/users/me"), ("DELETE", "/api/auth/sessions")):
        assert code(asha.call(method, path, token="", headers=cookie, json={}), 401) == "not_authenticated"


def test_I21_a_sign_in_that_a_stranger_planted_is_not_gone_on_with(one_server: Server) -> None:
    mallory, victim = Visitor(one_server).arrive(), Visitor(one_server).arrive()
    planted = cookie_of(mallory)
    body = {"email": victim.address, "password": PASSWORD}
    answer = victim.call("POST", "/api/auth/login", token="", json=body, headers=planted)
    fresh = {"Cookie": answer.headers["set-cookie"].partition(";")[0]}
    assert fresh != planted
    users = [
        victim.call("POST", "/api/auth/refresh", token="", headers=one).json()["user"]["id"] for one in (fresh, planted)
    ]
    assert users == [victim.user()["id"] if victim.login() else "", mallory.user()["id"]]


MASS = ["role", "status", "id", "email", "scopes", "isAdmin", "passwordHash", "totpOn", "secondFactor", "account"]


@pytest.mark.parametrize("field", MASS)
def test_I22_nobody_gives_themselves_what_is_not_theirs_to_give(asha: Visitor, field: str) -> None:
    before = asha.user()
    assert code(asha.call("PATCH", "/api/users/me", json={field: "admin"}), 422) == "bad_request"
    assert (
        code(Visitor(asha.server).register(**{field: "admin"} if field != "email" else {"x": 1}), 422) == "bad_request"
    )
    assert asha.user() == before


def test_I22_other_peoples_ids_open_nothing(one_server: Server) -> None:
    asha, bo = Visitor(one_server).arrive(), Visitor(one_server).arrive()
    (session,) = asha.call("GET", "/api/auth/sessions").json()["sessions"]
    for odd in (session["id"], "si_x", "' OR 1=1 --", "%00"):
        answer = bo.call("DELETE", f"/api/auth/sessions/{odd}")
        assert code(answer, 404) in ("session_not_found", "not_found")
    assert len(asha.call("GET", "/api/auth/sessions").json()["sessions"]) == 1
    assert asha.user()


def test_I23_guessing_takes_longer_each_time_and_knows_no_unknown_address(one_server: Server) -> None:
    for visitor in (Visitor(one_server).arrive(), Visitor(one_server)):
        assert [visitor.login("Wrong-River-88").status_code for _ in range(6)] == [401] * 6
        later = (
            visitor.login("Wrong-River-88") for _ in range(8)
        )  # on a slow machine the first waits are over at once
        last = next(answer for answer in later if answer.status_code != 401)
        assert code(last, 429) == "too_many_requests"
        assert int(last.headers["retry-after"]) >= 1


def test_I23_a_second_factor_cannot_be_guessed_by_who_knows_the_password(one_server: Server) -> None:
    asha = Visitor(one_server).arrive()
    secret = asha.call("POST", "/api/auth/totp", json={"password": PASSWORD}).json()["secret"]
    asha.call("POST", "/api/auth/totp/confirm", json={"code": pyotp.TOTP(secret).now()}).raise_for_status()
    statuses = []
    for number in range(12):
        statuses += [asha.login().status_code, asha.login(code=f"{number:06}").status_code]
    assert 429 in statuses and 200 not in statuses


def test_I23_a_wrong_password_takes_as_long_as_an_unknown_address(one_server: Server) -> None:
    known, unknown = Visitor(one_server).arrive(), Visitor(one_server)
    times: dict[str, list[float]] = {known.address: [], unknown.address: []}
    for _ in range(4):
        for visitor in (known, unknown):
            started = time.perf_counter()
            assert visitor.login("Wrong-River-88").status_code == 401
            times[visitor.address].append(time.perf_counter() - started)
    fast, slow = sorted(min(found) for found in times.values())
    assert fast > slow / 5, (fast, slow)
    assert statistics.median(times[unknown.address]) > 0.005


def test_I23_letters_to_one_address_are_few(one_server: Server) -> None:
    asha = Visitor(one_server).arrive()
    for _ in range(12):
        asha.call("POST", "/api/auth/forgot-password", json={"email": asha.address})
    probe = Visitor(one_server).arrive()
    assert probe.letters()
    assert len(asha.letters()) <= 5


def test_I24_nothing_secret_is_logged_or_kept_in_the_open(one_server: Server) -> None:
    asha = Visitor(one_server)
    asha.register(firstName="Zephyrine", lastName="Quillfeather")
    token = asha.letter_token("Confirm")
    asha.call("GET", "/api/auth/verify", params={"token": token})
    asha.login(client="program")
    asha.login("Wrong-River-88")
    secret = asha.call("POST", "/api/auth/totp", json={"password": PASSWORD}).json()["secret"]
    codes = asha.call("GET", "/api/users/me/export").text
    asha.call("POST", "/api/auth/refresh", json={"refreshToken": asha.refresh})
    asha.call("POST", "/api/auth/refresh", json={"refreshToken": asha.refresh})
    assert asha.address in codes
    log = one_server.log.read_text()
    assert '"/api/auth/login"' in log
    for told in (PASSWORD, "Wrong-River-88", token, asha.access, asha.refresh, secret, asha.address, "Zephyrine"):
        assert told not in log
    kept = "".join(path.read_bytes().decode("latin-1") for path in one_server.data.glob("*.db*"))
    assert "argon2id" in kept
    for told in (PASSWORD, token, asha.access, asha.refresh, secret, asha.address, "Zephyrine", "Quillfeather"):
        assert told not in kept


def test_I24_what_lets_people_in_is_readable_for_its_owner_alone(one_server: Server) -> None:
    Visitor(one_server).arrive()
    assert one_server.data.joinpath("keys.json").stat().st_mode & 0o777 == 0o600
    letters = list((one_server.data / "outbox").glob("*.eml"))
    assert letters and {path.stat().st_mode & 0o777 for path in letters} == {0o600}
    assert "argon2id" not in texts_of(one_server.data / "outbox")
