"""The bubblewrap engine: nothing to install but two Debian packages, and quick to start a cell.

Blocking work happens in threads of its own: starting a cell in exactly one thread that lives as long as the cells
do, because the kernel ties `--die-with-parent` to the thread.
"""

import asyncio
import contextlib
import itertools
import logging
import os
import resource
import shutil
import sys
from concurrent.futures import ThreadPoolExecutor

from exec_pool.bwrap_cell import BwrapCell, Shell, open_cell
from exec_pool.cgroups import SliceV1, SliceV2, find_slice
from exec_pool.engine import Cell
from exec_pool.errors import CellFailed, SandboxUnavailable
from exec_pool.limits import UID_SPAN, ExecSettings
from exec_pool.runner_text import runner_text
from exec_pool.seccomp import filter_program
from exec_pool.strays import end_strays
from exec_pool.toolchains import reachable
from exec_pool.view import inside

log = logging.getLogger(__name__)


class BwrapEngine:
    """Owner: the Runner. See `engine.Engine`."""

    name = "bubblewrap"
    images = False

    def __init__(self, settings: ExecSettings) -> None:
        self.python = ""
        self.roots: tuple[str, ...] = ()
        self._settings = settings
        self._shell: Shell | None = None
        self._slice: SliceV1 | SliceV2 | None = None
        self._numbers = itertools.count()
        self._opener = ThreadPoolExecutor(1, "sangam-cells")
        self._limiter = ThreadPoolExecutor(1, "sangam-cells-limits")
        self._undertaker = ThreadPoolExecutor(2, "sangam-cells-end")

    async def open(self) -> None:
        """Find the programs, take a place in the control groups, end what a killed server left."""
        await asyncio.get_running_loop().run_in_executor(self._opener, self._prepare)

    async def start(self, uid: int, image: str) -> Cell:
        """A new cell; `image` must be empty."""
        if image:
            raise CellFailed("bubblewrap has no images")
        return await asyncio.get_running_loop().run_in_executor(self._opener, self._start, uid)

    async def close(self) -> None:
        """End the threads, remove the control groups."""
        loop = asyncio.get_running_loop()
        await loop.run_in_executor(self._undertaker, self._opener.shutdown)
        if self._slice:
            try:
                await loop.run_in_executor(self._undertaker, self._slice.remove)
            except OSError as error:
                log.warning("control groups could not be removed: %s", error)
        self._limiter.shutdown()
        self._undertaker.shutdown()

    def _prepare(self) -> None:
        settings = self._settings
        if sys.platform != "linux" or os.geteuid() != 0:
            raise SandboxUnavailable(
                "Code execution is off: only root can give every program a user and limits of its own. "
                "Start Sangam as root on Linux, or in a container that runs as root."
            )
        self.python = _program("python3", "python3")
        paths = reachable(settings.toolchain_paths)
        self.roots = tuple(inside(number, path) for number, path in enumerate(paths))
        self._shell = Shell(
            prefix=(_program("prlimit", "util-linux"), "--core=1:1") if _may_dump() else (),
            bwrap=_program(settings.bwrap, "bubblewrap"),
            setpriv=_program("setpriv", "util-linux"),
            python=self.python,
            seccomp=filter_program(),
            runner=runner_text(),
            toolchain_paths=paths,
            scratch_bytes=settings.scratch_bytes,
            start_seconds=settings.start_seconds,
        )
        self._slice = find_slice(settings.cgroup_mounts, settings.cgroup_self, settings.cell_cores)
        end_strays(range(settings.uid_base, settings.uid_base + UID_SPAN))

    def _start(self, uid: int) -> BwrapCell:
        if self._shell is None or self._slice is None:
            raise CellFailed("the engine is not open")
        try:
            group = self._slice.cell(f"cell-{next(self._numbers)}")
        except OSError as error:
            raise CellFailed(f"no control group ({error})") from error
        try:
            cell = open_cell(self._shell, group, uid, (self._limiter, self._undertaker))
        except CellFailed:
            with contextlib.suppress(OSError):
                group.remove()
            raise
        limits = self._settings.limits
        with contextlib.suppress(OSError):  # the usual limits, ahead of time; a run looks again
            group.limit(limits.memory_bytes, limits.processes + 1)
            cell.limits = (limits.memory_bytes, limits.processes)
        return cell


def _may_dump() -> bool:
    return resource.getrlimit(resource.RLIMIT_CORE)[1] != 0


def _program(name: str, package: str) -> str:
    """The path of a program the sandbox itself needs."""
    found = shutil.which(name, path="/usr/bin:/bin:/usr/local/bin")
    if not found:
        raise SandboxUnavailable(
            f"Code execution is off: {os.path.basename(name)} is not installed. "
            f"An administrator can add it with: apt-get install {package}"
        )
    return found
