"""What a scenario needs besides a server: plans, programs, patience."""

import gc
import itertools
import shlex
import shutil
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from loadtests.peers import machine, native
from loadtests.peers.driver import Driver
from loadtests.peers.plans import Library
from loadtests.peers.servers import Peer, Place, Server, free_port

SETTLE_SECONDS = 0.5
SETTLE_TIMES = 40
SETTLED_KIB = 64


class Stage:
    """One per run. `folder` holds programs, plans and the data of the servers."""

    def __init__(self, folder: Path, profile: str = "") -> None:
        self._profile = profile
        self.driver_program = native.build("driver", folder)
        self.relay_program = native.build("relay", folder)
        self.plans = Library(folder / "plans")
        self._data = folder / "data"
        self._numbers = itertools.count(1)
        self.server_core, self.driver_core = machine.cores()

    @contextmanager
    def server(self, peer: Peer, *, keeps: bool = False, settings: dict[str, str] | None = None) -> Iterator[Server]:
        """A fresh server with an empty folder; gone afterwards, its log too unless something went wrong."""
        data = self._data / f"{peer.name}-{next(self._numbers)}"
        shutil.rmtree(data, ignore_errors=True)
        place = Place(free_port(), data, keeps, self.relay_program)
        server = Server(peer, place, self.server_core, settings)
        server.log.unlink(missing_ok=True)
        try:
            server.start()
            yield server
            server.log.unlink(missing_ok=True)
        finally:
            server.kill()
            shutil.rmtree(data, ignore_errors=True)

    @contextmanager
    def driver(self, server: Server, plan: Path, rooms: str) -> Iterator[Driver]:
        peer = server.peer
        driver = Driver(self.driver_program, plan, server.place.port, peer.path, rooms, peer.document)
        with driver.pin(self.driver_core):
            yield driver

    @contextmanager
    def profiled(self, server: Server) -> Iterator[None]:
        """Run the profiler that was asked for, if any, beside what is measured; `{pid}` is the server's."""
        if not self._profile:
            yield
            return
        words = shlex.split(self._profile.format(pid=server.process.pid, name=server.peer.name))
        with subprocess.Popen(words):
            yield

    def rest(self, seconds: float = SETTLE_SECONDS) -> None:
        """Let what was set off come to its end before something is measured."""
        gc.collect()
        time.sleep(seconds)

    def patience(self, seconds: float, pause: float = 0.1) -> Iterator[int]:
        """Turns, with a pause between them, until the time is over."""
        deadline = time.monotonic() + seconds
        for turn in itertools.count():
            yield turn
            if time.monotonic() > deadline:
                return
            time.sleep(pause)

    def settled_memory(self, server: Server, seconds: float = 2.0) -> int:
        """KiB, after a rest, and once neither it nor a helper that it started changes it any more."""
        self.rest(seconds)
        memory = server.memory_kib()
        for _ in range(SETTLE_TIMES):
            self.rest()
            before, memory = memory, server.memory_kib()
            if abs(memory - before) <= SETTLED_KIB:
                break
        return memory
