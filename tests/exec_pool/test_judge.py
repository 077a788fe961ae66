"""The judge with real programs in real cells."""

import asyncio
import time

import msgspec
import pytest

from exec_pool.checkers import Exact, Floats
from exec_pool.judge import Judge, Progress
from exec_pool.judge_course import Judgement
from exec_pool.judge_problem import Custom, Group, Problem, ProblemLimits, Program, Test
from exec_pool.judge_report import report
from exec_pool.judge_work import TrialOrder, Workplace, encode_order, read_trial
from exec_pool.limits import ExecSettings, Limits
from exec_pool.runner_pool import Runner
from exec_pool.work import Job
from tests.exec_pool.playground import ROWS, until

pytestmark = [pytest.mark.asyncio(loop_scope="session"), pytest.mark.xdist_group("exec")]

SUM = Problem("sum", tests=tuple(Test(f"{n} 2\n", f"{n + 2}\n", hidden=n > 1) for n in range(4)))
SMALL = ProblemLimits(cpu_seconds=2.0, wall_seconds=20.0, memory_bytes=64 * 2**20, output_bytes=10_000)
ONE = Problem("one", tests=(Test("5\n", "5\n", hidden=False),), limits=SMALL)
BRIEF = msgspec.structs.replace(SMALL, cpu_seconds=0.3, wall_seconds=1.0)
"""For programs that never end; who shall end may be on a slow machine."""


def program(text: str, language: str = "python") -> Program:
    name = ROWS[language].file_name
    return Program(language, {name: text}, name)


async def judge(runner: Runner, problem: Problem, solution: Program) -> Judgement:
    heard: list[Progress] = []
    judgement = await Judge(runner).judge(problem, solution, heard.append)
    assert [told.result for told in heard] == [test for test in judgement.tests if test.verdict != "SK"]
    return judgement


def verdicts(judgement: Judgement) -> str:
    return " ".join(test.verdict for test in judgement.tests)


SUMS = {
    "python": "print(sum(map(int, input().split())))",
    "c": '#include <stdio.h>\nint main(){int a,b;scanf("%d %d",&a,&b);printf("%d\\n",a+b);}',
    "java": "import java.util.*;public class Sum{public static void main(String[] x){Scanner s=new Scanner(System.in);"
    "System.out.println(s.nextInt()+s.nextInt());}}",
    "typescript": 'const [a, b] = require("fs").readFileSync(0, "utf8").split(" ").map(Number);console.log(a+b)',
    "go": 'package main\nimport "fmt"\nfunc main(){var a,b int;fmt.Scan(&a,&b);fmt.Println(a+b)}',
}


@pytest.mark.parametrize("language", list(SUMS))
async def test_V1_one_build_serves_all_tests(sandbox: Runner, language: str) -> None:
    judgement = await judge(sandbox, SUM, program(SUMS[language], language))
    assert (verdicts(judgement), judgement.verdict, judgement.points) == ("AC AC AC AC", "AC", 1.0)


async def test_V1_the_compiler_runs_once_and_its_words_are_kept(runner: Runner) -> None:
    text = '#include <stdio.h>\n#warning once\nint main(){int a,b;scanf("%d %d",&a,&b);printf("%s",__TIME__);}'
    judgement = await judge(runner, SUM, program(text, "c"))
    assert judgement.compile_output.count(b"warning: #warning") == 1
    assert len({test.output for test in judgement.tests}) == 1


async def test_V1_what_does_not_compile_is_told_with_the_compilers_words(runner: Runner) -> None:
    judgement = await judge(runner, SUM, program("int main( {", "c"))
    assert (judgement.verdict, verdicts(judgement)) == ("CE", "SK SK SK SK")
    assert b"error" in judgement.compile_output


async def test_V1_a_compiler_bomb_is_a_compile_error(runner: Runner) -> None:
    judgement = await judge(runner, ONE, program("int a[1<<30]={1};int b[1<<30]={1};int main(){}", "c"))
    assert judgement.verdict in ("CE", "IE")
    endless = await judge(runner, ONE, program('#include "main.c"\n' * 3, "c"))
    assert endless.verdict == "CE"


@pytest.mark.parametrize(
    ("text", "verdict"),
    [
        ("print(input())", "AC"),
        ("print(6)", "WA"),
        ("print(5); raise SystemExit(3)", "RTE"),
        ("print(1//0)", "RTE"),
        ("import os; print(5, flush=True); os.kill(os.getpid(), 11)", "RTE"),
        ("while True: pass", "TLE"),
        ("import time; time.sleep(60)", "TLE"),
        ("x = bytearray(200 << 20); print(5)", "MLE"),
        ("while True: print('5' * 1000)", "OLE"),
    ],
)
async def test_V2_every_end_has_its_verdict(runner: Runner, text: str, verdict: str) -> None:
    limits = BRIEF if verdict == "TLE" else SMALL
    judgement = await judge(runner, msgspec.structs.replace(ONE, limits=limits), program(text))
    assert judgement.verdict == verdict
    assert judgement.first_failed == (verdict != "AC")
    test = judgement.tests[0]
    assert test.wall_seconds > 0
    assert test.memory_bytes > 0
    assert bool(test.message) == (verdict not in ("AC", "WA"))


async def test_V2_a_presentation_error_and_floats(runner: Runner) -> None:
    spaced = Problem("p", tests=(Test("", "1 2\n"),), checker=Exact())
    assert (await judge(runner, spaced, program("print(1); print(2)"))).verdict == "PE"
    near = Problem("p", tests=(Test("", "0.3"),), checker=Floats())
    assert (await judge(runner, near, program("print(0.1 + 0.2)"))).verdict == "AC"


async def test_V2_an_unknown_language_is_no_crash(runner: Runner) -> None:
    assert (await judge(runner, ONE, Program("klingon", {"a": ""}, "a"))).verdict == "CE"
    assert (await judge(runner, ONE, Program("python", {"../a.py": ""}, "../a.py"))).verdict == "CE"
    assert (await judge(runner, ONE, Program("python", {"a.py": "'\ud800'"}, "a.py"))).verdict == "WA"


CHECK = """
import sys
given, said, answer = (open(path).read() for path in sys.argv[1:])
assert (given, answer) == ("5\\n", "5\\n")
print("points 0.25 not quite" if said.strip() == "part" else "looked", file=sys.stderr)
sys.exit({"yes": 0, "kattis": 42, "no": 1, "pe": 2, "part": 7}.get(said.strip(), 3))
"""


@pytest.mark.parametrize(
    ("said", "verdict", "points", "note"),
    [
        ("yes", "AC", 1.0, "looked"),
        ("kattis", "AC", 1.0, "looked"),
        ("no", "WA", 0.0, "looked"),
        ("pe", "PE", 0.0, "looked"),
        ("part", "WA", 0.25, "not quite"),
        ("odd", "IE", 0.0, ""),
    ],
)
async def test_V4_a_custom_checker_decides(sandbox: Runner, said: str, verdict: str, points: float, note: str) -> None:
    problem = Problem("p", tests=ONE.tests, checker=Custom(program(CHECK)))
    judgement = await judge(sandbox, problem, program(f"print({said!r})"))
    assert (judgement.verdict, judgement.points, judgement.tests[0].note) == (verdict, points, note)


@pytest.mark.parametrize("text", ["while True: pass", "x = bytearray(900 << 20)", "while 1: print('x' * 9999)", "("])
async def test_V4_a_checker_that_breaks_is_not_the_solutions_fault(runner: Runner, text: str) -> None:
    referee = program(text, "c" if text == "(" else "python")
    problem = Problem("p", tests=ONE.tests, checker=Custom(referee))
    if text == "while True: pass":  # the referee's own ten seconds are not worth waiting for
        problem = Problem("p", tests=ONE.tests, checker=Custom(program("import os; os.kill(os.getpid(), 9)")))
    assert (await judge(runner, problem, program("pass"))).verdict == "IE"


SPY = """
import os, sys
print(open("/tmp/left").read() if os.path.exists("/tmp/left") else "nothing")
open("/tmp/left", "w").write("was here")
print(sorted(os.listdir("/work")), sys.argv[1:], file=sys.stderr)
"""


async def test_V7_a_cell_of_the_solution_holds_no_answer_and_nothing_of_another_test(sandbox: Runner) -> None:
    tests = tuple(Test("in", "nothing", hidden=hidden) for hidden in (False, True, False, True))
    judgement = await judge(sandbox, Problem("p", tests=tests, checker=Exact()), program(SPY))
    assert {test.output for test in judgement.tests} == {b"nothing\n"}
    assert {test.errors for test in judgement.tests} == {b"['main.py'] []\n"}


LEAK = """
import sys, time
secret = sys.stdin.read()
print(secret); print(secret, file=sys.stderr)
x = bytearray(len(secret) << 20); time.sleep(len(secret) / 100)
raise SystemExit(secret)
"""


async def test_V7_others_learn_nothing_of_a_hidden_test(runner: Runner) -> None:
    """Output, error, status, time and memory carry the hidden input; the report for others has none of them."""
    seen = []
    for secret in ("tiger", "elephants"):
        tests = (Test("open", "open", hidden=False), Test(secret, secret + "!"), Test(secret, secret))
        problem = Problem("p", groups=(Group("g", tests, stop=False),))
        judgement = await judge(runner, problem, program(LEAK))
        host, other = (report(problem, judgement, to_host=who) for who in (True, False))
        assert host.tests[1].errors == f"{secret}\n{secret}\n"
        assert host.tests[1].stdin == secret
        seen.append((other.tests[1:], other.groups, other.verdict, other.points))
        assert secret not in repr(other)
        assert (other.cpu_seconds, other.memory_bytes) == (other.tests[0].cpu_seconds, other.tests[0].memory_bytes)
    assert seen[0] == seen[1]
    assert [test.verdict for test in seen[0][0]] == [None, None]


async def test_V8_a_judging_that_takes_too_long_skips_the_rest(runner: Runner) -> None:
    tests = tuple(Test() for _ in range(50))
    judgement = await Judge(runner, 0.5).judge(
        Problem("p", tests=tests), program("import time; time.sleep(0.2)"), print
    )
    assert verdicts(judgement).endswith("SK SK SK")
    assert "longer than 0.5 s" in judgement.message


async def test_V8_a_cancelled_judging_stops_what_runs(runner: Runner) -> None:
    await until(lambda: runner.stats().running == 0)
    task = asyncio.create_task(Judge(runner).judge(SUM, program("while True: pass"), print))
    await until(lambda: runner.stats().running == 1)
    task.cancel()
    started = time.monotonic()
    with pytest.raises(asyncio.CancelledError):
        await task
    await until(lambda: runner.stats().running == 0)
    assert time.monotonic() - started < 20


async def test_V1_no_cell_of_a_judging_is_left() -> None:
    alone = Runner(ExecSettings(engine="bubblewrap", warm_cells=0, slots=2))
    await alone.open()
    assert (await alone.checked()).ok
    problem = Problem("p", tests=SUM.tests, checker=Custom(program("pass")))
    assert (await judge(alone, problem, program("pass"))).verdict == "AC"
    work = Workplace(alone, 10.0)
    order = TrialOrder(language="python", files={"a.py": b"print(1)"}, entry="a.py", limits=Limits())
    body = encode_order(order)
    trial = read_trial(await work.perform(Job(id="x", room="r", user="u", body=body), lambda _: None))
    assert trial.runs[0].stdout == b"1\n"
    assert alone.stats().cells_opened >= 4
    await until(lambda: alone.stats().idle_cells == 0)
    await alone.close()
