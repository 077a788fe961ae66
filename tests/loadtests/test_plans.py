"""Plans are made of real updates, and results say what was measured."""

import random
import struct
import xml.etree.ElementTree as ElementTree
from itertools import pairwise
from pathlib import Path
from typing import Any

import msgspec
from pycrdt import Doc, Text

from loadtests.peers import chart, report
from loadtests.peers.plans import CLIENT_BASE, CURSOR, EDIT, ROOT, Shape, Typist, typing_events, write_plan
from loadtests.peers.report import Result

SHAPE = Shape(rooms=1, size=3, typists=3, rate=10.0, seconds=2.0, cursors=True)


def text_of(updates: list[bytes]) -> str:
    doc: Doc[Any] = Doc()
    for update in updates:
        doc.apply_update(update)
    return str(doc.get(ROOT, type=Text))


def test_L7_updates_are_valid_in_any_order() -> None:
    edits = [event.body for event in typing_events(SHAPE, random.Random(1)) if event.kind == EDIT]
    shuffled = random.Random(2).sample(edits, len(edits))
    assert text_of(edits) == text_of(shuffled)
    assert len(text_of(edits)) == 3 * 20 * 5


def test_L7_replacing_a_text_leaves_one_text() -> None:
    typist = Typist(0, 1000, random.Random(1))
    assert len(text_of([typist.replace_all() for _ in range(5)])) == 1000


def test_L7_a_cursor_follows_its_edit_with_a_growing_clock() -> None:
    events = [event for event in typing_events(SHAPE, random.Random(1)) if event.client == 0]
    kinds = [event.kind for event in events]
    assert kinds == [EDIT, CURSOR] * 20
    cursors = [event for event in events if event.kind == CURSOR]
    assert [event.index for event in cursors] == list(range(20))
    assert 240 <= len(cursors[9].body) <= 300


def test_L6_a_plan_is_in_the_order_of_time(tmp_path: Path) -> None:
    write_plan(tmp_path / "plan", SHAPE, list(typing_events(SHAPE, random.Random(1))))
    data = (tmp_path / "plan").read_bytes()
    magic, rooms, clients, units, events, base, _ = struct.unpack_from("<8sIIIIQQ", data)
    assert (magic, rooms, clients, units, base) == (b"sgplan1\0", 1, 3, 5, CLIENT_BASE)
    start = struct.calcsize("<8sIIIIQQ") + clients * struct.calcsize("<IIQII")
    times = [struct.unpack_from("<QQIIII", data, start + 32 * row)[0] for row in range(events)]
    assert all(before <= after for before, after in pairwise(times))


def result() -> Result:
    rounds = {
        "limit": [{"us_per_delivery": 4.0}, {"us_per_delivery": 6.0}, {"us_per_delivery": 5.0}],
        "sangam": [{"us_per_delivery": 10.0, "lost": 0.0}],
        "hocuspocus": [{"us_per_delivery": 20.0, "lost": 0.0}],
    }
    return Result("class", "one < two", rounds)


def test_L6_ratios_are_taken_within_one_run() -> None:
    medians = result().medians()
    assert medians["limit"]["us_per_delivery"] == 5.0
    assert medians["sangam"]["ratio"] == 2.0
    assert medians["sangam"]["ratio_best"] == 0.5


def test_L6_results_are_written_as_table_chart_and_json(tmp_path: Path) -> None:
    report.save([result()], {"cores": "2"}, "short", tmp_path, chart.draw([result()]))
    whole = msgspec.json.decode((tmp_path / "results.json").read_bytes())
    assert whole["scenarios"]["class"]["medians"]["sangam"]["ratio"] == 2.0
    assert "10.0 (× 2.0)" in "".join(ElementTree.parse(tmp_path / "results.svg").getroot().itertext())
    assert "| Sangam, y-websocket dialect" in (tmp_path / "results.md").read_text()
