"""The checker: seeded plans of edits and faults over three real nodes, and whether anything was lost.

    python -m tests.simulation.checker --minutes 30          new seeds until then
    python -m tests.simulation.checker --seed 7 --seed 8     these
    python -m tests.simulation.checker --plan minute         a plan with a name
    python -m tests.simulation.checker --replay build/chaos/7/plan.json
    python -m tests.simulation.checker --planted skip_append a server that is wrong on purpose

A plan that fails is kept in `build/chaos/SEED`, with what was wrong and the nodes' logs. The exit status is 1 then.
"""

import argparse
import asyncio
import shutil
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from tests.services.postgres import PostgresServer, postgres_on_a_small_disk
from tests.simulation.cluster import PRODUCT
from tests.simulation.plan import NAMED, Plan, make_plan, read_plan
from tests.simulation.trial import HEAL_SECONDS, Outcome, play

SECONDS = 15.0
KEPT = Path("build/chaos")


def main() -> int:
    """The exit status."""
    options = _parser().parse_args()
    module = f"tests.simulation.planted.{options.planted}" if options.planted else PRODUCT
    tally = Tally()
    with postgres_on_a_small_disk() as database:
        for plan in _plans(options):
            tally.add(plan, check(plan, database, options.keep, module, options.patience))
    print(tally, flush=True)
    return 1 if tally.failed else 0


class Tally:
    """What all plans together tried, and how many of them failed."""

    def __init__(self) -> None:
        self.failed = 0
        self._counts: Counter[str] = Counter()
        self._faults: Counter[str] = Counter()

    def add(self, plan: Plan, outcome: Outcome) -> None:
        self.failed += bool(outcome.problems)
        self._faults.update(fault.kind for fault in plan.faults)
        tried = {"plans": 1, "acts": len(plan.acts), "edits": outcome.marks, "saved": outcome.saved}
        self._counts.update(tried | {"entries": outcome.entries, "faults": len(plan.faults)})

    def __str__(self) -> str:
        counts = ", ".join(f"{count} {name}" for name, count in self._counts.items())
        faults = ", ".join(f"{kind} {count}" for kind, count in self._faults.most_common())
        return f"{counts}; {self.failed} plans failed\nfaults: {faults}"


def check(
    plan: Plan, database: PostgresServer, keep: Path, module: str = PRODUCT, patience: float = HEAL_SECONDS
) -> Outcome:
    """Play it, say how it was, keep it if something was wrong."""
    folder = Path(tempfile.mkdtemp(prefix="sangam-chaos-"))
    try:
        outcome = asyncio.run(play(plan, database, folder, module, patience))
        _tell(plan, outcome)
        if outcome.problems:
            keep_failure(plan, outcome.problems, folder, keep / str(plan.seed))
        return outcome
    except BaseException as error:
        keep_failure(plan, [repr(error)], folder, keep / str(plan.seed))
        raise
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def keep_failure(plan: Plan, problems: list[str], folder: Path, where: Path) -> None:
    """The plan, the sentences and the logs."""
    plan.save(where / "plan.json")
    (where / "problems.txt").write_text("\n".join(problems) + "\n")
    for log in folder.glob("*.log"):
        shutil.copy(log, where)


def _tell(plan: Plan, outcome: Outcome) -> None:
    faults = ", ".join(f"{fault.kind} {fault.node if fault.node >= 0 else ''}".strip() for fault in plan.faults)
    print(
        f"{time.strftime('%H:%M:%S')} seed {plan.seed} ({plan.ending}; {faults}): "
        f"{outcome.marks} marks, {outcome.saved} saved, {outcome.entries} entries, "
        f"whole after {outcome.heal_seconds:.1f} s; {'FAILED' if outcome.problems else 'ok'}",
        flush=True,
    )
    for problem in outcome.problems:
        print(f"    {problem}", flush=True)


def _plans(options: argparse.Namespace) -> Iterator[Plan]:
    if options.plan:
        yield from (NAMED[name]() for name in options.plan)
    elif options.replay:
        yield from (read_plan(path) for path in options.replay)
    elif options.seed:
        yield from (make_plan(seed, options.seconds, options.ending) for seed in options.seed)
    else:
        end = time.monotonic() + options.minutes * 60
        seed = options.first if options.first is not None else int(time.time())
        while time.monotonic() < end:
            yield make_plan(seed, options.seconds, options.ending)
            seed += 1


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description="Seeded faults over three nodes: is anything lost?")
    parser.add_argument("--minutes", type=float, default=10.0, help="how long (10)")
    parser.add_argument("--first", type=int, help="the first seed; the time of day otherwise")
    parser.add_argument("--seed", type=int, action="append", help="this one only; may be repeated")
    parser.add_argument("--plan", choices=NAMED, action="append", help="one that has a name")
    parser.add_argument("--replay", type=Path, action="append", help="a kept plan")
    parser.add_argument("--seconds", type=float, default=SECONDS, help="how long each plan's faults last (15)")
    parser.add_argument("--ending", choices=("calm", "dark"), help="instead of the seed's own")
    parser.add_argument("--planted", help="one of tests/simulation/planted")
    parser.add_argument("--patience", type=float, default=HEAL_SECONDS, help="how long the end may take (60)")
    parser.add_argument("--keep", type=Path, default=KEPT, help="where failing plans go (build/chaos)")
    return parser


if __name__ == "__main__":
    sys.exit(main())
