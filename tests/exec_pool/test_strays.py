"""What a killed server may leave behind."""

import os
import shutil
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from exec_pool.strays import end_strays

UID = 1_899_000_007


@pytest.fixture
def orphan(tmp_path: Path) -> Iterator[Callable[[str], int]]:
    """Starts a waiting process of that name whose parent is gone; its process id."""
    started: list[int] = []

    def start(name: str) -> int:
        os.chmod(tmp_path, 0o755)
        program = Path("/var/tmp") / f"sangam-{os.getpid()}-{name}" / name
        program.parent.mkdir(mode=0o755)
        shutil.copy("/bin/sleep", program)
        drop = f"setpriv --reuid={UID} --regid={UID} --clear-groups -- {program} 60"
        script = f"{drop} < /dev/null > /dev/null 2>&1 & echo $!"
        pid = int(subprocess.run(["sh", "-c", script], capture_output=True, text=True, check=True).stdout)
        started.append(pid)
        wait_until(lambda: Path(f"/proc/{pid}/comm").read_text().strip() == name)
        shutil.rmtree(program.parent)
        return pid

    yield start
    end_strays(range(UID, UID + 1))
    for pid in started:
        subprocess.run(["kill", "-9", str(pid)], capture_output=True, check=False)


def wait_until(holds: Callable[[], bool], seconds: float = 30.0) -> None:
    give_up = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < give_up


def is_alive(pid: int) -> bool:
    try:
        return "State:\tZ" not in Path(f"/proc/{pid}/status").read_text()
    except FileNotFoundError:
        return False


def test_X9_orphans_of_our_users_are_ended_and_nobody_else(orphan: Callable[[str], int]) -> None:
    stray, other = orphan("bwrap"), orphan("innocent")
    assert end_strays(range(UID + 1, UID + 9)) == []
    assert end_strays(range(UID, UID + 1)) == [stray]
    wait_until(lambda: not is_alive(stray))
    assert is_alive(other)
