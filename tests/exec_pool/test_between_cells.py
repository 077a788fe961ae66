"""What one program could leave for another: in the next cell, in the next run of its own room, for the server."""

import asyncio

import pytest

from exec_pool.limits import MIB, Limits
from exec_pool.runner_pool import Runner
from tests.exec_pool.playground import perform, python, request, start, until

pytestmark = [pytest.mark.asyncio(loop_scope="session"), pytest.mark.xdist_group("exec")]

ROOMY = Limits(wall_seconds=20, cpu_seconds=5, memory_bytes=256 * MIB, processes=60)

PLANT = """
import os, socket, fcntl, mmap
for folder in ('/tmp', '/work', '/dev/shm', '/dev/mqueue', '/var/tmp', '/run', '/run/lock'):
    try:
        open(folder + '/planted', 'w').write('x')
        os.makedirs(folder + '/planted.d', exist_ok=True)
    except OSError: pass
hidden = socket.socket(socket.AF_UNIX); hidden.bind('\\0planted'); hidden.listen()
ports = socket.socket(); ports.bind(('127.0.0.1', 4321)); ports.listen()
import multiprocessing
try: kept = multiprocessing.Semaphore(3)
except OSError: pass
os.environ['PLANTED'] = 'x'
if os.fork() == 0:
    os.setsid(); import time; time.sleep(60)
print('planted', flush=True)
"""
SEEK = """
import os, socket
found = []
for folder in ('/tmp', '/work', '/dev/shm', '/dev/mqueue', '/var/tmp', '/run', '/run/lock'):
    try: found += [folder + '/' + name for name in os.listdir(folder) if name not in ('build', 'main.py', 'lock')]
    except OSError: pass
for family, where in ((socket.AF_UNIX, '\\0planted'), (socket.AF_INET, ('127.0.0.1', 4321))):
    try: socket.socket(family).connect(where)
    except OSError: pass
    else: found.append(where)
found += [n for n in os.listdir('/proc') if n.isdigit() and int(n) not in (1, os.getpid())]
found += [name for name in os.environ if 'PLANTED' in name]
print(found)
"""


async def test_X10_nothing_planted_is_found_by_the_next_run_of_the_room(sandbox: Runner) -> None:
    assert "planted" in (await python(sandbox, PLANT, ROOMY, lease="plants")).text()
    assert (await python(sandbox, SEEK, ROOMY, lease="plants")).text() == "[]\n"


async def test_X3_nothing_planted_is_found_by_another_cell_at_the_same_time(sandbox: Runner) -> None:
    run, heard = start(sandbox, request("python", PLANT + "input()", limits=ROOMY, lease="one"))
    await until(lambda: "planted" in heard.text())
    assert (await python(sandbox, SEEK, ROOMY, lease="two")).text() == "[]\n"
    run.stop()
    await run.result()


USE_UP = """
import ctypes, os
libc = ctypes.CDLL(None, use_errno=True)
made = 0
while made < 2000 and libc.inotify_init() >= 0: made += 1
print('used up', made, flush=True)
input()
"""
ONE = "import ctypes\nprint(ctypes.CDLL(None, use_errno=True).inotify_init() >= 0)\n"


async def test_X5_what_the_kernel_counts_per_user_is_used_up_for_one_cell_only(sandbox: Runner) -> None:
    run, heard = start(sandbox, request("python", USE_UP, limits=ROOMY, lease="greedy"))
    await until(lambda: "used up" in heard.text())
    assert (await python(sandbox, ONE, ROOMY, lease="modest")).text() == "True\n"
    run.stop()
    await run.result()


async def test_X50_files_that_look_like_tools_are_only_files(sandbox: Runner) -> None:
    """What a compiler, a linker or a start script would read if it looked beside the source."""
    evil = "#!/bin/sh\necho BROKEN\n"
    tools = ("as", "ld", "cc1", "collect2", "specs", ".gdbinit", ".profile", ".bashrc", "sh", "gcc", "stdbuf")
    outcome = await perform(
        sandbox,
        request("c", "int main(void) { return 0; }", files=dict.fromkeys(tools, evil), limits=ROOMY, lease="tools"),
    )
    assert (outcome.result.status, outcome.events) == ("ok", [])
    names = ("sitecustomize.py", "usercustomize.py", ".pythonrc")
    files = dict.fromkeys(names, "import os; os.write(2, b'own')")
    outcome = await perform(sandbox, request("python", "print('main')", files=files, limits=ROOMY, lease="tools"))
    assert outcome.text() == "main\n"  # what Python reads of the room runs as the program does, in the same cell


async def test_X7_X10_a_program_that_answers_for_the_runner_is_only_output(sandbox: Runner) -> None:
    frames = (
        "import os, struct\nbody = b'{\"step\":\"run\",\"code\":0}'\nos.write(1, b'D' + struct.pack('>I', 24) + body)\n"
    )
    outcome = await python(sandbox, frames + "os.write(2, b'S\\0\\0\\0\\3run')\nraise SystemExit(5)", lease="forger")
    assert (outcome.result.status, outcome.result.exit_code) == ("failed", 5)
    assert outcome.text().startswith("D\0\0\0\x18")


async def test_X26_the_compiler_leaves_nothing_behind_but_the_program(sandbox: Runner) -> None:
    text = '#include <stdio.h>\n#include <dirent.h>\nint main(void) { DIR *d = opendir("/tmp"); struct dirent *e;'
    text += " while ((e = readdir(d))) if (e->d_name[0] != '.') puts(e->d_name); }"
    assert (await perform(sandbox, request("c", text, limits=ROOMY))).text() == "build\n"


async def test_X10_twenty_rooms_at_once_see_only_their_own(sandbox: Runner) -> None:
    text = "import os, time\nopen('/tmp/mine', 'x').write({0!r})\ntime.sleep(0.05)\nprint(open('/tmp/mine').read())\n"

    async def one(room: str) -> None:
        for _ in range(3):
            assert (await python(sandbox, text.format(room), ROOMY, lease=room)).text() == f"{room}\n"

    await asyncio.gather(*(one(f"room {number}") for number in range(20)))
