"""The driver process: orders out, answers in. See `loadtests/native/orders.c` for the orders."""

import contextlib
import json
import os
import select
import subprocess
from pathlib import Path
from typing import Any, Self

Answer = dict[str, Any]


class Driver:
    """Plays the clients of one plan against one server, or two by turns (`port` is `8001,8002`); a context manager."""

    def __init__(self, program: Path, plan: Path, port: int | str, path: str, rooms: str, document: str | None) -> None:
        words = [str(program), str(plan), str(port), path, rooms, *([document] if document else [])]
        self._process = subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE)

    def pin(self, core: int) -> Self:
        os.sched_setaffinity(self._process.pid, {core})
        return self

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        assert self._process.stdin and self._process.stdout
        with contextlib.suppress(BrokenPipeError):
            self._process.stdin.close()
        try:
            self._process.wait(10.0)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._process.stdout.close()

    def tell(self, *words: object) -> None:
        """Give an order without waiting for its answer."""
        assert self._process.stdin
        self._process.stdin.write(" ".join(map(str, words)).encode() + b"\n")
        self._process.stdin.flush()

    def answer(self) -> Answer:
        """The next answer. Raises RuntimeError when the driver is gone or did not understand."""
        assert self._process.stdout
        line = self._process.stdout.readline()
        if not line:
            raise RuntimeError("the driver ended")
        found: Answer = json.loads(line)
        if "error" in found:
            raise RuntimeError(found["error"])
        return found

    def has_answered(self, seconds: float) -> bool:
        """Wait at most `seconds` for an answer."""
        assert self._process.stdout
        return bool(select.select([self._process.stdout], [], [], seconds)[0])

    def ask(self, *words: object) -> Answer:
        self.tell(*words)
        return self.answer()

    def open(self, first: int, count: int, *, window: int = 50, stride: int = 1, seconds: float = 30.0) -> Answer:
        """Connect every `stride`-th of `count` clients; `window` of them are on their way at the same time."""
        return self.ask("open", first, count, int(seconds * 1000), window, stride)

    def gather(self, size: int, count: int) -> int:
        """Open all: the first client of each room of `size`, then the others. How many are in."""
        self.open(0, count, stride=size, seconds=60.0)
        self.open(0, count, seconds=60.0)
        synced: int = self.ask("status")["synced"]
        return synced

    def play(self, seconds: float, linger: float = 0.0) -> Answer:
        """Send everything; returns when all arrived, `linger` after the last edit or after `seconds` at the latest."""
        return self.ask("play", int(seconds * 1000), int(linger * 1000))
