"""A stock Piston client for Node.js, whose only setting is the address."""

import asyncio
import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from tests.server import eventually, running

HERE = Path(__file__).resolve().parent


async def test_E36_a_stock_client_works_unchanged(tmp_path_factory: pytest.TempPathFactory) -> None:
    node = shutil.which("node")
    assert node, "no Node.js: make test installs one"
    with running(tmp_path_factory.mktemp("piston") / "data", piston_tokens="secret") as server:
        await eventually(lambda: server.call("GET", "/api/v2/runtimes", "secret").json())
        address = server.http.replace("http://", "http://any:secret@")
        process = await asyncio.create_subprocess_exec(
            node, HERE / "piston.mjs", address, stdout=asyncio.subprocess.PIPE
        )
        async with asyncio.timeout(90):
            printed, _ = await process.communicate()
    told: dict[str, Any] = json.loads(printed)
    assert {answer["success"] for answer in told.values()} == {True}
    assert "python" in [row["language"] for row in told["runtimes"]["data"]]
    assert told["runs"]["data"]["run"]["output"] == "hi you\n"
    assert told["fails"]["data"]["compile"]["code"] == 1
