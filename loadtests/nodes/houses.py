"""The houses whose nodes and brokers are killed: each with its usual store, broker and settings, on free ports."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from pathlib import Path
from typing import Any, Protocol

import msgspec

from loadtests.peers.servers import HOCUSPOCUS, Y_WEBSOCKET, Peer, Place, free_port
from loadtests.peers.servers import Server as PeerServer
from tests.clients import Client, MuxClient
from tests.server import Server, running
from tests.services.nats import NatsServer
from tests.services.postgres import postgres
from tests.services.redis import RedisServer


class Part(Protocol):
    """Something that can be killed and started again in the same place."""

    def kill(self) -> None: ...

    def start(self) -> None: ...


class House(msgspec.Struct):
    """Nodes that share their rooms, and the broker between them; `client(node, room)` is a stock client of theirs."""

    nodes: list[Part]
    broker: Part | None
    client: Callable[[int, str], Client]


class Kind(msgspec.Struct, frozen=True):
    """One of those that are compared."""

    name: str
    title: str
    start: Callable[[Path], AbstractContextManager[House]]
    can_start: Callable[[], bool] = lambda: True


@contextmanager
def _sangam(folder: Path) -> Iterator[House]:
    with ExitStack() as stack:
        broker = stack.enter_context(NatsServer(folder / "nats", jetstream=False))
        database = stack.enter_context(postgres()).create_database()
        shared: dict[str, Any] = {"nats_url": broker.url, "database_url": database}
        shared |= {"exec_engine": "off", "log_level": "error"}
        nodes = [stack.enter_context(running(folder / f"node{n}", "--open-rooms", **shared)) for n in range(2)]
        yield House([*nodes], broker, lambda node, room: _mux(nodes[node], room))


def _mux(server: Server, room: str) -> MuxClient:
    return MuxClient(f"{server.ws}/collab", f"{room}/main")


@contextmanager
def _hocuspocus(folder: Path) -> Iterator[House]:
    """Both nodes keep documents in one SQLite file, as two would in one database."""
    with ExitStack() as stack:
        broker = stack.enter_context(RedisServer(folder / "redis"))
        database = str(folder / "hocuspocus.sqlite")
        command = HOCUSPOCUS.command

        def with_redis(place: Place) -> list[str]:
            return [*command(msgspec.structs.replace(place, keeps=False)), database, str(broker.port)]

        peer = msgspec.structs.replace(HOCUSPOCUS, command=with_redis)
        nodes = [stack.enter_context(_peer(peer, folder / f"node{n}")) for n in range(2)]
        yield House([*nodes], broker, lambda node, room: MuxClient(_address(nodes[node]), room))


@contextmanager
def _y_websocket(folder: Path) -> Iterator[House]:
    with _peer(Y_WEBSOCKET, folder / "node0") as node:
        yield House([node], None, lambda _node, room: Client(f"{_address(node)}/{room}"))


@contextmanager
def _peer(peer: Peer, data: Path) -> Iterator[PeerServer]:
    server = PeerServer(peer, Place(free_port(), data, True, data), None)
    try:
        server.start()
        yield server
    finally:
        server.kill()


def _address(server: PeerServer) -> str:
    return f"ws://127.0.0.1:{server.place.port}"


SANGAM = Kind("sangam", "Sangam, NATS, PostgreSQL", _sangam)
KINDS = (
    SANGAM,
    Kind("hocuspocus", "Hocuspocus 4.7.0, its Redis and SQLite extensions", _hocuspocus, HOCUSPOCUS.stores),
    Kind("y-websocket", "@y/websocket-server 0.1.1, LevelDB (one node)", _y_websocket),
)
