"""Where programs run, as a port: in this process (`Runner`), or wherever an adapter takes them."""

from typing import Protocol

import msgspec

from exec_pool.job import Run
from exec_pool.language import Language, LanguageInfo
from exec_pool.runs import EventSink, RunRequest
from exec_pool.turns import Place


class Availability(msgspec.Struct, frozen=True):
    """Can code run here? `reason` says why not and how to mend it; `checking` while that is being found out."""

    ok: bool
    reason: str
    engine: str
    checking: bool = False


class RunnerStats(msgspec.Struct, frozen=True):
    """Numbers for metrics; `finished` counts results by status since the start."""

    running: int
    queued: int
    idle_cells: int
    cells_opened: int
    refused: int
    finished: dict[str, int]


class Programs(Protocol):
    """One per process, on one event loop."""

    table: tuple[Language, ...]

    @property
    def availability(self) -> Availability: ...

    @property
    def languages(self) -> tuple[LanguageInfo, ...]: ...

    async def open(self) -> None:
        """Never raises for a sandbox that is missing: see `availability`."""

    async def checked(self) -> Availability:
        """Wait until it is known."""

    async def close(self) -> None:
        """Runs end as `stopped`."""

    def language_of(self, path: str) -> str | None:
        """The id of the language of a file, by its extension."""

    def submit(self, request: RunRequest, on_event: EventSink) -> Run:
        """Queue a run. Raises SandboxUnavailable, LanguageUnavailable, BadRequest or RunnerFull, and starts nothing."""

    def end_lease(self, lease: str) -> None:
        """No more runs of this lease come."""

    def place(self, run: Run) -> Place | None:
        """Where a run stands in the line, position 0 if it has begun; None when it is over."""

    def stats(self) -> RunnerStats:
        """The numbers of this moment."""
