"""Stock JavaScript clients, driven from Python: see `puppet.mjs`."""

import asyncio
import json
import shutil
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent


class Puppet:
    """One Node process with any number of named clients."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self._process = process
        self._turn = asyncio.Lock()

    async def __call__(self, command: str, name: str, **args: Any) -> dict[str, Any]:
        """Raises AssertionError with the script's stack when the command failed."""
        assert self._process.stdin is not None and self._process.stdout is not None
        async with self._turn:
            self._process.stdin.write(json.dumps({"command": command, "name": name, **args}).encode() + b"\n")
            answer = json.loads(await self._process.stdout.readline() or '{"error": "the script ended"}')
        assert "error" not in answer, answer["error"]
        done: dict[str, Any] = answer["ok"]
        return done

    async def look(self, name: str) -> dict[str, Any]:
        return await self("look", name)

    async def until(
        self, name: str, holds: Callable[[dict[str, Any]], object], seconds: float = 40.0
    ) -> dict[str, Any]:
        """Look until `holds` of what is seen; what was seen then."""
        seen: dict[str, Any] = {}
        try:
            async with asyncio.timeout(seconds):
                while not holds(seen := await self.look(name)):
                    await asyncio.sleep(0.005)
        except TimeoutError:
            raise AssertionError(f"{name} never got there: {seen}") from None
        return seen

    async def until_reads(self, text: str, *names: str) -> None:
        for name in names:
            await self.until(name, lambda seen: seen["text"] == text)


@asynccontextmanager
async def puppets() -> AsyncIterator[Puppet]:
    node = shutil.which("node")
    assert node, "no Node.js: make test installs one"
    process = await asyncio.create_subprocess_exec(
        node,
        HERE / "puppet.mjs",
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        limit=2**24,
    )
    try:
        yield Puppet(process)
    finally:
        process.kill()
        await process.communicate()
