"""What people see while something waits: a server with one place for programs."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import OpenRoom
from tests.server import Server, running

FILES = {"slow.py": "input()\n"}


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with running(tmp_path_factory.mktemp("waiting") / "data", exec_slots=1, exec_warm_cells=1) as started:
        yield started


def test_B27_a_run_that_waits_says_its_place(open_room: OpenRoom) -> None:
    asha, ravi = open_room(FILES, "Asha", "Ravi")
    asha.open("slow.py").at_end_of(1).presses("Control+Enter")
    state, own = (
        page.page.get_by_role("region", name="Output and tests").get_by_role("status") for page in (ravi, asha)
    )
    for each in (state, own):
        expect(each).to_contain_text("Running", timeout=30_000)
    asha.presses("Control+Enter")
    expect(state).to_contain_text("Queued, 1st in line · ", timeout=30_000)
    asha.page.get_by_role("button", name="Earlier runs").click()
    asha.page.get_by_role("menuitemradio").nth(1).click()
    asha.page.get_by_role("button", name="Stop", exact=True).click()
    expect(state).to_contain_text("Running")
