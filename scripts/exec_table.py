"""Writes the README's table of runs from `loadtests/results/exec.json`. Run by `make docs`."""

import json
import re
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
README = ROOT / "README.md"
RESULTS = ROOT / "loadtests/results/exec.json"
START, END = "<!-- made by make docs: runs -->\n", "<!-- runs end -->\n"
HEAD = "| what | p50 / p95 | × plain, p50 | × plain, p95 | wanted |\n|---|---|---|---|---|"


def section() -> str:
    """The table, and what it was measured with."""
    run = json.loads(RESULTS.read_text(encoding="utf-8"))
    lines = [_line(row) for rows in run["parts"].values() for row in rows]
    machine = re.sub(r", load .*", "", next(iter(run["machine"].values())))
    return "\n".join([HEAD, *lines, "", f"`python -m loadtests.exec` ({machine}).", ""])


def _line(row: dict[str, Any]) -> str:
    ratios = ["" if row[key] is None else f"{row[key]:.2f}" for key in ("p50", "p95")]
    return f"| {' | '.join([row['what'], row['figures'], *ratios, row['wanted']])} |"


def main() -> None:
    """Replace what stands between the marks."""
    text = README.read_text(encoding="utf-8")
    marks = re.escape(START) + "(.*?)" + re.escape(END)
    README.write_text(re.sub(marks, lambda _: START + section() + END, text, flags=re.DOTALL), encoding="utf-8")


if __name__ == "__main__":
    main()
