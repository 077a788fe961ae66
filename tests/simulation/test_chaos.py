"""The short form of `make chaos`: fixed plans over three real nodes."""

import asyncio
from pathlib import Path

import pytest

from tests.services.postgres import PostgresServer
from tests.simulation.checker import check
from tests.simulation.plan import make_plan, read_plan


@pytest.mark.parametrize(("seed", "ending"), [(42, "calm"), (50, "dark"), (8, "calm")])
async def test_N7_whatever_happens_nothing_saved_is_lost(
    seed: int, ending: str, database: PostgresServer, keep: Path
) -> None:
    """Also J1, J3, D1 and N1 to N6, all at once."""
    outcome = await asyncio.to_thread(check, make_plan(seed, 6.0, ending), database, keep)
    assert outcome.problems == []
    assert outcome.marks > 100 and outcome.saved and outcome.entries


def test_N7_a_kept_plan_is_the_same_plan(tmp_path: Path) -> None:
    plan = make_plan(3, 20.0)
    assert plan == make_plan(3, 20.0) != make_plan(4, 20.0)
    plan.save(tmp_path / "kept" / "plan.json")
    assert read_plan(tmp_path / "kept" / "plan.json") == plan
