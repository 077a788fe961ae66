"""The judge: a submission against the tests of a problem, in cells of its own."""

import asyncio
import uuid
from collections.abc import Callable

import msgspec

from exec_pool.checkers import check
from exec_pool.errors import BadRequest, ExecError, LanguageUnavailable
from exec_pool.interactive import judge_meeting, meet
from exec_pool.judge_bench import Bench, Built, sources
from exec_pool.judge_course import Course, Judgement, Numbered, not_compiled
from exec_pool.judge_problem import Custom, Problem, Program, Test
from exec_pool.judge_referee import finding_of, referee_request
from exec_pool.limits import Limits
from exec_pool.runner_pool import Runner
from exec_pool.runs import RunRequest
from exec_pool.verdicts import TestResult, Verdict, judged, of_run

SHOWN_BYTES = 4096
GLANCE_BYTES = 512
IN_THREAD_BYTES = 256 * 1024


class Progress(msgspec.Struct, frozen=True):
    """A test was judged: number, of how many."""

    number: int
    of: int
    hidden: bool
    result: TestResult


Tell = Callable[[Progress], None]


class Judge:
    """One per Runner. A submission takes at most `most_seconds`; the tests that are left then are skipped."""

    def __init__(self, runner: Runner, most_seconds: float = 600.0) -> None:
        self._runner = runner
        self._most_seconds = most_seconds
        self._bench = Bench(runner)

    async def judge(self, problem: Problem, solution: Program, tell: Tell) -> Judgement:
        """Compile once, then test after test. Cancelling this stops what runs. Never raises for what a program, a
        checker or the sandbox did: that is a verdict."""
        sitting = _Sitting(self._runner, self._bench, problem, solution)
        try:
            return await sitting.judge(tell, self._most_seconds)
        except (LanguageUnavailable, BadRequest) as error:
            return not_compiled(problem, "CE", str(error))
        except ExecError as error:
            return not_compiled(problem, "IE", str(error))
        finally:
            sitting.end()


class _Sitting:
    """One judging. Public and hidden tests have cells of their own: what a hidden test saw meets no public one."""

    def __init__(self, runner: Runner, bench: Bench, problem: Problem, solution: Program) -> None:
        self._runner = runner
        self._bench = bench
        self._problem = problem
        self._solution = solution
        self._files = sources(solution)
        self._limits = problem.limits.for_solution()
        self._id = uuid.uuid4().hex
        self._build = b""
        self._referee = b""

    async def judge(self, tell: Tell, most_seconds: float) -> Judgement:
        built = await self._bench.build(self._solution, self._limits, self._lease("public"))
        if built.build is None:
            verdict: Verdict = "CE" if built.result.status in ("compile_error", "output_limit") else "IE"
            return not_compiled(self._problem, verdict, built.result.message, built.output)
        self._build = built.build
        referee = await self._prepare_referee()
        if referee is not None and referee.build is None:
            text = f"The checker or interactor does not compile: {referee.output.decode(errors='replace')[:2000]}"
            return not_compiled(self._problem, "IE", text)
        course, message = Course(self._problem), ""
        try:
            async with asyncio.timeout(most_seconds):
                await self._tests(course, tell)
        except TimeoutError:
            course.give_up()
            message = f"Judging took longer than {most_seconds:g} s; the rest was skipped."
        return course.judgement(message, built.output)

    async def _prepare_referee(self) -> Built | None:
        program = self._referee_program()
        if program is None:
            return None
        built = await self._bench.build_once(program, self._referee_limits(), self._lease("referee"))
        self._referee = built.build or b""
        return built

    async def _tests(self, course: Course, tell: Tell) -> None:
        count = sum(1 for _ in self._problem.numbered())
        while numbered := course.next():
            result = _shortened(await self._test(numbered), course.first_failed)
            course.record(result)
            tell(Progress(numbered.number, count, numbered.test.hidden, result))

    async def _test(self, numbered: Numbered) -> TestResult:
        test = numbered.test
        lease = self._lease("hidden" if test.hidden else "public")
        request = RunRequest(
            language=self._solution.language,
            files=self._files,
            entry=self._solution.entry,
            args=test.args,
            stdin=b"" if self._problem.interactor else test.stdin.encode(),
            limits=self._limits,
            lease=lease,
            stage="run",
            build=self._build,
        )
        return await (self._talk(request, test) if self._problem.interactor else self._run(request, test))

    async def _run(self, request: RunRequest, test: Test) -> TestResult:
        result, heard = await self._bench.perform(request)
        output, errors = heard.text("stdout"), heard.text("stderr")
        if result.status == "compile_error":  # the build did not unpack
            result = msgspec.structs.replace(result, status="internal_error")
        if of_run(result) != "AC":
            return judged(result, None, output, errors)
        checker = self._problem.checker
        if isinstance(checker, Custom):
            asked = self._referee_request(checker.program, test, output)
            found, said = await self._bench.perform(asked)
            return judged(result, finding_of(found, said.text("stderr")), output, errors)
        answer = test.expected.encode()
        if len(output) + len(answer) > IN_THREAD_BYTES:
            return judged(result, await asyncio.to_thread(check, checker, output, answer), output, errors)
        return judged(result, check(checker, output, answer), output, errors)

    async def _talk(self, request: RunRequest, test: Test) -> TestResult:
        assert self._problem.interactor is not None
        referee = self._referee_request(self._problem.interactor.program, test, b"")
        return judge_meeting(await meet(self._runner, request, referee))

    def _referee_request(self, program: Program, test: Test, output: bytes) -> RunRequest:
        return referee_request(program, self._referee, test, output, self._referee_limits(), self._lease("referee"))

    def _referee_program(self) -> Program | None:
        if self._problem.interactor:
            return self._problem.interactor.program
        return self._problem.checker.program if isinstance(self._problem.checker, Custom) else None

    def _referee_limits(self) -> Limits:
        return self._problem.limits.for_referee()

    def end(self) -> None:
        """Its cells are not needed any more."""
        for kind in ("public", "hidden", "referee"):
            self._runner.end_lease(self._lease(kind))

    def _lease(self, kind: str) -> str:
        return f"judging {self._id} {kind}"


def _shortened(result: TestResult, failed_before: int) -> TestResult:
    """Much of what the first failure wrote, a glance at what the others did."""
    most = GLANCE_BYTES if failed_before or result.verdict == "AC" else SHOWN_BYTES
    return msgspec.structs.replace(result, output=result.output[:most], errors=result.errors[:most])
