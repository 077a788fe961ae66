"""Figures as text, Markdown and JSON."""

import statistics
from pathlib import Path
from typing import Any

import msgspec

from loadtests.peers.scenarios import Figures
from loadtests.peers.servers import PEERS

TITLES = {peer.name: peer.title for peer in PEERS}
OTHERS = ("y-websocket", "hocuspocus", "pycrdt")
COLUMNS: dict[str, list[tuple[str, str, str]]] = {
    "steady": [
        ("us_per_delivery", "µs CPU per delivery", ".1f"),
        ("ratio", "× limit", ".1f"),
        ("ratio_best", "× best peer", ".2f"),
        ("p50_ms", "p50 ms", ".2f"),
        ("p99_ms", "p99 ms", ".1f"),
        ("lost", "edits lost", ".0f"),
        ("duplicates", "edits twice", ".0f"),
        ("cursors_skipped", "cursors skipped", ".0f"),
        ("driver_share", "driver's share of its core", ".2f"),
    ],
    "join": [
        ("alone_ms", "alone, ms", ".1f"),
        ("last_ms", "100 at once, last, ms", ".0f"),
        ("cpu_ms_per_join", "CPU ms per join", ".2f"),
        ("joined", "got in", ".0f"),
    ],
    "rush": [("joined", "of 100 got in", ".0f"), ("last_ms", "last, ms", ".0f")],
    "idle": [
        ("empty_mib", "empty, MiB", ".0f"),
        ("first_mib", "more with the first 20 rooms, MiB", ".1f"),
        ("kib_per_connection", "KiB per connection", ".1f"),
        ("kib_per_room", "KiB per room", ".1f"),
    ],
    "kill": [("shown", "edits that others had seen", ".0f"), ("lost_of_shown", "of them lost", ".0f")],
    "ramp": [
        ("deliveries_per_second", "deliveries/s", ",.0f"),
        ("at_least", "no limit found", ".0f"),
        ("p99_ms", "p99 ms", ".1f"),
        ("us_per_delivery", "µs CPU per delivery", ".2f"),
        ("cursors_skipped", "cursors skipped", ",.0f"),
        ("cursors_expected", "of", ",.0f"),
        ("driver_share", "driver's share of its core", ".2f"),
    ],
    "stall": [
        ("grown_mib", "grown, MiB", ".1f"),
        ("p99_ms", "p99 of the others, ms", ".1f"),
        ("calm_p99_ms", "the same with nobody stalled, ms", ".1f"),
        ("lost", "edits lost", ".0f"),
        ("caught_up", "caught up", ".0f"),
        ("catch_up_seconds", "after seconds", ".1f"),
    ],
    "large": [
        ("document_mib", "MiB of document", ".1f"),
        ("pause_ms", "longest wait in another room, ms", ".1f"),
        ("p99_ms", "p99 there, ms", ".1f"),
        ("calm_ms", "longest before, ms", ".1f"),
        ("seconds", "seconds until all were in", ".1f"),
    ],
    "storm": [
        ("back", "back", ".0f"),
        ("seconds", "seconds", ".1f"),
        ("cpu_ms_per_join", "CPU ms per join", ".2f"),
    ],
    "many": [
        ("joined", "connections", ".0f"),
        ("seconds_to_join", "seconds to join", ".1f"),
        ("mib", "MiB", ".0f"),
        ("kib_per_connection", "KiB per connection", ".1f"),
        ("us_per_delivery", "µs CPU per delivery", ".1f"),
        ("p99_ms", "p99 ms", ".1f"),
        ("lost", "edits lost", ".0f"),
    ],
    "cycles": [
        ("first_mib", "after one, MiB", ".1f"),
        ("half_mib", "half way, MiB", ".1f"),
        ("last_mib", "at the end, MiB", ".1f"),
        ("kib_per_room", "KiB kept per room, second half", ".2f"),
    ],
}


class Result(msgspec.Struct):
    """One scenario: the figures of each round, by server."""

    name: str
    text: str
    rounds: dict[str, list[Figures]] = {}
    commit: str = ""
    """What was measured, if that was something else than the rest."""

    def medians(self) -> dict[str, Figures]:
        found = {peer: _median(figures) for peer, figures in self.rounds.items() if figures}
        _add_ratios(found)
        return found


def _median(rounds: list[Figures]) -> Figures:
    return {key: statistics.median(figures.get(key, 0.0) for figures in rounds) for key in rounds[-1]}


def _add_ratios(found: dict[str, Figures]) -> None:
    costs = {peer: figures["us_per_delivery"] for peer, figures in found.items() if figures.get("us_per_delivery")}
    best = min((costs[peer] for peer in OTHERS if peer in costs), default=None)
    for peer, value in costs.items():
        if "limit" in costs:
            found[peer]["ratio"] = value / costs["limit"]
        if best is not None:
            found[peer]["ratio_best"] = value / best


def columns(name: str) -> list[tuple[str, str, str]]:
    return COLUMNS.get(name) or COLUMNS.get(name.split("-")[0]) or COLUMNS["steady"]


def markdown(results: list[Result], machine: dict[str, str], mode: str) -> str:
    """A table for each scenario."""
    about = ", ".join(f"{key} {value}" for key, value in machine.items())
    lines = ["# Sangam beside other servers", "", f"The {mode} form of `make bench`, on one machine: {about}.", ""]
    lines += ["How to read these figures: [README](../README.md). Cells are medians over the rounds.", ""]
    for result in results:
        about = f"{result.text}; rounds: {_rounds(result)}" + (f"; commit {result.commit}" if result.commit else "")
        lines += [f"## {result.name}", "", f"{about}.", "", *table(result), ""]
    return "\n".join(lines)


def _rounds(result: Result) -> int:
    return max((len(rounds) for rounds in result.rounds.values()), default=0)


def table(result: Result) -> list[str]:
    """Lines of a Markdown table, which reads well as text too."""
    heads = columns(result.name)
    rows = [["server", *(title for _, title, _ in heads)]]
    for peer, figures in result.medians().items():
        rows.append([TITLES[peer], *(_cell(figures, key, style) for key, _, style in heads)])
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    lines = [_line(row, widths) for row in rows]
    return [lines[0], "|" + "|".join("-" * (width + 2) for width in widths) + "|", *lines[1:]]


def _line(row: list[str], widths: list[int]) -> str:
    cells = [row[0].ljust(widths[0]), *(cell.rjust(width) for cell, width in zip(row[1:], widths[1:], strict=True))]
    return "| " + " | ".join(cells) + " |"


def _cell(figures: Figures, key: str, style: str) -> str:
    return format(figures[key], style) if key in figures else "–"


def save(results: list[Result], machine: dict[str, str], mode: str, folder: Path, chart: str) -> None:
    """Write results.json, results.md and results.svg."""
    folder.mkdir(parents=True, exist_ok=True)
    scenarios = {
        result.name: {
            **{"text": result.text, "commit": result.commit},
            **{"medians": _rounded(result.medians()), "rounds": _rounded(result.rounds)},
        }
        for result in results
    }
    whole = {"mode": mode, "machine": machine, "scenarios": scenarios}
    (folder / "results.json").write_bytes(msgspec.json.format(msgspec.json.encode(whole), indent=1) + b"\n")
    (folder / "results.md").write_text(markdown(results, machine, mode))
    (folder / "results.svg").write_text(chart)


def added(folder: Path, results: list[Result]) -> list[Result]:
    """With the other scenarios that a folder has, each with the commit it was measured at."""
    path = folder / "results.json"
    if not path.exists():
        return results
    whole = msgspec.json.decode(path.read_bytes())
    measured = {result.name for result in results}
    kept = [
        Result(name, scenario["text"], scenario["rounds"], scenario.get("commit") or whole["machine"]["commit"])
        for name, scenario in whole["scenarios"].items()
        if name not in measured
    ]
    return kept + results


def _rounded(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _rounded(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [_rounded(inner) for inner in value]
    return round(value, 3) if isinstance(value, float) else value
