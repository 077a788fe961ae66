"""Real servers for tests: started on free ports, paused, killed, started again in the same place."""

import contextlib
import itertools
import os
import secrets
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Self

_PORTS = range(10_000, 32_000)
"""Below those that the kernel gives to clients: no client is in the way of a server that restarts."""
_BLOCK = 250


def _ports() -> Iterator[int]:
    """Those of a block that is this process's alone, over and over. Whoever listens on its first port has it."""
    starts = _PORTS[::_BLOCK]
    at = secrets.randbelow(len(starts))
    for start in (*starts[at:], *starts[:at]):
        claim = socket.socket()
        try:
            claim.bind(("127.0.0.1", start))
            claim.listen()
        except OSError:
            claim.close()
            continue
        claim.detach()  # kept until this process ends
        yield from itertools.cycle(range(start + 1, start + _BLOCK))
    raise OSError("every block of ports has somebody")


_next_ports = _ports()


def free_port() -> int:
    """A port of 127.0.0.1 that nobody listens on now, and that the next calls do not give."""
    return next(filter(_is_free, _next_ports))


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True


def program(*names: str) -> str:
    """The path of a Debian program, which may be in the folder that only root searches."""
    path = f"{os.environ.get('PATH', '')}:/usr/sbin:/usr/local/sbin"
    for name in names:
        if found := shutil.which(name, path=path):
            return found
    raise FileNotFoundError(f"{' or '.join(names)} is not installed; `make test` installs it")


class ServerProcess:
    """One server at one address; its port and folder stay over restarts."""

    def __init__(self, command: list[str], port: int, is_ready: Callable[[], bool]) -> None:
        self.port = port
        self._command = command
        self._is_ready = is_ready
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.kill()

    def start(self) -> None:
        """Return when it answers."""
        quiet = subprocess.DEVNULL
        # It ends with the tests, even if those are killed.
        command = ["setpriv", "--pdeathsig", "KILL", "--", *self._command]
        self._process = subprocess.Popen(command, stdin=quiet, stdout=quiet, stderr=quiet)
        wait_until(self._answers, 60.0, f"{self._command[0]} to answer")

    def stop(self) -> None:
        """As an operator stops it."""
        self._end(signal.SIGTERM)

    def kill(self) -> None:
        """As the kernel does when memory is short."""
        self._end(signal.SIGKILL)

    def pause(self) -> None:
        """It keeps its sockets and answers nothing. Its threads stop one after the other: return after the last."""
        assert self._process is not None
        self._process.send_signal(signal.SIGSTOP)
        threads = Path(f"/proc/{self._process.pid}/task")
        wait_until(lambda: all(_state(thread) == "T" for thread in threads.iterdir()), 30.0, "it to stop")

    def resume(self) -> None:
        assert self._process is not None
        self._process.send_signal(signal.SIGCONT)

    @property
    def is_running(self) -> bool:
        return self._process is not None and self._process.poll() is None

    def _answers(self) -> bool:
        assert self._process is not None
        if self._process.poll() is not None:
            raise RuntimeError(f"{' '.join(self._command)} ended with {self._process.returncode}")
        with contextlib.suppress(OSError):
            return self._is_ready()
        return False

    def _end(self, how: signal.Signals) -> None:
        process, self._process = self._process, None
        if process is not None:
            process.send_signal(signal.SIGCONT)
            process.send_signal(how)
            process.wait(60)


def _state(thread: Path) -> str:
    """The letter that Linux has for what a thread does now."""
    return (thread / "stat").read_text().rpartition(") ")[2][:1]


def wait_until(condition: Callable[[], bool], seconds: float, what: str) -> None:
    """Blocks; for fixtures."""
    end = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > end:
            raise TimeoutError(f"waited {seconds} s for {what}")
        time.sleep(0.02)


def first_line(port: int) -> bytes:
    """What a server says first to whoever connects."""
    with socket.create_connection(("127.0.0.1", port), timeout=5) as line:
        return line.recv(64)


def folder(path: Path) -> str:
    path.mkdir(parents=True, exist_ok=True)
    return str(path)


def open_sockets(port: int) -> int:
    """Sockets of this process that are connected to a local port."""
    end = f":{port:04X}"
    inodes = set()
    for line in Path("/proc/net/tcp").read_text().splitlines()[1:]:
        words = line.split()
        if words[2].endswith(end):
            inodes.add(f"socket:[{words[9]}]")
    links = []
    for name in os.listdir("/proc/self/fd"):
        try:
            links.append(os.readlink(f"/proc/self/fd/{name}"))
        except OSError:
            continue
    return len(inodes & set(links))
