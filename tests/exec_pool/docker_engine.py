"""A Docker engine for the tests, on a socket and a data folder of its own; nothing else on the machine is touched."""

import contextlib
import http.client
import os
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

SECONDS = 60.0
DRIVERS = ("overlay2", "vfs")  # overlay2 does not work on top of another overlay
# A test run that is killed takes its engine along (`setpriv --pdeathsig`).
# Left out of what the engine may touch: it has no business with the machine's network.
ALONE = ("--iptables=false", "--ip6tables=false", "--bridge=none")


@contextlib.contextmanager
def docker_engine() -> Iterator[str]:
    """The address of an engine that lives as long as this block."""
    folder = Path(tempfile.mkdtemp(prefix="sangam-docker-", dir="/var/tmp"))
    log = folder / "log"
    try:
        process = _started(folder, log)
        try:
            yield f"unix://{folder}/socket"
        finally:
            process.send_signal(signal.SIGTERM)
            process.wait(30)
    finally:
        _unmount(folder)
        shutil.rmtree(folder, ignore_errors=True)


def _unmount(folder: Path) -> None:
    """An engine that ended leaves the name of its network namespace, and if it was killed its layers, mounted."""
    mounts = [line.split()[1] for line in Path("/proc/mounts").read_text().splitlines()]
    for mount in sorted((one for one in mounts if one.startswith(f"{folder}/")), reverse=True):
        subprocess.run(["umount", "--lazy", mount], check=False, capture_output=True)


def _started(folder: Path, log: Path) -> subprocess.Popen[bytes]:
    for driver in DRIVERS:
        command = [
            "setpriv", "--pdeathsig", "TERM", "dockerd", *ALONE, f"--storage-driver={driver}",
            f"--data-root={folder}/data", f"--exec-root={folder}/exec", f"--pidfile={folder}/pid",
            "-H", f"unix://{folder}/socket",
        ]  # fmt: skip
        with log.open("ab") as opened:
            process = subprocess.Popen(command, stdout=opened, stderr=subprocess.STDOUT)
        if wait_for_engine(folder / "socket", process):
            return process
    raise RuntimeError(f"no Docker engine starts here:\n{log.read_text()[-3000:]}")


def wait_for_engine(path: Path, process: subprocess.Popen[bytes]) -> bool:
    """Does it answer before it ends?"""
    give_up = time.monotonic() + SECONDS
    while process.poll() is None and time.monotonic() < give_up:
        with contextlib.suppress(OSError, http.client.HTTPException):
            if os.path.exists(path) and _answers(path):
                return True
        time.sleep(0.05)
    return False


def _answers(path: Path) -> bool:
    with socket.socket(socket.AF_UNIX) as link:
        link.settimeout(10)
        link.connect(str(path))
        link.sendall(b"GET /_ping HTTP/1.0\r\n\r\n")
        return b"200" in link.recv(1024)
