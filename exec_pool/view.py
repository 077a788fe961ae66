"""What a cell sees of its machine, and what is hidden from it: the same for both engines."""

import os
from pathlib import Path

PASSWD = b"sandbox:x:1000:1000:sandbox:/tmp:/bin/bash\n"
GROUP = b"sandbox:x:1000:\n"
HOSTS = b"127.0.0.1 localhost sandbox\n::1 localhost\n"
# What /proc tells about the machine and no program needs.
HIDDEN = (
    "cmdline", "config.gz", "diskstats", "interrupts", "iomem", "ioports", "kallsyms", "kcore", "key-users",
    "keys", "kmsg", "modules", "partitions", "slabinfo", "sysrq-trigger", "timer_list", "vmallocinfo", "zoneinfo",
)  # fmt: skip
ETC = (
    "alternatives", "ld.so.cache", "java-17-openjdk", "java-21-openjdk", "java-25-openjdk",
    "mono", "perl", "php", "R",
)  # fmt: skip

TOOLCHAINS = "/toolchains"
# Docker shows /sys; bubblewrap does not.
HIDDEN_FOLDERS = (
    "/sys/block", "/sys/bus", "/sys/class", "/sys/dev", "/sys/devices", "/sys/firmware", "/sys/hypervisor",
    "/sys/kernel", "/sys/module", "/sys/power", "/proc/acpi", "/proc/asound", "/proc/scsi",
)  # fmt: skip


def inside(number: int, path: str) -> str:
    """Where a configured toolchain is in a cell. Not at its own place: that may lie under `/tmp` or `/work`."""
    place = f"{TOOLCHAINS}/{number}"
    return place if os.path.isdir(path) else f"{place}/{os.path.basename(path)}"


def bound_etc() -> list[str]:
    """Those files and folders of this machine's `/etc` that programs need and that exist."""
    return [f"/etc/{name}" for name in ETC if Path("/etc", name).exists()]
