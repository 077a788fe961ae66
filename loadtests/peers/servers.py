"""The servers that are compared, and how each is started. All listen on 127.0.0.1 and get one core."""

import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import msgspec

from loadtests.peers import machine

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent.parent
START_SECONDS = 30.0


class DidNotStart(Exception):
    """A server did not listen in time; the text is the end of what it said."""


class Place(msgspec.Struct, frozen=True):
    """Where a server runs. `data` is its folder; `keeps` says whether the scenario needs what it stores."""

    port: int
    data: Path
    keeps: bool
    relay: Path


class Peer(msgspec.Struct, frozen=True):
    """One server. `{room}` in `path` and `document` is the name of a room; a document means the Hocuspocus dialect."""

    name: str
    title: str
    command: Callable[[Place], list[str]]
    path: str = "/{room}"
    document: str | None = None
    environ: Callable[[Place], dict[str, str]] = lambda _place: {}
    stores: Callable[[], bool] = lambda: True
    """Can it keep documents? What cannot is left out where a scenario needs that."""


def _sangam(place: Place) -> list[str]:
    return [sys.executable, "-m", "api", "serve", "--open-rooms", "--port", str(place.port), "--data", str(place.data)]


def _unlimited(_place: Place) -> dict[str, str]:
    """All of a benchmark comes from one address."""
    return {"SANGAM_OPEN_ROOMS_PER_MINUTE": "0", "SANGAM_CONNECTS_PER_MINUTE": "0"}


def _relay(place: Place) -> list[str]:
    return [str(place.relay), str(place.port)]


def _y_websocket(_place: Place) -> list[str]:
    return [_node(), str(HERE / "node_modules/@y/websocket-server/src/server.js")]


def _y_websocket_environ(place: Place) -> dict[str, str]:
    stored = {"YPERSISTENCE": str(place.data / "leveldb")} if place.keeps else {}
    return {"HOST": "127.0.0.1", "PORT": str(place.port), **stored}


def _hocuspocus(place: Place) -> list[str]:
    stored = [str(place.data / "hocuspocus.sqlite")] if place.keeps else []
    return [_node(), str(HERE / "hocuspocus.mjs"), str(place.port), *stored]


def _has_sqlite() -> bool:
    """Its extension is compiled on this machine, where there is a compiler."""
    return (HERE / "node_modules/better-sqlite3/build/Release/better_sqlite3.node").exists()


def _pycrdt(place: Place) -> list[str]:
    stored = [str(place.data / "pycrdt.sqlite")] if place.keeps else []
    return [sys.executable, str(HERE / "pycrdt_server.py"), str(place.port), *stored]


def _node() -> str:
    return shutil.which("node") or "node"


SANGAM = Peer("sangam", "Sangam, y-websocket dialect", _sangam, "/ws/{room}/main", None, _unlimited)
SANGAM_COLLAB = Peer("sangam-collab", "Sangam, Hocuspocus dialect", _sangam, "/collab", "{room}/main", _unlimited)
LIMIT = Peer("limit", "limit: a relay in C without documents", _relay, stores=lambda: False)
Y_WEBSOCKET = Peer("y-websocket", "@y/websocket-server 0.1.1", _y_websocket, environ=_y_websocket_environ)
HOCUSPOCUS = Peer("hocuspocus", "Hocuspocus 4.7.0", _hocuspocus, "/", "{room}", stores=_has_sqlite)
PYCRDT = Peer("pycrdt", "pycrdt-websocket 0.16.5", _pycrdt)
PEERS = (LIMIT, SANGAM, SANGAM_COLLAB, Y_WEBSOCKET, HOCUSPOCUS, PYCRDT)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


class Server:
    """A peer that runs on its core (None: on any), with a data folder of its own."""

    def __init__(self, peer: Peer, place: Place, core: int | None, settings: dict[str, str] | None = None) -> None:
        self.peer = peer
        self.place = place
        self._core = core
        self._settings = settings or {}
        self._process: subprocess.Popen[bytes] | None = None
        self.log = place.data.with_suffix(".log")

    def start(self) -> None:
        """Returns when it listens. Raises DidNotStart."""
        self.place.data.mkdir(parents=True, exist_ok=True)
        kept = {name: value for name, value in os.environ.items() if not name.startswith("SANGAM_")}
        environ = kept | self.peer.environ(self.place) | self._settings
        with self.log.open("ab") as log:
            self._process = subprocess.Popen(
                self.peer.command(self.place), cwd=ROOT, env=environ, stdout=log, stderr=log, preexec_fn=self._pin
            )
        self._wait_until_it_listens()

    def _pin(self) -> None:
        if self._core is not None:
            os.sched_setaffinity(0, {self._core})

    def _wait_until_it_listens(self) -> None:
        deadline = time.monotonic() + START_SECONDS
        while time.monotonic() < deadline and self.process.poll() is None:
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", self.place.port)) == 0:
                    return
            time.sleep(0.02)
        self.kill()
        raise DidNotStart(f"{self.peer.name}: {self.log.read_text(errors='replace')[-600:]}")

    @property
    def process(self) -> subprocess.Popen[bytes]:
        assert self._process is not None
        return self._process

    def processor_seconds(self) -> float:
        return machine.processor_seconds(self.process.pid)

    def memory_kib(self) -> int:
        return machine.memory_kib(self.process.pid)

    def kill(self) -> None:
        """Without warning."""
        if self._process is not None and self._process.poll() is None:
            self._process.kill()
            self._process.wait()

    def stop(self, seconds: float = 20.0) -> None:
        """As an operator does; after `seconds` without warning."""
        self.process.send_signal(signal.SIGTERM)
        try:
            self.process.wait(seconds)
        except subprocess.TimeoutExpired:
            self.kill()
