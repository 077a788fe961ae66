"""The API for Python programs: `Client("https://code.example")`. Needs the `client` extra (httpx).

Answers are the types of the reference. What is created is created once, however often a broken connection makes it
try: every POST carries an `Idempotency-Key`.
"""

import secrets
import time
from collections.abc import Iterator
from types import TracebackType
from typing import Any, Self, TypeVar

import httpx
import msgspec

from api.answers import (
    ConfigNow,
    Entries,
    Error,
    ErrorInside,
    Joined,
    JournalEntry,
    LinkAhead,
    OneEntry,
    OneRun,
    OneSubmission,
    Problems,
    RoomNow,
    RunStarted,
    SubmissionNow,
    Unpacked,
)

_Answer = TypeVar("_Answer")

TRIES = 3
SECONDS = 30.0
LONGEST_WAIT_SECONDS = 60.0
_AGAIN = (429, 503)


class SangamError(Exception):
    """The server refused. `error.code` is stable; `status` is that of HTTP."""

    def __init__(self, status: int, error: ErrorInside) -> None:
        super().__init__(f"{status} {error.code}: {error.message} (request {error.request_id})")
        self.status = status
        self.error = error

    @property
    def code(self) -> str:
        return self.error.code


class Client:
    """A connection to one server, as nobody, or with a token. Close it, or use it in a `with`.

    429, 503 and a lost connection are tried again, as often as TRIES and as late as the server says.
    """

    def __init__(self, url: str, token: str = "", transport: httpx.BaseTransport | None = None) -> None:
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        self._http = httpx.Client(base_url=url, headers=headers, timeout=SECONDS, transport=transport)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.close()

    def close(self) -> None:
        self._http.close()

    # Anybody

    def config(self) -> ConfigNow:
        return self._read(ConfigNow, "GET", "/api/config")

    def create_room(self, name: str, display_name: str, **more: Any) -> Joined:
        """`kind`, `language` and `lobby` may be given. Continue with `Client(url, joined.token)`."""
        return self._read(Joined, "POST", "/api/rooms", json={"name": name, "displayName": display_name} | more)

    def look_ahead(self, code: str) -> LinkAhead:
        return self._read(LinkAhead, "GET", f"/api/links/{code}")

    def join(self, code: str, display_name: str, password: str = "") -> Joined:
        body = {"displayName": display_name, "password": password}
        return self._read(Joined, "POST", f"/api/links/{code}/members", json=body)

    # Members

    def room(self, room: str) -> RoomNow:
        return self._read(RoomNow, "GET", f"/api/rooms/{room}")

    def say(self, room: str, text: str) -> JournalEntry:
        return self._read(OneEntry, "POST", f"/api/rooms/{room}/chat", json={"text": text}).entry

    def entries(self, room: str, *channels: str, after: int = 0) -> Iterator[JournalEntry]:
        """All of them from `after` on, page by page."""
        query: dict[str, Any] = {"after": after} | ({"channel": list(channels)} if channels else {})
        while True:
            page = self._read(Entries, "GET", f"/api/rooms/{room}/entries", params=query)
            yield from page.entries
            if page.next_cursor is None:
                return
            query["cursor"] = page.next_cursor

    def run(self, room: str, file_id: str, **more: Any) -> RunStarted:
        """`language`, `args`, `options` and `stdin` may be given."""
        return self._read(OneRun, "POST", f"/api/rooms/{room}/runs", json={"fileId": file_id} | more).run

    def stop(self, room: str, run: str) -> None:
        self._send("POST", f"/api/rooms/{room}/runs/{run}/stop")

    def problems(self, room: str) -> Problems:
        return self._read(Problems, "GET", f"/api/rooms/{room}/problems")

    def put_problem(self, room: str, problem: dict[str, Any]) -> None:
        self._send("PUT", f"/api/rooms/{room}/problems/{problem['id']}", json=problem)

    def submit(self, room: str, file_id: str, problem: str) -> SubmissionNow:
        body = {"fileId": file_id, "problem": problem}
        return self._read(OneSubmission, "POST", f"/api/rooms/{room}/submissions", json=body).submission

    def submission(self, room: str, submission: str) -> SubmissionNow:
        return self._read(OneSubmission, "GET", f"/api/rooms/{room}/submissions/{submission}").submission

    def download(self, room: str) -> bytes:
        """All files, as a zip."""
        return self._send("GET", f"/api/rooms/{room}/archive.zip").content

    def upload(self, room: str, archive: bytes) -> Unpacked:
        headers = {"Content-Type": "application/zip"}
        return self._read(Unpacked, "POST", f"/api/rooms/{room}/archive", content=archive, headers=headers)

    def _read(self, kind: type[_Answer], method: str, path: str, **more: Any) -> _Answer:
        return msgspec.json.decode(self._send(method, path, **more).content, type=kind)

    def _send(self, method: str, path: str, **more: Any) -> httpx.Response:
        """Raises SangamError, and httpx.TransportError when nobody answers."""
        if method == "POST":
            more["headers"] = more.get("headers", {}) | {"Idempotency-Key": secrets.token_urlsafe(18)}
        for left in reversed(range(TRIES)):
            try:
                answer = self._http.request(method, path, **more)
            except httpx.TransportError:
                if not left:
                    raise
                continue
            if answer.is_success:
                return answer
            if answer.status_code not in _AGAIN or not left:
                break
            time.sleep(min(float(answer.headers.get("retry-after", 1)), LONGEST_WAIT_SECONDS))
        raise SangamError(answer.status_code, _error(answer))


def _error(answer: httpx.Response) -> ErrorInside:
    """A proxy in between may say something else."""
    try:
        return msgspec.json.decode(answer.content, type=Error).error
    except msgspec.DecodeError:
        return ErrorInside("http_error", answer.reason_phrase, None, "", "")
