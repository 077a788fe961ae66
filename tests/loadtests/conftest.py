"""The compiled programs, and relays with faults."""

from collections.abc import Callable

import msgspec
import pytest

from loadtests.peers.driver import Answer
from loadtests.peers.plans import Shape
from loadtests.peers.servers import LIMIT, Peer
from loadtests.peers.stage import Stage

Playing = Callable[..., Answer]


@pytest.fixture(scope="session")
def stage(tmp_path_factory: pytest.TempPathFactory) -> Stage:
    """Compiles the driver and the relay."""
    return Stage(tmp_path_factory.mktemp("bench"))


def relay_with(*faults: str) -> Peer:
    return msgspec.structs.replace(
        LIMIT, command=lambda place: [str(place.relay), str(place.port), *faults], name="relay"
    )


@pytest.fixture
def play(stage: Stage) -> Playing:
    """Play a shape against a fresh server; what the driver tells."""

    def play(peer: Peer, shape: Shape, seconds: float = 20.0, linger: float = 0.0) -> Answer:
        with stage.server(peer) as server, stage.driver(server, stage.plans.typing(shape), "room") as driver:
            assert driver.gather(shape.size, shape.clients) == shape.clients
            return driver.play(shape.seconds + seconds, linger)

    return play
