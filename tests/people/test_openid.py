"""Signing in with the word of a real provider, and with words that are none."""

import time
from collections.abc import Iterator
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest

from tests.people.visitor import Visitor, code, new_address
from tests.server import Server, running
from tests.services.openid import CLIENT, SECRET, OpenIdProvider, openid_provider


@pytest.fixture(scope="module")
def provider() -> Iterator[OpenIdProvider]:
    with openid_provider() as started:
        yield started


@pytest.fixture(scope="module")
def house(provider: OpenIdProvider, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    settings: dict[str, Any] = {
        "oidc_issuer": provider.issuer,
        "oidc_client_id": CLIENT,
        "oidc_client_secret": SECRET,
        "public_url": "http://sangam.example",
        "exec_engine": "off",
    }
    with running(tmp_path_factory.mktemp("people") / "data", **settings) as server:
        yield server
        assert server.stop() == 0


class Browser(Visitor):
    """Follows redirects between the two houses, one at a time, with their cookies."""

    def __init__(self, server: Server) -> None:
        super().__init__(server)
        self.cookies: dict[str, str] = {}

    def visit(self, path: str) -> httpx.Response:
        cookies = "; ".join(f"{name}={value}" for name, value in self.cookies.items())
        answer = self.call("GET", path, headers={"Cookie": cookies})
        self.cookies |= dict(answer.cookies)
        return answer

    def begin(self, return_to: str = "/r/teal-mango") -> str:
        """The provider's way back, with its code and state."""
        sent = self.visit(f"/api/auth/oidc/login?returnTo={return_to}")
        assert sent.status_code == 303
        return httpx.get(sent.headers["location"]).headers["location"]

    def sign_in(self) -> httpx.Response:
        return self.visit(local(self.begin()))

    def use_cookie(self) -> dict[str, Any]:
        header = {"Cookie": f"sangam_refresh={self.cookies['sangam_refresh']}"}
        found: dict[str, Any] = self.call("POST", "/api/auth/refresh", headers=header).raise_for_status().json()
        self.access = found["accessToken"]
        return found["user"]  # type: ignore[no-any-return]


def local(address: str) -> str:
    parts = urlsplit(address)
    assert address.startswith("http://sangam.example/api/auth/oidc/callback?")
    return f"{parts.path}?{parts.query}"


@pytest.fixture(autouse=True)
def somebody(provider: OpenIdProvider) -> None:
    """Each test has a person of its own at the provider."""
    subject = f"sub-{time.time_ns()}"
    provider.user = {"sub": subject, "email": new_address(), "email_verified": True, "name": "Asha Rao"}
    provider.spoil, provider.algorithm = {}, "RS256"


def test_I9_who_the_provider_knows_gets_an_account_and_comes_back_to_it(
    house: Server, provider: OpenIdProvider
) -> None:
    asha = Browser(house)
    back = asha.sign_in()
    assert (back.status_code, back.headers["location"]) == (303, "/r/teal-mango")
    user = asha.use_cookie()
    assert (user["email"], user["displayName"], user["hasPassword"]) == (provider.user["email"], "Asha Rao", False)
    provider.user |= {"email": new_address(), "name": "Other"}
    again = Browser(house)
    again.sign_in()
    assert again.use_cookie()["id"] == user["id"]
    assert asha.call("GET", "/api/users/me/export").json()["identities"][0]["issuer"] == provider.issuer


def test_I9_a_verified_address_finds_its_account_and_another_does_not(house: Server, provider: OpenIdProvider) -> None:
    asha = Visitor(house).arrive()
    provider.user |= {"email": asha.address.upper(), "email_verified": False}
    stranger = Browser(house)
    stranger.sign_in()
    assert stranger.use_cookie()["email"] == ""
    provider.user |= {"sub": f"other-{time.time_ns()}", "email_verified": True}
    same = Browser(house)
    same.sign_in()
    assert same.use_cookie()["id"] == asha.user()["id"]


SPOILT: list[dict[str, Any]] = [
    {"nonce": "another"},
    {"aud": "another-client"},
    {"iss": "https://evil.example"},
    {"exp": 1},
    {"azp": "another-client"},
    {"sub": None},
]


@pytest.mark.parametrize("spoil", SPOILT, ids=lambda spoil: next(iter(spoil)))
def test_I9_a_word_that_is_not_for_us_now_is_refused(
    house: Server, provider: OpenIdProvider, spoil: dict[str, Any]
) -> None:
    provider.spoil = spoil
    browser = Browser(house)
    assert code(browser.sign_in(), 400) == "sign_in_refused"
    assert "sangam_refresh" not in browser.cookies


@pytest.mark.parametrize("algorithm", ["none", "HS256"])
def test_I9_a_word_without_the_providers_signature_is_refused(
    house: Server, provider: OpenIdProvider, algorithm: str
) -> None:
    provider.algorithm = algorithm
    assert code(Browser(house).sign_in(), 400) == "sign_in_refused"


def test_I9_a_provider_may_change_its_keys(house: Server, provider: OpenIdProvider) -> None:
    Browser(house).sign_in()
    asked = provider.asked_for_keys
    assert Browser(house).sign_in().status_code == 303
    assert provider.asked_for_keys == asked
    provider.new_key()
    assert Browser(house).sign_in().status_code == 303
    assert provider.asked_for_keys == asked + 1


def test_I9_a_sign_in_ends_in_the_browser_in_which_it_began_and_once(house: Server) -> None:
    attacker, victim = Browser(house), Browser(house)
    back = local(attacker.begin())
    assert code(victim.visit(back), 400) == "sign_in_refused"
    victim.begin()
    assert code(victim.visit(back), 400) == "sign_in_refused"
    assert attacker.visit(back).status_code == 303
    assert code(attacker.visit(back), 400) == "sign_in_refused"
    state = parse_qs(urlsplit(attacker.begin()).query)["state"][0]
    for wrong in ("", "nonsense", "%0d%0aSet-Cookie:x=1"):
        answer = attacker.visit(f"/api/auth/oidc/callback?state={state}&code={wrong}")
        assert code(answer, 400) == "sign_in_refused"


ELSEWHERE = [
    "https://evil.example",
    "//evil.example",
    "/%5Cevil.example",
    "/%09/evil.example",
    "javascript:alert(1)",
    "",
]


@pytest.mark.parametrize("elsewhere", ELSEWHERE)
def test_I9_nobody_is_sent_elsewhere(house: Server, elsewhere: str) -> None:
    browser = Browser(house)
    answer = browser.visit(local(browser.begin(elsewhere)))
    assert (answer.status_code, answer.headers["location"]) == (303, "/")
