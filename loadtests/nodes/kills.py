"""`python -m loadtests.nodes.kills`: edits that are gone after `kill -9` of a node and of the broker, beside others.

Half of the rooms have their two people at the node that is killed, half have one at each node. An edit counts if the
other person had seen it or the server had called it saved. After the kill everything is started again, everybody leaves
for good, and somebody new looks at every node. `--write` puts the table into loadtests/results/nodes.md.
"""

import argparse
import asyncio
import random
import sys
import tempfile
import time
from pathlib import Path

import msgspec

from loadtests.nodes.houses import KINDS, House, Kind, Part
from loadtests.nodes.people import Person, Room, come, go
from loadtests.nodes.results import write_part

ROOMS = 10
RATE = 10.0
"""Edits a second of each person."""
BEFORE_SECONDS, AWAY_SECONDS, AFTER_SECONDS, SETTLE_SECONDS = 3.0, 2.0, 3.0, 3.0
PATIENCE_SECONDS = 8.0
"""So long the looks go on, as long as something is missing: a server may answer before it has loaded."""


class Loss(msgspec.Struct, frozen=True):
    """Of so many edits that somebody had seen or that were called saved, so many are gone, in so many rooms."""

    promised: int = 0
    lost: int = 0
    rooms: int = 0

    def __add__(self, other: "Loss") -> "Loss":
        return Loss(self.promised + other.promised, self.lost + other.lost, self.rooms + other.rooms)


async def _type(people: list[Person], seconds: float, luck: random.Random) -> None:
    if not people:
        return
    started = due = time.monotonic()
    while due < started + seconds:
        luck.choice(people).type()
        due += luck.expovariate(RATE * len(people))
        await asyncio.sleep(max(0.0, due - time.monotonic()))


async def _look(house: House, room: Room) -> Loss:
    """What is missing at any node at the end of all patience."""
    promised = room.promised()
    deadline = time.monotonic() + PATIENCE_SECONDS
    while True:
        found = [await room.found(house, node) for node in range(len(house.nodes))]
        least = [min(at_node[who] for at_node in found) for who in range(len(promised))]
        lost = sum(max(0, want - have) for want, have in zip(promised, least, strict=True))
        if not lost or time.monotonic() > deadline:
            return Loss(sum(promised), lost, int(lost > 0))
        await asyncio.sleep(0.2)


async def _play(house: House, victim: Part, fault: str) -> dict[str, Loss]:
    """Losses in rooms that were together at the first node, and in those that were spread."""
    away = 1 % len(house.nodes)
    rooms = [Room(house, f"room{n}", (0, 0 if n % 2 else away)) for n in range(ROOMS)]
    luck = random.Random(1)
    await come(rooms)
    people = [person for room in rooms for person in room.people]
    await _type(people, BEFORE_SECONDS, luck)
    await asyncio.to_thread(victim.kill)
    left = [person for person in people if fault != "node" or person.node != 0]
    await _type(left, AWAY_SECONDS, luck)
    if fault == "outage":
        await asyncio.sleep(SETTLE_SECONDS)
        await go(rooms)
        await asyncio.sleep(SETTLE_SECONDS)
    await asyncio.to_thread(victim.start)
    if fault == "broker":
        await _type(left, AFTER_SECONDS, luck)
    await asyncio.sleep(SETTLE_SECONDS)
    await go(rooms)
    losses = {"together": Loss(), "spread": Loss()}
    for room, loss in zip(rooms, await asyncio.gather(*(_look(house, room) for room in rooms)), strict=True):
        losses["together" if room.is_together else "spread"] += loss
    return losses


FAULTS = ("node", "broker", "outage")


def measure(kind: Kind, fault: str) -> dict[str, Loss]:
    """One kill of the first node, or of the broker."""
    with tempfile.TemporaryDirectory(prefix="sangam-kills-") as name, kind.start(Path(name)) as house:
        victim = house.nodes[0] if fault == "node" else house.broker
        return asyncio.run(_play(house, victim, fault)) if victim is not None else {}


ROWS = (
    ("node", "together", "a node is killed; both people were at it"),
    ("node", "spread", "a node is killed; one of two was at it"),
    ("broker", "together", "the broker is killed for 2 s; both people at one node"),
    ("broker", "spread", "the broker is killed for 2 s; people at two nodes"),
    ("outage", "together", "the broker is killed, and back when all have left; both people at one node"),
    ("outage", "spread", "the broker is killed, and back when all have left; people at two nodes"),
)


def table(found: dict[tuple[str, str], dict[str, Loss]], kinds: list[Kind]) -> str:
    """Lost of promised, side by side."""
    rows = ["| | " + " | ".join(kind.title for kind in kinds) + " |", "|---|" + "---|" * len(kinds)]
    for fault, where, title in ROWS:
        cells = []
        for kind in kinds:
            loss = found[kind.name, fault].get(where)
            cells.append("–" if loss is None or not loss.promised else f"{loss.lost} of {loss.promised:,}")
        rows.append(f"| {title} | " + " | ".join(cells) + " |")
    return "\n".join(rows)


def main() -> int:
    """The exit status."""
    parser = argparse.ArgumentParser(description="Edits lost by kill -9 of a node and of the broker.")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--only", default="", help="names, with , between: " + ", ".join(kind.name for kind in KINDS))
    parser.add_argument("--write", action="store_true")
    options = parser.parse_args()
    kinds = [kind for kind in KINDS if kind.can_start() and (not options.only or kind.name in options.only.split(","))]
    found: dict[tuple[str, str], dict[str, Loss]] = {}
    for _ in range(options.rounds):
        for kind in kinds:
            for fault in FAULTS:
                one, before = measure(kind, fault), found.get((kind.name, fault), {})
                found[kind.name, fault] = {where: before.get(where, Loss()) + loss for where, loss in one.items()}
                print(kind.name, fault, one, flush=True)
    text = table(found, kinds)
    print(text)
    if options.write:
        about = (
            f"{options.rounds} rounds, {ROOMS} rooms of two who type {RATE:.0f} edits/s each; clients of the same code."
        )
        write_part("Killed", f"{about}\n\n{text}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
