"""Process 1 of a cell. Runs in the cell: standard library and its neighbours only; the server sends their text.

It unpacks files, starts one step after the other, carries input and output, watches the limits of the whole tree
and tells how it ended (`protocol.py` has the frames). It trusts the server and nobody else: programs have its uid,
so it is not dumpable (no /proc/1/fd, no /proc/1/mem) and keeps default signal actions, which the kernel never
delivers to a process 1 from inside.
"""

import base64
import json
import os
import select
import shutil
import signal
import struct
import sys
from typing import Any

from exec_pool.cell.filters import install
from exec_pool.cell.link import Gone, Link
from exec_pool.cell.meter import Meter
from exec_pool.cell.program import Input, Program, dumpable, kill_all

TICK_MS = 20
FULL = 262144
ROOTS = ("work", "tmp")
WIPED = ("/work", "/tmp", "/dev/shm")


def place(payload: bytes, top: str = "/") -> None:
    """Write one file of the job. Only plain files in new or existing plain folders, never over anything."""
    (length,) = struct.unpack_from(">I", payload)
    parts = payload[4 : 4 + length].decode().split("/")
    if parts[0] not in ROOTS or len(parts) < 2 or any(part in ("", ".", "..") for part in parts):
        raise ValueError("bad path")
    folder = os.open(top, os.O_RDONLY | os.O_DIRECTORY)
    try:
        for part in parts[:-1]:
            inner = enter(folder, part)
            os.close(folder)
            folder = inner
        made = os.open(parts[-1], os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o644, dir_fd=folder)
        with open(made, "wb") as opened:
            opened.write(payload[4 + length :])
    finally:
        os.close(folder)


def enter(folder: int, name: str) -> int:
    """A folder in a folder, made if need be, never through a link."""
    flags = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW
    try:
        return os.open(name, flags, dir_fd=folder)
    except FileNotFoundError:
        os.mkdir(name, 0o755, dir_fd=folder)
        return os.open(name, flags, dir_fd=folder)


def wipe(roots: tuple[str, ...] = WIPED) -> None:
    """Empty the places a program can write; OSError or RecursionError when it made that impossible."""
    for root in roots:
        os.chmod(root, 0o755)
        if any(not name.startswith("security.") for name in os.listxattr(root)):
            raise OSError("the folder has attributes")  # an access list would rule over the next run's files
        with os.scandir(root) as entries:
            for entry in entries:
                if entry.is_dir(follow_symlinks=False):
                    shutil.rmtree(entry.path)
                else:
                    os.unlink(entry.path)


class Cell:
    """The loop: one job at a time, the steps of a job in order."""

    def __init__(self, link: Link) -> None:
        self.link = link
        self.meter = Meter()
        self.program: Program | None = None
        self.steps: list[dict[str, Any]] = []
        self.input = Input(link)

    def serve(self) -> None:
        """Until the server hangs up."""
        self.link.send("R")
        while True:
            for kind, payload in self.link.read():
                self.take(kind, payload)
            self.wait()

    def take(self, kind: str, payload: bytes) -> None:
        """One frame of the server."""
        if kind == "F":
            place(payload)
        elif kind == "J":
            os.makedirs("/tmp/build", exist_ok=True)
            self.steps = json.loads(payload)["steps"]
            self.announce()
        elif kind == "G" and self.steps and self.program is None:
            self.program = Program(self.steps[0], self.link, self.meter)
        elif kind == "I":
            self.input.waiting += payload
        elif kind == "E":
            self.input.ended = True
        elif kind == "T":
            self.resize(*struct.unpack(">HH", payload))
        elif kind == "K":
            self.stop()
        elif kind == "W":
            wipe()
            self.input = Input(self.link)
            self.link.send("R")

    def resize(self, rows: int, columns: int) -> None:
        """The window changed, perhaps before there is a program in it."""
        if self.steps and self.steps[-1]["terminal"]:
            self.steps[-1]["terminal"] = [rows, columns]
        if self.program:
            self.program.resize(rows, columns)

    def announce(self) -> None:
        """Let the server set the limits of the next step and say go."""
        self.link.send("S", self.steps[0]["name"].encode())

    def stop(self) -> None:
        """End the job now."""
        if self.program:
            self.program.end("stop")
        elif self.steps:
            self.done({"step": self.steps[0]["name"], "why": "stop"})

    def done(self, ending: dict[str, Any]) -> None:
        """The job is over."""
        self.steps = []
        self.input = Input(self.link)
        self.link.send("D", json.dumps(ending).encode())

    def wait(self) -> None:
        """Sleep until something happens, and let it."""
        program = self.program
        poll = select.poll()
        poll.register(self.link.fd, select.POLLIN)
        if self.link.out:
            poll.register(self.link.out_fd, select.POLLOUT)
        if program:
            self.register(poll, program)
        ready = {fd for fd, _ in poll.poll(min(TICK_MS, program.rest_ms()) if program else None)}
        if self.link.out:
            self.link.flush()
        if program:
            self.serve_program(program, ready)

    def register(self, poll: "select.poll", program: Program) -> None:
        """What to wait for while a program runs. A server that does not read stops the program, not the watch."""
        poll.register(program.pidfd, select.POLLIN)
        if len(self.link.out) < FULL:
            for fd in program.kinds:
                poll.register(fd, select.POLLIN)
        if program.stdin is not None and (self.input.waiting or self.input.ended):
            poll.register(program.stdin, select.POLLOUT)

    def serve_program(self, program: Program, ready: set[int]) -> None:
        """Carry bytes both ways, look at the limits, notice the end."""
        for fd in [fd for fd in program.kinds if fd in ready]:
            program.read(fd)
        if not program.compiling and (program.stdin is None or program.stdin in ready):
            self.input.feed(program)
        program.watch()
        if program.pidfd in ready:
            self.end_step(program)

    def end_step(self, program: Program) -> None:
        """On to the next step, or the end of the job."""
        ending = program.finish()
        self.program = None
        if len(self.steps) > 1 and ending["code"] == 0 and not ending["why"]:
            self.steps.pop(0)
            self.announce()
        else:
            self.done(ending)


def protect() -> None:
    """Default signal actions (Python's own would be reachable by kill) and no looking into this process."""
    for name in (signal.SIGINT, signal.SIGPIPE, signal.SIGXFSZ):
        signal.signal(name, signal.SIG_DFL)
    dumpable(False)


def main() -> None:
    """Serve descriptors 0 and 1 until the server hangs up; then nothing in the cell lives on."""
    if len(sys.argv) > 1:
        install(base64.b64decode(sys.argv[1]))
    protect()
    fd, out_fd = os.dup(0), os.dup(1)
    nothing = os.open("/dev/null", os.O_RDWR)
    os.dup2(nothing, 0)
    os.dup2(nothing, 1)
    try:
        Cell(Link(fd, out_fd)).serve()
    except (Gone, BrokenPipeError, ConnectionResetError):
        pass
    finally:
        kill_all()
