"""Hostile programs. After each, the sandbox must still be whole."""

import asyncio
import contextlib
import socket
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest

from exec_pool.limits import MIB, Limits
from exec_pool.runner_pool import Runner
from tests.exec_pool.attack_files import ATTACKS, what_went_wrong
from tests.exec_pool.playground import SHORT, perform, python, request, start, until

pytestmark = [pytest.mark.asyncio(loop_scope="session"), pytest.mark.xdist_group("exec")]


@pytest.fixture(scope="module")
def open_port() -> Iterator[int]:
    """A port of this machine that takes connections."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield server.getsockname()[1]


LIMITS = Limits(wall_seconds=25, cpu_seconds=1, memory_bytes=128 * MIB, processes=30, compile_cpu_seconds=2)


@pytest.mark.parametrize("name", ATTACKS)
async def test_X3_X5_X6_X7_X8_X20_X21_X22_X23_X24_X25_X26_X50_attack(
    sandbox: Runner, name: str, open_port: int
) -> None:
    attack = ATTACKS[name]
    limits = msgspec.structs.replace(LIMITS, wall_seconds=3) if "wall_limit" in attack.ends else LIMITS
    run, outcome = start(sandbox, request(attack.language, attack.with_port(open_port), limits=limits, lease=name))
    if name != "waiting_for_input":
        run.close_stdin()
    outcome.result = await run.result()
    said = outcome.text() + outcome.text("stderr")
    assert what_went_wrong(attack, outcome.result.status, said) == ""


async def test_X3_neighbours_do_not_see_each_other(sandbox: Runner) -> None:
    holder, heard = start(
        sandbox, request("python", "open('/tmp/secret', 'w').write('x'); print('up'); input()", lease="a")
    )
    await until(lambda: "up" in heard.text())
    text = (
        "import os\nseen = [n for n in os.listdir('/proc') if n.isdigit()]\n"
        "print(os.path.exists('/tmp/secret'), seen == ['1', str(os.getpid())])"
    )
    other = await python(sandbox, text, lease="b")
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


async def test_X5_every_live_cell_has_a_user_of_its_own(sandbox: Runner) -> None:
    word = "word-on-the-command-line"
    runs = [start(sandbox, request("python", "print('up'); input()", args=(word,))) for _ in range(3)]
    await until(lambda: all(heard.text() for _, heard in runs))
    users = users_of(word)
    assert len(users) == 3
    assert min(users) > 1_000_000
    for run, _ in runs:
        run.stop()
    await asyncio.gather(*(run.result() for run, _ in runs))


async def test_X7_a_program_that_ends_its_cell_harms_only_itself(sandbox: Runner) -> None:
    hungry = (
        "import os\nopen('/proc/self/oom_score_adj', 'w').write('0')\nfor _ in range(4): os.fork()\n"
        "x = bytearray(9 << 20)\nwhile True: x = x + x"
    )
    outcome, fine = await asyncio.gather(
        python(sandbox, hungry, Limits(memory_bytes=32 * MIB)), python(sandbox, "print('fine')")
    )
    assert outcome.result.status == "memory_limit", outcome.result
    assert fine.text() == "fine\n"


async def test_X8_what_is_left_behind_writes_nothing(sandbox: Runner) -> None:
    text = "(sleep 2; echo late) & (while :; do echo flood; done) & disown -a; exit 0"
    outcome = await perform(sandbox, request("bash", text, limits=SHORT, lease="left"))
    assert "late" not in outcome.text()
    seen = "import os\nprint([n for n in os.listdir('/proc') if n.isdigit()] == ['1', str(os.getpid())])"
    again = await python(sandbox, seen, lease="left")
    assert again.text() == "True\n"
