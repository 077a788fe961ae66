"""A TCP proxy of ours between a client and a real server: it cuts, holds back and delays."""

import asyncio
import contextlib

from tests.services.processes import free_port


class Proxy:
    """Listens on `port`, forwards to `target` on 127.0.0.1. Use as `async with`."""

    def __init__(self, target: int) -> None:
        self.port = free_port()
        self.delay_seconds = 0.0
        self.piece_bytes = 65536
        self._target = target
        self._server: asyncio.Server | None = None
        self._flowing = asyncio.Event()
        self._flowing.set()
        self._lines: dict[asyncio.Task[None], None] = {}
        self._writers: set[asyncio.StreamWriter] = set()

    async def __aenter__(self) -> "Proxy":
        await self.mend()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.cut()

    async def mend(self) -> None:
        """Listen again after `cut`."""
        if self._server is None:
            self._server = await asyncio.start_server(self._accept, "127.0.0.1", self.port)

    async def cut(self) -> None:
        """End every connection by a reset and refuse new ones."""
        server, self._server = self._server, None
        if server is not None:
            server.close()
        self.cut_lines()
        await asyncio.gather(*self._lines, return_exceptions=True)

    def cut_lines(self) -> None:
        """End every connection by a reset; new ones are welcome."""
        for writer in self._writers:
            writer.transport.abort()
        for line in self._lines:
            line.cancel()

    def swallow(self) -> None:
        """Forward nothing more, and say nothing: as behind a cable that was pulled. `flow` ends it."""
        self._flowing.clear()

    def flow(self) -> None:
        self._flowing.set()

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._lines[task] = None
        with contextlib.suppress(OSError, asyncio.CancelledError):
            await self._flowing.wait()
            far_reader, far_writer = await asyncio.open_connection("127.0.0.1", self._target)
            self._writers |= {writer, far_writer}
            pumps = [self._pump(reader, far_writer), self._pump(far_reader, writer)]
            try:
                async with asyncio.TaskGroup() as group:
                    for pump in pumps:
                        group.create_task(pump)
            finally:
                for end in (writer, far_writer):
                    end.transport.abort()
                    self._writers.discard(end)
        writer.transport.abort()
        self._lines.pop(task, None)

    async def _pump(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(OSError):
            while data := await reader.read(self.piece_bytes):
                await self._pass_when_flowing(writer, data)
                await asyncio.sleep(0)  # or pieces would be put together again
        writer.transport.abort()

    async def _pass_when_flowing(self, writer: asyncio.StreamWriter, data: bytes) -> None:
        await self._flowing.wait()
        if self.delay_seconds:
            await _wait(self.delay_seconds)
        writer.write(data)
        await writer.drain()


async def _wait(seconds: float) -> None:
    await asyncio.sleep(seconds)
