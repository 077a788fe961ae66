"""`python -m loadtests.exec`: how long runs take, as ratios to a plain fork/exec of the same program in the same run.

Starts a Docker engine of its own unless `--docker` names one. `--only` takes parts, each of which fits into four
minutes; `--write` puts what was measured into loadtests/results/exec.json and exec.md, from which `make docs` takes it.
"""

import argparse
import asyncio
import contextlib
import sys

from loadtests.exec.measures import machine
from loadtests.exec.parts import PARTS, Bench
from loadtests.exec.rows import HEAD, write
from tests.exec_pool.docker_engine import docker_engine


def main() -> int:
    """Returns the exit status."""
    parser = argparse.ArgumentParser("python -m loadtests.exec")
    parser.add_argument("--docker", help="address of a Docker engine")
    parser.add_argument("--only", default=",".join(PARTS), help=f"some of {', '.join(PARTS)}, with `,` between")
    parser.add_argument("--rounds", type=int, default=40)
    parser.add_argument("--seconds", type=float, default=5.0, help="length of each measurement of many at once")
    parser.add_argument("--write", action="store_true")
    options = parser.parse_args()
    with contextlib.nullcontext(options.docker) if options.docker else docker_engine() as url:
        bench = Bench(url, options.rounds, options.seconds)
        for part in options.only.split(","):
            about = machine()
            rows = asyncio.run(PARTS[part](bench))
            print("\n".join([about, HEAD, *(row.line() for row in rows)]), flush=True)
            if options.write:
                write(part, rows, about)
    return 0


if __name__ == "__main__":
    sys.exit(main())
