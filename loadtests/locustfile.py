"""Whole people for operators: they create and join rooms, type, chat and run code. Needs the `load` extra.

    locust -f loadtests/locustfile.py --headless -H http://127.0.0.1:8000 -u 50 -r 5 -t 60s

Besides the HTTP calls, `socket: first sync` and `socket: edit to saved` are timed. One person in `ROOM_SIZE` creates a
room, the others join the newest one that has a place. A server counts creations and joins from one address, so a large
run from one machine wants `SANGAM_ROOMS_PER_MINUTE`, `SANGAM_JOINS_PER_MINUTE`, `SANGAM_CONNECTS_PER_MINUTE` and
`SANGAM_ADDRESS_REQUESTS_PER_MINUTE` raised.
"""

import time
from typing import Any

from locust import HttpUser, between, task
from locust.exception import StopUser

from loadtests.people import Desk, NoDocument

ROOM_SIZE = 5
_places: list[str] = []
"""Codes of rooms, once for each place that is free in them."""


class Participant(HttpUser):
    """One person in one room."""

    wait_time = between(0.2, 1.0)

    def on_start(self) -> None:
        self._joined = self._join(_places.pop()) if _places else self._create()
        self._room = f"/api/rooms/{self._joined['room']['id']}"
        self.client.headers["Authorization"] = f"Bearer {self._joined['token']}"
        started = time.perf_counter()
        url = self.host.replace("http", "ws", 1) + "/collab"
        self._desk = Desk(url, self._joined["room"]["id"], self._joined["token"], self._saved, self._ended)
        try:
            self._desk.wait_until_synced()
        except NoDocument as error:
            self._tell("first sync", started, error)
            raise StopUser from error
        self._tell("first sync", started)

    def on_stop(self) -> None:
        if hasattr(self, "_desk"):
            self._desk.close()

    def _create(self) -> dict[str, Any]:
        body = {"name": "Load", "kind": "pair", "language": "python", "displayName": "Host"}
        joined = self._asked("/api/rooms", body)
        _places.extend([joined["links"]["participant"]] * (ROOM_SIZE - 1))
        return joined

    def _join(self, code: str) -> dict[str, Any]:
        return self._asked(f"/api/links/{code}/members", {"displayName": "Guest"}, "/api/links/[code]/members")

    def _asked(self, path: str, body: dict[str, Any], name: str | None = None) -> dict[str, Any]:
        answer = self.client.post(path, json=body, name=name or path)
        if answer.status_code != 201:
            raise StopUser
        found: dict[str, Any] = answer.json()
        return found

    def _tell(self, what: str, started: float, error: Exception | None = None) -> None:
        took = (time.perf_counter() - started) * 1000
        self._fire(what, took, error)

    def _fire(self, what: str, milliseconds: float, error: Exception | None = None) -> None:
        self.environment.events.request.fire(
            request_type="socket", name=what, response_time=milliseconds, response_length=0, exception=error
        )

    def _saved(self, seconds: float) -> None:
        self._fire("edit to saved", seconds * 1000)

    def _ended(self, error: Exception) -> None:
        self._fire("connection", 0.0, error)

    @task(60)
    def type(self) -> None:
        self._desk.type()

    @task(3)
    def say(self) -> None:
        self.client.post(f"{self._room}/chat", json={"text": "Does it run?"}, name="/api/rooms/[room]/chat")

    @task(1)
    def run_code(self) -> None:
        """A full room or a machine without a sandbox is an answer, not a failure."""
        body = {"fileId": self._desk.first_file()}
        name = "/api/rooms/[room]/runs"
        with self.client.post(f"{self._room}/runs", json=body, name=name, catch_response=True) as answer:
            if answer.status_code in (201, 429, 503):
                answer.success()
