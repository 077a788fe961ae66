"""What the machine says of processes: processor time, memory; and which core is whose."""

import os
import platform
import resource
import subprocess
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

_PROCESSOR_CLOCK = 2
_TICKS_PER_SECOND = os.sysconf("SC_CLK_TCK")


def cores() -> tuple[int, int]:
    """(the server's, the driver's); the same one on a machine with a single core."""
    allowed = sorted(os.sched_getaffinity(0))
    return allowed[0], allowed[-1] if len(allowed) == 2 else allowed[min(1, len(allowed) - 1)]


def allow_many_files() -> None:
    """Raise the limit of open files to what is allowed; children inherit it."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))


def family(pid: int) -> Iterator[int]:
    """The process and its descendants."""
    yield pid
    for task in Path(f"/proc/{pid}/task").glob("*/children"):
        try:
            children = task.read_text().split()
        except OSError:
            continue
        for child in children:
            yield from family(int(child))


def processor_seconds(pid: int) -> float:
    """Of all threads, user and system, to the nanosecond; of descendants too, those that have ended to the tick."""
    total = 0.0
    for one in family(pid):
        with suppress(OSError):
            ended = Path(f"/proc/{one}/stat").read_text().rpartition(")")[2].split()[13:15]
            total += time.clock_gettime((~one << 3) | _PROCESSOR_CLOCK) + sum(map(int, ended)) / _TICKS_PER_SECOND
    return total


def memory_kib(pid: int) -> int:
    """Proportional set size: what is shared with other processes is divided among them. Who ends meanwhile has none."""
    total = 0
    for one in family(pid):
        with suppress(OSError):
            for line in Path(f"/proc/{one}/smaps_rollup").read_text().splitlines():
                if line.startswith("Pss:"):
                    total += int(line.split()[1])
    return total


def _commit() -> str:
    """What was measured, with a + if it is not quite that; nothing outside of a checkout."""
    with suppress(OSError, subprocess.CalledProcessError):
        command = ["git", "describe", "--always", "--dirty=+", "--exclude=*"]
        return subprocess.run(
            command, cwd=Path(__file__).parent, capture_output=True, check=True, text=True
        ).stdout.strip()
    return "unknown"


def describe() -> dict[str, str]:
    """What figures depend on and what may be told of a machine."""
    model = ""
    for line in Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            model = line.split(":", 1)[1].strip()
            break
    return {
        "processor": model or platform.machine(),
        "commit": _commit(),
        "cores": str(os.cpu_count()),
        "kernel": platform.release().split("-")[0],
        "python": platform.python_version(),
    }
