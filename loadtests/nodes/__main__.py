"""`python -m loadtests.nodes`: what it costs that a room spans two nodes, against one node in the same rounds.

The crowd of `make bench`, every second client at the other node; broker and database are real and shared. Nothing is
pinned: nodes, broker, database and driver share the machine. `--write` puts it into loadtests/results/nodes.md.
"""

import argparse
import statistics
import sys
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import msgspec

from loadtests.peers import machine, native
from loadtests.peers.driver import Answer, Driver
from loadtests.peers.plans import Library
from loadtests.peers.programme import CROWD
from tests.server import Server, running
from tests.services.nats import NatsServer
from tests.services.postgres import postgres

RESULTS = Path(__file__).resolve().parents[1] / "results/nodes.md"
WARM_SECONDS = 3.0


class Round(msgspec.Struct, frozen=True):
    """Milliseconds; processor microseconds of the nodes for each delivery; edits that did not arrive."""

    p50: float
    p99: float
    us: float
    lost: int


@contextmanager
def nodes(count: int, folder: Path) -> Iterator[list[Server]]:
    """So many on one new broker and one new database."""
    with ExitStack() as stack:
        broker = stack.enter_context(NatsServer(folder / "nats", jetstream=False))
        database = stack.enter_context(postgres()).create_database()
        yield [
            stack.enter_context(
                running(
                    folder / f"node{number}",
                    "--open-rooms",
                    nats_url=broker.url,
                    database_url=database,
                    exec_engine="off",
                    log_level="warning",
                )
            )
            for number in range(count)
        ]


def play(driver: Path, plans: Library, servers: list[Server], rooms: str, seconds: float) -> tuple[Answer, float]:
    """What the driver tells, and the processor seconds of the nodes."""
    shape = msgspec.structs.replace(CROWD, seconds=seconds)
    ports = ",".join(str(server.port) for server in servers)
    with Driver(driver, plans.typing(shape), ports, "/ws/{room}/main", rooms, None) as crowd:
        joined = crowd.gather(shape.size, shape.clients)
        assert joined == shape.clients, f"only {joined} of {shape.clients} came in"
        before = sum(machine.processor_seconds(server.process.pid) for server in servers)
        answer = crowd.play(seconds + 15.0)
        return answer, sum(machine.processor_seconds(server.process.pid) for server in servers) - before


def measure(count: int, seconds: float) -> Round:
    """One round; of two nodes the delays are those from one to the other."""
    with tempfile.TemporaryDirectory(prefix="sangam-nodes-") as name:
        folder = Path(name)
        driver, plans = native.build("driver", folder), Library(folder / "plans")
        with nodes(count, folder) as servers:
            play(driver, plans, servers, "warm", WARM_SECONDS)
            told, used = play(driver, plans, servers, "crowd", seconds)
    deliveries = told["edits_delivered"] + told["cursors_delivered"]
    which = "cross_" if count > 1 else ""
    return Round(
        told[f"{which}p50_us"] / 1000,
        told[f"{which}p99_us"] / 1000,
        used * 1e6 / deliveries,
        told["edits_expected"] - told["edits_delivered"],
    )


def table(one: list[Round], two: list[Round]) -> str:
    """Medians of the rounds, side by side."""
    rows = ["| | one node | two nodes, from one to the other | |", "|---|---|---|---|"]
    for title, name in (("p50, ms", "p50"), ("p99, ms", "p99"), ("processor µs per delivery", "us")):
        mine = statistics.median(getattr(found, name) for found in one)
        both = statistics.median(getattr(found, name) for found in two)
        difference = f"× {both / mine:.2f}" if name == "us" else f"+ {both - mine:.2f}"
        rows.append(f"| {title} | {mine:.2f} | {both:.2f} | {difference} |")
    rows.append(f"| edits lost | {sum(r.lost for r in one)} | {sum(r.lost for r in two)} | |")
    return "\n".join(rows)


def main() -> int:
    """The exit status."""
    parser = argparse.ArgumentParser(description="A room on two nodes against one on one node.")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seconds", type=float, default=8.0)
    parser.add_argument("--write", action="store_true")
    options = parser.parse_args()
    one, two = [], []
    for _ in range(options.rounds):
        one.append(measure(1, options.seconds))
        two.append(measure(2, options.seconds))
        print(f"one {one[-1]}\ntwo {two[-1]}", flush=True)
    text = table(one, two)
    print(text)
    if options.write:
        about = f"{options.rounds} rounds of {options.seconds:.0f} s: 5 rooms of 30, all type 3 edits/s with cursors."
        RESULTS.write_text(f"# A room on two nodes\n\n{about}\n\n{text}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
