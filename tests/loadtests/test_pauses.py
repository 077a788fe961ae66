"""Does a heartbeat show what holds a server up?"""

import msgspec
import pytest

from loadtests.peers import pauses
from loadtests.peers.driver import Answer
from loadtests.peers.stage import Stage
from tests.loadtests.conftest import relay_with

NOTHING: Answer = {}


def test_L11_a_pause_is_the_longest_delay(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pauses, "BEAT", msgspec.structs.replace(pauses.BEAT, seconds=0.5))
    with stage.server(relay_with("--delay-ms", "120")) as server:
        told, beside = pauses._beat(stage, server, "slow", lambda: NOTHING)
    assert told["edits_delivered"] == told["edits_expected"] == 100
    assert told["largest_us"] >= 120_000
    assert beside is NOTHING
