"""Nothing is left behind: by `close`, by a server that was killed."""

import asyncio
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from exec_pool.cgroups import PREFIX
from exec_pool.errors import SandboxUnavailable
from exec_pool.limits import ExecSettings
from exec_pool.runner_pool import Runner
from tests.exec_pool.playground import request, start, until
from tests.exec_pool.test_attacks import users_of

pytestmark = [pytest.mark.asyncio(loop_scope="session"), pytest.mark.xdist_group("exec")]

LOOP = "import os, time\nos.fork()\nprint('up', flush=True)\nwhile True: time.sleep(1)"


def slices(pid: int) -> set[Path]:
    """The control groups of a server, wherever on the machine they are."""
    return {path for path in Path("/sys/fs/cgroup").rglob(f"{PREFIX}{pid}-*") if path.is_dir()}


async def test_X9_close_leaves_nothing() -> None:
    before = slices(os.getpid())
    runner = Runner(ExecSettings(engine="bubblewrap", slots=3, warm_cells=2))
    await runner.open()
    await runner.checked()
    word = "word-of-the-closed"
    runs = [start(runner, request("python", LOOP, args=(word,))) for _ in range(5)]
    await until(lambda: sum(heard.text().count("up") for _, heard in runs) == 6)
    assert users_of(word)
    began = time.monotonic()
    await runner.close()
    assert time.monotonic() - began < 20
    assert [(await run.result()).status for run, _ in runs] == ["stopped"] * 5
    assert users_of(word) == set()
    assert slices(os.getpid()) == before
    assert runner.stats().running == runner.stats().queued == 0
    with pytest.raises(SandboxUnavailable):
        runner.submit(request("python", LOOP), print)


async def test_X9_close_while_it_is_still_being_checked() -> None:
    before = slices(os.getpid())
    for turns in (0, 1, 20, 200):
        runner = Runner(ExecSettings(engine="bubblewrap"))
        await runner.open()
        assert runner.availability.checking
        for _ in range(turns):
            await asyncio.sleep(0)
        await runner.close()
        assert not runner.availability.ok
    assert slices(os.getpid()) == before


async def test_X9_a_killed_server_takes_its_cells_along(checkout: Path) -> None:
    command = [sys.executable, "-m", "tests.exec_pool.server_to_kill"]
    server = await asyncio.create_subprocess_exec(*command, cwd=checkout, stdout=subprocess.PIPE)
    assert server.stdout is not None
    assert await asyncio.wait_for(server.stdout.readline(), 60) == b"up\n"
    assert len(users_of("word-of-the-killed")) == 3
    assert slices(server.pid)
    server.send_signal(signal.SIGKILL)
    await server.wait()
    await until(lambda: users_of("word-of-the-killed") == set())
    next_one = Runner(ExecSettings(engine="bubblewrap"))
    await next_one.open()
    assert (await next_one.checked()).ok
    await next_one.close()
    assert slices(server.pid) == set()
