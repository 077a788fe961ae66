"""Machines that cannot have a sandbox, and those that lack a toolchain."""

import os
import tempfile
import time
from pathlib import Path

import msgspec
import pytest

from exec_pool.errors import LanguageUnavailable, SandboxUnavailable
from exec_pool.languages import LANGUAGES
from exec_pool.limits import ExecSettings, Limits
from exec_pool.probe import Survey, find_fault
from exec_pool.runner_pool import Runner
from exec_pool.runs import Ending
from exec_pool.toolchains import describe, reachable
from tests.exec_pool.playground import ROWS, perform, request

pytestmark = [pytest.mark.asyncio(loop_scope="session"), pytest.mark.xdist_group("exec")]


START_SECONDS = 5.0


async def refused(settings: ExecSettings) -> str:
    """The reason for which such a server runs nothing."""
    runner = Runner(settings)
    began = time.monotonic()
    await runner.open()
    assert time.monotonic() - began < START_SECONDS, "it waited for the sandbox"
    assert not runner.availability.ok
    with pytest.raises(SandboxUnavailable):
        runner.submit(request("python", "print()"), print)
    available = await runner.checked()
    assert not available.ok
    assert not available.checking
    assert available.engine == "bubblewrap"
    assert not any(language.available for language in runner.languages)
    with pytest.raises(SandboxUnavailable, match="off"):
        runner.submit(request("python", "print()"), print)
    await runner.close()
    return available.reason


async def test_X1_off_by_the_settings() -> None:
    assert "settings" in await refused(ExecSettings(engine="bubblewrap", enabled=False))


async def test_X1_without_bubblewrap() -> None:
    assert "apt-get install bubblewrap" in await refused(
        ExecSettings(engine="bubblewrap", bwrap="/usr/bin/no-such-bwrap")
    )


async def test_X1_without_root(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    assert "root" in await refused(ExecSettings(engine="bubblewrap"))


async def test_X1_without_control_groups(tmp_path: Path) -> None:
    (tmp_path / "mounts").write_text("")
    assert "control groups" in await refused(ExecSettings(engine="bubblewrap", cgroup_mounts=str(tmp_path / "mounts")))
    assert "log" in await refused(ExecSettings(engine="bubblewrap", cgroup_self=str(tmp_path)))


@pytest.mark.parametrize(
    ("script", "says"),
    [
        ("echo 'bwrap: No permissions to create new namespace' >&2; exit 1", "user namespaces"),
        ("exit 3", "does not start"),
        ("exec sleep 60", "does not start"),
    ],
)
async def test_X1_X2_bubblewrap_that_does_not_work(tmp_path: Path, script: str, says: str) -> None:
    false = tmp_path / "bwrap"
    false.write_text(f"#!/bin/bash\n{script}\n")
    false.chmod(0o755)
    for folder in [tmp_path, *tmp_path.parents]:
        if Path(tempfile.gettempdir()) in folder.parents:
            folder.chmod(0o755)
    assert says in await refused(ExecSettings(engine="bubblewrap", bwrap=str(false), start_seconds=START_SECONDS))


GOOD_HELLO = (
    b'{"network": ["lo"], "read_only": true, "user": 1000, "capabilities": 0, "no_new_privileges": "1",'
    b' "seccomp": "2", "processes": ["1"]}'
)


@pytest.mark.parametrize(
    ("hello", "oom", "forks", "says"),
    [
        (GOOD_HELLO, 1, b"15\n", ""),
        (GOOD_HELLO.replace(b'["lo"]', b'["eth0", "lo"]'), 1, b"15", "network"),
        (GOOD_HELLO.replace(b"true", b"false"), 1, b"15", "change the system"),
        (GOOD_HELLO.replace(b"1000", b"0"), 1, b"15", "change the system"),
        (GOOD_HELLO.replace(b'"2"', b'"0"'), 1, b"15", "system call filter"),
        (GOOD_HELLO.replace(b'["1"]', b'["1234"]'), 1, b"15", "other processes"),
        (b"", 1, b"15", "did not run"),
        (GOOD_HELLO, 0, b"15", "memory limit"),
        (GOOD_HELLO, 1, b"500", "process limit"),
        (GOOD_HELLO, 1, b"", "process limit"),
    ],
)
async def test_X2_what_does_not_hold_is_found(hello: bytes, oom: int, forks: bytes, says: str) -> None:
    async def perform(plan: object, limits: object) -> tuple[Ending, bytes]:
        text = repr(plan)
        output = hello if "NoNewPrivs" in text else forks if "fork" in text else b""
        return Ending(step="run", code=0, oom=oom), output

    fault = await find_fault(perform, "/usr/bin/python3")
    assert fault == "" if not says else says in fault


async def test_X60_a_missing_toolchain_names_its_package(runner: Runner) -> None:
    tools = {tool.name: f"/usr/bin/{tool.name}" for row in LANGUAGES for tool in row.tools}
    without = Survey({name: path for name, path in tools.items() if name not in ("go", "esbuild")}, {}, False)
    go = describe(ROWS["go"], without, "")
    assert not go.available
    assert go.reason == (
        "Go is not installed on this server. An administrator can add it with: apt-get install golang-go"
    )
    assert describe(ROWS["typescript"], without, "").reason.endswith("apt-get install esbuild")
    assert "again in a moment" in describe(ROWS["python"], None, "").reason
    assert "does not work" in describe(ROWS["python"], without, "").reason
    with pytest.raises(LanguageUnavailable):
        runner.submit(msgspec.structs.replace(request("python", "print()"), language="x"), print)


async def test_X60_a_configured_toolchain_counts_if_other_users_can_reach_it(tmp_path: Path) -> None:
    (tmp_path / "bin").mkdir()
    node = tmp_path / "bin/node"
    node.write_text("#!/bin/sh\n")
    node.chmod(0o755)
    for folder in [tmp_path, *tmp_path.parents]:
        if Path(tempfile.gettempdir()) in folder.parents:
            folder.chmod(0o755)
    assert reachable((str(node), "/usr", "/no/such")) == (str(node), "/usr")
    tmp_path.chmod(0o700)
    assert reachable((str(node), "/usr", "/no/such")) == ("/usr",)


async def test_X60_a_toolchain_under_tmp_is_reached_from_a_cell() -> None:
    with tempfile.TemporaryDirectory(dir="/tmp") as folder:
        os.chmod(folder, 0o755)
        ruby = Path(folder, "ruby")
        ruby.write_text('#!/bin/sh\nexec /usr/bin/ruby "$@"\n')
        ruby.chmod(0o755)
        runner = Runner(ExecSettings(engine="bubblewrap", toolchain_paths=(folder, str(ruby))))
        await runner.open()
        assert (await runner.checked()).ok
        assert runner._found[""].tools["ruby"] == "/toolchains/0/ruby"
        outcome = await perform(runner, request("ruby", "puts 'from ' + 'afar'", limits=Limits(wall_seconds=30)))
        await runner.close()
    assert outcome.result is not None
    assert outcome.result.status == "ok"
