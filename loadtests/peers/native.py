"""Compiles the C programs: the driver, which plays all clients, and the relay, which is the limit."""

import os
import shutil
import subprocess
from pathlib import Path

SOURCES = Path(__file__).resolve().parent.parent / "native"
_SHARED = ["bytes.c", "frames.c"]
_PARTS = {
    "driver": ["plan.c", "update.c", "walked.c", "tally.c", "links.c", "messages.c", "play.c", "orders.c", "driver.c"],
    "relay": ["handshake.c", "relay.c"],
}
_FLAGS = ["-O2", "-flto", "-g", "-Wall", "-Wextra", "-std=gnu17"]


class NoCompiler(Exception):
    """There is no C compiler on this machine; the text says what would do."""


def build(name: str, folder: Path) -> Path:
    """The program `driver` or `relay` in `folder`, compiled anew when a source is newer. Raises NoCompiler."""
    program = folder / name
    newest = max(path.stat().st_mtime for path in SOURCES.iterdir())
    if program.exists() and program.stat().st_mtime >= newest:
        return program
    compiler = os.environ.get("CC") or shutil.which("gcc") or shutil.which("cc")
    if compiler is None:
        raise NoCompiler("the benchmark needs a C compiler; on Debian: apt-get install gcc libc6-dev")
    folder.mkdir(parents=True, exist_ok=True)
    sources = [str(SOURCES / source) for source in _SHARED + _PARTS[name]]
    unfinished = folder / f"{name}.{os.getpid()}"
    subprocess.run([compiler, *_FLAGS, "-o", str(unfinished), *sources], check=True)
    unfinished.rename(program)
    return program
