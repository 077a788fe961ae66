"""The longer scenarios: slow readers, crowds that come back, and whether memory stays flat."""

import time

from loadtests.peers.plans import Shape
from loadtests.peers.scenarios import Figures, cost
from loadtests.peers.servers import Server
from loadtests.peers.stage import Stage


def stall(stage: Stage, server: Server, shape: Shape) -> Figures:
    """One client stops reading while much is sent: does memory grow, do the others suffer, does it catch up?"""
    with stage.driver(server, stage.plans.flood(shape), "stall") as driver:
        driver.gather(shape.size, shape.clients)
        before = most = stage.settled_memory(server)
        stalled = shape.clients - 1
        driver.ask("stall", stalled, 1)
        driver.tell("play", int((shape.seconds + 15.0) * 1000), 0)
        while not driver.has_answered(0.2):
            most = max(most, server.memory_kib())
        played = driver.answer()
        driver.ask("resume", stalled, 1)
        caught_up = False
        started = time.monotonic()
        wanted = round(shape.rate * shape.seconds)
        for _ in stage.patience(20.0):
            known = driver.ask("known", stalled, 1)
            if known["edits"] >= wanted or not known["open"]:
                caught_up = known["edits"] >= wanted
                break
    with stage.driver(server, stage.plans.flood(shape), "calm") as driver:
        driver.gather(shape.size, shape.clients)
        calm = driver.play(shape.seconds + 15.0)
    return {
        "grown_mib": (most - before) / 1024,
        "p99_ms": played["p99_us"] / 1000,
        "calm_p99_ms": calm["p99_us"] / 1000,
        "lost": played["edits_expected"] - played["edits_delivered"],
        "sent_mib": wanted * shape.edit_units / 2**20,
        "caught_up": float(caught_up),
        "catch_up_seconds": time.monotonic() - started,
    }


def storm(stage: Stage, server: Server, shape: Shape) -> Figures:
    """Everybody comes back after a restart, with the pauses of a usual client."""
    with stage.driver(server, stage.plans.typing(shape), "storm") as driver:
        driver.gather(shape.size, shape.clients)
        driver.play(seconds=shape.seconds + 15.0)
        stage.rest()
        driver.ask("retry", 1)
        server.kill()
        server.start()
        listening = time.monotonic()
        before = server.processor_seconds()
        status = {"synced": 0}
        for _ in stage.patience(60.0, pause=0.05):
            status = driver.ask("status")
            if status["synced"] == shape.clients:
                break
        return {
            "asked": shape.clients,
            "back": status["synced"],
            "seconds": time.monotonic() - listening,
            "cpu_ms_per_join": (server.processor_seconds() - before) * 1000 / max(1, status["synced"]),
        }


def many(stage: Stage, server: Server, shape: Shape) -> Figures:
    """Thousands of connections on one process, and light typing among them."""
    empty = stage.settled_memory(server)
    with stage.driver(server, stage.plans.typing(shape), "many") as driver:
        started = time.monotonic()
        joined = driver.gather(shape.size, shape.clients)
        seconds = time.monotonic() - started
        full = stage.settled_memory(server)
        before = server.processor_seconds()
        played = driver.play(seconds=shape.seconds + 30.0)
        used = server.processor_seconds() - before
    memory = {"mib": full / 1024, "kib_per_connection": (full - empty) / max(1, joined)}
    return {"asked": shape.clients, "joined": joined, "seconds_to_join": seconds, **memory, **cost(played, used)}


def cycles(stage: Stage, server: Server, shape: Shape, turns: int) -> Figures:
    """Open rooms, edit, close, again and again with new names: does memory stay flat?"""
    sizes = []
    for turn in range(turns):
        with stage.driver(server, stage.plans.typing(shape), f"cycle-{turn}") as driver:
            driver.gather(shape.size, shape.clients)
            driver.play(seconds=shape.seconds + 15.0)
            driver.ask("close", 0, shape.clients)
        sizes.append(stage.settled_memory(server, 3.0))
    half = len(sizes) // 2
    later = sizes[half:]
    return {
        "first_mib": sizes[0] / 1024,
        "half_mib": sizes[half] / 1024,
        "last_mib": sizes[-1] / 1024,
        "kib_per_room": (later[-1] - later[0]) / max(1, (len(later) - 1) * shape.rooms),
    }
