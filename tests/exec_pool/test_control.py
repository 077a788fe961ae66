"""The control of the attacks: with one protection taken away the matching one gets through, and is noticed."""

import socket
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from exec_pool.cells import Cells
from exec_pool.errors import CellFailed
from exec_pool.limits import MIB, ExecSettings, Limits
from exec_pool.runner_pool import Runner
from tests.exec_pool import unguarded
from tests.exec_pool.attack_files import ATTACKS, what_went_wrong
from tests.exec_pool.playground import request
from tests.exec_pool.unguarded import bwrap_cells, docker_cells, edited_bwrap, perform_in

pytestmark = [pytest.mark.asyncio(loop_scope="session"), pytest.mark.xdist_group("exec")]

STRICT = Limits(wall_seconds=20, cpu_seconds=4, memory_bytes=128 * MIB, processes=30)
MANY = Limits(wall_seconds=20, cpu_seconds=9, memory_bytes=1024 * MIB, processes=900)
ROOMY = Limits(wall_seconds=20, cpu_seconds=9, memory_bytes=1024 * MIB, processes=30)


@pytest.fixture(scope="module")
def port() -> Iterator[int]:
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield server.getsockname()[1]


async def outcome_of(cells: Cells, name: str, limits: Limits, port: int) -> str:
    """What went wrong when this attack was tried; empty when the cell held."""
    attack = ATTACKS[name]
    wanted = request(attack.language, attack.with_port(port), limits=limits)
    try:
        outcome = await perform_in(cells, wanted, limits)
    except CellFailed as error:
        return f"the cell broke: {error}"
    return what_went_wrong(attack, outcome.result.status, outcome.text() + outcome.text("stderr"))


NAMES = (
    "network_of_the_machine", "io_uring", "keyctl", "writing_elsewhere", "reading_the_machine", "filling_tmp",
    "process_count", "thread_bomb", "holding_too_much", "forging_frames", "every_signal_to_process_1", "reading_sys",
)  # fmt: skip


@pytest.mark.parametrize("name", NAMES)
async def test_X12_with_every_protection_the_same_attacks_are_held(docker_url: str, port: int, name: str) -> None:
    async with bwrap_cells() as cells:
        assert await outcome_of(cells, name, STRICT, port) == ""
    async with docker_cells(docker_url, lambda body: None) as cells:
        assert await outcome_of(cells, name, STRICT, port) == ""


BWRAP: list[tuple[str, str, Limits]] = [
    ("network_of_the_machine", unguarded.WITHOUT_NETWORK_WALL, STRICT),
    ("io_uring", unguarded.WITHOUT_FILTER, STRICT),
    ("keyctl", unguarded.WITHOUT_FILTER, STRICT),
    ("writing_elsewhere", unguarded.WITHOUT_READ_ONLY_ROOT, STRICT),
    ("reading_the_machine", unguarded.WITHOUT_HIDING, STRICT),
    ("filling_tmp", unguarded.WITHOUT_SIZES, ROOMY),
    ("process_count", "", MANY),
    ("thread_bomb", "", MANY),
    ("holding_too_much", "", ROOMY),
]


@pytest.mark.parametrize(("name", "edit", "limits"), BWRAP, ids=lambda value: value if value in NAMES else "")
async def test_X12_bubblewrap_without_one_wall(port: int, name: str, edit: str, limits: Limits) -> None:
    async with bwrap_cells(edit) as cells:
        assert await outcome_of(cells, name, limits, port) != ""


RUNNER: list[tuple[str, Callable[[str], str]]] = [
    ("forging_frames", lambda text: text.replace("    dumpable(False)\\n", "    pass\\n")),
    ("every_signal_to_process_1", lambda text: text.replace("signal.signal(name, signal.SIG_DFL)", "pass")),
]


@pytest.mark.parametrize(("name", "edit"), RUNNER, ids=lambda value: value if value in NAMES else "")
async def test_X12_a_runner_that_does_not_protect_itself(port: int, name: str, edit: Callable[[str], str]) -> None:
    async with bwrap_cells(runner=edit) as cells:
        assert await outcome_of(cells, name, STRICT, port) != ""


def without_network_wall(body: dict[str, Any]) -> None:
    body["NetworkDisabled"] = False
    body["HostConfig"]["NetworkMode"] = "host"


def without_profile(body: dict[str, Any]) -> None:
    body["HostConfig"]["SecurityOpt"] = ["no-new-privileges:true", "seccomp=unconfined"]


def without_own_filter(body: dict[str, Any]) -> None:
    body["Cmd"].pop()


def without_filters(body: dict[str, Any]) -> None:
    without_profile(body)
    without_own_filter(body)


def with_privileges(body: dict[str, Any]) -> None:
    body["HostConfig"]["SecurityOpt"].remove("no-new-privileges:true")


def as_root_on_a_writable_root(body: dict[str, Any]) -> None:
    body["User"] = "0:0"
    body["HostConfig"]["ReadonlyRootfs"] = False


def without_hiding(body: dict[str, Any]) -> None:
    body["HostConfig"]["MaskedPaths"] = []


def without_sizes(body: dict[str, Any]) -> None:
    body["HostConfig"]["Tmpfs"]["/tmp"] = "rw,mode=1777"


def unchanged(body: dict[str, Any]) -> None:
    pass


DOCKER: list[tuple[str, Callable[[dict[str, Any]], None], Limits]] = [
    ("network_of_the_machine", without_network_wall, STRICT),
    ("io_uring", without_filters, STRICT),
    ("keyctl", without_filters, STRICT),
    ("writing_elsewhere", as_root_on_a_writable_root, STRICT),
    ("reading_the_machine", without_hiding, STRICT),
    ("reading_sys", without_hiding, STRICT),
    ("filling_tmp", without_sizes, ROOMY),
    ("process_count", unchanged, MANY),
    ("holding_too_much", unchanged, ROOMY),
    ("io_uring", with_privileges, STRICT),
]


@pytest.mark.parametrize(("name", "edit", "limits"), DOCKER, ids=lambda value: getattr(value, "__name__", ""))
async def test_X12_docker_without_one_wall(
    docker_url: str, port: int, name: str, edit: Callable[[dict[str, Any]], None], limits: Limits
) -> None:
    async with docker_cells(docker_url, edit) as cells:
        assert await outcome_of(cells, name, limits, port) != ""


@pytest.mark.parametrize("edit", [without_profile, without_own_filter])
async def test_X6_either_filter_of_a_container_holds_alone(
    docker_url: str, port: int, edit: Callable[[dict[str, Any]], None]
) -> None:
    async with docker_cells(docker_url, edit) as cells:
        for name in ("io_uring", "keyctl", "namespaces", "mounting", "bpf"):
            assert await outcome_of(cells, name, STRICT, port) == ""


@pytest.mark.parametrize(
    ("edit", "says"),
    [
        (unguarded.WITHOUT_NETWORK_WALL, "network"),
        (unguarded.WITHOUT_FILTER, "filter"),
        (unguarded.WITHOUT_READ_ONLY_ROOT, "change the system"),
    ],
)
async def test_X2_X12_the_probe_refuses_a_sandbox_without_one_wall(edit: str, says: str) -> None:
    with edited_bwrap(edit) as path:
        runner = Runner(ExecSettings(engine="bubblewrap", bwrap=path))
        await runner.open()
        available = await runner.checked()
        await runner.close()
    assert not available.ok
    assert says in available.reason
