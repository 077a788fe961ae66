"""Run as a program, perhaps with the address of a Docker engine: starts programs that never end, waits to be killed."""

import asyncio
import sys

import msgspec

from exec_pool.limits import ExecSettings
from exec_pool.runner_pool import Runner
from tests.exec_pool.playground import request, start, until

LOOP = "import os, time\nos.fork()\nprint('up', flush=True)\nwhile True: time.sleep(1)"


async def main() -> None:
    engine = {"engine": "docker", "docker_url": sys.argv[1], "image": "host"} if sys.argv[1:] else {}
    runner = Runner(msgspec.convert({"engine": "bubblewrap", "slots": 3, "warm_cells": 2} | engine, ExecSettings))
    await runner.open()
    await runner.checked()
    runs = [start(runner, request("python", LOOP, args=("word-of-the-killed",))) for _ in range(3)]
    await until(lambda: all(heard.text().count("up") == 2 for _, heard in runs), 60)
    print("up", flush=True)
    await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(main())
