"""Running little programs in a Runner, for all tests of the package."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field

from exec_pool.job import Run
from exec_pool.languages import LANGUAGES, Language
from exec_pool.limits import MIB, Limits
from exec_pool.runner_pool import Runner
from exec_pool.runs import Event, Output, RunRequest, RunResult

ROWS: dict[str, Language] = {row.id: row for row in LANGUAGES}
SHORT = Limits(wall_seconds=40, cpu_seconds=2, memory_bytes=128 * MIB, processes=30)


@dataclass
class Heard:
    """What a run said so far."""

    events: list[Event] = field(default_factory=list)

    def text(self, stream: str = "stdout") -> str:
        parts = [event.data for event in self.events if isinstance(event, Output) and event.stream == stream]
        return b"".join(parts).decode(errors="replace")


@dataclass
class Outcome(Heard):
    """A run that has ended."""

    result: RunResult = field(default_factory=lambda: RunResult(status="internal_error"))


def request(
    language: str,
    text: str,
    *,
    files: dict[str, str] | None = None,
    entry: str = "",
    limits: Limits = SHORT,
    lease: str = "",
    args: tuple[str, ...] = (),
    stdin: bytes = b"",
) -> RunRequest:
    entry = entry or ROWS[language].file_name
    room = {path: content.encode() for path, content in (files or {}).items()}
    return RunRequest(
        language=language,
        files=room | {entry: text.encode()},
        entry=entry,
        args=args,
        stdin=stdin,
        limits=limits,
        lease=lease,
    )


def start(runner: Runner, wanted: RunRequest) -> tuple[Run, Outcome]:
    heard = Outcome()
    return runner.submit(wanted, heard.events.append), heard


async def until(condition: Callable[[], bool], seconds: float = 30.0) -> None:
    """Wait for a condition; TimeoutError when it does not come true."""
    async with asyncio.timeout(seconds):
        while not condition():
            await asyncio.sleep(0.005)


async def perform(runner: Runner, wanted: RunRequest) -> Outcome:
    """Run it with its standard input closed."""
    run, heard = start(runner, wanted)
    run.close_stdin()
    heard.result = await run.result()
    return heard


async def python(runner: Runner, text: str, limits: Limits = SHORT, lease: str = "") -> Outcome:
    return await perform(runner, request("python", text, limits=limits, lease=lease))
