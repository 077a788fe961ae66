"""What was measured, as data: kept in `loadtests/results/exec.json`, shown in `exec.md` and in the README."""

from pathlib import Path

import msgspec

from loadtests.exec.measures import Spread

RESULTS = Path(__file__).resolve().parents[1] / "results"
HEAD = "| what | p50 / p95 | × plain, p50 | × plain, p95 | wanted |\n|---|---|---|---|---|"


class Row(msgspec.Struct, frozen=True):
    """One line: what, figures in words, the ratios to plain, what was wanted."""

    what: str
    figures: str
    p50: float | None = None
    p95: float | None = None
    wanted: str = ""

    def line(self) -> str:
        """As Markdown."""
        ratios = ["" if ratio is None else f"{ratio:.2f}" for ratio in (self.p50, self.p95)]
        return f"| {' | '.join([self.what, self.figures, *ratios, self.wanted])} |"


class Results(msgspec.Struct):
    """The rows of each part, and on what machine they were measured."""

    machine: dict[str, str] = {}
    parts: dict[str, list[Row]] = {}


def spread_row(what: str, mine: Spread, base: Spread, wanted: str = "") -> Row:
    """A row of milliseconds, beside the plain ones of the same run."""
    figures = f"{mine.p50 * 1000:.1f} / {mine.p95 * 1000:.1f} ms"
    return Row(what, figures, round(mine.p50 / base.p50, 2), round(mine.p95 / base.p95, 2), wanted)


def read() -> Results:
    """Those of earlier runs; nothing if there are none."""
    path = RESULTS / "exec.json"
    return msgspec.json.decode(path.read_bytes(), type=Results) if path.exists() else Results()


def write(part: str, rows: list[Row], machine: str) -> None:
    """Put the rows of one part in place of its last ones."""
    results = read()
    results.parts[part] = rows
    results.machine[part] = machine
    (RESULTS / "exec.json").write_bytes(msgspec.json.format(msgspec.json.encode(results), indent=1) + b"\n")
    (RESULTS / "exec.md").write_text(f"# Runs, beside a plain fork/exec\n\n{table(results)}", encoding="utf-8")


def table(results: Results) -> str:
    """All parts as Markdown, and what they were measured on."""
    lines = [row.line() for rows in results.parts.values() for row in rows]
    machines = [f"{part}: {machine}." for part, machine in results.machine.items()]
    return "\n".join([HEAD, *lines, "", *machines, ""])
