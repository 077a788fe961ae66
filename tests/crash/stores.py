"""Ways to make the store of a running server slow or full, and to make it well again."""

import os
import resource
import sqlite3
from typing import Protocol

from tests.server import Server
from tests.services.disk import Disk


class Trouble(Protocol):
    """Begins and ends at the same server; `end` makes it well."""

    def begin(self) -> None: ...

    def end(self) -> None: ...


class Locked:
    """Somebody else holds the tables."""

    def __init__(self, server: Server) -> None:
        self._database = sqlite3.connect(server.data / "sangam.db", isolation_level=None, check_same_thread=False)

    def begin(self) -> None:
        self._database.execute("BEGIN IMMEDIATE")

    def end(self) -> None:
        self._database.close()


class Forbidden:
    """No file of the server may grow past what the log has now: commits fail."""

    def __init__(self, server: Server) -> None:
        self._server = server

    def begin(self) -> None:
        self._limit(max(path.stat().st_size for path in self._server.data.glob("log-*")))

    def end(self) -> None:
        self._limit(resource.RLIM_INFINITY)

    def _limit(self, size: int) -> None:
        resource.prlimit(self._server.process.pid, resource.RLIMIT_FSIZE, (size, resource.RLIM_INFINITY))


class Full:
    """The file system has no space left."""

    def __init__(self, server: Server) -> None:
        disk = Disk(server.data)
        self.begin = disk.fill
        self.end = disk.free


TROUBLES = [Forbidden, Full] if os.geteuid() == 0 else [Forbidden]
