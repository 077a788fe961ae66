"""Three real nodes on a real broker, database and cache, with wires of their own to them, and how to hurt them."""

import asyncio
import signal
from collections import defaultdict
from collections.abc import Coroutine
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Self

from tests.server import Server
from tests.services.clock import WallClock
from tests.services.nats import NatsServer
from tests.services.postgres import PostgresServer
from tests.services.proxy import Proxy
from tests.services.redis import RedisServer
from tests.services.wire import Wire, wire
from tests.simulation.clock import wait_seconds
from tests.simulation.plan import NODES, Fault, place_of

JUMP_SECONDS = 3600
MAX_PAYLOAD = 32768
"""The broker takes no more, so that large pastes go by the journal."""
PRODUCT = "tests.simulation.early_snapshots"


class Cluster:
    """Use as `async with`. The database server is the caller's; the rest ends with it. Blocking work is elsewhere.

    `clocks`: nodes have clocks that can be set, which makes them slower.
    """

    def __init__(self, folder: Path, database: PostgresServer, module: str = PRODUCT, *, clocks: bool = False) -> None:
        self.database = database
        self.url = database.create_database()
        self.broker = NatsServer(folder / "nats", f"max_payload: {MAX_PAYLOAD}\n", jetstream=False)
        self.cache = RedisServer(folder / "redis")
        self.clocks = [WallClock(folder / f"clock{number}") for number in range(NODES)] if clocks else []
        self.nodes: list[Server] = []
        self._to_broker: list[Wire] = []
        self._cuttable: list[Proxy] = []
        self._to_database: list[Proxy] = []
        self._folder = folder
        self._module = module
        self._stack = AsyncExitStack()
        self._suffering: defaultdict[tuple[str, int], asyncio.Lock] = defaultdict(asyncio.Lock)

    async def __aenter__(self) -> Self:
        self._stack.enter_context(self.broker)
        self._stack.enter_context(self.cache)
        for number in range(NODES):
            await self._add_node(number)
        await asyncio.gather(*(asyncio.to_thread(node.start) for node in self.nodes))
        return self

    async def __aexit__(self, *_: object) -> None:
        for node in self.nodes:
            node.end()
        self.database.resume()
        await self._stack.aclose()
        await asyncio.to_thread(self.database.drop_database, self.url)

    async def _add_node(self, number: int) -> None:
        to_broker = await self._stack.enter_async_context(wire(self.broker.port))
        cuttable = await self._stack.enter_async_context(Proxy(to_broker.port))
        to_database = await self._stack.enter_async_context(Proxy(self.database.port))
        self._to_broker.append(to_broker)
        self._cuttable.append(cuttable)
        self._to_database.append(to_database)
        node = Server(
            self._folder / f"node{number}",
            module=self._module,
            environ=self.clocks[number].environ if self.clocks else None,
            redis_url=self.cache.url,
            nats_url=f"nats://127.0.0.1:{cuttable.port}",
            database_url=self.url.replace(str(self.database.port), str(to_database.port)),
            database_seconds=2,
            idle_seconds=1,
            leave_grace_seconds=0.5,
            max_unsaved_bytes=100_000,
            exec_engine="off",
        )
        self._stack.callback(node.end)
        self.nodes.append(node)

    # Faults

    async def suffer(self, fault: Fault) -> None:
        """For the fault's time; whole again afterwards, whatever happens."""
        begin, end = getattr(self, f"_{fault.kind}"), getattr(self, f"_{fault.kind}_ends")
        where = (fault.node,) if fault.node >= 0 else ()
        async with self._suffering[place_of(fault.kind), fault.node]:
            try:
                await _whatever_happens(begin(*where))
                await wait_seconds(fault.seconds)
            finally:
                await _whatever_happens(end(*where))

    async def _kill(self, node: int) -> None:
        await asyncio.to_thread(self.nodes[node].kill)

    async def _kill_ends(self, node: int) -> None:
        """It does not start without its database, or its broker; whoever starts it tries again."""
        while True:
            try:
                return await asyncio.to_thread(self.nodes[node].start)
            except AssertionError:
                await asyncio.to_thread(self.nodes[node].kill)
                await wait_seconds(0.3)

    async def _pause(self, node: int) -> None:
        self.nodes[node].process.send_signal(signal.SIGSTOP)

    async def _pause_ends(self, node: int) -> None:
        self.nodes[node].process.send_signal(signal.SIGCONT)

    async def _cut_broker(self, node: int) -> None:
        await self._cuttable[node].cut()

    async def _cut_broker_ends(self, node: int) -> None:
        await self._cuttable[node].mend()

    async def _mute_broker(self, node: int) -> None:
        self._to_broker[node].swallow()

    async def _mute_broker_ends(self, node: int) -> None:
        self._to_broker[node].mend()

    async def _deafen_broker(self, node: int) -> None:
        self._to_broker[node].swallow(answers_only=True)

    _deafen_broker_ends = _mute_broker_ends

    async def _cut_database(self, node: int) -> None:
        await self._to_database[node].cut()

    async def _cut_database_ends(self, node: int) -> None:
        await self._to_database[node].mend()

    async def _mute_database(self, node: int) -> None:
        self._to_database[node].swallow()

    async def _mute_database_ends(self, node: int) -> None:
        self._to_database[node].flow()

    async def _forward_clock(self, node: int) -> None:
        self.clocks[node].jump(JUMP_SECONDS)

    async def _rewind_clock(self, node: int) -> None:
        self.clocks[node].jump(-JUMP_SECONDS)

    async def _set_right(self, node: int) -> None:
        self.clocks[node].jump(0)

    _forward_clock_ends = _rewind_clock_ends = _set_right

    async def _stop_cache(self) -> None:
        await asyncio.to_thread(self.cache.kill)

    async def _stop_cache_ends(self) -> None:
        await asyncio.to_thread(self.cache.start)

    async def _pause_cache(self) -> None:
        await asyncio.to_thread(self.cache.pause)

    async def _pause_cache_ends(self) -> None:
        self.cache.resume()

    async def _stop_broker(self) -> None:
        await asyncio.to_thread(self.broker.kill)

    async def _stop_broker_ends(self) -> None:
        await asyncio.to_thread(self.broker.start)

    async def _pause_broker(self) -> None:
        await asyncio.to_thread(self.broker.pause)

    async def _pause_broker_ends(self) -> None:
        self.broker.resume()

    async def _crash_database(self) -> None:
        await asyncio.to_thread(self.database.crash)

    async def _crash_database_ends(self) -> None:
        await asyncio.to_thread(self.database.start)

    async def _fill_database(self) -> None:
        """Its tables cannot grow any more, or it gives up."""
        assert self.database.disk is not None
        await asyncio.to_thread(self.database.disk.fill)

    async def _fill_database_ends(self) -> None:
        assert self.database.disk is not None
        self.database.disk.free()
        await asyncio.to_thread(self.database.recover)

    async def _pause_database(self) -> None:
        self.database.pause()

    async def _pause_database_ends(self) -> None:
        self.database.resume()

    # The end

    async def restart_all(self) -> None:
        """As a power cut does that hits the nodes."""
        await self.kill_all()
        await asyncio.gather(*(self._kill_ends(node) for node in range(NODES)))

    async def kill_all(self) -> None:
        for node in self.nodes:
            node.process.kill()
        await asyncio.gather(*(asyncio.to_thread(node.kill) for node in self.nodes))

    def check_ready(self) -> None:
        """Every node has its broker and its database, and nothing unsaved; AssertionError otherwise. Blocks."""
        for node in self.nodes:
            answer = node.call("GET", "/readyz")
            assert answer.status_code == 200, f"{node.data.name} is not ready: {answer.text}"


async def _whatever_happens(work: Coroutine[None, None, None]) -> None:
    """A cancellation waits until it is done: else the next fault would find half of it."""
    task = asyncio.ensure_future(work)
    try:
        await asyncio.shield(task)
    except asyncio.CancelledError:
        await task
        raise
