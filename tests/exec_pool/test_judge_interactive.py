"""Interactive problems: a number is guessed between two cells."""

import pytest

from exec_pool.judge import Judge
from exec_pool.judge_course import Judgement
from exec_pool.judge_problem import Interactor, Problem, ProblemLimits, Program, Test
from exec_pool.runner_pool import Runner

pytestmark = [pytest.mark.asyncio(loop_scope="session"), pytest.mark.xdist_group("exec")]

HOST = """
import sys
number = int(open(sys.argv[1]).read())
assert open(sys.argv[3]).read() == "the answer"
for turn in range(8):
    said = sys.stdin.readline()
    if not said.strip().isdigit():
        print("not a number", file=sys.stderr); sys.exit(2 if said else 1)
    guess = int(said)
    print("=" if guess == number else "<" if number < guess else ">", flush=True)
    if guess == number:
        sys.exit(0)
sys.exit(1)
"""
GOOD = """
low, high = 1, 100
while True:
    middle = (low + high) // 2
    print(middle, flush=True)
    said = input()
    if said == "=": break
    if said == "<": high = middle - 1
    else: low = middle + 1
"""
LIMITS = ProblemLimits(cpu_seconds=3, wall_seconds=30, memory_bytes=64 * 2**20)
BRIEF = ProblemLimits(cpu_seconds=0.7, wall_seconds=1.5, memory_bytes=64 * 2**20)
"""For who never ends; who shall end may be on a slow machine."""


async def play(
    runner: Runner,
    solution: str,
    host: str = HOST,
    numbers: tuple[int, ...] = (70,),
    limits: ProblemLimits = LIMITS,
) -> Judgement:
    tests = tuple(Test(str(number), "the answer") for number in numbers)
    interactor = Interactor(Program("python", {"host.py": host}, "host.py"))
    problem = Problem("guess", tests=tests, interactor=interactor, limits=limits)
    return await Judge(runner).judge(problem, Program("python", {"main.py": solution}, "main.py"), lambda _: None)


async def test_V5_a_solution_talks_with_the_interactor(sandbox: Runner) -> None:
    judgement = await play(sandbox, GOOD, numbers=(1, 50, 77, 100))
    assert (judgement.verdict, judgement.points) == ("AC", 1.0)
    assert judgement.tests[2].output.split()[:2] == [b"50", b"75"]


@pytest.mark.parametrize(
    ("solution", "verdict"),
    [
        ("while True: print(3, flush=True); input()", "WA"),
        ("while True: print(3)", "WA"),
        ("print('x', flush=True); input()", "PE"),
        ("pass", "WA"),
        ("import time; print(3, flush=True); time.sleep(60)", "TLE"),
        ("print(3)\nwhile True: pass", "TLE"),
        ("input()", "TLE"),
        ("raise SystemExit(4)", "RTE"),
        ("x = bytearray(100 << 20)", "MLE"),
        (GOOD + "raise SystemExit(1)", "RTE"),
        (GOOD + "import time; time.sleep(60)", "TLE"),
        ("import os; os.close(1); os.close(0)\nwhile True: pass", "TLE"),
    ],
)
async def test_V5_who_failed_first_decides(runner: Runner, solution: str, verdict: str) -> None:
    limits = BRIEF if verdict == "TLE" else LIMITS
    assert (await play(runner, solution, limits=limits)).verdict == verdict


async def test_V5_what_nobody_reads_is_bounded(runner: Runner) -> None:
    deaf = "import time; time.sleep(60)"
    talker = "while True: print('x' * 60000, flush=True)"
    assert (await play(runner, talker, deaf)).verdict == "OLE"
    assert (await play(runner, deaf, talker, limits=BRIEF)).verdict in ("RTE", "IE", "TLE")


async def test_V5_an_interactor_that_breaks_is_not_the_solutions_fault(runner: Runner) -> None:
    assert (await play(runner, "print(1, flush=True); input()", "raise SystemExit(99)")).verdict == "IE"
