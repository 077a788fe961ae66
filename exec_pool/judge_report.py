"""What people are told of a judgement. A hidden test is told to hosts; others learn of it that it exists, whether it
was passed, and the verdict of the very first failure: nothing that a program could have put a hidden input into. Pure.
"""

import msgspec

from exec_pool.judge_course import Judgement
from exec_pool.judge_problem import Custom, Problem, Test
from exec_pool.verdicts import NAMES, TestResult, Verdict

SHOWN_CHARACTERS = 4096
NOT_TOLD = "The judge failed at it, not the program. A host of the room can see why."


class TestReport(msgspec.Struct, frozen=True, kw_only=True, rename="camel", omit_defaults=True):
    """One test. What is not told is left out; `verdict` None means: not told."""

    __test__ = False

    number: int
    group: str
    hidden: bool = False
    verdict: Verdict | None = None
    cpu_seconds: float | None = None
    wall_seconds: float | None = None
    memory_bytes: int | None = None
    exit_code: int | None = None
    signal: int | None = None
    message: str = ""
    note: str = ""
    stdin: str = ""
    expected: str = ""
    output: str = ""
    errors: str = ""


class GroupReport(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """One group; `verdict` None means: not passed, and not told why."""

    id: str
    points: float
    most: float
    verdict: Verdict | None


class Report(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """A whole judgement. `first_failed` is the number of a test, 0 if none failed; times and memory are the largest
    of the tests whose own are told."""

    verdict: Verdict
    name: str
    points: float
    most: float
    message: str
    compile_output: str
    first_failed: int
    passed: int
    cpu_seconds: float
    wall_seconds: float
    memory_bytes: int
    groups: tuple[GroupReport, ...]
    tests: tuple[TestReport, ...]


def report(problem: Problem, judgement: Judgement, *, to_host: bool) -> Report:
    """The report for a host, or for everybody else."""
    tests = tuple(
        _test(number, group.id, test, result, to_host=to_host, is_first=number == judgement.first_failed)
        for (number, group, test), result in zip(problem.numbered(), judgement.tests, strict=True)
    )
    told = [test for test in tests if test.cpu_seconds is not None]
    is_secret = judgement.verdict == "IE" and not to_host
    return Report(
        verdict=judgement.verdict,
        name=NAMES[judgement.verdict],
        points=judgement.points,
        most=judgement.most,
        message=NOT_TOLD if is_secret else judgement.message,
        compile_output=text(judgement.compile_output),
        first_failed=judgement.first_failed,
        passed=sum(result.verdict == "AC" for result in judgement.tests),
        cpu_seconds=max((test.cpu_seconds or 0.0 for test in told), default=0.0),
        wall_seconds=max((test.wall_seconds or 0.0 for test in told), default=0.0),
        memory_bytes=max((test.memory_bytes or 0 for test in told), default=0),
        groups=_groups(problem, judgement, to_host=to_host),
        tests=tests,
    )


def short(full: Report) -> Report:
    """For the journal: what programs read and wrote in the first failed test only."""
    return msgspec.structs.replace(
        full, tests=tuple(test if test.number == full.first_failed else _bare(test) for test in full.tests)
    )


def _bare(test: TestReport) -> TestReport:
    return msgspec.structs.replace(test, stdin="", expected="", output="", errors="")


def problem_view(problem: Problem, *, to_host: bool) -> object:
    """A problem as JSON. Who is no host sees how many hidden tests there are, and no source of a referee."""
    if to_host:
        return problem
    groups = [
        {
            "id": group.id,
            "points": group.points,
            "needs": group.needs,
            "score": group.score,
            "hidden": sum(test.hidden for test in group.tests),
            "tests": [test for test in group.tests if not test.hidden],
        }
        for group in problem.all_groups()
    ]
    return {
        "id": problem.id,
        "title": problem.title,
        "statement": problem.statement,
        "limits": problem.limits,
        "languages": problem.languages,
        "checker": {"type": "custom"} if isinstance(problem.checker, Custom) else problem.checker,
        "interactive": problem.interactor is not None,
        "groups": groups,
    }


def text(data: bytes) -> str:
    """The beginning of what a program wrote, for people."""
    return data[: 4 * SHOWN_CHARACTERS].decode(errors="replace")[:SHOWN_CHARACTERS]


def _test(number: int, group: str, test: Test, result: TestResult, *, to_host: bool, is_first: bool) -> TestReport:
    if test.hidden and not to_host:
        told = result.verdict if is_first or result.verdict in ("AC", "SK") else None
        return TestReport(number=number, group=group, hidden=True, verdict=told)
    ran = result.verdict != "SK"
    return TestReport(
        number=number,
        group=group,
        hidden=test.hidden,
        verdict=result.verdict,
        cpu_seconds=result.cpu_seconds if ran else None,
        wall_seconds=result.wall_seconds if ran else None,
        memory_bytes=result.memory_bytes if ran else None,
        exit_code=result.exit_code,
        signal=result.signal,
        message=result.message if to_host or result.verdict != "IE" else NOT_TOLD,
        note=result.note,
        stdin=test.stdin[:SHOWN_CHARACTERS],
        expected=test.expected[:SHOWN_CHARACTERS],
        output=text(result.output),
        errors=text(result.errors),
    )


def _groups(problem: Problem, judgement: Judgement, *, to_host: bool) -> tuple[GroupReport, ...]:
    """The points of a group are its score; why a group with hidden tests was not passed is not told."""
    reports = []
    for group, result in zip(problem.all_groups(), judgement.groups, strict=True):
        is_open = to_host or not any(test.hidden for test in group.tests)
        verdict = result.verdict if is_open or result.verdict in ("AC", "SK") else None
        reports.append(GroupReport(id=group.id, points=result.points, most=result.most, verdict=verdict))
    return tuple(reports)
