"""How much a server takes: the highest rate at which nobody waits long and nothing is lost."""

import math

import msgspec

from loadtests.peers.plans import Shape
from loadtests.peers.scenarios import Figures, cost
from loadtests.peers.servers import Server
from loadtests.peers.stage import Stage

FAST_ENOUGH_MS = 100.0
STRIDE = 4.0
"""From one rate to the next, until one is too high..."""
PRECISION = 1.2
"""...and then half-way, by ratio, between the highest that was not and the lowest that was, until they are so near."""
TRIES = 2
"""A rate that is too high is tried again: what else the machine does must not end a ramp."""
PATIENCE_SECONDS = 1.5
"""What has not arrived so long after the last edit left was slower than it may be, if it was not lost."""
BUSY_DRIVER = 0.8
"""With more of its core than this the driver may be what was measured."""


def ramp(stage: Stage, server: Server, shape: Shape, most: float) -> Figures:
    """The highest rate, from the shape's own to `most`, with p99 ≤ 100 ms and no edit lost."""
    low, high = 0.0, math.inf
    reached: Figures = {"deliveries_per_second": 0.0, "p99_ms": 0.0, "driver_share": 0.0, "at_least": 0.0}
    rate = shape.rate
    while rate <= most and (high == math.inf or high / low > PRECISION):
        figures = _tried(stage, server, msgspec.structs.replace(shape, rate=rate))
        if _is_good(figures):
            low, reached = rate, _reached(shape, rate, figures)
        else:
            high = rate
        reached["driver_share_above"] = figures["driver_share"]
        if low == 0.0:
            break
        rate = low * STRIDE if high == math.inf else math.sqrt(low * high)
    reached["at_least"] = float(high == math.inf)
    return reached


def _tried(stage: Stage, server: Server, shape: Shape) -> Figures:
    figures: Figures = {}
    for number in range(TRIES):
        figures = _play(stage, server, shape, f"ramp-{shape.rate:.0f}-{number}")
        if _is_good(figures):
            break
    return figures


def _is_good(figures: Figures) -> bool:
    return not figures["lost"] and not figures["cursors_stale"] and figures["p99_ms"] <= FAST_ENOUGH_MS


def _reached(shape: Shape, rate: float, figures: Figures) -> Figures:
    receivers = (shape.size - 1) * shape.rooms * shape.typists * (2 if shape.cursors else 1)
    kept = ("p99_ms", "us_per_delivery", "cursors_skipped", "cursors_expected", "driver_share", "late_p99_ms")
    return {"deliveries_per_second": rate * receivers, **{name: figures[name] for name in kept}}


def _play(stage: Stage, server: Server, shape: Shape, rooms: str) -> Figures:
    with stage.driver(server, stage.plans.typing(shape), rooms) as driver:
        driver.gather(shape.size, shape.clients)
        stage.rest(0.2)
        before = server.processor_seconds()
        played = driver.play(seconds=shape.seconds + PATIENCE_SECONDS)
        return cost(played, server.processor_seconds() - before)
