"""Custom checkers and interactors: what they are given, and what their exit status means. Pure."""

import re

from exec_pool.checkers import ACCEPTED, Finding
from exec_pool.judge_bench import sources
from exec_pool.judge_problem import Program, Test
from exec_pool.limits import Limits
from exec_pool.runs import RunRequest, RunResult

ARGUMENTS = ("input.txt", "output.txt", "answer.txt")
NOTE_BYTES = 500

_AC, _WA, _PE, _PARTLY = (0, 42), (1, 43), (2, 4, 8), 7
_SHARE = re.compile(r"(?:points\s+)?([01](?:\.[0-9]{1,9})?|\.[0-9]{1,9})\b\s*")


def referee_request(
    program: Program, build: bytes, test: Test, output: bytes, limits: Limits, lease: str
) -> RunRequest:
    """A run of a referee over one test."""
    given = (test.stdin.encode(), output, test.expected.encode())
    return RunRequest(
        language=program.language,
        files=sources(program) | dict(zip(ARGUMENTS, given, strict=True)),
        entry=program.entry,
        args=ARGUMENTS,
        limits=limits,
        lease=lease,
        stage="run",
        build=build,
    )


def finding_of(result: RunResult, errors: bytes) -> Finding | None:
    """What a referee found; None when it broke, which is never the solution's fault."""
    code = {"ok": 0, "failed": result.exit_code}.get(result.status)
    note = errors[:NOTE_BYTES].decode(errors="replace").strip()
    if code in _AC:
        return Finding("AC", note)
    if code in _WA:
        return Finding("WA", note, 0.0)
    if code in _PE:
        return Finding("PE", note, 0.0)
    return _partly(note) if code == _PARTLY else None


def _partly(note: str) -> Finding | None:
    found = _SHARE.match(note)
    if not found:
        return None
    share = min(1.0, float(found[1]))
    rest = note[found.end() :].strip()
    if share >= 1.0:
        return Finding("AC", rest, ACCEPTED.share)
    return Finding("WA", rest, share)
