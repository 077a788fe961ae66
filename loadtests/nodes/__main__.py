"""`python -m loadtests.nodes`: what it costs that a room spans two nodes, against one node in the same run.

The crowd of `make bench`, every second client at the other node; broker and database are real and shared. A house of
one node and one of two stand side by side and are played to by turns, for a few seconds each; figures are medians over
the turns, and the ratio that of each pair of turns. Nothing is pinned: nodes, broker, database and driver share the
machine. `--write` puts it into loadtests/results/nodes.md. See also `loadtests.nodes.kills`.
"""

import argparse
import statistics
import sys
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import msgspec

from loadtests.nodes.results import write_part
from loadtests.peers import machine, native
from loadtests.peers.driver import Answer, Driver
from loadtests.peers.plans import Library
from loadtests.peers.programme import CROWD
from tests.server import Server, running
from tests.services.nats import NatsServer
from tests.services.postgres import postgres

WARM_SECONDS = 3.0


class Turn(msgspec.Struct, frozen=True):
    """Milliseconds; processor microseconds of the nodes for each delivery; edits that did not arrive.

    `commits` are those of all nodes for each edit: where the machine is busy one node gathers more edits in one.
    """

    p50: float
    p99: float
    us: float
    commits: float
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


def play(driver: Path, plans: Library, servers: list[Server], rooms: str, seconds: float) -> tuple[Answer, float, int]:
    """What the driver tells, the processor seconds of the nodes and their commits."""
    shape = msgspec.structs.replace(CROWD, seconds=seconds)
    ports = ",".join(str(server.port) for server in servers)
    with Driver(driver, plans.typing(shape), ports, "/ws/{room}/main", rooms, None) as crowd:
        joined = crowd.gather(shape.size, shape.clients)
        assert joined == shape.clients, f"only {joined} of {shape.clients} came in"
        commits, used = _commits(servers), _used(servers)
        answer = crowd.play(seconds + 15.0)
        return answer, _used(servers) - used, _commits(servers) - commits


def _used(servers: list[Server]) -> float:
    return sum(machine.processor_seconds(server.process.pid) for server in servers)


def _commits(servers: list[Server]) -> int:
    lines = [line for server in servers for line in server.call("GET", "/metrics").text.splitlines()]
    return sum(int(float(line.split()[1])) for line in lines if line.startswith("sangam_journal_commits_total"))


def take_turn(driver: Path, plans: Library, servers: list[Server], rooms: str, seconds: float) -> Turn:
    """Of two nodes the delays are those from one to the other."""
    told, used, commits = play(driver, plans, servers, rooms, seconds)
    deliveries = told["edits_delivered"] + told["cursors_delivered"]
    which = "cross_" if len(servers) > 1 else ""
    return Turn(
        told[f"{which}p50_us"] / 1000,
        told[f"{which}p99_us"] / 1000,
        used * 1e6 / deliveries,
        commits / (CROWD.clients * CROWD.rate * seconds),
        told["edits_expected"] - told["edits_delivered"],
    )


def measure(turns: int, seconds: float) -> tuple[list[Turn], list[Turn]]:
    """Turns of one node and of two."""
    one: list[Turn] = []
    two: list[Turn] = []
    with tempfile.TemporaryDirectory(prefix="sangam-nodes-") as name, ExitStack() as stack:
        folder = Path(name)
        driver, plans = native.build("driver", folder), Library(folder / "plans")
        houses = [stack.enter_context(nodes(count, folder / f"house{count}")) for count in (1, 2)]
        for servers in houses:
            play(driver, plans, servers, "warm", WARM_SECONDS)
        for turn in range(turns):
            for servers, seen in zip(houses, (one, two), strict=True):
                seen.append(take_turn(driver, plans, servers, f"crowd{turn}", seconds))
            print(f"one {one[-1]}\ntwo {two[-1]}", flush=True)
    return one, two


def table(one: list[Turn], two: list[Turn]) -> str:
    """Medians, side by side."""
    rows = ["| | one node | two nodes, from one to the other | |", "|---|---|---|---|"]
    for title, name in (("p50, ms", "p50"), ("p99, ms", "p99"), ("processor µs per delivery", "us")):
        pairs = [(getattr(mine, name), getattr(both, name)) for mine, both in zip(one, two, strict=True)]
        ratio, more = (statistics.median(found) for found in zip(*((b / a, b - a) for a, b in pairs), strict=True))
        alone, across = (statistics.median(found) for found in zip(*pairs, strict=True))
        rows.append(
            f"| {title} | {alone:.2f} | {across:.2f} | {f'× {ratio:.2f}' if name == 'us' else f'{more:+.2f}'} |"
        )
    commits = [statistics.median(turn.commits for turn in turns) for turns in (one, two)]
    rows.append(f"| commits for each edit | {commits[0]:.2f} | {commits[1]:.2f} | |")
    rows.append(f"| edits lost | {sum(turn.lost for turn in one)} | {sum(turn.lost for turn in two)} | |")
    return "\n".join(rows)


def main() -> int:
    """The exit status."""
    parser = argparse.ArgumentParser(description="A room on two nodes against one on one node.")
    parser.add_argument("--turns", type=int, default=7)
    parser.add_argument("--seconds", type=float, default=4.0)
    parser.add_argument("--write", action="store_true")
    options = parser.parse_args()
    text = table(*measure(options.turns, options.seconds))
    print(text)
    if options.write:
        about = f"{options.turns} turns of {options.seconds:.0f} s: 5 rooms of 30, all type 3 edits/s with cursors."
        write_part("A room on two nodes", f"{about}\n\n{text}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
