"""Interactive problems: a solution and an interactor, each in a cell of its own, with their pipes joined."""

import asyncio

import msgspec

from exec_pool.errors import InputFull, RunOver
from exec_pool.job import Run
from exec_pool.judge_bench import Heard, when_free
from exec_pool.judge_referee import finding_of
from exec_pool.runner_pool import Runner
from exec_pool.runs import Event, EventSink, Output, RunRequest, RunResult
from exec_pool.verdicts import TestResult, judged, of_run


class Meeting(msgspec.Struct, frozen=True):
    """How a conversation ended. `first` is whose program ended first, `flooded` who wrote what nobody read."""

    solution: RunResult
    referee: RunResult
    first: str
    flooded: str
    said: bytes
    solution_errors: bytes
    referee_errors: bytes


async def meet(runner: Runner, solution: RunRequest, referee: RunRequest) -> Meeting:
    """Let the two talk until both have ended; cancelling this stops both. Raises what `Runner.submit` raises,
    but waits while the Runner is full."""
    table = await when_free(lambda: _Table(runner, solution, referee))
    try:
        return await table.to_end()
    finally:
        table.stop()


class _Table:
    """The two runs of a meeting and what they hand to each other."""

    def __init__(self, runner: Runner, solution: RunRequest, referee: RunRequest) -> None:
        self._flooded = ""
        self._heard = {"solution": Heard(), "referee": Heard()}
        self._runs: dict[str, Run] = {}
        self._runs["referee"], self._runs["solution"] = runner.submit_together(
            (referee, self._sink("referee", "solution")), (solution, self._sink("solution", "referee"))
        )

    def _sink(self, mine: str, other: str) -> EventSink:
        def hand_on(event: Event) -> None:
            self._heard[mine](event)
            if isinstance(event, Output) and event.stream == "stdout":
                self._hand(event.data, mine, other)

        return hand_on

    def _hand(self, data: bytes, mine: str, other: str) -> None:
        try:
            self._runs[other].write(data)
        except RunOver:
            pass  # nobody is there to read it: as for a broken pipe
        except InputFull:
            self._flooded = self._flooded or mine
            self.stop()

    async def to_end(self) -> Meeting:
        runs = self._runs
        ends = {name: asyncio.ensure_future(run.result()) for name, run in runs.items()}
        await asyncio.wait(ends.values(), return_when=asyncio.FIRST_COMPLETED)
        first = "solution" if ends["solution"].done() else "referee"
        other = "referee" if first == "solution" else "solution"
        runs[other].close_stdin()
        if first == "solution" and of_run(await ends["solution"]) not in ("AC", "IE"):
            runs["referee"].stop()
        elif first == "referee" and not _accepted(await ends["referee"], self._heard["referee"]):
            runs["solution"].stop()
        return Meeting(
            solution=await ends["solution"],
            referee=await ends["referee"],
            first=first,
            flooded=self._flooded,
            said=self._heard["solution"].text("stdout"),
            solution_errors=self._heard["solution"].text("stderr"),
            referee_errors=self._heard["referee"].text("stderr"),
        )

    def stop(self) -> None:
        for run in self._runs.values():
            run.stop()


def _accepted(result: RunResult, heard: Heard) -> bool:
    finding = finding_of(result, heard.text("stderr"))
    return finding is not None and finding.verdict == "AC"


def judge_meeting(meeting: Meeting) -> TestResult:
    """The test's result. A solution that failed by itself before the interactor ended is judged by that; then the
    interactor's word counts; a solution that was accepted must also end well."""
    mine = meeting.solution
    finding = finding_of(meeting.referee, meeting.referee_errors)
    if meeting.flooded:
        return _flooded(meeting)
    if meeting.first == "solution" and of_run(mine) not in ("AC", "IE"):
        return judged(mine, None, meeting.said, meeting.solution_errors)
    if finding is None or finding.verdict == "AC":
        return judged(mine, finding, meeting.said, meeting.solution_errors)
    ended = RunResult(
        status="ok",
        cpu_seconds=mine.cpu_seconds,
        wall_seconds=mine.wall_seconds,
        memory_bytes=mine.memory_bytes,
    )
    return judged(ended, finding, meeting.said, meeting.solution_errors)


def _flooded(meeting: Meeting) -> TestResult:
    status, message = "output_limit", "Stopped: it wrote more than the other side read."
    if meeting.flooded == "referee":
        status, message = "failed", "Stopped: it did not read what the other side wrote."
    result = msgspec.structs.replace(meeting.solution, status=status, message=message)
    return judged(result, None, meeting.said, meeting.solution_errors)
