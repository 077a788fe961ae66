"""`python -m loadtests.peers`: play the scenarios on all servers, in turns, and write the results."""

import argparse
import sys
import time
from pathlib import Path

from loadtests.peers import chart, machine, programme, report
from loadtests.peers.native import NoCompiler
from loadtests.peers.programme import Scenario
from loadtests.peers.report import Result
from loadtests.peers.servers import PEERS, DidNotStart, Peer
from loadtests.peers.stage import Stage

HERE = Path(__file__).resolve().parent
BUILD = HERE.parent.parent / "build" / "loadtests"


def main() -> int:
    """Returns the exit status: 1 when a server could not be measured."""
    options = _parser().parse_args()
    mode = "full" if options.full else "short"
    everything = programme.full() if options.full or options.only else programme.short()
    scenarios = [each for each in everything if not options.only or each.name in options.only.split(",")]
    peers = [peer for peer in PEERS if not options.peers or peer.name in options.peers.split(",")]
    is_part = bool(options.only or options.peers)
    folder = options.results or (BUILD / "results" if is_part else HERE.parent / "results")
    try:
        run = Run(Stage(BUILD, options.profile), peers, options.rounds)
    except NoCompiler as error:
        print(f"bench: {error}", file=sys.stderr)
        return 1
    machine.allow_many_files()
    results = [run.scenario(scenario) for scenario in scenarios]
    if options.add:
        results = report.added(folder, results)
    report.save(results, machine.describe(), mode, folder, chart.draw(results))
    print(f"written to {folder}")
    return 1 if run.failures else 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser("loadtests.peers", description="Sangam beside other servers.")
    parser.add_argument("--full", action="store_true", help="every scenario, more and longer rounds")
    parser.add_argument("--only", help="scenarios, with commas between them, in their full length")
    parser.add_argument("--peers", help=f"servers, with commas between them: {', '.join(p.name for p in PEERS)}")
    parser.add_argument("--rounds", type=int, help="how often, instead of what the scenario says")
    parser.add_argument("--results", type=Path, help="folder for the results; a partial run goes to build/ otherwise")
    parser.add_argument("--add", action="store_true", help="keep what the folder has of other scenarios")
    parser.add_argument("--profile", default="", help="a command to run beside each steady measurement; {pid}, {name}")
    return parser


class Run:
    """One run of the benchmark; what could not be measured is in `failures`."""

    def __init__(self, stage: Stage, peers: list[Peer], rounds: int | None) -> None:
        self._stage = stage
        self._peers = peers
        self._rounds = rounds
        self.failures: list[str] = []

    def scenario(self, scenario: Scenario) -> Result:
        """Round by round, so that what else the machine does falls on all alike."""
        started = time.monotonic()
        peers = [peer for peer in self._peers if scenario.takes(peer)]
        result = Result(scenario.name, scenario.text, {peer.name: [] for peer in peers})
        for _ in range(self._rounds or scenario.rounds):
            for peer in peers:
                self._once(scenario, peer, result)
        print(f"\n{scenario.name}: {scenario.text} ({time.monotonic() - started:.0f} s)", flush=True)
        print("\n".join(report.table(result)), flush=True)
        return result

    def _once(self, scenario: Scenario, peer: Peer, result: Result) -> None:
        try:
            with self._stage.server(peer, keeps=scenario.needs_store, settings=scenario.settings) as server:
                result.rounds[peer.name].append(scenario.play(self._stage, server))
        except (DidNotStart, RuntimeError, OSError) as error:
            self.failures.append(f"{scenario.name} on {peer.name}")
            print(f"{scenario.name} on {peer.name}: {error!r}", file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main())
