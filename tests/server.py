"""The real server as a subprocess, and rooms made through its API."""

import asyncio
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import msgspec

from tests.services.processes import free_port

ROOT = Path(__file__).resolve().parent.parent
START_SECONDS = 60.0
UNLIMITED = dict.fromkeys(
    ("requests_per_hour", "requests_per_minute", "address_requests_per_minute", "chats_per_minute",
     "connects_per_minute", "open_rooms_per_minute"),
    0,
)  # fmt: skip
"""A test asks as fast as it can, and all of them come from one address; those of the limits say so."""


class Joined(msgspec.Struct, frozen=True):
    """What somebody got who created a room or joined one."""

    room: dict[str, Any]
    member: dict[str, Any]
    token: str
    links: dict[str, str]

    @property
    def room_id(self) -> str:
        return str(self.room["id"])


class Server:
    """`sangam serve` on a data folder. Killed and started again it keeps its port, so that clients find it."""

    def __init__(
        self,
        data: Path,
        *arguments: str,
        log: Path | None = None,
        module: str = "api",
        environ: Mapping[str, str] | None = None,
        **settings: object,
    ) -> None:
        self.data = data
        self._module = module
        self.log = log or data.with_name(data.name + ".log")
        self._arguments = arguments
        self._settings = dict(environ or {}) | {
            f"SANGAM_{name.upper()}": str(value) for name, value in (UNLIMITED | settings).items()
        }
        self._process: subprocess.Popen[str] | None = None
        self.port = free_port()

    def start(self) -> None:
        """Returns once it listens; raises AssertionError with its log if it does not."""
        environ = {name: value for name, value in os.environ.items() if not name.startswith("SANGAM_")}
        command = [sys.executable, "-m", self._module, "serve", "--port", str(self.port), "--data", str(self.data)]
        with self.log.open("a") as log:
            self._process = subprocess.Popen(
                [*command, *self._arguments],
                cwd=ROOT,
                env=environ | self._settings,
                stdout=subprocess.PIPE,
                stderr=log,
                text=True,
            )
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        found = re.search(r"http://\S+:(\d+)", line)
        assert found, f"it did not start: {line!r}\n{self.log.read_text()}"
        self.port = int(found[1])

    def setting(self, name: str) -> str:
        """As it was started with."""
        return self._settings.get(f"SANGAM_{name.upper()}", "")

    @property
    def process(self) -> subprocess.Popen[str]:
        assert self._process is not None
        return self._process

    def pause(self) -> None:
        """It stands still: its connections stay open and nothing is answered."""
        self.process.send_signal(signal.SIGSTOP)

    def resume(self) -> None:
        self.process.send_signal(signal.SIGCONT)

    def kill(self) -> None:
        """As a power switch does."""
        self.process.kill()
        self._reap()

    def stop(self) -> int:
        """SIGTERM; its exit status."""
        self.process.send_signal(signal.SIGTERM)
        return self._reap()

    def _reap(self) -> int:
        try:
            return self.process.wait(START_SECONDS)
        finally:
            if self.process.poll() is None:
                self.process.kill()
                self.process.wait()
            if self.process.stdout is not None:
                self.process.stdout.close()

    def restart(self) -> None:
        self.kill()
        self.start()

    def end(self) -> None:
        if self._process is not None and self._process.poll() is None:
            self.kill()

    @property
    def http(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def ws(self) -> str:
        return f"ws://127.0.0.1:{self.port}"

    def call(self, method: str, path: str, token: str = "", **more: Any) -> httpx.Response:
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        return httpx.request(method, self.http + path, headers=headers, timeout=60.0, **more)

    def create_room(self, name: str = "Room", display_name: str = "Asha") -> Joined:
        answer = self.call("POST", "/api/rooms", json={"name": name, "kind": "pair", "displayName": display_name})
        return msgspec.json.decode(answer.raise_for_status().content, type=Joined)

    def join(self, code: str, display_name: str) -> Joined:
        answer = self.call("POST", f"/api/links/{code}/members", json={"displayName": display_name})
        return msgspec.json.decode(answer.raise_for_status().content, type=Joined)

    def entries(self, member: Joined, *channels: str) -> list[dict[str, Any]]:
        query = {"channel": list(channels)}
        answer = self.call("GET", f"/api/rooms/{member.room_id}/entries", member.token, params=query)
        found: list[dict[str, Any]] = answer.raise_for_status().json()["entries"]
        return found


@contextmanager
def running(
    data: Path,
    *arguments: str,
    log: Path | None = None,
    module: str = "api",
    environ: Mapping[str, str] | None = None,
    **settings: object,
) -> Iterator[Server]:
    """A started server, ended whatever happens."""
    server = Server(data, *arguments, log=log, module=module, environ=environ, **settings)
    try:
        server.start()
        yield server
    finally:
        server.end()


async def eventually(holds: Callable[[], object], what: str = "", seconds: float = 40.0) -> None:
    """Wait until `holds` returns something true; AssertionError after `seconds`."""
    deadline = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < deadline, what or f"never happened: {holds}"
        await asyncio.sleep(0.005)
