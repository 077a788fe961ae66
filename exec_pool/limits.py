"""Limits of one step of a run, and the settings of the whole package."""

import os
from typing import Literal

import msgspec

from exec_pool.errors import BadRequest

MIB = 1024 * 1024
# User ids of cells: a block for each server of a machine, told apart by process id.
UID_BLOCKS = 100_000
UID_SPAN = UID_BLOCKS * 1000


class Limits(msgspec.Struct, frozen=True, kw_only=True):
    """What one run may use; `compile_*` is for the compiler. Seconds and bytes; CPU is of the whole tree."""

    wall_seconds: float = 60.0
    cpu_seconds: float = 10.0
    memory_bytes: int = 256 * MIB
    processes: int = 64
    output_bytes: int = MIB
    file_bytes: int = 64 * MIB
    compile_wall_seconds: float = 30.0
    compile_cpu_seconds: float = 20.0
    compile_memory_bytes: int = 768 * MIB
    compile_output_bytes: int = 64 * 1024


def checked_limits(limits: Limits) -> Limits:
    """The limits, if each is more than nothing and small enough for the kernel; else BadRequest."""
    for name in limits.__struct_fields__:
        if not 0 < getattr(limits, name) < 2**40:
            raise BadRequest(f"Not a limit: {name} = {getattr(limits, name)}")
    if min(limits.memory_bytes, limits.compile_memory_bytes) < 8 * MIB:
        raise BadRequest("No program runs in less than 8 MB of memory.")
    return limits


class ExecSettings(msgspec.Struct, frozen=True, kw_only=True):
    """Settings of one Runner. `slots` 0 means two per core; paths are absolute; sizes in bytes.

    `engine` auto is Docker where an engine answers and has the image, else bubblewrap. `image` is a Docker image, or
    `host` for the toolchains of this machine in an otherwise empty image; `runtime` is Docker's, empty for its own.
    `languages` is a file with more rows for the language table.
    """

    enabled: bool = True
    engine: Literal["auto", "docker", "bubblewrap"] = "auto"
    docker_url: str = "unix:///var/run/docker.sock"
    image: str = "sangam-cells:1"
    runtime: str = ""
    languages: str = ""
    slots: int = 0
    queue: int = 64
    queue_per_lease: int = 8
    warm_cells: int = 4
    start_seconds: float = 15.0
    cell_cores: float = 1.0
    lease_idle_seconds: float = 60.0
    lease_runs: int = 50
    reuse_cells: bool = True
    limits: Limits = Limits()
    files_bytes: int = 8 * MIB
    scratch_bytes: int = 64 * MIB
    input_bytes: int = MIB
    uid_base: int = 1_900_000_000
    bwrap: str = "/usr/bin/bwrap"
    toolchain_paths: tuple[str, ...] = ()
    cgroup_mounts: str = "/proc/self/mountinfo"
    cgroup_self: str = "/proc/self/cgroup"

    def slot_count(self) -> int:
        """How many programs may run at the same time."""
        return self.slots or 2 * (os.cpu_count() or 1)
