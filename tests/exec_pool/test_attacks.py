"""Hostile programs. After each, the sandbox must still be whole."""

import asyncio
import contextlib
from pathlib import Path

import msgspec
import pytest

from exec_pool.limits import MIB, Limits
from exec_pool.runner_pool import Runner
from tests.exec_pool.attacks import ATTACKS
from tests.exec_pool.playground import SHORT, perform, python, request, start, until

pytestmark = [pytest.mark.asyncio(loop_scope="session"), pytest.mark.xdist_group("exec")]

LIMITS = Limits(wall_seconds=25, cpu_seconds=1, memory_bytes=128 * MIB, processes=30, compile_cpu_seconds=2)


@pytest.mark.parametrize("name", ATTACKS)
async def test_X3_X5_X6_X7_X8_X21_X22_X23_X24_attack(runner: Runner, name: str) -> None:
    attack = ATTACKS[name]
    limits = msgspec.structs.replace(LIMITS, wall_seconds=3) if "wall_limit" in attack.ends else LIMITS
    outcome = await perform(runner, request(attack.language, attack.program, limits=limits, lease=name))
    said = outcome.text() + outcome.text("stderr")
    assert outcome.result.status in attack.ends, (outcome.result, said[-1500:])
    assert "BROKEN" not in said, said
    assert attack.says in said, said[-1500:]
    assert "still here" not in said


async def test_X3_neighbours_do_not_see_each_other(runner: Runner) -> None:
    holder, heard = start(
        runner, request("python", "open('/tmp/secret', 'w').write('x'); print('up'); input()", lease="a")
    )
    await until(lambda: "up" in heard.text())
    text = (
        "import os\nseen = [n for n in os.listdir('/proc') if n.isdigit()]\n"
        "print(os.path.exists('/tmp/secret'), seen == ['1', str(os.getpid())])"
    )
    other = await python(runner, text, lease="b")
    assert other.text() == "False True\n"
    holder.stop()
    await holder.result()


def users_of(word: str) -> set[int]:
    """The user ids, as the machine sees them, of processes with this word on their command line."""
    found = set()
    for folder in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            if word.encode() in (folder / "cmdline").read_bytes():
                found.add(folder.stat().st_uid)
    return found


async def test_X5_every_live_cell_has_a_user_of_its_own(runner: Runner) -> None:
    word = "word-on-the-command-line"
    runs = [start(runner, request("python", "print('up'); input()", args=(word,))) for _ in range(3)]
    await until(lambda: all(heard.text() for _, heard in runs))
    users = users_of(word)
    assert len(users) == 3
    assert min(users) > 1_000_000
    for run, _ in runs:
        run.stop()
    await asyncio.gather(*(run.result() for run, _ in runs))


async def test_X7_a_program_that_ends_its_cell_harms_only_itself(runner: Runner) -> None:
    hungry = (
        "import os\nopen('/proc/self/oom_score_adj', 'w').write('0')\nfor _ in range(4): os.fork()\n"
        "x = bytearray(9 << 20)\nwhile True: x += x"
    )
    outcome, fine = await asyncio.gather(
        python(runner, hungry, Limits(memory_bytes=32 * MIB)), python(runner, "print('fine')")
    )
    assert outcome.result.status == "memory_limit", outcome.result
    assert fine.text() == "fine\n"


async def test_X8_what_is_left_behind_writes_nothing(runner: Runner) -> None:
    text = "(sleep 0.1; echo late) & (while :; do echo flood; done) & disown -a; exit 0"
    outcome = await perform(runner, request("bash", text, limits=SHORT, lease="left"))
    assert "late" not in outcome.text()
    seen = "import os\nprint([n for n in os.listdir('/proc') if n.isdigit()] == ['1', str(os.getpid())])"
    again = await python(runner, seen, lease="left")
    assert again.text() == "True\n"
