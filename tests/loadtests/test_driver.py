"""Does the benchmark notice what a server does wrong?"""

import msgspec
import pytest

from loadtests.peers import scenarios
from loadtests.peers.plans import Shape
from loadtests.peers.servers import SANGAM, SANGAM_COLLAB, Peer
from loadtests.peers.stage import Stage
from tests.loadtests.conftest import Playing, relay_with

SMALL = Shape(rooms=3, size=4, typists=2, rate=20.0, seconds=1.0, cursors=True)
EDITS = 3 * 2 * 20
DELIVERIES = EDITS * 3
FAST = Shape(rooms=1, size=5, typists=5, rate=400.0, seconds=1.0, cursors=True)


def test_L1_an_honest_relay_shows_nothing_wrong(play: Playing) -> None:
    told = play(relay_with(), SMALL)
    assert told["edits_delivered"] == told["edits_expected"] == DELIVERIES
    assert told["cursors_delivered"] == told["cursors_expected"] == DELIVERIES
    assert (told["duplicates"], told["cursors_stale"], told["strange"], told["dropped"]) == (0, 0, 0, 0)


def test_L1_a_dropped_edit_is_lost(play: Playing) -> None:
    told = play(relay_with("--drop-every", "5"), SMALL, seconds=4.0)
    assert told["edits_expected"] - told["edits_delivered"] == EDITS // 5 * 3


def test_L1_an_edit_sent_twice_is_a_duplicate(play: Playing) -> None:
    told = play(relay_with("--twice-every", "4"), SMALL, linger=2.0)
    assert told["duplicates"] == EDITS // 4 * 3
    assert told["edits_delivered"] == told["edits_expected"]


def test_L2_a_delay_shows_in_the_percentiles(play: Playing) -> None:
    told = play(relay_with("--delay-ms", "80"), SMALL)
    assert told["edits_delivered"] == told["edits_expected"]
    assert 80_000 <= told["p50_us"] <= told["p99_us"]


@pytest.mark.parametrize("peer", [SANGAM, SANGAM_COLLAB], ids=lambda peer: peer.name)
def test_L3_merged_updates_are_taken_apart(play: Playing, peer: Peer) -> None:
    told = play(peer, FAST, seconds=15.0)
    assert told["edits_delivered"] == told["edits_expected"] == 5 * 400 * 4
    assert told["frames"] < told["edits_delivered"] + told["cursors_delivered"] + told["acknowledged"]
    assert (told["duplicates"], told["strange"]) == (0, 0)


def test_L4_a_skipped_cursor_is_told_from_a_stale_one(play: Playing) -> None:
    told = play(SANGAM, FAST, seconds=15.0)
    assert told["cursors_delivered"] <= told["cursors_expected"]
    assert told["cursors_stale"] == 0


def test_L4_a_cursor_that_is_still_on_its_way_is_stale(play: Playing) -> None:
    told = play(relay_with("--delay-ms", "20000"), SMALL, seconds=0.2)
    assert told["cursors_stale"] == 3 * 2 * 3


def test_L5_an_edit_that_was_shown_is_missed_when_it_is_gone(stage: Stage) -> None:
    """The relay keeps nothing, so whoever comes after its restart finds nothing."""
    shape = Shape(rooms=2, size=4, typists=2, rate=10.0, seconds=2.0)
    with stage.server(relay_with()) as server:
        forgetful = scenarios.kill(stage, server, shape)
    with stage.server(SANGAM, keeps=True) as server:
        sangam = scenarios.kill(stage, server, shape)
    assert forgetful["lost_of_shown"] == forgetful["shown"] > 0
    assert sangam["lost_of_shown"] == 0 < sangam["shown"]


def test_L6_every_server_gets_the_same_plan(stage: Stage) -> None:
    first = stage.plans.typing(SMALL)
    again = msgspec.structs.replace(SMALL)
    assert stage.plans.typing(again) == first
    assert stage.plans.typing(msgspec.structs.replace(SMALL, rate=21.0)) != first
