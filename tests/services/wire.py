"""A TCP path to a server that a test can cut: silently, in one direction, or with a bang."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress


class Wire:
    """Carries bytes between its `port` and a server, both ways, until told otherwise."""

    def __init__(self, server_port: int) -> None:
        self._server_port = server_port
        self._there = asyncio.Event()
        self._back = asyncio.Event()
        self._there.set()
        self._back.set()
        self._writers: set[asyncio.StreamWriter] = set()
        self._tasks: set[asyncio.Task[None]] = set()
        self.port = 0

    def swallow(self, *, answers_only: bool = False) -> None:
        """Nothing arrives any more, and nobody is told."""
        self._back.clear()
        if not answers_only:
            self._there.clear()

    def mend(self) -> None:
        """What was held back arrives."""
        self._there.set()
        self._back.set()

    def hang_up(self) -> None:
        """Every connection is reset; new ones are taken."""
        for writer in self._writers:
            writer.transport.abort()

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            answers, server = await asyncio.open_connection("127.0.0.1", self._server_port)
        except OSError:
            writer.transport.abort()
            return
        self._writers |= {writer, server}
        for task in (self._carry(reader, server, self._there), self._carry(answers, writer, self._back)):
            running = asyncio.ensure_future(task)
            self._tasks.add(running)
            running.add_done_callback(self._tasks.discard)

    async def _carry(self, source: asyncio.StreamReader, sink: asyncio.StreamWriter, may: asyncio.Event) -> None:
        with suppress(OSError):
            while data := await source.read(2**16):
                await may.wait()
                sink.write(data)
                await sink.drain()
        sink.transport.abort()
        self._writers.discard(sink)


@asynccontextmanager
async def wire(server_port: int) -> AsyncIterator[Wire]:
    """An open one; closed with everything on it."""
    path = Wire(server_port)
    listening = await asyncio.start_server(path._accept, "127.0.0.1", 0)
    path.port = listening.sockets[0].getsockname()[1]
    try:
        yield path
    finally:
        listening.close()
        path.hang_up()
        path.mend()
        for task in list(path._tasks):
            task.cancel()
        await asyncio.gather(*path._tasks, return_exceptions=True)
