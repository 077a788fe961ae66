"""Single runs for the judge: perform one to its end, hear it out, compile once and keep what came of it."""

import asyncio
import hashlib
from collections import OrderedDict
from collections.abc import Callable
from typing import TypeVar

import msgspec

from exec_pool.errors import RunnerFull
from exec_pool.judge_build import build_limits
from exec_pool.judge_problem import Program
from exec_pool.limits import MIB, Limits
from exec_pool.programs import Programs
from exec_pool.runs import Event, Output, Restarted, RunRequest, RunResult

RETRY_SECONDS = 0.1
Started = TypeVar("Started")

MOST_KEPT = 16
MOST_KEPT_BYTES = 64 * MIB


class Heard:
    """What a run wrote, by stream; the limits of the run bound it."""

    def __init__(self) -> None:
        self._parts: list[Output] = []

    def __call__(self, event: Event) -> None:
        if isinstance(event, Output):
            self._parts.append(event)
        elif isinstance(event, Restarted):
            self._parts.clear()

    def text(self, *streams: str) -> bytes:
        """All of these streams, as it came."""
        return b"".join(part.data for part in self._parts if part.stream in streams)


async def when_free(start: Callable[[], Started]) -> Started:
    """What `start` gives; again a little later while the Runner is full."""
    while True:
        try:
            return start()
        except RunnerFull:
            await asyncio.sleep(RETRY_SECONDS)


class Built(msgspec.Struct, frozen=True):
    """A compiled program, or why there is none (`build` is None). `compiled` is False where there is no compiler."""

    result: RunResult
    build: bytes | None
    output: bytes
    compiled: bool = True


def sources(program: Program) -> dict[str, bytes]:
    """The files of a program as bytes. A lone surrogate (JSON can spell one) becomes a question mark."""
    return {path: text.encode(errors="replace") for path, text in program.files.items()}


class Bench:
    """Runs requests in a Runner. One per judge; keeps the builds of the last checkers and interactors."""

    def __init__(self, runner: Programs) -> None:
        self._runner = runner
        self._kept: OrderedDict[bytes, bytes] = OrderedDict()

    async def perform(self, request: RunRequest) -> tuple[RunResult, Heard]:
        """One run with its input closed; cancelling this stops it. Raises what `Runner.submit` raises, but waits
        while the Runner is full."""
        heard = Heard()
        run = await when_free(lambda: self._runner.submit(request, heard))
        try:
            run.close_stdin()
            return await run.result(), heard
        finally:
            run.stop()

    async def build(self, program: Program, limits: Limits, lease: str) -> Built:
        """Compile a program, if its language is compiled."""
        return await self.build_files(program.language, sources(program), program.entry, limits, lease)

    async def build_files(
        self,
        language: str,
        files: dict[str, bytes],
        entry: str,
        limits: Limits,
        lease: str,
        options: tuple[str, ...] = (),
    ) -> Built:
        """The same for files of any bytes, with options."""
        if any(not row.compile for row in self._runner.table if row.id == language):
            return Built(RunResult(status="ok"), b"", b"", compiled=False)
        result, heard = await self.perform(
            RunRequest(
                language=language,
                files=files,
                entry=entry,
                options=options,
                limits=build_limits(limits),
                lease=lease,
                stage="build",
            )
        )
        build = heard.text("stdout") if result.status == "ok" else None
        return Built(result, build, heard.text("compile"))

    async def build_once(self, program: Program, limits: Limits, lease: str) -> Built:
        """The same for a program of the problem: many submissions use one build."""
        key = hashlib.sha256(msgspec.msgpack.encode(program)).digest()
        if key in self._kept:
            self._kept.move_to_end(key)
            return Built(RunResult(status="ok"), self._kept[key], b"")
        built = await self.build(program, limits, lease)
        if built.build is not None:
            self._kept[key] = built.build
        while len(self._kept) > MOST_KEPT or sum(map(len, self._kept.values())) > MOST_KEPT_BYTES:
            self._kept.popitem(last=False)
        return built
