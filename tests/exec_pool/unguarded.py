"""Cells with one protection taken away, to see that the tests would notice. No Runner and no probe are in the way."""

import contextlib
import shutil
import tempfile
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path
from typing import Any

import msgspec

from exec_pool.aiodocker_engine import DockerEngine
from exec_pool.bwrap_engine import BwrapEngine
from exec_pool.cells import Cells
from exec_pool.engine import Engine
from exec_pool.job import Drive, Run
from exec_pool.limits import ExecSettings, Limits
from exec_pool.plans import Toolchain, make_plan
from exec_pool.runs import RunRequest, verdict
from tests.exec_pool.playground import ROWS, Outcome

TOOLS = Toolchain({tool.name: f"/usr/bin/{tool.name}" for row in ROWS.values() for tool in row.tools})
EDIT = """#!/usr/bin/python3 -I
import os, sys
words = sys.argv[1:]
{edit}
os.execv("/usr/bin/bwrap", ["bwrap", *words])
"""

# What is taken from the command line of bubblewrap, as Python over `words`.
WITHOUT_NETWORK_WALL = """
at = words.index("--unshare-all")
words[at : at + 1] = ["--unshare-ipc", "--unshare-pid", "--unshare-uts", "--unshare-cgroup-try"]
"""
WITHOUT_FILTER = """
at = words.index("--seccomp")
del words[at : at + 2]
"""
WITHOUT_READ_ONLY_ROOT = """
at = max(n for n, word in enumerate(words) if word == "--remount-ro" and words[n + 1] == "/")
del words[at : at + 2]
"""
WITHOUT_HIDING = """
at = 0
while at < len(words):
    if words[at : at + 2] == ["--ro-bind", "/dev/null"]:
        del words[at : at + 3]
    else:
        at += 1
"""
WITHOUT_SIZES = """
while "--size" in words:
    at = words.index("--size")
    del words[at : at + 2]
"""


@contextlib.contextmanager
def edited_bwrap(edit: str) -> Iterator[str]:
    """The path of a bubblewrap that leaves something out of what it is told."""
    folder = Path(tempfile.mkdtemp(prefix="sangam-bwrap-", dir="/var/tmp"))
    try:
        folder.chmod(0o755)
        script = folder / "bwrap"
        script.write_text(EDIT.format(edit=edit))
        script.chmod(0o755)
        yield str(script)
    finally:
        shutil.rmtree(folder)


@contextlib.asynccontextmanager
async def bwrap_cells(edit: str = "", runner: Callable[[str], str] = str) -> AsyncIterator[Cells]:
    """Cells of an edited bubblewrap, or with an edited runner."""
    with edited_bwrap(edit) as path:
        settings = ExecSettings(bwrap=path, warm_cells=0)
        engine = BwrapEngine(settings)
        await engine.open()
        assert engine._shell is not None
        engine._shell = msgspec.structs.replace(engine._shell, runner=runner(engine._shell.runner))
        async with _closing(engine, settings) as cells:
            yield cells


@contextlib.asynccontextmanager
async def docker_cells(url: str, edit: Callable[[dict[str, Any]], None]) -> AsyncIterator[Cells]:
    """Cells of Docker whose create call is edited on its way to the engine."""
    settings = ExecSettings(engine="docker", docker_url=url, image="host", warm_cells=0)
    engine = DockerEngine(settings)
    await engine.open()
    assert engine._docker is not None
    create = engine._docker.containers.create

    async def edited(config: dict[str, Any]) -> Any:
        edit(config)
        return await create(config)

    setattr(engine._docker.containers, "create", edited)  # noqa: B010 - the type checker allows no assignment
    async with _closing(engine, settings) as cells:
        yield cells


@contextlib.asynccontextmanager
async def _closing(engine: Engine, settings: ExecSettings) -> AsyncIterator[Cells]:
    cells = Cells(engine, settings)
    try:
        yield cells
    finally:
        await cells.close()


async def perform_in(cells: Cells, wanted: RunRequest, limits: Limits) -> Outcome:
    """A run in a cell of these, without a Runner."""
    heard = Outcome()
    run = Run("control", heard.events.append, 1 << 20, lambda _: None)
    run.close_stdin()
    cell = await cells.take("")
    try:
        ending = await Drive(run, make_plan(ROWS[wanted.language], wanted, limits, TOOLS), limits).to_end(cell)
    finally:
        cells.discard(cell)
    heard.result = verdict(ending, limits, stopped=False, heap_full=False)
    return heard
