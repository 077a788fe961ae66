"""Writes the README's comparison with other servers from `loadtests/results`. Run by `make docs`."""

import json
import re
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
README = ROOT / "README.md"
RESULTS = ROOT / "loadtests/results/results.json"
START, END = "<!-- made by make docs: comparison -->\n", "<!-- comparison ends -->\n"
SERVERS = {
    "sangam": "**Sangam**, y-websocket dialect",
    "sangam-collab": "**Sangam**, Hocuspocus dialect",
    "y-websocket": "@y/websocket-server 0.1.1",
    "hocuspocus": "Hocuspocus 4.7.0",
    "pycrdt": "pycrdt-websocket 0.16.5",
    "limit": "a relay in C that knows no documents",
}
COLUMNS = [
    ("class", "us_per_delivery", "class, µs", ".1f"),
    ("pairs", "us_per_delivery", "pairs, µs", ".1f"),
    ("crowd", "us_per_delivery", "crowd, µs", ".1f"),
    ("crowd", "p99_ms", "crowd p99, ms", ".1f"),
    ("join", "alone_ms", "join, ms", ".1f"),
    ("join", "last_ms", "100 joins, ms", ".0f"),
    ("idle", "kib_per_connection", "KiB a connection", ".1f"),
]
MORE = [
    ("ramp-class", "deliveries_per_second", "class, most deliveries/s", ",.0f"),
    ("ramp-crowd", "deliveries_per_second", "crowd, most deliveries/s", ",.0f"),
    ("stall", "grown_mib", "one stalls, MiB grown", ".1f"),
    ("storm", "seconds", "2,000 are back, s", ".1f"),
    ("many", "mib", "10,000 connections, MiB", ".0f"),
    ("many", "p99_ms", "their p99, ms", ".0f"),
    ("large", "pause_ms", "longest wait beside 20 MB, ms", ".0f"),
    ("idle", "kib_per_room", "KiB an idle room", ".1f"),
    ("cycles", "kib_per_room", "KiB kept of a closed room", ".2f"),
]
"""What takes longer to measure: the columns of those that were."""

Column = tuple[str, str, str, str]


def section() -> str:
    """The tables, and what they were measured with."""
    run = json.loads(RESULTS.read_text(encoding="utf-8"))
    machine = ", ".join(f"{key} {value}" for key, value in run["machine"].items())
    more = [column for column in MORE if column[0] in run["scenarios"]]
    lines = _table(run["scenarios"], COLUMNS)
    lines += ["", *_table(run["scenarios"], more)] if more else []
    return "\n".join([*lines, "", f"One run of `make bench` ({machine}).", ""])


def _table(scenarios: dict[str, Any], columns: list[Column]) -> list[str]:
    """Without the servers of which nothing is known."""
    lines = ["| server | " + " | ".join(title for _, _, title, _ in columns) + " |", "|---|" + "---|" * len(columns)]
    for name, title in SERVERS.items():
        cells = [_cell(scenarios, scenario, name, key, style) for scenario, key, _, style in columns]
        if set(cells) != {"–"}:
            lines.append(f"| {title} | " + " | ".join(cells) + " |")
    return lines


def _cell(scenarios: dict[str, Any], scenario: str, server: str, key: str, style: str) -> str:
    figures = scenarios.get(scenario, {}).get("medians", {}).get(server, {})
    if key not in figures:
        return "–"
    return ("≥ " if figures.get("at_least") else "") + format(figures[key], style)


def main() -> None:
    """Replace what stands between the marks."""
    text = README.read_text(encoding="utf-8")
    marks = re.escape(START) + "(.*?)" + re.escape(END)
    README.write_text(re.sub(marks, lambda _: START + section() + END, text, flags=re.DOTALL), encoding="utf-8")


if __name__ == "__main__":
    main()
