"""A real terminal: what programs see, what they hear, how it ends."""

import pytest

from exec_pool.errors import BadRequest
from exec_pool.job import Run
from exec_pool.limits import Limits
from exec_pool.runner_pool import Runner
from exec_pool.runs import RunRequest, Window
from tests.exec_pool.attack_files import ATTACKS, what_went_wrong
from tests.exec_pool.playground import Outcome, python, request, until

pytestmark = [pytest.mark.asyncio(loop_scope="session"), pytest.mark.xdist_group("exec")]

LOOK = """
import os, signal, sys
def look(*_): print('size', *os.get_terminal_size(), flush=True)
signal.signal(signal.SIGWINCH, look)
print([os.isatty(n) for n in (0, 1, 2)], os.environ['TERM'], os.getsid(0) == os.getpid())
look()
while True:
    try: print('got', repr(input('? ')), flush=True)
    except KeyboardInterrupt: print('interrupted', flush=True)
    except EOFError: break
print('\\x1b[31mred\\x1b[0m', file=sys.stderr)
"""


def in_terminal(sandbox: Runner, language: str, text: str, window: Window | None = None) -> tuple[Run, Outcome]:
    plain = request(language, text, lease="terminal", limits=Limits(wall_seconds=20))
    heard = Outcome()
    wanted = RunRequest(
        language=plain.language, files=plain.files, entry=plain.entry, limits=plain.limits, lease=plain.lease,
        terminal=window or Window(24, 80),
    )  # fmt: skip
    return sandbox.submit(wanted, heard.events.append), heard


async def test_X45_a_program_has_a_terminal_of_its_own(sandbox: Runner) -> None:
    run, heard = in_terminal(sandbox, "python", LOOK, Window(rows=30, columns=100))
    await until(lambda: "? " in heard.text())
    assert "[True, True, True] xterm-256color True\r\nsize 100 30\r\n" in heard.text()
    run.write(b"one\r")
    await until(lambda: "got 'one'" in heard.text())
    assert "one\r\n" in heard.text()  # the terminal echoes
    run.write(b"\x03")
    await until(lambda: "^Cinterrupted" in heard.text())
    run.resize(Window(rows=11, columns=22))
    await until(lambda: "size 22 11" in heard.text())
    run.write(b"abc\x7f\x7fd\r")
    await until(lambda: "got 'ad'" in heard.text())
    run.write(b"\x04")
    assert (await run.result()).status == "ok"
    assert "\x1b[31mred\x1b[0m" in heard.text()
    assert heard.text("stderr") == ""


async def test_X45_a_size_that_is_given_early_counts(sandbox: Runner) -> None:
    run, heard = in_terminal(sandbox, "python", LOOK)
    run.resize(Window(rows=7, columns=33))
    await until(lambda: "size 33 7" in heard.text())
    run.close_stdin()
    assert (await run.result()).status == "ok"


async def test_X45_an_interrupt_reaches_the_job_in_the_foreground(sandbox: Runner) -> None:
    child = "import time; print('up', flush=True); time.sleep(60)"
    text = f"trap 'echo trapped' INT\npython3 -c \"{child}\"\necho after $?\n"
    run, heard = in_terminal(sandbox, "bash", text)
    await until(lambda: "up" in heard.text())
    run.write(b"\x03")
    assert (await run.result()).status == "ok"
    assert "KeyboardInterrupt" in heard.text()
    assert "trapped\r\nafter" in heard.text()


async def test_X45_job_control_works(sandbox: Runner) -> None:
    run, heard = in_terminal(sandbox, "bash", "set -m\ntrap : INT\nsleep 50 &\nfg %1\necho code $?\n")
    await until(lambda: "sleep 50" in heard.text())
    run.write(b"\x1a")  # Ctrl-Z
    await until(lambda: "code 148" in heard.text())
    assert (await run.result()).status == "ok"


async def test_X4_X45_stop_and_limits_hold_in_a_terminal(sandbox: Runner) -> None:
    run, heard = in_terminal(sandbox, "bash", "trap '' INT HUP TERM; echo up; sleep 60")
    await until(lambda: "up" in heard.text())
    run.stop()
    assert (await run.result()).status == "stopped"
    run, heard = in_terminal(sandbox, "bash", "yes")
    assert (await run.result()).status == "output_limit"
    run, heard = in_terminal(sandbox, "bash", "(trap '' HUP; while :; do echo late; done) & echo up")
    assert (await run.result()).status == "ok"


async def test_X45_what_a_terminal_held_is_gone_for_the_next_run(sandbox: Runner) -> None:
    run, _ = in_terminal(sandbox, "bash", "stty -echo; exit 3")
    await run.result()
    seen = "import glob, os\nprint(glob.glob('/dev/pts/[0-9]*'), os.isatty(0))"
    assert (await python(sandbox, seen, lease="terminal")).text() == "[] False\n"


async def test_X45_a_failing_program_in_a_terminal_shows_its_line(sandbox: Runner) -> None:
    run, _ = in_terminal(sandbox, "python", "x = 1\nraise ValueError('no')\n")
    errors = (await run.result()).errors
    assert [(error.path, error.line, error.message) for error in errors] == [("main.py", 2, "ValueError: no")]


async def test_X6_X45_nothing_is_typed_into_a_terminal_from_inside(sandbox: Runner) -> None:
    attack = ATTACKS["terminal_injection"]
    run, heard = in_terminal(sandbox, "python", attack.program)
    result = await run.result()
    assert what_went_wrong(attack, result.status, heard.text()) == ""


async def test_X45_a_size_that_is_none_is_refused(sandbox: Runner) -> None:
    for window in (Window(0, 80), Window(24, 100_000)):
        with pytest.raises(BadRequest):
            in_terminal(sandbox, "bash", "true", window)
