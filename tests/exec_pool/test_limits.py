"""Every limit, hit on purpose."""

import pytest

from exec_pool.limits import MIB, Limits
from exec_pool.runner_pool import Runner
from exec_pool.runs import Ending, verdict
from tests.exec_pool.playground import SHORT, perform, python, request

pytestmark = [pytest.mark.asyncio(loop_scope="session"), pytest.mark.xdist_group("exec")]


async def test_X20_wall_time(sandbox: Runner) -> None:
    outcome = await python(sandbox, "print('in', flush=True); import time; time.sleep(60)", Limits(wall_seconds=1))
    assert outcome.result.status == "wall_limit"
    assert 1 <= outcome.result.wall_seconds < 4
    assert outcome.text() == "in\n"


async def test_X21_processor_time_of_the_whole_tree(sandbox: Runner) -> None:
    text = "import os\nfor _ in range(4): os.fork()\nwhile True: pass"
    outcome = await python(sandbox, text, Limits(cpu_seconds=1, wall_seconds=20))
    assert outcome.result.status == "cpu_limit"
    assert 1 <= outcome.result.cpu_seconds < 3


async def test_X21_processor_time_of_processes_that_ended(sandbox: Runner) -> None:
    text = (
        "import os, time\nwhile True:\n    if os.fork() == 0:\n        end = time.process_time() + 0.1\n"
        "        while time.process_time() < end: pass\n        os._exit(0)\n    os.wait()"
    )
    outcome = await python(sandbox, text, Limits(cpu_seconds=0.5, wall_seconds=20))
    assert outcome.result.status == "cpu_limit"


async def test_X22_memory(sandbox: Runner) -> None:
    outcome = await python(sandbox, "held = []\nwhile True: held.append(bytearray(1 << 20))", SHORT)
    assert outcome.result.status == "memory_limit"
    assert outcome.result.memory_bytes > 64 * MIB


async def test_X22_memory_of_many_processes(sandbox: Runner) -> None:
    text = "import os, time\nfor _ in range(3): os.fork()\nheld = bytearray(30 << 20)\ntime.sleep(1)\nos._exit(0)"
    outcome = await python(sandbox, text, SHORT)
    assert outcome.result.status == "memory_limit"


async def test_X22_files_in_the_scratch_folders_count_as_memory(sandbox: Runner) -> None:
    text = "open('/tmp/a', 'wb').write(bytes(40 << 20))\nopen('/work/b', 'wb').write(bytes(40 << 20))"
    outcome = await python(sandbox, text, Limits(memory_bytes=64 * MIB))
    assert outcome.result.status == "memory_limit"


@pytest.mark.parametrize(
    ("language", "text"),
    [
        (
            "java",
            "import java.util.*; class Main { public static void main(String[] a) {"
            " List<byte[]> held = new ArrayList<>(); while (true) held.add(new byte[1 << 20]); } }",
        ),
        ("javascript", "const held = []; while (true) held.push(new Array(1e5).fill(1.5));"),
        ("go", "package main\nvar held [][]byte\nfunc main() { for { b := make([]byte, 1<<20); for i := range b "
         "{ b[i] = 1 }; held = append(held, b) } }"),
    ],
)  # fmt: skip
async def test_X22_managed_heaps(sandbox: Runner, language: str, text: str) -> None:
    outcome = await perform(sandbox, request(language, text, limits=Limits(memory_bytes=128 * MIB)))
    assert outcome.result.status == "memory_limit", outcome


async def test_X23_processes(sandbox: Runner) -> None:
    text = (
        "import os, time\nmade = 0\ntry:\n    while True:\n        if os.fork() == 0: time.sleep(30)\n"
        "        made += 1\nexcept BlockingIOError: print(made)"
    )
    outcome = await python(sandbox, text, Limits(processes=12))
    assert outcome.text() == "11\n"


async def test_X23_threads_count_as_processes(sandbox: Runner) -> None:
    text = (
        "import threading, time\nmade = 0\ntry:\n    while True:\n"
        "        threading.Thread(target=time.sleep, args=(9,), daemon=True).start(); made += 1\n"
        "except RuntimeError: print(made)"
    )
    outcome = await python(sandbox, text, Limits(processes=12))
    assert outcome.text() == "11\n"


async def test_X24_output_is_cut_at_the_byte(sandbox: Runner) -> None:
    outcome = await python(sandbox, "while True: print('x' * 99)", Limits(output_bytes=10_000))
    assert outcome.result.status == "output_limit"
    assert outcome.result.truncated
    assert len(outcome.text()) == 10_000


async def test_X24_exactly_the_limit_is_fine(sandbox: Runner) -> None:
    outcome = await python(sandbox, "print('x' * 9999)", Limits(output_bytes=10_000))
    assert outcome.result.status == "ok"
    assert not outcome.result.truncated


async def test_X24_both_streams_count(sandbox: Runner) -> None:
    text = "import sys\nprint('x' * 6000)\nprint('y' * 6000, file=sys.stderr)"
    outcome = await python(sandbox, text, Limits(output_bytes=10_000))
    assert outcome.result.status == "output_limit"
    assert len(outcome.text()) + len(outcome.text("stderr")) == 10_000


async def test_X25_files(sandbox: Runner) -> None:
    text = """
import os, errno
def attempt(name, size):
    try:
        with open(name, 'wb') as f: f.truncate(size); f.write(b'x')
    except OSError as error: print(errno.errorcode[error.errno])
import signal; signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
attempt('/tmp/sparse', 1 << 40)
open('/tmp/most', 'wb').write(bytes(4 << 20))
try:
    with open('/work/more', 'wb') as f:
        while True: f.write(bytes(1 << 20))
except OSError as error: print(errno.errorcode[error.errno])
opened = []
try:
    while True: opened.append(os.open('/dev/null', 0))
except OSError as error: print(errno.errorcode[error.errno], len(opened) < 256)
"""
    outcome = await python(sandbox, text, Limits(file_bytes=8 * MIB))
    assert outcome.text() == "EFBIG\nEFBIG\nEMFILE True\n", outcome


async def test_X25_the_scratch_folders_are_of_fixed_size(sandbox: Runner) -> None:
    text = """
import os
total = 0
try:
    for n in range(100):
        with open(f'/tmp/{n}', 'wb') as f: total += f.write(bytes(1 << 20))
except OSError as error: print(error.strerror, total >> 20)
"""
    outcome = await python(sandbox, text, Limits(memory_bytes=512 * MIB))
    assert outcome.text().startswith("No space left on device 6")


async def test_X26_the_compiler_has_limits_of_its_own(sandbox: Runner) -> None:
    endless = '#include "/dev/zero"\nint main(void) {}'
    limits = Limits(compile_memory_bytes=128 * MIB, compile_cpu_seconds=4)
    outcome = await perform(sandbox, request("c", endless, limits=limits))
    assert outcome.result.status == "compile_error"
    bomb = "#define A(x) x x x x x x x x\n#error " + "long " * 1000 + "\n" + "int main( {\n" * 3000
    loud = await perform(sandbox, request("c", bomb, limits=Limits(compile_output_bytes=2000)))
    assert loud.result.status == "compile_error"
    assert len(loud.text("compile")) <= 2000


async def test_X27_the_graver_reason_wins() -> None:
    def status(**facts: object) -> str:
        ending = Ending(step="run", **{"signal": 9, **facts})  # type: ignore[arg-type]
        return verdict(ending, Limits(), stopped=False, heap_full=False).status

    assert status(error="broken", oom=1) == "internal_error"
    assert status(why="stop", oom=1) == "stopped"
    assert status(why="output", oom=1) == "output_limit"
    assert status(why="cpu", oom=1) == "memory_limit"
    assert status(why="cpu") == "cpu_limit"
    assert status(why="wall") == "wall_limit"
    assert status() == "failed"
    assert verdict(Ending(step="run", code=0), Limits(), stopped=False, heap_full=False).status == "ok"
    assert verdict(Ending(step="compile", oom=1), Limits(), stopped=False, heap_full=False).status == "compile_error"
