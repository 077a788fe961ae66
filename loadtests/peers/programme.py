"""Which scenarios are played, on which servers, how large and how often."""

from collections.abc import Callable
from functools import partial

import msgspec

from loadtests.peers import endurance, pauses, ramps, scenarios
from loadtests.peers.plans import Shape
from loadtests.peers.scenarios import Figures
from loadtests.peers.servers import Peer, Server
from loadtests.peers.stage import Stage

CLASS = Shape(rooms=1, size=200, typists=1, rate=20.0, seconds=8.0)
PAIRS = Shape(rooms=300, size=2, typists=2, rate=4.0, seconds=8.0, cursors=True)
CROWD = Shape(rooms=5, size=30, typists=30, rate=3.0, seconds=8.0, cursors=True)
KILLED = Shape(rooms=10, size=4, typists=2, rate=10.0, seconds=10.0)
FLOOD = Shape(rooms=1, size=20, typists=1, rate=64.0, seconds=8.0, edit_units=65_536)
STORM = Shape(rooms=100, size=20, typists=2, rate=2.0, seconds=3.0)
MANY = Shape(rooms=5000, size=2, typists=1, rate=0.4, seconds=20.0)
CYCLE = Shape(rooms=100, size=2, typists=2, rate=5.0, seconds=1.0)


class Scenario(msgspec.Struct, frozen=True):
    """`play` measures once; figures are medians over `rounds`, in which the servers take turns."""

    name: str
    text: str
    play: Callable[[Stage, Server], Figures]
    rounds: int = 1
    needs_store: bool = False
    settings: dict[str, str] = {}
    only: str = ""
    """A prefix of the names of the servers that take part; empty for all."""

    def takes(self, peer: Peer) -> bool:
        return peer.name.startswith(self.only) and (not self.needs_store or peer.stores())


def _with_seconds(shape: Shape, seconds: float) -> Shape:
    return msgspec.structs.replace(shape, seconds=seconds)


def _typing(name: str, text: str, shape: Shape, seconds: float, rounds: int) -> Scenario:
    measured, warm = _with_seconds(shape, seconds), _with_seconds(shape, min(3.0, seconds / 2))
    return Scenario(name, text, partial(scenarios.typing, shape=measured, warm=warm), rounds)


def short() -> list[Scenario]:
    """Under ten minutes."""
    return [*_steady(seconds=3.0, rounds=2), *_arrivals(rounds=1)]


def full() -> list[Scenario]:
    """Everything; most of an hour."""
    return [*_steady(seconds=8.0, rounds=5), *_arrivals(rounds=3), *_ramps(), *_endurance()]


def _steady(seconds: float, rounds: int) -> list[Scenario]:
    return [
        _typing("class", "1 room of 200, one types 20 edits/s", CLASS, seconds, rounds),
        _typing("pairs", "300 rooms of 2, all type 4 edits/s with cursors", PAIRS, seconds, rounds),
        _typing("crowd", "5 rooms of 30, all type 3 edits/s with cursors", CROWD, seconds, rounds),
    ]


def _arrivals(rounds: int) -> list[Scenario]:
    join = partial(scenarios.join, keystrokes=100_000, crowd=100)
    return [
        Scenario("join", "a document of 100,000 keystrokes, opened by one, then by 100 at once", join, rounds, True),
        Scenario("rush", "25 new rooms, four open each at the same moment", scenarios.rush, rounds),
        Scenario(
            "idle", "memory of 500 rooms with one client each, then two", partial(scenarios.idle, rooms=500), rounds
        ),
        Scenario("kill", "kill -9 amid edits, restart", partial(scenarios.kill, shape=KILLED), rounds, True),
    ]


def _ramps() -> list[Scenario]:
    lecture = partial(ramps.ramp, shape=msgspec.structs.replace(CLASS, rate=80.0, seconds=2.0), most=20_480.0)
    crowd = partial(ramps.ramp, shape=msgspec.structs.replace(CROWD, rate=6.0, seconds=2.0), most=384.0)
    return [
        Scenario("ramp-class", "class at rising rates", lecture),
        Scenario("ramp-crowd", "crowd at rising rates", crowd),
    ]


def _endurance() -> list[Scenario]:
    cycles = partial(endurance.cycles, shape=CYCLE, turns=20)
    settings = {"SANGAM_IDLE_SECONDS": "0.5"}
    return [
        Scenario("stall", "one of 20 stops reading while 32 MiB are sent", partial(endurance.stall, shape=FLOOD)),
        Scenario(
            "large", "20 MB of small edits are opened by three", partial(pauses.large, is_one_string=False), 1, True
        ),
        Scenario("large-string", "20 MB in two strings, too", partial(pauses.large, is_one_string=True), 1, True),
        Scenario("storm", "2,000 come back after a restart", partial(endurance.storm, shape=STORM), 1, True),
        Scenario("many", "10,000 connections in 5,000 rooms", partial(endurance.many, shape=MANY)),
        Scenario("cycles", "open, edit and close 100 rooms, 20 times", cycles, 1, True, settings),
    ]
