"""Does the checker notice what a server does wrong?"""

import asyncio
from pathlib import Path

import msgspec
import pytest

from tests.services.postgres import PostgresServer
from tests.simulation.checker import check
from tests.simulation.plan import make_plan

_PATIENCE = 5.0


@pytest.mark.parametrize(
    ("planted", "ending", "problem"),
    [
        ("skip_append", "calm", "the journal differs"),
        ("early_promise", "dark", "the journal lacks what was saved"),
        ("lose_message", "calm", "not"),
        ("boast_snapshot", "calm", "the loaded room differs"),
    ],
)
async def test_N7_a_planted_fault_is_found(
    planted: str, ending: str, problem: str, database: PostgresServer, tmp_path: Path
) -> None:
    plan = msgspec.structs.replace(make_plan(4, 3.0, ending), faults=[])
    module = f"tests.simulation.planted.{planted}"
    outcome = await asyncio.to_thread(check, plan, database, tmp_path, module, _PATIENCE)
    assert any(problem in found for found in outcome.problems)
    assert (tmp_path / "4" / "plan.json").exists()
