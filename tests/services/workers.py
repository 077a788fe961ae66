"""Sandbox workers for tests: `sangam exec` as processes of their own."""

import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx

from tests.server import ROOT, START_SECONDS

SILENT_SECONDS = 1.5


class WorkerProcess:
    """One worker; killed or stopped it may be started again."""

    def __init__(self, log: Path, nats_url: str, **settings: object) -> None:
        named = {"nats_url": nats_url, "node_silent_seconds": SILENT_SECONDS, "exec_port": 0} | settings
        others = {name: value for name, value in os.environ.items() if not name.startswith("SANGAM_")}
        self._environ = others | {f"SANGAM_{name.upper()}": str(value) for name, value in named.items()}
        self.log = log
        self._process: subprocess.Popen[str] | None = None
        self.port = 0

    def start(self) -> None:
        """Returns once it works."""
        with self.log.open("a") as log:
            command = [sys.executable, "-m", "api", "exec"]
            self._process = subprocess.Popen(
                command, cwd=ROOT, env=self._environ, stdout=subprocess.PIPE, stderr=log, text=True
            )
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        found = re.search(r"http://\S+:(\d+)", line)
        assert found, f"it did not start: {line!r}\n{self.log.read_text()}"
        self.port = int(found[1])

    def send(self, how: signal.Signals) -> None:
        assert self._process is not None
        self._process.send_signal(how)

    def end(self, how: signal.Signals = signal.SIGKILL) -> int:
        """Its exit status."""
        process, self._process = self._process, None
        if process is None:
            return 0
        process.send_signal(how)
        try:
            return process.wait(START_SECONDS)
        finally:
            if process.poll() is None:
                process.kill()
                process.wait()
            if process.stdout is not None:
                process.stdout.close()

    def get(self, path: str) -> httpx.Response:
        return httpx.get(f"http://127.0.0.1:{self.port}{path}", timeout=30.0)

    def metric(self, name: str) -> float:
        found = re.search(rf"^{name} (\S+)$", self.get("/metrics").text, re.MULTILINE)
        assert found, name
        return float(found[1])


@contextmanager
def workers(path: Path, nats_url: str, count: int, **settings: object) -> Iterator[list[WorkerProcess]]:
    """Started ones, ended whatever happens."""
    each = [WorkerProcess(path / f"worker{number}.log", nats_url, **settings) for number in range(count)]
    try:
        for worker in each:
            worker.start()
        yield each
    finally:
        for worker in each:
            worker.end()
