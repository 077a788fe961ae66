"""What the programs of a cell use, read from its control group. Runs in the cell: standard library only."""

import os
import time


def total(path: str, keys: tuple[bytes, ...]) -> int:
    """The sum of some counters of a `name value` file."""
    with open(path, "rb") as opened:
        lines = opened.read().splitlines()
    return sum(int(line.split()[1]) for line in lines if line.split()[0] in keys)


def places(top: str) -> tuple[str, str]:
    """Where the control group is: the folder of version 1 (its hierarchies are inside) or that of version 2."""
    for folder in (f"{top}/cg", f"{top}/sys/fs/cgroup"):
        if os.path.exists(f"{folder}/memory/memory.stat"):
            return folder, ""
        for second in (f"{folder}/unified", folder):
            if os.path.exists(f"{second}/memory.stat"):
                return "", second
    raise OSError("this cell has no control group")


class Meter:
    """What the tree has used since `start`, apart from this process itself. Seconds and bytes."""

    def __init__(self, top: str = "") -> None:
        self.first, self.second = places(top)
        self.start()

    def start(self) -> None:
        """A new step begins."""
        self.began = time.monotonic()
        self.peak = 0
        self.memory_now = 0
        self.cpu_before = self._cpu_total()
        self.oom_before = self._oom_total()

    def cpu(self) -> float:
        """Processor time of the whole tree."""
        return max(0.0, self._cpu_total() - self.cpu_before)

    def wall(self) -> float:
        """Time since the start."""
        return time.monotonic() - self.began

    def oom(self) -> int:
        """How many processes were killed for memory."""
        return self._oom_total() - self.oom_before

    def sample(self) -> None:
        """Look at the memory: anonymous pages and what lies in /work, /tmp and /dev/shm."""
        if self.second:
            self.memory_now = total(f"{self.second}/memory.stat", (b"anon", b"shmem"))
        else:
            self.memory_now = total(f"{self.first}/memory/memory.stat", (b"rss", b"shmem"))
        self.peak = max(self.peak, self.memory_now)

    def _cpu_total(self) -> float:
        if self.second:
            used = total(f"{self.second}/cpu.stat", (b"usage_usec",)) / 1e6
        else:
            with open(f"{self.first}/cpuacct/cpuacct.usage", "rb") as opened:
                used = int(opened.read()) / 1e9
        return used - time.process_time()

    def _oom_total(self) -> int:
        file = f"{self.second}/memory.events" if self.second else f"{self.first}/memory/memory.oom_control"
        return total(file, (b"oom_kill",))
