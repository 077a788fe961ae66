"""Run as a program: opens a Runner, starts programs that never end, says so, and waits to be killed."""

import asyncio

from exec_pool.limits import ExecSettings
from exec_pool.runner_pool import Runner
from tests.exec_pool.playground import request, start, until

LOOP = "import os, time\nos.fork()\nprint('up', flush=True)\nwhile True: time.sleep(1)"


async def main() -> None:
    runner = Runner(ExecSettings(slots=3, warm_cells=2))
    await runner.open()
    await runner.checked()
    runs = [start(runner, request("python", LOOP, args=("word-of-the-killed",))) for _ in range(3)]
    await until(lambda: all(heard.text().count("up") == 2 for _, heard in runs), 30)
    print("up", flush=True)
    await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(main())
