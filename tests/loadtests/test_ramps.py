"""Does a ramp find the end?"""

import pytest

from loadtests.peers import ramps
from loadtests.peers.plans import Shape
from loadtests.peers.ramps import ramp
from loadtests.peers.scenarios import Figures
from loadtests.peers.stage import Stage
from tests.loadtests.conftest import relay_with

SHAPE = Shape(rooms=1, size=3, typists=1, rate=10.0, seconds=0.5)
LOST_AT = 30


def judged(stage: Stage, *faults: str, most: float) -> Figures:
    with stage.server(relay_with(*faults)) as server:
        return ramp(stage, server, SHAPE, most)


@pytest.fixture
def on_a_busy_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    """Only what is lost ends a ramp."""
    monkeypatch.setattr(ramps, "FAST_ENOUGH_MS", 20_000.0)
    monkeypatch.setattr(ramps, "PATIENCE_SECONDS", 20.0)


@pytest.mark.usefixtures("on_a_busy_machine")
def test_L10_an_honest_relay_has_no_end_so_near(stage: Stage) -> None:
    figures = judged(stage, most=160.0)
    assert figures["deliveries_per_second"] == 160 * 2
    assert figures["at_least"] == 1.0


def test_L10_a_server_that_is_slow_from_the_start_reaches_nothing(stage: Stage) -> None:
    figures = judged(stage, "--delay-ms", "150", most=160.0)
    assert (figures["deliveries_per_second"], figures["at_least"]) == (0.0, 0.0)


@pytest.mark.usefixtures("on_a_busy_machine")
def test_L10_the_end_is_found_to_within_a_fifth(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    """A relay that drops every n-th edit loses none while there are fewer; a fresh one at each rate."""
    monkeypatch.setattr(ramps, "_play", fresh(LOST_AT))
    monkeypatch.setattr(ramps, "PATIENCE_SECONDS", 6.0)
    monkeypatch.setattr(ramps, "TRIES", 1)
    figures = judged(stage, most=2560.0)
    edits = figures["deliveries_per_second"] / 2 * SHAPE.seconds
    assert edits < LOST_AT <= edits * ramps.PRECISION + 1
    assert figures["at_least"] == 0.0


def fresh(lost_at: int) -> object:
    play = ramps._play

    def played(stage: Stage, _server: object, shape: Shape, rooms: str) -> Figures:
        with stage.server(relay_with("--drop-every", str(lost_at))) as server:
            return play(stage, server, shape, rooms)

    return played
