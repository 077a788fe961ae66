"""A cell: one bubblewrap process tree whose process 1 is our runner. Never a bare process.

Order matters. bwrap starts as the cell's own uid (`setpriv`), so that every cell is another user for the kernel.
The runner is moved into its control group before it is told any job, so nothing of a room ever runs outside it.
Everything blocking is for the threads of `bwrap_engine.py`.
"""

import asyncio
import contextlib
import json
import os
import select
import signal
import socket
import subprocess
import threading
from concurrent.futures import Executor
from pathlib import Path

import msgspec

from exec_pool.cgroups import CellGroup
from exec_pool.engine import Cell
from exec_pool.errors import CellFailed
from exec_pool.view import ETC, GROUP, HIDDEN, HOSTS, PASSWD, inside

MIB = 1024 * 1024


class Shell(msgspec.Struct, frozen=True):
    """What all cells of a server have in common: programs, the filter, the runner's text, extra folders.

    `prefix` sets the size limit of core files to 1: at 0 the kernel would still feed crashes to the machine's crash
    handler, at 1 it does not. It is empty where that is no longer allowed.
    """

    prefix: tuple[str, ...]
    bwrap: str
    setpriv: str
    python: str
    seccomp: bytes
    runner: str
    toolchain_paths: tuple[str, ...]
    scratch_bytes: int
    start_seconds: float


def arguments(shell: Shell, group: CellGroup, uid: int, fds: dict[str, int]) -> list[str]:
    """The whole command line. `fds`: info, seccomp, passwd, group, hosts."""
    drop = [*shell.prefix, shell.setpriv, f"--reuid={uid}", f"--regid={uid}", "--clear-groups", "--"]
    return [*drop, shell.bwrap, *_walls(), *_system(shell, fds), *_scratch(shell, group), *_inside(shell, fds)]


def _walls() -> list[str]:
    namespaces = ["--unshare-user", "--unshare-all", "--disable-userns", "--as-pid-1", "--new-session"]
    identity = ["--cap-drop", "ALL", "--uid", "1000", "--gid", "1000", "--hostname", "sandbox", "--clearenv"]
    return [*namespaces, *identity, "--die-with-parent"]


def _system(shell: Shell, fds: dict[str, int]) -> list[str]:
    words = ["--ro-bind", "/usr", "/usr"]
    for name in ("lib", "lib64", "bin", "sbin"):
        words += ["--symlink", f"usr/{name}", f"/{name}"]
    words += ["--dir", "/etc"]
    for name in ETC:
        words += ["--ro-bind-try", f"/etc/{name}", f"/etc/{name}"]
    for name in ("passwd", "group", "hosts"):
        words += ["--perms", "0444", "--ro-bind-data", str(fds[name]), f"/etc/{name}"]
    for number, path in enumerate(shell.toolchain_paths):
        words += ["--ro-bind", path, inside(number, path)]
    words += ["--proc", "/proc", "--dev", "/dev"]
    for name in HIDDEN:
        if Path("/proc", name).exists():
            words += ["--ro-bind", "/dev/null", f"/proc/{name}"]
    return words


def _scratch(shell: Shell, group: CellGroup) -> list[str]:
    words = ["--size", str(16 * MIB), "--tmpfs", "/dev/shm", "--remount-ro", "/dev"]
    for folder in ("/tmp", "/work"):
        words += ["--size", str(shell.scratch_bytes), "--tmpfs", folder]
    for source, target in group.binds():
        words += ["--ro-bind", source, target]
    return [*words, "--remount-ro", "/"]


def _inside(shell: Shell, fds: dict[str, int]) -> list[str]:
    words = ["--chdir", "/work", "--setenv", "PATH", "/usr/bin:/bin", "--setenv", "LANG", "C.UTF-8"]
    words += ["--info-fd", str(fds["info"]), "--seccomp", str(fds["seccomp"])]
    return [*words, "--", shell.python, "-I", "-S", "-c", shell.runner]


class BwrapCell(Cell):
    """One bubblewrap process tree. What blocks runs in `threads` (one that limits, a few that bury)."""

    def __init__(
        self,
        uid: int,
        group: CellGroup,
        process: subprocess.Popen[bytes],
        link: socket.socket,
        threads: tuple[Executor, Executor],
    ) -> None:
        super().__init__(uid, "")
        self.group = group
        self._process = process
        self._link = link
        self._limiter, self._undertaker = threads
        self._init_fd = -1
        self._sending = asyncio.Lock()
        self._closing = threading.Lock()

    def enclose(self, info: int, seconds: float) -> None:
        """Blocking: wait until bwrap has made process 1, hold on to it, put it into the control group."""
        text = b""
        while b"}" not in text and select.select([info], [], [], seconds)[0] and (more := os.read(info, 4096)):
            text += more
        try:
            pid = int(json.loads(text)["child-pid"])
            self._init_fd = os.pidfd_open(pid)
            self.group.join(pid)
        except (ValueError, KeyError, OSError) as error:
            raise CellFailed(self.said() or f"process 1 is not there ({error})") from error

    async def set_limits(self, memory_bytes: int, processes: int) -> None:
        """Writes to the control group, in a thread."""
        loop = asyncio.get_running_loop()
        try:
            await loop.run_in_executor(self._limiter, self.group.limit, memory_bytes, processes)
        except OSError as error:
            raise CellFailed(f"limits cannot be set ({error})") from error

    async def oom_kills(self) -> int:
        """From the control group, which outlives the processes."""
        with contextlib.suppress(OSError):
            return self.group.oom_kills()
        return 0

    async def complaint(self) -> str:
        """What bwrap or the runner said on standard error."""
        return await asyncio.get_running_loop().run_in_executor(self._undertaker, self.said)

    def said(self) -> str:
        """`complaint`, blocking for a moment when the cell lives."""
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._process.wait(0.2)
        stderr = self._process.stderr
        if stderr is None:
            return ""
        os.set_blocking(stderr.fileno(), False)
        with contextlib.suppress(BlockingIOError):
            return os.read(stderr.fileno(), 4096).decode(errors="replace").strip()
        return ""

    async def send(self, data: bytes) -> None:
        """Over the socket to process 1."""
        try:
            async with self._sending:
                await asyncio.get_running_loop().sock_sendall(self._link, data)
        except OSError as error:
            raise CellFailed("the cell is gone") from error

    async def read(self) -> bytes:
        """From the socket to process 1."""
        try:
            data = await asyncio.get_running_loop().sock_recv(self._link, 65_536)
        except OSError as error:
            raise CellFailed("the cell is gone") from error
        if not data:
            raise CellFailed("the cell is gone")
        return data

    def signal_death(self) -> None:
        """Kill process 1, and with it, by the kernel, everything in the cell."""
        with self._closing, contextlib.suppress(ProcessLookupError):
            if self._init_fd >= 0:
                signal.pidfd_send_signal(self._init_fd, signal.SIGKILL)
            else:
                self._process.kill()

    async def bury(self) -> None:
        """`end`, in a thread."""
        try:
            await asyncio.get_running_loop().run_in_executor(self._undertaker, self.end)
        except (OSError, subprocess.SubprocessError) as error:
            raise CellFailed(str(error)) from error

    def end(self) -> None:
        """Blocking: after death, free what the cell held. When bwrap has ended, all of the cell has."""
        self.signal_death()
        try:
            self._process.wait(5)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait(5)
        with self._closing:
            if self._init_fd >= 0:
                os.close(self._init_fd)
            self._init_fd = -1
        self._link.close()
        if self._process.stderr:
            self._process.stderr.close()
        self.group.remove()


def open_cell(shell: Shell, group: CellGroup, uid: int, threads: tuple[Executor, Executor]) -> BwrapCell:
    """Blocking: start a cell. The caller awaits its R frame. CellFailed with what bwrap said."""
    ours, theirs = socket.socketpair()
    ours.setblocking(False)
    info, info_end = os.pipe()
    fds = {"info": info_end, "seccomp": _pipe_with(shell.seccomp), "passwd": _pipe_with(PASSWD)}
    fds |= {"group": _pipe_with(GROUP), "hosts": _pipe_with(HOSTS)}
    try:
        process = subprocess.Popen(
            arguments(shell, group, uid, fds),
            stdin=theirs.fileno(),
            stdout=theirs.fileno(),
            stderr=subprocess.PIPE,
            pass_fds=tuple(fds.values()),
            env={},
            cwd="/",
        )
    except OSError as error:
        ours.close()
        os.close(info)
        raise CellFailed(f"{error.filename or shell.bwrap}: {error.strerror}") from error
    finally:
        theirs.close()
        for fd in fds.values():
            os.close(fd)
    cell = BwrapCell(uid, group, process, ours, threads)
    try:
        cell.enclose(info, shell.start_seconds)
    except CellFailed:
        cell.end()
        raise
    finally:
        os.close(info)
    return cell


def _pipe_with(data: bytes) -> int:
    """The reading end of a pipe that holds these few bytes."""
    reading, writing = os.pipe()
    try:
        os.write(writing, data)
    finally:
        os.close(writing)
    return reading
