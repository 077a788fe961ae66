"""Verdicts, groups and points, without any cell."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from exec_pool.checkers import Finding
from exec_pool.errors import BadRequest
from exec_pool.judge_course import Course, Judgement, not_compiled
from exec_pool.judge_problem import MOST_TESTS, Group, Problem, Test, checked_problem, read_problem
from exec_pool.runs import RunResult
from exec_pool.verdicts import TestResult, Verdict, judged, overall

FAILURES: list[Verdict] = ["WA", "PE", "TLE", "MLE", "OLE", "RTE", "IE"]
outcomes = st.one_of(
    st.just(TestResult(verdict="AC", share=1.0)),
    st.builds(lambda verdict: TestResult(verdict=verdict), st.sampled_from(FAILURES)),
    st.builds(lambda share: TestResult(verdict="WA", share=share), st.floats(0, 1)),
)


@st.composite
def problems(draw: st.DrawFn) -> Problem:
    groups: list[Group] = []
    for number in range(draw(st.integers(1, 5))):
        groups.append(
            Group(
                f"g{number}",
                tuple(Test() for _ in range(draw(st.integers(1, 4)))),
                points=draw(st.floats(0, 100)),
                needs=tuple(draw(st.lists(st.sampled_from([g.id for g in groups]), unique=True)) if groups else ()),
                score=draw(st.sampled_from(["all", "sum"])),
                stop=draw(st.sampled_from([None, True, False])),
            )
        )
    return checked_problem(Problem("p", groups=tuple(groups)))


def run_through(problem: Problem, results: list[TestResult]) -> Judgement:
    course, left = Course(problem), iter(results)
    while course.next():
        course.record(next(left))
    return course.judgement()


@given(problems(), st.lists(outcomes, min_size=20, max_size=20))
def test_V6_points_stay_within_bounds_and_every_test_has_one_result(
    problem: Problem, results: list[TestResult]
) -> None:
    judgement = run_through(problem, results)
    assert len(judgement.tests) == sum(len(group.tests) for group in problem.groups)
    assert all(0 <= group.points <= group.most for group in judgement.groups)
    assert 0 <= judgement.points <= problem.points() + 1e-9
    if all(test.verdict == "AC" for test in judgement.tests):
        assert math.isclose(judgement.points, problem.points(), abs_tol=1e-9)


@given(problems(), st.lists(outcomes, min_size=20, max_size=20))
def test_V6_a_group_is_skipped_unless_what_it_needs_was_passed(problem: Problem, results: list[TestResult]) -> None:
    judgement = run_through(problem, results)
    passed: dict[str, bool] = {}
    position = 0
    for group in problem.groups:
        mine = judgement.tests[position : position + len(group.tests)]
        position += len(mine)
        passed[group.id] = all(test.verdict == "AC" for test in mine)
        if not all(passed[needed] for needed in group.needs):
            assert {test.verdict for test in mine} == {"SK"}
            continue
        failed = next((at for at, test in enumerate(mine) if test.verdict != "AC"), len(mine))
        after = {test.verdict for test in mine[failed + 1 :]}
        assert after <= {"SK"} if group.stops else "SK" not in after
    failures = [n for n, test in enumerate(judgement.tests, 1) if test.verdict not in ("AC", "SK")]
    assert judgement.first_failed == (failures[0] if failures else 0)


def group(**more: object) -> Group:
    return Group("g", tuple(Test() for _ in range(4)), 100.0, **more)  # type: ignore[arg-type]


def test_V6_all_or_nothing_and_the_mean() -> None:
    right, half = TestResult(verdict="AC", share=1.0), TestResult(verdict="WA", share=0.5)
    everything = run_through(Problem("p", groups=(group(stop=False),)), [right, half, right, right])
    mean = run_through(Problem("p", groups=(group(score="sum"),)), [right, half, right, right])
    assert (everything.points, mean.points) == (50.0, 87.5)
    stopped = run_through(Problem("p", groups=(group(),)), [right, half])
    assert ([test.verdict for test in stopped.tests], stopped.points) == (["AC", "WA", "SK", "SK"], 0.0)


@given(st.lists(outcomes, min_size=1))
def test_V2_the_first_failure_is_the_verdict_and_an_error_of_ours_comes_first(results: list[TestResult]) -> None:
    verdicts = [result.verdict for result in results]
    expected = "IE" if "IE" in verdicts else next((v for v in verdicts if v != "AC"), "AC")
    assert overall(results) == expected


@pytest.mark.parametrize(
    ("status", "finding", "verdict"),
    [
        ("ok", Finding("AC"), "AC"),
        ("ok", Finding("PE", "", 0.0), "PE"),
        ("ok", None, "IE"),
        ("failed", Finding("AC"), "RTE"),
        ("cpu_limit", Finding("AC"), "TLE"),
        ("wall_limit", None, "TLE"),
        ("memory_limit", None, "MLE"),
        ("output_limit", Finding("AC"), "OLE"),
        ("internal_error", Finding("AC"), "IE"),
        ("stopped", Finding("AC"), "IE"),
    ],
)
def test_V2_what_ended_a_program_counts_before_what_it_wrote(status: str, finding: Finding, verdict: str) -> None:
    result = judged(RunResult(status=status), finding)  # type: ignore[arg-type]
    assert (result.verdict, result.share) == (verdict, 1.0 if verdict == "AC" else 0.0)


def test_V1_what_does_not_compile_runs_no_test() -> None:
    judgement = not_compiled(Problem("p", tests=(Test(), Test())), "CE", "no", b"error")
    assert (judgement.verdict, judgement.points, judgement.compile_output) == ("CE", 0.0, b"error")
    assert [test.verdict for test in judgement.tests] == ["SK", "SK"]


@pytest.mark.parametrize(
    ("body", "says"),
    [
        (b"nonsense", "not JSON"),
        (b'{"id": "p"}', "1 to"),
        (b'{"id": "../p", "tests": [{}]}', "does not fit"),
        (b'{"id": "p", "tests": [{}], "groups": [{"id": "tests", "tests": [{}]}]}', "Two groups"),
        (b'{"id": "p", "groups": [{"id": "a", "needs": ["b"], "tests": [{}]}]}', "not a group before it"),
        (b'{"id": "p", "tests": [{}], "limits": {"cpuSeconds": 1000}}', "cpuSeconds"),
        (b'{"id": "p", "tests": [{}], "limits": {"memoryBytes": 1}}', "memoryBytes"),
        (b'{"id": "p", "tests": [{}], "checker": {"type": "magic"}}', "checker"),
        (b'{"id": "p", "tests": [' + b",".join([b"{}"] * (MOST_TESTS + 1)) + b"]}", "does not fit"),
    ],
)
def test_V8_a_problem_that_cannot_be_judged_is_refused(body: bytes, says: str) -> None:
    with pytest.raises(BadRequest, match=says):
        read_problem(body)


def test_V8_too_many_bytes_of_tests_are_refused() -> None:
    big = "x" * (4 * 1024 * 1024)
    with pytest.raises(BadRequest, match="larger than"):
        checked_problem(Problem("p", tests=tuple(Test(big) for _ in range(5))))


def test_V8_a_problem_is_read_from_json() -> None:
    problem = read_problem(
        b'{"id": "sum", "tests": [{"stdin": "1", "expected": "1", "hidden": false}], "limits": {"cpuSeconds": 1},'
        b'"checker": {"type": "floats", "absolute": 0.1, "relative": null}}'
    )
    assert problem.limits.for_solution().wall_seconds == 3.0
    assert [number for number, _, test in problem.numbered() if not test.hidden] == [1]
