"""Hostile updates against the gate and the library behind it. More of them: `python -m tests.fuzz.gate SEED CASES`."""

import contextlib
import json
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from realtime.errors import ProtocolViolation
from realtime.protocol import decode_hocuspocus, decode_y
from realtime.update import check_update

ROOT = Path(__file__).resolve().parents[2]
CASES = 3000


@pytest.fixture(scope="module")
def outcome(tmp_path_factory: pytest.TempPathFactory) -> tuple[int, str, list[dict[str, Any]], Path]:
    """Exit status, last line, findings and accepted updates of a few thousand cases."""
    accepted = tmp_path_factory.mktemp("fuzz") / "accepted"
    command = [sys.executable, "-m", "tests.fuzz.gate", "ci", str(CASES), "0", str(accepted)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    lines = done.stdout.splitlines()
    return done.returncode, lines[-1], [json.loads(line) for line in lines if line.startswith("{")], accepted


def test_U2_no_update_ends_the_process(outcome: tuple[int, str, list[dict[str, Any]], Path]) -> None:
    status, last, _, _ = outcome
    assert (status, last) == (0, "done")


def test_U3_U7_U9_nothing_that_passes_surprises_anybody(
    outcome: tuple[int, str, list[dict[str, Any]], Path],
) -> None:
    """A document may break, which is noticed; all else that can be seen of an accepted update is as it should be."""
    _, _, findings, _ = outcome
    assert [finding for finding in findings if finding["what"] != "broken"] == []
    assert len(findings) < CASES / 100


def test_U8_the_reference_implementation_reads_what_passes(
    outcome: tuple[int, str, list[dict[str, Any]], Path], tmp_path: Path
) -> None:
    script = ROOT / "tests/fuzz/read.mjs"
    node = shutil.which("node")
    assert node is not None
    done = subprocess.run([node, str(script), str(outcome[3])], capture_output=True, text=True, check=False)
    assert (done.stdout, done.returncode) == (f"read {CASES}\n", 0), done.stderr


def decode_anything(frame: bytes) -> None:
    with contextlib.suppress(ProtocolViolation):
        decode_y(frame)
    with contextlib.suppress(ProtocolViolation):
        decode_hocuspocus(frame, 256)
    with contextlib.suppress(ProtocolViolation):
        check_update(frame)


@given(st.binary(max_size=200))
def test_W3_decoding_raises_nothing_but_a_violation(frame: bytes) -> None:
    decode_anything(frame)


@given(st.lists(st.sampled_from([0, 1, 2, 3, 4, 5, 7, 8, 9, 10, 0x7F, 0x80, 0xFF]), max_size=40))
def test_W3_nor_on_bytes_that_mean_something(frame: list[int]) -> None:
    decode_anything(bytes(frame))
