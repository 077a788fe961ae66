"""The reference implementation reads what newcomers are given of large documents."""

import shutil
import struct
import subprocess
from pathlib import Path
from typing import Any

import pytest
from pycrdt import Doc

from realtime import cutting
from realtime.amending import Amendable
from tests.realtime.test_snapshot import People, snapshot_of

SCRIPT = Path(__file__).resolve().parent / "read.mjs"
CASES = 60


def one_case(seed: int) -> list[bytes]:
    """The parts of a snapshot, then that snapshot with what came since as one update."""
    people = People(seed, 3)
    people.edit(80)
    snapshot = snapshot_of(people.gathered())
    base = Amendable(snapshot)
    people.docs.append(Doc(client_id=seed + 1))
    people.edit(40)
    doc: Doc[Any] = people.gathered()
    return [*snapshot.updates(), b"".join(base.amended(doc.get_update(base.vector)))]


def test_U11_U12_the_reference_implementation_reads_parts_and_amended_snapshots(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cutting, "PART_STRUCTS", 3)
    with (tmp_path / "cases").open("wb") as file:
        for number in range(CASES):
            updates = one_case(number)
            file.write(struct.pack(">II", number, len(updates)))
            for update in updates:
                file.write(struct.pack(">I", len(update)) + update)
    node = shutil.which("node")
    assert node is not None
    done = subprocess.run([node, str(SCRIPT), str(tmp_path / "cases")], capture_output=True, text=True, check=False)
    assert (done.stdout, done.returncode) == (f"read {CASES}\n", 0), done.stderr
