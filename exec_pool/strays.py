"""What a server that was killed at the wrong moment leaves: a bwrap whose outer half died before it let it go on.

Such a process runs nobody's code; it waits for ever, and is in no control group of ours yet. A living server's bwrap
has that server as its parent, so an orphan with one of our uids is nobody's.
"""

import contextlib
import os
import signal
from collections.abc import Iterator
from pathlib import Path

_INIT = 1


def end_strays(uids: range, proc: Path = Path("/proc")) -> list[int]:
    """Kill the orphaned bwrap processes of these users; their process ids."""
    found = list(_strays(uids, proc))
    for pid in found:
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
    return found


def _strays(uids: range, proc: Path) -> Iterator[int]:
    for folder in proc.iterdir():
        if not folder.name.isdigit():
            continue
        try:
            status = dict(
                line.split(":\t", 1) for line in (folder / "status").read_text().splitlines() if ":\t" in line
            )
        except (OSError, ValueError):  # it ended meanwhile
            continue
        if status.get("Name") == "bwrap" and int(status["PPid"]) == _INIT and int(status["Uid"].split()[0]) in uids:
            yield int(folder.name)
