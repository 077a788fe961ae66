"""What a worker does with a job's body: judge a submission, or try a program out. Orders and reports are data."""

from collections.abc import Awaitable

import msgspec

from exec_pool.errors import BadRequest, LanguageUnavailable
from exec_pool.judge import Judge, Progress
from exec_pool.judge_bench import Bench
from exec_pool.judge_course import Judgement
from exec_pool.judge_problem import Problem, Program
from exec_pool.limits import Limits
from exec_pool.runner_pool import Runner
from exec_pool.runs import RunRequest, RunResult
from exec_pool.work import Job, Say


class JudgeOrder(msgspec.Struct, frozen=True, tag="judge"):
    """A submission; the report is a Judgement, and each test is told as a Progress."""

    problem: Problem
    solution: Program


class TrialOrder(msgspec.Struct, frozen=True, tag="trial", kw_only=True):
    """A program to compile and to run so many `times` (until a run fails) on one input; reported as a Trial."""

    language: str
    files: dict[str, bytes]
    entry: str
    limits: Limits
    args: tuple[str, ...] = ()
    options: tuple[str, ...] = ()
    stdin: bytes = b""
    times: int = 1
    joined: bool = False


class TrialRun(msgspec.Struct, frozen=True):
    """One run of a trial; `both` is standard output and error as they came."""

    result: RunResult
    stdout: bytes
    stderr: bytes
    both: bytes


class Trial(msgspec.Struct, frozen=True):
    """What came of a trial. `compiled` is None for a language without a compiler; no runs if it failed.

    `refused` says why it could not even be tried: files, arguments or a language that do not do.
    """

    compiled: RunResult | None
    compile_output: bytes
    runs: tuple[TrialRun, ...]
    refused: str = ""


Order = JudgeOrder | TrialOrder
_decoder = msgspec.msgpack.Decoder(Order)


def encode_order(order: Order) -> bytes:
    """The body of a job."""
    return msgspec.msgpack.encode(order)


def read_judgement(body: bytes) -> Judgement:
    """The result of a job with a JudgeOrder."""
    return msgspec.msgpack.decode(body, type=Judgement)


def read_progress(body: bytes) -> Progress:
    """What such a job says on the way."""
    return msgspec.msgpack.decode(body, type=Progress)


def read_trial(body: bytes) -> Trial:
    """The result of a job with a TrialOrder."""
    return msgspec.msgpack.decode(body, type=Trial)


class Workplace:
    """Does jobs in a Runner; `perform` is what a work queue wants. One per Runner."""

    def __init__(self, runner: Runner, most_seconds: float) -> None:
        self._runner = runner
        self._judge = Judge(runner, most_seconds)
        self._bench = Bench(runner)

    async def perform(self, job: Job, say: Say) -> bytes:
        """Do a job; cancelling this stops what runs. Raises SandboxUnavailable."""
        order = _decoder.decode(job.body)
        if isinstance(order, JudgeOrder):
            return msgspec.msgpack.encode(await self._judged(order, say))
        try:
            return msgspec.msgpack.encode(await self._tried(job.id, order))
        except (BadRequest, LanguageUnavailable) as error:
            return msgspec.msgpack.encode(Trial(None, b"", (), str(error)))
        finally:
            self._runner.end_lease(_lease(job.id))

    def _judged(self, order: JudgeOrder, say: Say) -> Awaitable[Judgement]:
        def tell(progress: Progress) -> None:
            say(msgspec.msgpack.encode(progress))

        return self._judge.judge(order.problem, order.solution, tell)

    async def _tried(self, job_id: str, order: TrialOrder) -> Trial:
        lease = _lease(job_id)
        built = await self._bench.build_files(
            order.language, order.files, order.entry, order.limits, lease, order.options
        )
        if built.build is None:
            return Trial(built.result, built.output, ())
        runs: list[TrialRun] = []
        while len(runs) < order.times and all(run.result.status == "ok" for run in runs):
            runs.append(await self._run(order, built.build, lease))
        return Trial(built.result if built.compiled else None, built.output, tuple(runs))

    async def _run(self, order: TrialOrder, build: bytes, lease: str) -> TrialRun:
        request = RunRequest(
            language=order.language,
            files=order.files,
            entry=order.entry,
            args=order.args,
            options=order.options,
            stdin=order.stdin,
            limits=order.limits,
            lease=lease,
            stage="run",
            build=build,
            joined=order.joined,
        )
        result, heard = await self._bench.perform(request)
        return TrialRun(result, heard.text("stdout"), heard.text("stderr"), heard.text("stdout", "stderr"))


def _lease(job_id: str) -> str:
    return f"trial {job_id}"
