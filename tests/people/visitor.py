"""Somebody with a browser or a program who has, wants or attacks an account."""

import email
import email.policy
import re
import time
from itertools import count
from pathlib import Path
from typing import Any

import httpx

from tests.server import Server

PASSWORD = "Quiet-River-88"
_numbers = count(1)


def new_address() -> str:
    """One that nobody has yet."""
    return f"person{next(_numbers)}.{time.time_ns()}@mail.example"


class Visitor:
    """One person's calls, with the access token that they got last."""

    def __init__(self, server: Server, address: str = "", *, agent: str = "Visitor/1") -> None:
        self.server = server
        self.address = address or new_address()
        self.agent = agent
        self.access = ""
        self.refresh = ""
        self._letters_before = 0

    def call(self, method: str, path: str, *, token: str | None = None, **more: Any) -> httpx.Response:
        """With the access token, unless another or none (empty) is given."""
        token = self.access if token is None else token
        headers = {"User-Agent": self.agent} | ({"Authorization": f"Bearer {token}"} if token else {})
        headers |= more.pop("headers", {})
        return httpx.request(method, self.server.http + path, headers=headers, timeout=30.0, **more)

    def register(self, password: str = PASSWORD, **more: object) -> httpx.Response:
        body = {"email": self.address, "password": password, "displayName": "Asha Rao"} | more
        self._letters_before = sum(title.startswith("Confirm") for title, _ in self.letters())
        return self.call("POST", "/api/auth/register", token="", json=body)

    def login(self, password: str = PASSWORD, **more: object) -> httpx.Response:
        body = {"email": self.address, "password": password} | more
        answer = self.call("POST", "/api/auth/login", token="", json=body)
        if answer.status_code == 200:
            self.access = answer.json()["accessToken"]
            self.refresh = answer.json().get("refreshToken", "")
        return answer

    def verify(self) -> httpx.Response:
        return self.call("GET", "/api/auth/verify", token="", params={"token": self._confirmation()})

    def _confirmation(self) -> str:
        """That of the last registration: somebody else may have had the address before."""
        text = self.wait_for_letter("Confirm", self._letters_before + 1)
        found = re.search(r"token=([\w-]+)", text)
        assert found, text
        return found[1]

    def arrive(self, **more: Any) -> "Visitor":
        """Register, confirm, sign in."""
        assert self.register(**more).status_code == 202
        assert self.verify().status_code == 200
        assert self.login().status_code == 200
        return self

    def user(self) -> dict[str, Any]:
        found: dict[str, Any] = self.call("GET", "/api/users/me").raise_for_status().json()["user"]
        return found

    def letters(self) -> list[tuple[str, str]]:
        """Subject and text of all letters to the address, the oldest first."""
        found = []
        for path in sorted((self.server.data / "outbox").glob("*.eml")):
            letter = email.message_from_bytes(path.read_bytes(), policy=email.policy.default)
            if letter["To"] == self.address:
                found.append((str(letter["Subject"]), str(letter.get_content())))
        return found

    def letter_token(self, subject: str) -> str:
        """Of the newest letter with such a subject, once it is there."""
        text = self.wait_for_letter(subject)
        found = re.search(r"token=([\w-]+)", text)
        assert found, text
        return found[1]

    def wait_for_letter(self, subject: str, number: int = 1) -> str:
        """The text of the newest one, once there are so many."""
        deadline = time.monotonic() + 20
        while True:
            texts = [text for title, text in self.letters() if title.startswith(subject)]
            if len(texts) >= number:
                return texts[-1]
            assert time.monotonic() < deadline, f"no letter {subject!r} to {self.address}: {self.letters()}"
            time.sleep(0.02)


def code(answer: httpx.Response, status: int) -> str:
    """The stable code of a refusal, in the one shape."""
    assert answer.status_code == status, (answer.status_code, answer.text[:300])
    error = answer.json()["error"]
    assert set(error) == {"code", "message", "details", "timestamp", "requestId"}
    return str(error["code"])


def texts_of(folder: Path) -> str:
    """Everything in the files of a folder, as it is there."""
    return "\n".join(path.read_bytes().decode("latin-1") for path in folder.rglob("*") if path.is_file())
