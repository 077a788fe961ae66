"""Several real nodes on one NATS and one PostgreSQL, behind the proxy of `make cluster`."""

import os
import re
import socket
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from functools import partial
from pathlib import Path
from typing import Any

from tests.server import ROOT, Server, running
from tests.services.nats import NatsServer
from tests.services.postgres import postgres
from tests.services.processes import ServerProcess, folder, free_port, program

SILENT_SECONDS = 3.0


class Address(Server):
    """Where people go who do not choose a node."""

    def __init__(self, data: Path, port: int) -> None:
        super().__init__(data)
        self.port = port


class Nodes:
    """`front` is the proxy; `sql` asks the database that all of them write."""

    def __init__(self, each: list[Server], front: Address, sql: Callable[[str], str]) -> None:
        self.sql = sql
        self.each = each
        self.front = front


@contextmanager
def nodes(path: Path, count: int, **settings: object) -> Iterator[Nodes]:
    """Started nodes that take one another for dead after SILENT_SECONDS, ended whatever happens."""
    with ExitStack() as stack:
        server = stack.enter_context(postgres())
        database = server.create_database()
        nats = stack.enter_context(NatsServer(path / "nats"))
        shared: dict[str, Any] = {
            "database_url": database,
            "nats_url": nats.url,
            "node_silent_seconds": SILENT_SECONDS,
            "slow_commit_seconds": 30,
        } | settings
        each = [stack.enter_context(running(path / f"node{number}", **shared)) for number in range(count)]
        port = free_port()
        stack.enter_context(_proxy(path / "nginx", port, [node.port for node in each]))
        yield Nodes(each, Address(path / "front", port), partial(server.sql, database=database.rpartition("/")[2]))


def _proxy(path: Path, port: int, nodes: list[int]) -> ServerProcess:
    """deploy/nginx.conf with the addresses of these nodes."""
    text = (ROOT / "deploy/nginx.conf").read_text()
    servers = "".join(f"        server 127.0.0.1:{node} max_fails=0;\n" for node in nodes)
    text = re.sub(r"( +server node\d.*\n)+", servers, text).replace("listen 8000;", f"listen {port};")
    config = Path(folder(path)) / "nginx.conf"
    config.write_text(f"user root;\n{text}" if os.geteuid() == 0 else text)
    command = [program("nginx"), "-p", str(path), "-c", str(config), "-e", "stderr"]
    return ServerProcess(command, port, lambda: _listens(port))


def _listens(port: int) -> bool:
    with socket.create_connection(("127.0.0.1", port), timeout=5):
        return True
