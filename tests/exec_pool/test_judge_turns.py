"""Runs in the Runner take turns, too."""

import asyncio

import pytest

from exec_pool.runner_pool import Runner
from exec_pool.turns import Place
from tests.exec_pool.playground import perform, request, start, until

pytestmark = [pytest.mark.asyncio(loop_scope="session"), pytest.mark.xdist_group("exec")]


async def test_V21_leases_take_turns_and_a_waiting_run_knows_its_place(runner: Runner) -> None:
    """With every slot taken, one room's flood does not delay another room's only run."""
    fill = [start(runner, request("python", "input()", lease=f"fill {n}")) for n in range(8)]
    await until(lambda: runner.stats().running == 8)
    order: list[str] = []

    async def note(name: str, lease: str) -> None:
        await perform(runner, request("python", "pass", lease=lease))
        order.append(name)

    flood = [asyncio.create_task(note(f"flood {n}", "flood")) for n in range(10)]
    await until(lambda: runner.stats().queued == 10)
    calm, heard = start(runner, request("python", "pass", lease="calm"))
    place = runner.place(calm)
    assert place is not None
    assert place.position == 2
    assert runner.place(fill[0][0]) == Place(0, 0.0)
    fill[0][0].close_stdin()
    calm.close_stdin()
    await calm.result()
    assert len(order) <= 2
    assert runner.place(calm) is None
    for run, _ in fill:
        run.close_stdin()
    await asyncio.gather(*flood)
    assert heard.events == []


async def test_V21_runs_that_need_each_other_begin_together(runner: Runner) -> None:
    fill = [start(runner, request("python", "input()", lease=f"fill {n}"))[0] for n in range(7)]
    await until(lambda: runner.stats().running == 7)
    wanted = request("python", "print(input())")
    pair = runner.submit_together((wanted, lambda _: None), (wanted, lambda _: None))
    assert runner.stats().queued == 2
    fill[0].close_stdin()
    await until(lambda: runner.stats().queued == 0)
    pair[0].stop()
    pair[1].close_stdin()
    await asyncio.gather(*(run.result() for run in pair))
    fill.append(start(runner, request("python", "input()", lease="one more"))[0])
    waits = runner.submit_together((wanted, lambda _: None), (wanted, lambda _: None))
    waits[1].stop()
    assert {(await run.result()).status for run in waits} == {"stopped"}
    for run in fill:
        run.stop()
        await run.result()
    await until(lambda: runner.stats().running == 0)
