"""What a run of the checker will do: by a seed, as data, so that it can be kept and played again."""

import os
import random
from pathlib import Path

import msgspec

NODES = 3
PEOPLE = 6
SETTLE_SECONDS = 1.0
"""The first fault comes so long after the start."""

NODE_FAULTS = (
    *("kill", "pause", "cut_broker", "mute_broker", "deafen_broker", "cut_database", "mute_database"),
    *("forward_clock", "rewind_clock"),
)
SHARED_FAULTS = (
    *("stop_broker", "pause_broker", "crash_database", "pause_database", "fill_database"),
    *("stop_cache", "pause_cache"),
)
NEEDS_ROOT = {"fill_database"}
"""Only root can make a disk that is small; plans that others make go without."""
ACTS = ("burst", "paste", "erase", "chat", "move", "leave")
_NODE_SHARE = 0.75
_LONGEST = {"pause": 12.0, "pause_broker": 4.0, "pause_database": 7.0, "fill_database": 7.0}
_LONG = 9.0


class Fault(msgspec.Struct, frozen=True):
    """From `at` seconds on, for `seconds`. `node` is -1 for what all nodes share."""

    at: float
    seconds: float
    kind: str
    node: int


class Act(msgspec.Struct, frozen=True):
    """What somebody does at `at` seconds; a move is to `node`."""

    at: float
    who: int
    kind: str
    node: int


class Plan(msgspec.Struct, frozen=True):
    """`ending`: `calm`, all is mended and people stay; `dark`, all nodes are killed while people write."""

    seed: int
    seconds: float
    ending: str
    faults: list[Fault]
    acts: list[Act]

    def save(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(msgspec.json.format(msgspec.json.encode(self)))


def read_plan(path: Path) -> Plan:
    """Raises OSError, msgspec.ValidationError."""
    return msgspec.json.decode(path.read_bytes(), type=Plan)


def make_plan(seed: int, seconds: float, ending: str | None = None) -> Plan:
    """The same for the same arguments."""
    chance = random.Random(f"plan {seed}")
    chosen = ending or chance.choice(("calm", "calm", "dark"))
    return Plan(seed, seconds, chosen, _faults(chance, seconds), _acts(chance, seconds))


def minute_plan() -> Plan:
    """A node stands still for a full minute while the others go on, and goes on as well."""
    seconds = 60.0
    end = SETTLE_SECONDS + seconds + 4.0
    pause = Fault(SETTLE_SECONDS, seconds, "pause", 1)
    return Plan(60, end, "calm", [pause], _acts(random.Random("minute"), end))


NAMED = {"minute": minute_plan}


def _faults(chance: random.Random, seconds: float) -> list[Fault]:
    """About one in one and a half seconds; never two of a kind at one place at one time."""
    busy: dict[tuple[str, int], float] = {}
    shared = [kind for kind in SHARED_FAULTS if os.geteuid() == 0 or kind not in NEEDS_ROOT]
    found = []
    at = SETTLE_SECONDS
    while at < seconds:
        is_node = chance.random() < _NODE_SHARE
        kind = chance.choice(NODE_FAULTS if is_node else shared)
        node = chance.randrange(NODES) if is_node else -1
        longest = _LONGEST.get(kind, _LONG) if chance.random() < 0.3 else 1.5
        fault = Fault(round(at, 3), round(chance.uniform(0.1, longest), 3), kind, node)
        place = (place_of(kind), node)
        if busy.get(place, 0.0) <= at:
            busy[place] = at + fault.seconds + 1.0
            found.append(fault)
        at += chance.uniform(0.2, 2.5)
    return found


def place_of(kind: str) -> str:
    """What a fault takes hold of."""
    return kind.rpartition("_")[2] if "_" in kind else "node"


def _acts(chance: random.Random, seconds: float) -> list[Act]:
    found = []
    at = 0.0
    while at < seconds:
        kind = chance.choices(ACTS, (30, 2, 8, 6, 3, 2))[0]
        found.append(Act(round(at, 3), chance.randrange(PEOPLE), kind, chance.randrange(NODES)))
        at += chance.expovariate(10.0)
    return found
