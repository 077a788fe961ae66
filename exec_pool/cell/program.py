"""One step while it runs: the child, its pipes and its limits. Runs in the cell: standard library only."""

import contextlib
import ctypes
import os
import resource
import signal
import struct
import time
from typing import Any

from exec_pool.cell.link import CHUNK, Link
from exec_pool.cell.meter import Meter
from exec_pool.cell.terminal import END_OF_INPUT, open_terminal, set_size, take_control

PR_SET_DUMPABLE = 4
LOOK_EVERY = 0.02
LOOK_SOONEST = 0.003
CORES = os.cpu_count() or 1
USAGE_EVERY = 0.5
FLUSH_AFTER = 0.016
FLUSH_KEYS_AFTER = 0.002
FLUSH_BYTES = 8192


def kill_all() -> None:
    """Kill every process of the cell but this one."""
    with contextlib.suppress(ProcessLookupError):
        os.kill(-1, signal.SIGKILL)


def dumpable(whether: bool) -> None:
    """May processes of the same uid look into this one, and this one into its own /proc entry for writing?"""
    if ctypes.CDLL(None).prctl(PR_SET_DUMPABLE, int(whether), 0, 0, 0):
        raise OSError("prctl failed")


def become(step: dict[str, Any], ends: tuple[int, int, int]) -> None:
    """In the child: turn into the program. Returns only when that failed."""
    os.setsid()
    if step["terminal"]:
        take_control(ends[0])
    for number, fd in enumerate(ends):
        os.dup2(fd, number)
    os.closerange(3, 1024)
    dumpable(True)
    with open("/proc/self/oom_score_adj", "w") as opened:
        opened.write("1000")
    cpu = int(step["cpu"]) + 2
    for kind, most in (
        (resource.RLIMIT_CPU, cpu),
        (resource.RLIMIT_FSIZE, step["file"]),
        (resource.RLIMIT_NOFILE, 256),
        (resource.RLIMIT_MEMLOCK, 65536),
    ):
        resource.setrlimit(kind, (most, most))
    os.nice(5)
    os.umask(0o022)
    argv = step["argv"]
    try:
        os.chdir(step["cwd"])
        os.execvpe(argv[0], argv, step["env"])
    except OSError as error:
        os.write(2, f"{argv[0]}: {error.strerror}\n".encode(errors="replace"))


class Program:
    """A started step. `kinds` are the open output pipes and the frame type of each; `why` is why it was ended."""

    def __init__(self, step: dict[str, Any], link: Link, meter: Meter) -> None:
        self.step, self.link, self.meter = step, link, meter
        self.why = ""
        self.written = 0
        self.held: list[tuple[str, bytes]] = []
        self.held_bytes = 0
        self.flush_at = 0.0
        self.status = 0
        self.look_at = 0.0
        self.usage_at = time.monotonic() + USAGE_EVERY
        self.stdin: int | None = None
        self.terminal: int | None = None
        self.kinds: dict[int, str] = {}
        self.compiling = step["name"] == "compile"
        meter.start()
        self._spawn()

    def _spawn(self) -> None:
        ends = self._open_terminal() if self.step["terminal"] else self._open_pipes()
        self.pid = os.fork()
        if self.pid == 0:
            try:
                become(self.step, ends)
            finally:
                os._exit(127)
        for fd in set(ends):
            os.close(fd)
        for fd in self.kinds:
            os.set_blocking(fd, False)
        if self.compiling:
            self.close_stdin()
        self.pidfd = os.pidfd_open(self.pid)

    def _open_pipes(self) -> tuple[int, int, int]:
        stdin_end, self.stdin = os.pipe()
        out, out_end = os.pipe()
        err, err_end = os.pipe()
        os.set_blocking(self.stdin, False)
        self.kinds = {out: "C", err: "C"} if self.compiling else {out: "O", err: "X"}
        return stdin_end, out_end, err_end

    def _open_terminal(self) -> tuple[int, int, int]:
        ours, theirs = open_terminal(*self.step["terminal"])
        self.terminal = ours
        self.stdin = os.dup(ours)
        self.kinds = {ours: "O"}
        return theirs, theirs, theirs

    def close_stdin(self) -> None:
        """The program reads the end of its input; a terminal says so with a character and stays."""
        if self.stdin is not None:
            if self.terminal is not None:
                with contextlib.suppress(OSError):
                    os.write(self.stdin, END_OF_INPUT)
            os.close(self.stdin)
            self.stdin = None

    def resize(self, rows: int, columns: int) -> None:
        """The window of the terminal changed."""
        if self.terminal is not None:
            set_size(self.terminal, rows, columns)

    def read(self, fd: int) -> None:
        """Take what a pipe has, within the limit; the end of a pipe forgets it."""
        try:
            data = os.read(fd, CHUNK)
        except BlockingIOError:
            return
        except OSError:  # nobody holds the other end of the terminal any more
            data = b""
        if not data:
            os.close(fd)
            del self.kinds[fd]
            self.terminal = None
            return
        room = self.step["output"] - self.written
        if len(data) > room:
            data = data[:room]
            self.end("output")
        self.written += len(data)
        if data:
            self._hold(self.kinds[fd], data)

    def _hold(self, kind: str, data: bytes) -> None:
        self.held.append((kind, data))
        self.held_bytes += len(data)
        if self.held_bytes >= FLUSH_BYTES or time.monotonic() >= self.flush_at:
            self.flush()

    def flush(self) -> None:
        """Send what is held, neighbours of one stream together."""
        held, self.held, self.held_bytes = self.held, [], 0
        # What a terminal shows is mostly the echo of a key: somebody waits for it.
        self.flush_at = time.monotonic() + (FLUSH_AFTER if self.terminal is None else FLUSH_KEYS_AFTER)
        while held:
            kind, count = held[0][0], 0
            while count < len(held) and held[count][0] == kind:
                count += 1
            self.link.send(kind, b"".join(data for _, data in held[:count]))
            del held[:count]

    def end(self, why: str) -> None:
        """Kill everything in the cell but this process; the first reason counts."""
        self.why = self.why or why
        kill_all()

    def rest_ms(self) -> int:
        """How long nobody has to look at the program."""
        until = min(self.look_at, self.flush_at) if self.held else self.look_at
        return max(1, int((until - time.monotonic()) * 1000))

    def watch(self) -> None:
        """The periodic look at the limits."""
        now = time.monotonic()
        if self.held and now >= self.flush_at:
            self.flush()
        if now < self.look_at:
            return
        self.meter.sample()
        left = self.step["cpu"] - self.meter.cpu()
        if left < 0:
            self.end("cpu")
        # Close to the limit looks are closer together: the limit is kept to a few milliseconds.
        self.look_at = now + min(LOOK_EVERY, max(LOOK_SOONEST, left / CORES))
        if self.meter.wall() > self.step["wall"]:
            self.end("wall")
        if now >= self.usage_at:
            self.usage_at = now + USAGE_EVERY
            self.link.send("U", struct.pack(">dQ", self.meter.cpu(), self.meter.memory_now))

    def finish(self) -> dict[str, Any]:
        """After the main process: nothing it left behind lives on. Gives the last word on the step."""
        wall = self.meter.wall()
        self.meter.sample()
        biggest = self._reap()
        os.close(self.pidfd)
        self.close_stdin()
        for fd in list(self.kinds):
            while fd in self.kinds:
                self.read(fd)
        self.flush()
        code = os.waitstatus_to_exitcode(self.status)
        if code == -signal.SIGXCPU:
            self.why = self.why or "cpu"
        return {
            "step": self.step["name"],
            "code": code if code >= 0 else None,
            "signal": -code if code < 0 else None,
            "why": self.why,
            "cpu": self.meter.cpu(),
            "wall": wall,
            "memory": max(self.meter.peak, biggest),
            "oom": self.meter.oom(),
        }

    def _reap(self) -> int:
        """Wait for all that was killed; the largest resident size of any of them."""
        biggest = 0
        while True:
            kill_all()
            try:
                pid, status, used = os.wait4(-1, 0)
            except ChildProcessError:
                return biggest
            biggest = max(biggest, used.ru_maxrss * 1024)
            if pid == self.pid:
                self.status = status


class Input:
    """Standard input of the run step: bytes wait here until the program reads them."""

    def __init__(self, link: Link) -> None:
        self.link = link
        self.waiting = bytearray()
        self.ended = False

    def feed(self, program: Program) -> None:
        """Write what fits; close at the end; a program that closed its side gets nothing more."""
        if program.stdin is None:
            self._taken(len(self.waiting))
            return
        try:
            if self.waiting:
                self._taken(os.write(program.stdin, self.waiting[:CHUNK]))
        except BlockingIOError:
            return
        except OSError:  # the program closed its side, or its terminal is gone
            self.ended = True
            self._taken(len(self.waiting))
        if self.ended and not self.waiting:
            program.close_stdin()

    def _taken(self, count: int) -> None:
        if count:
            del self.waiting[:count]
            self.link.send("A", struct.pack(">I", count))
