"""A cell: one bubblewrap process tree whose process 1 is our runner. Never a bare process.

Order matters. bwrap starts as the cell's own uid (`setpriv`), so that every cell is another user for the kernel.
The runner is moved into its control group before it is told any job, so nothing of a room ever runs outside it.
Everything blocking (`open_cell`, `Cell.kill`) is for the thread of `cells.py`.
"""

import asyncio
import contextlib
import json
import logging
import os
import select
import signal
import socket
import subprocess
import threading
from pathlib import Path

import msgspec

from exec_pool.cgroups import CellGroup
from exec_pool.errors import CellFailed
from exec_pool.protocol import Frames

log = logging.getLogger(__name__)

MIB = 1024 * 1024
PARTS = ("link", "meter", "program", "runner")
PASSWD = b"sandbox:x:1000:1000:sandbox:/tmp:/bin/bash\n"
GROUP = b"sandbox:x:1000:\n"
HOSTS = b"127.0.0.1 localhost sandbox\n::1 localhost\n"
# What /proc tells about the machine and no program needs.
HIDDEN = (
    "cmdline", "config.gz", "diskstats", "interrupts", "iomem", "ioports", "kallsyms", "kcore", "key-users",
    "keys", "kmsg", "modules", "partitions", "slabinfo", "sysrq-trigger", "timer_list", "vmallocinfo", "zoneinfo",
)  # fmt: skip
ETC = ("alternatives", "ld.so.cache", "java-17-openjdk", "java-21-openjdk", "java-25-openjdk")

TOOLCHAINS = "/toolchains"


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


def runner_text() -> str:
    """The runner and its neighbours as one text for `python3 -c`: modules by name, then main."""
    folder = Path(__file__).with_name("cell")
    modules = {f"exec_pool.cell.{name}": (folder / f"{name}.py").read_text() for name in PARTS}
    return (
        "import sys,types\n"
        f"texts={{'exec_pool':'','exec_pool.cell':'',**{modules!r}}}\n"
        "for name,text in texts.items():\n"
        " module=sys.modules[name]=types.ModuleType(name)\n"
        " exec(compile(text,name,'exec'),module.__dict__)\n"
        "sys.modules['exec_pool.cell.runner'].main()\n"
    )


def arguments(shell: Shell, group: CellGroup, uid: int, fds: dict[str, int]) -> list[str]:
    """The whole command line. `fds`: info, seccomp, passwd, group, hosts."""
    drop = [*shell.prefix, shell.setpriv, f"--reuid={uid}", f"--regid={uid}", "--clear-groups", "--"]
    return [*drop, shell.bwrap, *_walls(), *_system(shell, fds), *_scratch(shell, group), *_inside(shell, fds)]


def _walls() -> list[str]:
    namespaces = ["--unshare-user", "--unshare-all", "--disable-userns", "--as-pid-1", "--new-session"]
    identity = ["--cap-drop", "ALL", "--uid", "1000", "--gid", "1000", "--hostname", "sandbox", "--clearenv"]
    return [*namespaces, *identity, "--die-with-parent"]


def inside(number: int, path: str) -> str:
    """Where a configured toolchain is in a cell. Not at its own place: that may lie under `/tmp` or `/work`."""
    place = f"{TOOLCHAINS}/{number}"
    return place if os.path.isdir(path) else f"{place}/{os.path.basename(path)}"


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


class Cell:
    """One live cell. Owner: `cells.py`. Frames are read by one task at a time; `kill` may come at any time."""

    def __init__(self, uid: int, group: CellGroup, process: subprocess.Popen[bytes], link: socket.socket) -> None:
        self.uid = uid
        self.group = group
        self.runs = 0
        self.lease = ""
        self.limits = (0, 0)
        self._process = process
        self._link = link
        self._init_fd = -1
        self._frames = Frames()
        self._ready: list[tuple[str, bytes]] = []
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
            raise CellFailed(self.complaint() or f"process 1 is not there ({error})") from error

    def limit(self, memory_bytes: int, processes: int) -> None:
        """Blocking: set the limits of the programs (the runner is one process more). OSError if the kernel refuses."""
        self.limits = (0, 0)
        self.group.limit(memory_bytes, processes + 1)
        self.limits = (memory_bytes, processes)

    def complaint(self) -> str:
        """What bwrap or the runner said on standard error, shortened; blocking for a moment when it lives."""
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
        """Write frames; CellFailed when the cell is gone."""
        try:
            async with self._sending:
                await asyncio.get_running_loop().sock_sendall(self._link, data)
        except OSError as error:
            raise CellFailed("the cell is gone") from error

    async def receive(self) -> tuple[str, bytes]:
        """The next frame; CellFailed when the cell is gone."""
        while not self._ready:
            try:
                data = await asyncio.get_running_loop().sock_recv(self._link, 65_536)
            except OSError as error:
                raise CellFailed("the cell is gone") from error
            if not data:
                raise CellFailed("the cell is gone")
            self._ready = list(self._frames.feed(data))
            self._ready.reverse()
        return self._ready.pop()

    async def expect(self, kind: str, seconds: float) -> bytes:
        """The payload of the next frame, which must be of this kind and come in time; else CellFailed."""
        try:
            async with asyncio.timeout(seconds):
                got, payload = await self.receive()
        except TimeoutError as error:
            raise CellFailed("the cell does not answer") from error
        if got != kind:
            raise CellFailed(f"the cell said {got!r} instead of {kind!r}")
        return payload

    def signal_death(self) -> None:
        """Kill process 1, and with it, by the kernel, everything in the cell. Not blocking; harmless again."""
        with self._closing, contextlib.suppress(ProcessLookupError):
            if self._init_fd >= 0:
                signal.pidfd_send_signal(self._init_fd, signal.SIGKILL)
            else:
                self._process.kill()

    def bury(self) -> None:
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


def open_cell(shell: Shell, group: CellGroup, uid: int) -> Cell:
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
    cell = Cell(uid, group, process, ours)
    try:
        cell.enclose(info, shell.start_seconds)
    except CellFailed:
        cell.bury()
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
