"""Whose cell is it? A label that names the server that started a cell, and the test whether that server is gone.

Cells of bubblewrap die with their server; a container outlives it as an empty shell (its runner ends when the server
hangs up), and is removed by the next server of the same machine.
"""

import os
import socket
from pathlib import Path

PROC = Path("/proc")


def server_label(pid: int = 0, proc: Path = PROC) -> str:
    """Host, boot, process and the moment it started: no other server, now or later, has the same label."""
    pid = pid or os.getpid()
    return f"{_place(proc)} {pid} {_started(pid, proc)}"


def is_gone(label: str, proc: Path = PROC) -> bool:
    """Did the server of this label run in our own place (host, container), and does it no longer?"""
    place, _, process = label.partition(" ")
    pid, _, started = process.partition(" ")
    mine = place.partition("/")[0] == socket.gethostname()
    if not mine or not pid.isdigit():
        return False
    return place != _place(proc) or _started(int(pid), proc) != started


def _place(proc: Path) -> str:
    boot = (proc / "sys/kernel/random/boot_id").read_text().strip()
    return f"{socket.gethostname()}/{boot}"


def _started(pid: int, proc: Path) -> str:
    try:
        return (proc / str(pid) / "stat").read_text().rpartition(")")[2].split()[19]
    except OSError:
        return ""
