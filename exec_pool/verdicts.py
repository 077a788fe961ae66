"""Verdicts: of one test, and of a whole submission. Pure."""

from collections.abc import Sequence
from typing import Literal

import msgspec

from exec_pool.checkers import Finding
from exec_pool.runs import RunResult, Status

Verdict = Literal["AC", "WA", "PE", "CE", "TLE", "MLE", "OLE", "RTE", "IE", "SK"]
"""Accepted, wrong answer, presentation error, compile error, time, memory and output limit exceeded, runtime error,
internal error (never the program's fault), skipped."""

NAMES: dict[Verdict, str] = {
    "AC": "Accepted",
    "WA": "Wrong answer",
    "PE": "Presentation error",
    "CE": "Compile error",
    "TLE": "Time limit exceeded",
    "MLE": "Memory limit exceeded",
    "OLE": "Output limit exceeded",
    "RTE": "Runtime error",
    "IE": "Internal error",
    "SK": "Skipped",
}

_OF_STATUS: dict[Status, Verdict] = {
    "ok": "AC",
    "failed": "RTE",
    "compile_error": "CE",
    "cpu_limit": "TLE",
    "wall_limit": "TLE",
    "memory_limit": "MLE",
    "output_limit": "OLE",
    "stopped": "IE",
    "internal_error": "IE",
}


class TestResult(msgspec.Struct, frozen=True, kw_only=True):
    """One test of a submission. `share` of its points from 0 to 1; `output` and `errors` are the first bytes only."""

    __test__ = False

    verdict: Verdict
    share: float = 0.0
    cpu_seconds: float = 0.0
    wall_seconds: float = 0.0
    memory_bytes: int = 0
    exit_code: int | None = None
    signal: int | None = None
    message: str = ""
    note: str = ""
    output: bytes = b""
    errors: bytes = b""


SKIPPED = TestResult(verdict="SK")


def of_run(result: RunResult) -> Verdict:
    """The verdict of a run alone; AC means that its output may be looked at."""
    return _OF_STATUS[result.status]


def judged(result: RunResult, finding: Finding | None, output: bytes = b"", errors: bytes = b"") -> TestResult:
    """A test from its run and from what the checker found: a run that failed counts before a wrong answer, and a
    checker that broke (no finding after a clean run) is nobody's fault."""
    verdict = of_run(result)
    if verdict == "AC":
        verdict = finding.verdict if finding else "IE"
    share = finding.share if finding and of_run(result) == "AC" else 0.0
    return TestResult(
        verdict=verdict,
        share=min(1.0, max(0.0, share)),
        cpu_seconds=result.cpu_seconds,
        wall_seconds=result.wall_seconds,
        memory_bytes=result.memory_bytes,
        exit_code=result.exit_code,
        signal=result.signal,
        message=result.message,
        note=finding.note if finding else "",
        output=output,
        errors=errors,
    )


def overall(results: Sequence[TestResult]) -> Verdict:
    """IE if any test has it, else the first that is not AC (skipped ones do not count), else AC; SK without any."""
    verdicts = [result.verdict for result in results if result.verdict != "SK"]
    if "IE" in verdicts:
        return "IE"
    return next((verdict for verdict in verdicts if verdict != "AC"), "AC" if verdicts else "SK")
