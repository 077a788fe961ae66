"""Control groups of cells, version 1 and 2. Everything here is a handful of reads and writes of small files.

A `Slice` is this server's own directory; it is named by process id, start time and chance, so that what a killed
server left behind can be told from a living one's and removed at the next start. A `CellGroup` is one cell's.
"""

import contextlib
import os
import secrets
import time
from pathlib import Path, PurePosixPath
from typing import Protocol

import msgspec

from exec_pool.errors import SandboxUnavailable

PREFIX = "sangam-exec-"
NEEDED_V1 = ("memory", "pids", "cpuacct")


class CellGroup(Protocol):
    """One cell's share of the machine. Methods are blocking and quick; OSError when the kernel refuses."""

    def join(self, pid: int) -> None: ...
    def limit(self, memory_bytes: int, processes: int) -> None: ...
    def oom_kills(self) -> int: ...
    def binds(self) -> list[tuple[str, str]]: ...
    def remove(self) -> None: ...


class Mount(msgspec.Struct, frozen=True):
    """One line of mountinfo that is a cgroup file system."""

    root: str
    point: str
    kind: str
    options: tuple[str, ...]


def find_slice(mountinfo: str, own: str, cores: float) -> "SliceV1 | SliceV2":
    """This server's slice, made now; SandboxUnavailable with the way out when the machine does not allow it."""
    mounts = _mounts(Path(mountinfo).read_text())
    paths = _own_paths(Path(own).read_text())
    by_controller = {name: mount for mount in reversed(mounts) if mount.kind == "cgroup" for name in mount.options}
    try:
        if all(name in by_controller for name in NEEDED_V1):
            folders = {
                n: _folder(by_controller[n], paths.get(n, "/")) for n in (*NEEDED_V1, "cpu") if n in by_controller
            }
            return SliceV1(folders, cores)
        unified = next((mount for mount in mounts if mount.kind == "cgroup2"), None)
        if unified is None:
            raise SandboxUnavailable(_off("this machine has no control groups; mount /sys/fs/cgroup"))
        return SliceV2(_delegated(_folder(unified, paths.get("", "/")), Path(unified.point)), cores)
    except OSError as error:
        hint = "start Sangam as root, in a container with --privileged or a writable /sys/fs/cgroup"
        raise SandboxUnavailable(_off(f"control groups cannot be written ({error.strerror}); {hint}")) from error


def _off(why: str) -> str:
    return f"Code execution is off: {why}."


def _mounts(text: str) -> list[Mount]:
    found = []
    for line in text.splitlines():
        left, _, right = line.partition(" - ")
        kind, _, options = right.split(" ", 2)
        if kind in ("cgroup", "cgroup2"):
            fields = left.split()
            found.append(Mount(fields[3], fields[4], kind, tuple(options.split(","))))
    return found


def _own_paths(text: str) -> dict[str, str]:
    paths: dict[str, str] = {}
    for line in text.splitlines():
        _, controllers, path = line.split(":", 2)
        paths |= dict.fromkeys(controllers.split(","), path)
    return paths


def _folder(mount: Mount, path: str) -> Path:
    """Where a cgroup path lies below a mount that may show only a part of the tree."""
    try:
        below = PurePosixPath(path).relative_to(mount.root)
    except ValueError:
        below = PurePosixPath()
    folder = Path(mount.point, *(part for part in below.parts if part not in ("/", "..")))
    return folder if folder.is_dir() else Path(mount.point)


def _slice_name() -> str:
    return f"{PREFIX}{os.getpid()}-{_start_time(os.getpid())}-{secrets.token_hex(4)}"


def _start_time(pid: int) -> str:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[19]
    except OSError:
        return ""


def remove_leftovers(parent: Path, seconds: float = 1.0) -> None:
    """Remove slices of servers that are gone. Only empty directories go: nothing living is touched."""
    for folder in parent.glob(f"{PREFIX}*"):
        pid, started = [*folder.name.removeprefix(PREFIX).split("-"), ""][:2]
        if pid.isdigit() and _start_time(int(pid)) != started:
            with contextlib.suppress(OSError):
                for inner in [*(path for path in folder.iterdir() if path.is_dir()), folder]:
                    _remove(inner, seconds)


def _remove(folder: Path, seconds: float = 2.0) -> None:
    """rmdir, again while the kernel still finishes the dead processes of the group."""
    give_up = time.monotonic() + seconds
    while folder.is_dir():
        try:
            folder.rmdir()
        except OSError:
            if time.monotonic() > give_up:
                raise
            time.sleep(0.005)


def _write(file: Path, text: str) -> None:
    with open(file, "w") as opened:
        opened.write(text)


def _counter(file: Path, name: str) -> int:
    for line in file.read_text().splitlines():
        key, _, value = line.partition(" ")
        if key == name:
            return int(value)
    return 0


class SliceV1:
    """A slice over the separate hierarchies of version 1. Folders: controller → this server's own group."""

    def __init__(self, folders: dict[str, Path], cores: float) -> None:
        for parent in set(folders.values()):
            remove_leftovers(parent)
        name = _slice_name()
        self._folders = {kind: parent / name for kind, parent in folders.items()}
        self._cores = cores
        for folder in set(self._folders.values()):
            folder.mkdir()
        if "cpu" in self._folders:
            _write(self._folders["cpu"] / "cpu.shares", "1024")

    def cell(self, name: str) -> CellGroup:
        """A new group for one cell."""
        group = GroupV1({kind: folder / name for kind, folder in self._folders.items()})
        group.share(self._cores)
        return group

    def remove(self) -> None:
        """Remove the slice; its cells must be gone."""
        for folder in set(self._folders.values()):
            _remove(folder)


class GroupV1:
    """One cell on version 1."""

    def __init__(self, folders: dict[str, Path]) -> None:
        self._folders = folders
        for folder in set(folders.values()):
            folder.mkdir()

    def share(self, cores: float) -> None:
        """Allow this much processor time per time, if the machine can limit that; 0 is no limit."""
        if cores and "cpu" in self._folders and (self._folders["cpu"] / "cpu.cfs_quota_us").exists():
            _write(self._folders["cpu"] / "cpu.cfs_quota_us", str(int(cores * 100_000)))

    def join(self, pid: int) -> None:
        """Move a process in."""
        for folder in set(self._folders.values()):
            _write(folder / "cgroup.procs", str(pid))

    def limit(self, memory_bytes: int, processes: int) -> None:
        """Set the limits. Memory and memory with swap keep their order, so a change may take two tries."""
        memory = self._folders["memory"]
        files = [memory / "memory.limit_in_bytes", memory / "memory.memsw.limit_in_bytes"]
        for file in [*files, *files] if files[1].exists() else files[:1]:
            with contextlib.suppress(OSError):
                _write(file, str(memory_bytes))
        for file in files:
            if file.exists() and int(file.read_text()) > memory_bytes + 4096:
                raise OSError(f"{file.name} stays above {memory_bytes}")
        _write(self._folders["pids"] / "pids.max", str(processes))

    def oom_kills(self) -> int:
        """How many processes the kernel killed here for memory."""
        return _counter(self._folders["memory"] / "memory.oom_control", "oom_kill")

    def binds(self) -> list[tuple[str, str]]:
        """What the runner must see: (here, in the cell)."""
        return [(str(self._folders[name]), f"/cg/{name}") for name in ("memory", "cpuacct")]

    def remove(self) -> None:
        """Remove the group; its processes must be dead."""
        for folder in set(self._folders.values()):
            _remove(folder)


def _delegated(own: Path, top: Path) -> Path:
    """The nearest group, from our own upwards, whose children can have memory and process limits."""
    candidates = [own, *(parent for parent in own.parents if parent == top or top in parent.parents)]
    for folder in candidates:
        if _passes_on(folder) or _can_pass_on(folder, folder == top):
            return folder
    raise OSError(1, "no group passes on the memory and pids controllers")


def _passes_on(folder: Path) -> bool:
    enabled = (folder / "cgroup.subtree_control").read_text().split()
    return "memory" in enabled and "pids" in enabled


def _can_pass_on(folder: Path, is_top: bool) -> bool:
    """Turn the controllers on; a group with processes of its own must first move them into a leaf."""
    for wanted in ("+memory +pids +cpu", "+memory +pids"):
        with contextlib.suppress(OSError):
            _write(folder / "cgroup.subtree_control", wanted)
            return True
    members = (folder / "cgroup.procs").read_text().split()
    if not members or not (is_top or members == [str(os.getpid())]):
        return False
    try:
        leaf = folder / "sangam-server"
        leaf.mkdir(exist_ok=True)
        for pid in members:
            with contextlib.suppress(ProcessLookupError):
                _write(leaf / "cgroup.procs", pid)
        _write(folder / "cgroup.subtree_control", "+memory +pids")
    except OSError:
        return False
    return True


class SliceV2:
    """A slice in the unified hierarchy, below a group that passes its controllers on."""

    def __init__(self, parent: Path, cores: float) -> None:
        remove_leftovers(parent)
        self._folder = parent / _slice_name()
        self._cores = cores
        self._folder.mkdir()
        try:
            _write(self._folder / "cgroup.subtree_control", "+memory +pids +cpu")
        except OSError:
            _write(self._folder / "cgroup.subtree_control", "+memory +pids")
        if (self._folder / "cpu.weight").exists():
            _write(self._folder / "cpu.weight", "100")

    def cell(self, name: str) -> CellGroup:
        """A new group for one cell."""
        group = GroupV2(self._folder / name)
        group.share(self._cores)
        return group

    def remove(self) -> None:
        """Remove the slice; its cells must be gone."""
        _remove(self._folder)


class GroupV2:
    """One cell on version 2."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        folder.mkdir()

    def share(self, cores: float) -> None:
        """Allow this much processor time per time, if the machine can limit that; 0 is no limit."""
        if cores and (self._folder / "cpu.max").exists():
            _write(self._folder / "cpu.max", f"{int(cores * 100_000)} 100000")

    def join(self, pid: int) -> None:
        """Move a process in."""
        _write(self._folder / "cgroup.procs", str(pid))

    def limit(self, memory_bytes: int, processes: int) -> None:
        """Set the limits; no swap."""
        _write(self._folder / "memory.max", str(memory_bytes))
        if (self._folder / "memory.swap.max").exists():
            _write(self._folder / "memory.swap.max", "0")
        _write(self._folder / "pids.max", str(processes))

    def oom_kills(self) -> int:
        """How many processes the kernel killed here for memory."""
        return _counter(self._folder / "memory.events", "oom_kill")

    def binds(self) -> list[tuple[str, str]]:
        """What the runner must see: (here, in the cell)."""
        return [(str(self._folder), "/cg/unified")]

    def remove(self) -> None:
        """Remove the group; its processes must be dead."""
        _remove(self._folder)
