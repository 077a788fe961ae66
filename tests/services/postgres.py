"""A real PostgreSQL on a free port, as durable as in earnest; it can be stopped, paused, killed and started again."""

import os
import pwd
import shutil
import signal
import subprocess
import tempfile
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from tests.services.disk import Disk, small_disk
from tests.services.processes import free_port

START_SECONDS = 60.0
DISK_MEGABYTES = 400
_SETTINGS = """
listen_addresses = '127.0.0.1'
unix_socket_directories = ''
max_connections = 100
shared_buffers = 32MB
fsync = on
log_min_messages = log
"""
_SMALL = """
min_wal_size = 32MB
max_wal_size = 64MB
"""


def binary(name: str) -> str:
    """A program of the newest PostgreSQL of this machine; Debian keeps most of them off the PATH."""
    found = sorted(Path("/usr/lib/postgresql").glob(f"*/bin/{name}"), key=lambda path: int(path.parts[4]))
    path = str(found[-1]) if found else shutil.which(name)
    assert path, f"{name} is missing; install PostgreSQL, as root: apt-get install postgresql"
    return path


def owner() -> dict[str, Any]:
    """As whom to run it: PostgreSQL refuses root, and Debian's package brings a user."""
    return {"user": "postgres", "group": "postgres", "extra_groups": []} if os.geteuid() == 0 else {}


class PostgresServer:
    """One server with a data folder of its own in `folder`; `disk` if that is a small one of its own."""

    def __init__(self, folder: Path, disk: Disk | None = None) -> None:
        self.folder = folder
        self.disk = disk
        self.log = folder / "log"
        self.data = folder / "data"
        self._process: subprocess.Popen[bytes] | None = None
        self.port = free_port()

    def create(self) -> None:
        """Make the data folder, once."""
        if os.geteuid() == 0:
            entry = pwd.getpwnam("postgres")
            os.chown(self.folder, entry.pw_uid, entry.pw_gid)
        options = ["--no-sync", "--auth=trust", "--username=sangam", "--encoding=UTF8", "--locale=C"]
        self.call("initdb", *options, "--pgdata", str(self.data))
        with (self.data / "postgresql.conf").open("a") as settings:
            settings.write(_SETTINGS + f"port = {self.port}\n" + (_SMALL if self.disk else ""))
        access = self.data / "pg_hba.conf"
        access.write_text("host all locked 127.0.0.1/32 scram-sha-256\n" + access.read_text())

    def call(self, name: str, *arguments: str) -> str:
        """Run one of its programs to the end; what it printed."""
        done = subprocess.run(
            [binary(name), *arguments], cwd=self.folder, capture_output=True, text=True, check=False, **owner()
        )
        assert done.returncode == 0, done.stderr
        return str(done.stdout)

    def start(self) -> None:
        """Returns once it answers. After a crash, what is left of the last one may keep it from that for a moment."""
        self._launch()
        _wait_until(self._has_started, lambda: f"it did not start:\n{self.log.read_text()}")

    def _has_started(self) -> bool:
        if self.process.poll() is not None:
            self._launch()
        return self.answers()

    def _launch(self) -> None:
        with self.log.open("ab") as log:
            command = [binary("postgres"), "-D", str(self.data)]
            self._process = subprocess.Popen(command, cwd=self.folder, stdout=log, stderr=log, **owner())

    def answers(self) -> bool:
        """Whether it takes connections."""
        command = [binary("pg_isready"), "-q", "-h", "127.0.0.1", "-p", str(self.port)]
        return subprocess.run(command, check=False).returncode == 0

    @property
    def process(self) -> subprocess.Popen[bytes]:
        assert self._process is not None
        return self._process

    def processes(self) -> list[int]:
        """The server, and every process that it made; each is in a group of its own."""
        pid = self.process.pid
        return [pid, *map(int, Path(f"/proc/{pid}/task/{pid}/children").read_text().split())]

    def _all(self, number: signal.Signals) -> None:
        for pid in self.processes():
            with suppress(ProcessLookupError):
                os.kill(pid, number)

    def stop(self) -> None:
        """In order, connections cut."""
        self.process.send_signal(signal.SIGINT)
        self.process.wait(START_SECONDS)

    def crash(self) -> None:
        """As a power switch does."""
        self._all(signal.SIGKILL)
        self.process.wait(START_SECONDS)

    def recover(self) -> None:
        """After its disk was full: wait until it answers, starting it if it had given up. Blocks."""

        def is_back() -> bool:
            if self.process.poll() is not None:
                self.start()
            return self.answers()

        _wait_until(is_back, lambda: "it did not recover")

    def pause(self) -> None:
        """It stands still: connections stay open and nothing is answered."""
        self._all(signal.SIGSTOP)

    def resume(self) -> None:
        self._all(signal.SIGCONT)

    def end(self) -> None:
        """Whatever state it is in."""
        if self._process is not None and self._process.poll() is None:
            self.crash()

    def url(self, database: str) -> str:
        return f"postgresql://sangam@127.0.0.1:{self.port}/{database}"

    def drop_database(self, url: str) -> None:
        """With everything in it, whoever is connected."""
        self.sql(f"DROP DATABASE {url.rpartition('/')[2]} WITH (FORCE)")

    def create_database(self) -> str:
        """The address of a new, empty one."""
        name = f"t{uuid.uuid4().hex}"
        self.sql(f"CREATE DATABASE {name}")
        return self.url(name)

    def sql(self, statement: str, database: str = "postgres") -> str:
        """Run one statement beside all others; its rows as text."""
        return self.call("psql", "-qAtX", "-d", self.url(database), "-c", statement).strip()


@contextmanager
def postgres_on_a_small_disk() -> Iterator[PostgresServer]:
    """A started server whose disk can be filled; without a disk of its own if this is not root."""
    if os.geteuid() != 0:
        with postgres() as server:
            yield server
        return
    with tempfile.TemporaryDirectory(prefix="sangam-postgres-") as own:
        Path(own).chmod(0o755)  # the server is another user
        with small_disk(Path(own) / "disk", DISK_MEGABYTES) as disk:
            server = PostgresServer(disk.path, disk)
            try:
                server.create()
                server.start()
                yield server
            finally:
                server.end()


@contextmanager
def postgres(folder: Path | None = None) -> Iterator[PostgresServer]:
    """A started server, in `folder` or in one that goes with it."""
    own = tempfile.mkdtemp(prefix="sangam-postgres-") if folder is None else None
    server = PostgresServer(Path(own) if own else folder or Path())
    try:
        server.create()
        server.start()
        yield server
    finally:
        server.end()
        if own:
            shutil.rmtree(own, ignore_errors=True)


def _wait_until(holds: Callable[[], bool], otherwise: Callable[[], str]) -> None:
    deadline = time.monotonic() + START_SECONDS
    while not holds():
        assert time.monotonic() < deadline, otherwise()
        time.sleep(0.02)
