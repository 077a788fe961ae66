"""What is played against each server, and what is measured. Every function plays one scenario on one server once."""

import time

from loadtests.peers.driver import Answer, Driver
from loadtests.peers.plans import Shape
from loadtests.peers.servers import Server
from loadtests.peers.stage import Stage

Figures = dict[str, float]


def typing(stage: Stage, server: Server, shape: Shape, warm: Shape) -> Figures:
    """Steady typing: cost per delivery, delays, what got lost. A shorter run in other rooms comes first."""
    with stage.driver(server, stage.plans.typing(warm), "warm") as driver:
        driver.gather(warm.size, warm.clients)
        driver.play(seconds=warm.seconds + 10.0)
    with stage.driver(server, stage.plans.typing(shape), "class") as driver:
        joined = driver.gather(shape.size, shape.clients)
        stage.rest()
        with stage.profiled(server):
            before = server.processor_seconds()
            played = driver.play(seconds=shape.seconds + 15.0)
            used = server.processor_seconds() - before
    return {"joined": joined, "asked": shape.clients, **cost(played, used)}


def cost(played: Answer, used: float) -> Figures:
    """A skipped cursor is one that a newer one of the same person replaced before it left."""
    deliveries = played["edits_delivered"] + played["cursors_delivered"]
    return {
        "us_per_delivery": used * 1e6 / max(1, deliveries),
        "deliveries": deliveries,
        "deliveries_per_second": deliveries / max(1e-9, played["seconds"]),
        "p50_ms": played["p50_us"] / 1000,
        "p99_ms": played["p99_us"] / 1000,
        "lost": played["edits_expected"] - played["edits_delivered"],
        "duplicates": played["duplicates"],
        "cursors_skipped": played["cursors_expected"] - played["cursors_delivered"],
        "cursors_expected": played["cursors_expected"],
        "cursors_stale": played["cursors_stale"],
        "strange": played["strange"],
        "server_share": used / max(1e-9, played["seconds"]),
        "driver_share": played["driver_cpu_us"] / 1e6 / max(1e-9, played["seconds"]),
        "late_p99_ms": played["late_p99_us"] / 1000,
    }


def join(stage: Stage, server: Server, keystrokes: int, crowd: int) -> Figures:
    """A long document: one client opens it, then `crowd` at once."""
    shape = Shape(rooms=1, size=2 + 3 + crowd)
    plan = stage.plans.document(shape, keystrokes)
    with stage.driver(server, plan, "long") as driver:
        driver.open(0, 1)
        driver.play(seconds=30.0, linger=0.5)
        size = _wait_for_document(stage, driver)
        alone = sorted(driver.open(2 + turn, 1)["last_us"] for turn in range(3))[1]
        before = server.processor_seconds()
        together = driver.open(5, crowd, window=crowd, seconds=60.0)
        used = server.processor_seconds() - before
    return {
        "document_kib": size / 1024,
        "joined": together["synced"],
        "alone_ms": alone / 1000,
        "last_ms": together["last_us"] / 1000,
        "cpu_ms_per_join": used * 1000 / max(1, together["synced"]),
    }


def _wait_for_document(stage: Stage, driver: Driver) -> int:
    """Client 1 looks until it gets a document that no longer grows."""
    size = 0
    for _ in stage.patience(30.0):
        answer = driver.open(1, 1)
        driver.ask("close", 1, 1)
        if size and answer["least_bytes"] == size:
            return size
        size = answer["least_bytes"] if answer["least_bytes"] > 10_000 else 0
    return size


def rush(stage: Stage, server: Server) -> Figures:
    """25 new rooms, four clients open each at the same moment."""
    shape = Shape(rooms=25, size=4)
    with stage.driver(server, stage.plans.typing(shape), "rush") as driver:
        answer = driver.open(0, shape.clients, window=shape.clients, seconds=10.0)
    return {"asked": shape.clients, "joined": answer["synced"], "last_ms": answer["last_us"] / 1000}


def idle(stage: Stage, server: Server, rooms: int) -> Figures:
    """Memory of rooms with one client each, then two. What the first twenty set up once is not counted to each."""
    shape, first = Shape(rooms=rooms, size=2), Shape(rooms=20, size=2)
    empty = stage.settled_memory(server)
    with stage.driver(server, stage.plans.typing(first), "warm") as warm:
        warm.gather(first.size, first.clients)
        steps = [stage.settled_memory(server)]
        with stage.driver(server, stage.plans.typing(shape), "idle") as driver:
            for second in (0, 1):
                driver.open(second, 2 * rooms - second, stride=2, window=10)
                steps.append(stage.settled_memory(server))
    connection = (steps[2] - steps[1]) / rooms
    return {
        "empty_mib": empty / 1024,
        "first_mib": (steps[0] - empty) / 1024,
        "kib_per_connection": connection,
        "kib_per_room": (steps[1] - steps[0]) / rooms - connection,
    }


def kill(stage: Stage, server: Server, shape: Shape) -> Figures:
    """Edits, `kill -9`, a restart on the same storage: which edits that somebody else had seen are gone?

    The last client of each room watches nothing before the kill; after it, it alone comes and looks.
    """
    with stage.driver(server, stage.plans.typing(shape), "kill") as driver:
        driver.open(0, 1)
        driver.open(0, shape.clients, stride=shape.size)
        for room in range(shape.rooms):
            driver.open(room * shape.size + 1, shape.size - 2)
        driver.tell("play", int((shape.seconds + 15) * 1000), 0)
        time.sleep(shape.seconds / 2)
        server.kill()
        driver.answer()
        driver.ask("close", 0, shape.clients)
        server.start()
        return _look_after_the_kill(stage, driver, shape)


def _look_after_the_kill(stage: Stage, driver: Driver, shape: Shape) -> Figures:
    """An answer may come before a server has loaded its document, so the looks go on until nothing is missing."""
    lost = shown = 0
    for _ in stage.patience(5.0):
        shown = lost = 0
        for room in range(shape.rooms):
            auditor = room * shape.size + shape.size - 1
            driver.open(auditor, 1)
            found = driver.ask("audit", auditor, 1)
            driver.ask("close", auditor, 1)
            shown, lost = shown + found["shown"], lost + found["lost"]
        if not lost:
            break
    return {"shown": shown, "lost_of_shown": lost}
