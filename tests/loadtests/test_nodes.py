"""The page of several nodes: what it says of turns and of losses."""

from pathlib import Path

from loadtests.nodes.__main__ import Turn
from loadtests.nodes.__main__ import table as costs
from loadtests.nodes.houses import KINDS
from loadtests.nodes.kills import Loss
from loadtests.nodes.kills import table as losses
from loadtests.nodes.results import write_part


def test_L12_a_part_is_written_anew_and_others_stay(tmp_path: Path) -> None:
    page = tmp_path / "nodes.md"
    for title, text in (("Cost", "old"), ("Killed", "kept\n\n| a |"), ("Cost", "new")):
        write_part(title, text, page)
    text = page.read_text()
    assert text.startswith("# Several nodes\n\n## Cost\n\nnew\n") and "kept\n\n| a |" in text and "old" not in text
    assert text.count("## ") == 2


def test_L12_the_ratio_is_that_of_pairs_of_turns() -> None:
    one = [Turn(1.0, 4.0, us, 0.5, 0) for us in (10.0, 20.0, 30.0)]
    two = [Turn(2.0, 9.0, us, 0.6, 1) for us in (12.0, 30.0, 45.0)]
    text = costs(one, two)
    assert "| p50, ms | 1.00 | 2.00 | +1.00 |" in text and "| p99, ms | 4.00 | 9.00 | +5.00 |" in text
    assert "| processor µs per delivery | 20.00 | 30.00 | × 1.50 |" in text and "| edits lost | 0 | 3 | |" in text


def test_L12_what_was_not_played_is_no_loss_of_nothing() -> None:
    kinds = list(KINDS)
    found = {(kind.name, fault): dict[str, Loss]() for kind in kinds for fault in ("node", "broker", "outage")}
    found["sangam", "node"] = {"together": Loss(1200, 0, 0), "spread": Loss(7, 2, 1)}
    text = losses(found, kinds)
    assert "| 0 of 1,200 | – | – |" in text and "| 2 of 7 | – | – |" in text
