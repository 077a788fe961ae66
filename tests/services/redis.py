"""A Redis for tests."""

import socket
from pathlib import Path

from tests.services.processes import ServerProcess, folder, free_port, program


class RedisServer(ServerProcess):
    """`redis-server` that keeps nothing on disk."""

    def __init__(self, data: Path) -> None:
        port = free_port()
        command = [program("redis-server"), "--bind", "127.0.0.1", "--port", str(port), "--dir", folder(data)]
        super().__init__([*command, "--save", "", "--appendonly", "no"], port, lambda: _pong(port))
        self.url = f"redis://127.0.0.1:{port}/0"


def _pong(port: int) -> bool:
    with socket.create_connection(("127.0.0.1", port), timeout=5) as line:
        line.sendall(b"PING\r\n")
        return line.recv(16).startswith(b"+PONG")
