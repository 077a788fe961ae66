"""How long everybody waits while a large document is opened: the delay of steady typing in another room."""

from collections.abc import Callable

from loadtests.peers.driver import Answer, Driver
from loadtests.peers.plans import Shape
from loadtests.peers.scenarios import Figures
from loadtests.peers.servers import Server
from loadtests.peers.stage import Stage

BEAT = Shape(rooms=1, size=2, typists=1, rate=200.0, seconds=10.0)
"""A heartbeat: what one types every 5 ms the other has at once, unless the server does something else meanwhile."""
READERS = 3
WRITING_SECONDS = 60.0
LEAST_BYTES = 20_000_000


def large(stage: Stage, server: Server, is_one_string: bool) -> Figures:
    """A document of 20 MB is written and left; after a restart three people open it at the same moment."""
    plan = stage.plans.large(Shape(rooms=1, size=2 + READERS), is_one_string)
    with stage.driver(server, plan, "large") as driver:
        _write(stage, driver)
    server.stop()
    server.start()
    calm, _ = _beat(stage, server, "calm", lambda: {})
    with stage.driver(server, plan, "large") as driver:
        beat, opened = _beat(stage, server, "beside", lambda: driver.open(2, READERS, window=READERS, seconds=60.0))
    return {
        "document_mib": opened["least_bytes"] / 2**20,
        "pause_ms": beat["largest_us"] / 1000,
        "p99_ms": beat["p99_us"] / 1000,
        "calm_ms": calm["largest_us"] / 1000,
        "seconds": opened["last_us"] / 1e6,
        "joined": opened["synced"],
    }


def _write(stage: Stage, driver: Driver) -> None:
    """Returns when somebody else gets the whole of it, and the server has had time to store it."""
    driver.open(0, 1)
    driver.play(seconds=WRITING_SECONDS, linger=0.5)
    found = 0
    for _ in stage.patience(WRITING_SECONDS, pause=1.0):
        answer = driver.open(1, 1)
        driver.ask("close", 1, 1)
        if answer["least_bytes"] == found and found > LEAST_BYTES:
            break
        found = answer["least_bytes"]
    stage.rest(3.0)


def _beat(stage: Stage, server: Server, room: str, beside: Callable[[], Answer]) -> tuple[Answer, Answer]:
    """Play the heartbeat, and something beside it soon after it began; the answers of both."""
    with stage.driver(server, stage.plans.typing(BEAT), room) as heart:
        heart.gather(BEAT.size, BEAT.clients)
        heart.tell("play", int((BEAT.seconds + 10) * 1000), 0)
        stage.rest(1.0)
        answer = beside()
        return heart.answer(), answer
