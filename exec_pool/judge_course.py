"""The course of a judging: which test is next, what is skipped, how many points there are. Pure, no input or output."""

import math

import msgspec

from exec_pool.judge_problem import Group, Problem, Test
from exec_pool.verdicts import SKIPPED, TestResult, Verdict, overall


class Numbered(msgspec.Struct, frozen=True):
    """A test with its number (from 1) and the group it belongs to."""

    number: int
    group: str
    test: Test


class GroupResult(msgspec.Struct, frozen=True, rename="camel"):
    """A group after judging."""

    id: str
    verdict: Verdict
    points: float
    most: float


class Judgement(msgspec.Struct, frozen=True, kw_only=True):
    """A submission after judging; `tests` in order, one result each. `first_failed` is a number, 0 if there is none."""

    verdict: Verdict
    points: float = 0.0
    most: float = 0.0
    message: str = ""
    compile_output: bytes = b""
    tests: tuple[TestResult, ...] = ()
    groups: tuple[GroupResult, ...] = ()
    first_failed: int = 0


class Course:
    """Ask for the `next` test, `record` its result, until there is none; then take the `judgement`."""

    def __init__(self, problem: Problem) -> None:
        self._problem = problem
        self._tests = [Numbered(number, group.id, test) for number, group, test in problem.numbered()]
        self._groups = {group.id: group for group in problem.all_groups()}
        self._results: list[TestResult] = []

    def next(self) -> Numbered | None:
        """The next test that has to run; those that need not are skipped on the way."""
        while len(self._results) < len(self._tests):
            numbered = self._tests[len(self._results)]
            if not self._is_skipped(self._groups[numbered.group]):
                return numbered
            self._results.append(SKIPPED)
        return None

    def record(self, result: TestResult) -> None:
        """The result of the test that `next` gave."""
        self._results.append(result)

    @property
    def first_failed(self) -> int:
        """The number of the first test that failed, 0 as long as none did."""
        failed = (n for n, result in enumerate(self._results, 1) if result.verdict not in ("AC", "SK"))
        return next(failed, 0)

    def give_up(self) -> None:
        """Skip whatever is left."""
        self._results += [SKIPPED] * (len(self._tests) - len(self._results))

    def judgement(self, message: str = "", compile_output: bytes = b"") -> Judgement:
        """The whole result; after `next` gave None or after `give_up`."""
        groups = tuple(self._group_result(group) for group in self._groups.values())
        return Judgement(
            verdict=overall(self._results),
            points=math.fsum(group.points for group in groups),
            most=self._problem.points(),
            message=message,
            compile_output=compile_output,
            tests=tuple(self._results),
            groups=groups,
            first_failed=self.first_failed,
        )

    def _is_skipped(self, group: Group) -> bool:
        done = self._of(group)
        if group.stops and any(result.verdict != "AC" for result in done):
            return True
        return any(not self._is_passed(self._groups[needed]) for needed in group.needs)

    def _of(self, group: Group) -> list[TestResult]:
        return [
            result for result, numbered in zip(self._results, self._tests, strict=False) if numbered.group == group.id
        ]

    def _is_passed(self, group: Group) -> bool:
        return all(result.verdict == "AC" and result.share >= 1.0 for result in self._of(group))

    def _group_result(self, group: Group) -> GroupResult:
        results = self._of(group)
        shares = [result.share for result in results]
        share = min(shares) if group.score == "all" else math.fsum(shares) / len(shares)
        return GroupResult(group.id, overall(results), group.points * share, group.points)


def not_compiled(problem: Problem, verdict: Verdict, message: str, output: bytes = b"") -> Judgement:
    """No test could run: CE, or IE."""
    course = Course(problem)
    course.give_up()
    judgement = course.judgement(message, output)
    return msgspec.structs.replace(judgement, verdict=verdict)
