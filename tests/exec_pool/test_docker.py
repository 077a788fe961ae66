"""The Docker engine: what it is told, what it refuses, what it leaves behind."""

import asyncio
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import aiodocker
import aiohttp
import msgspec
import pytest

from exec_pool.docker_config import LABEL, Recipe, container, profile
from exec_pool.host_image import HOST_IMAGE, host_image_tar
from exec_pool.limits import ExecSettings, Limits
from exec_pool.orphans import is_gone, server_label
from exec_pool.runner_pool import Runner
from exec_pool.seccomp import ALLOW, CHECKED, EPERM, REFUSED, filter_program
from exec_pool.syscalls import ALLOWED
from tests.exec_pool.playground import perform, python, request, until
from tests.exec_pool.test_attacks import users_of
from tests.exec_pool.test_seccomp import decide

pytestmark = [pytest.mark.asyncio(loop_scope="session"), pytest.mark.xdist_group("exec")]


def in_docker_settings(url: str, **more: Any) -> ExecSettings:
    return ExecSettings(**{"engine": "docker", "docker_url": url, "image": "host", "warm_cells": 0, **more})


async def containers(url: str) -> dict[str, str]:
    """The cells that an engine knows, whoever made them: id → label."""
    connector = aiohttp.UnixConnector(url.removeprefix("unix://"))
    docker = aiodocker.Docker("unix://localhost", connector=connector)
    try:
        found = await docker.containers.list(all=True, filters=f'{{"label":["{LABEL}"]}}')
        return {one.id: str(one["Labels"][LABEL]) for one in found}
    finally:
        await docker.close()
        await connector.close()


async def checked(settings: ExecSettings) -> Runner:
    runner = Runner(settings)
    await runner.open()
    await runner.checked()
    return runner


@pytest.mark.parametrize(
    ("more", "says"),
    [
        ({"docker_url": "unix:///no/such/socket"}, "no Docker engine answers"),
        ({"docker_url": "tcp://127.0.0.1:9"}, "no Docker engine answers"),
        ({"docker_url": "nonsense"}, "no Docker engine answers"),
        ({"image": "no-such-image:7"}, "python -m exec_pool.image build"),
        ({"runtime": "runsc"}, "no runtime 'runsc'"),
    ],
)
async def test_X1_X11_what_docker_lacks_is_told(docker_url: str, more: dict[str, str], says: str) -> None:
    runner = await checked(msgspec.structs.replace(in_docker_settings(docker_url), **more))
    assert not runner.availability.ok
    assert runner.availability.engine == "docker"
    assert says in runner.availability.reason
    await runner.close()


async def test_X11_docker_comes_first_and_bubblewrap_steps_in(docker_url: str) -> None:
    for image, engine in (("host", "docker"), ("no-such-image:7", "bubblewrap")):
        runner = await checked(in_docker_settings(docker_url, engine="auto", image=image))
        assert (runner.availability.ok, runner.availability.engine) == (True, engine)
        await runner.close()
    runner = await checked(in_docker_settings("unix:///no/such/socket", engine="auto"))
    assert (runner.availability.ok, runner.availability.engine) == (True, "bubblewrap")
    await runner.close()


async def test_X11_a_runtime_that_was_asked_for_is_used(docker_url: str) -> None:
    runner = await checked(in_docker_settings(docker_url, runtime="runc"))
    assert (await python(runner, "print('fine')")).text() == "fine\n"
    await runner.close()


async def test_X9_close_removes_every_container(docker_url: str) -> None:
    before = set(await containers(docker_url))
    runner = await checked(in_docker_settings(docker_url, warm_cells=2))
    await python(runner, "print()", lease="kept")
    await until(lambda: runner.stats().idle_cells == 3)
    mine = {cell._container.id for cell in runner._cells._live}  # type: ignore[union-attr]
    assert len(mine) == 3
    assert mine <= set(await containers(docker_url))
    await runner.close()
    assert not mine & set(await containers(docker_url))
    assert set(await containers(docker_url)) <= before


async def test_X9_containers_of_a_killed_server_are_removed_by_the_next(checkout: Path, docker_url: str) -> None:
    command = [sys.executable, "-m", "tests.exec_pool.server_to_kill", docker_url]
    server = await asyncio.create_subprocess_exec(*command, cwd=checkout, stdout=subprocess.PIPE)
    assert server.stdout is not None
    assert await asyncio.wait_for(server.stdout.readline(), 60) == b"up\n"
    label = server_label(server.pid)
    assert list((await containers(docker_url)).values()).count(label) >= 3
    server.send_signal(signal.SIGKILL)
    await server.wait()
    await until(lambda: users_of("word-of-the-killed") == set())  # the cells end by themselves
    next_one = await checked(in_docker_settings(docker_url))
    assert label not in (await containers(docker_url)).values()
    await next_one.close()


async def test_X9_only_servers_that_are_gone_are_orphans(tmp_path: Path) -> None:
    assert not is_gone(server_label())
    child = subprocess.Popen(["sleep", "60"])
    label = server_label(child.pid)
    assert not is_gone(label)
    child.kill()
    child.wait()
    assert is_gone(label)
    assert not is_gone("elsewhere/boot 1 1")
    assert not is_gone("nonsense")
    boot = tmp_path / "sys/kernel/random"
    boot.mkdir(parents=True)
    (boot / "boot_id").write_text("another")
    assert is_gone(server_label(), tmp_path)


async def test_X68_a_language_may_have_an_image_of_its_own(docker_url: str, tmp_path: Path) -> None:
    file = tmp_path / "languages.toml"
    row = '[[language]]\nid = "awk"\nname = "AWK"\nextensions = [".awk"]\nfile_name = "main.awk"\n'
    row += 'tools = [{name = "perl"}]\nversion = ["perl", "-e", "print 1.2"]\nrun = ["perl", "{entry}"]\n'
    file.write_text(row + f'image = "{HOST_IMAGE}"\n' + row.replace("awk", "owk") + 'image = "no-such-image:9"\n')
    runner = await checked(in_docker_settings(docker_url, languages=str(file)))
    known = {info.id: info for info in runner.languages}
    assert known["awk"].available
    assert not known["owk"].available
    wanted = msgspec.structs.replace(request("perl", "print 'from its own image'"), language="awk", lease="x")
    assert (await perform(runner, wanted)).text() == "from its own image"
    opened = runner.stats().cells_opened
    assert (await perform(runner, wanted)).text() == "from its own image"
    assert runner.stats().cells_opened == opened
    await runner.close()


def body(**more: Any) -> dict[str, Any]:
    recipe = Recipe(
        image="i", runtime="", label="l", runner="r", profile=profile(), filter_program=filter_program(), binds=(),
        scratch_bytes=1 << 20, cores=1.0, limits=Limits(),
    )  # fmt: skip
    return container(msgspec.structs.replace(recipe, **more), 1234, "")


async def test_X3_X5_X22_X23_a_container_is_locked_down() -> None:
    host: dict[str, Any] = body()["HostConfig"]
    assert body()["User"] == "1234:1234"
    assert host["NetworkMode"] == "none"
    assert host["ReadonlyRootfs"]
    assert host["CapDrop"] == ["ALL"]
    assert not host["Privileged"]
    assert host["Memory"] == host["MemorySwap"] == Limits().memory_bytes
    assert host["PidsLimit"] == Limits().processes + 1
    assert "no-new-privileges:true" in host["SecurityOpt"]
    assert not {"Devices", "CapAdd", "PidMode", "UsernsMode", "CgroupnsMode", "VolumesFrom"} & set(host)
    assert host["LogConfig"] == {"Type": "none"}


async def test_X6_the_names_and_the_numbers_are_one_table() -> None:
    """What the kernel's header calls a call is allowed, refused or looked at: by name and by number alike."""
    text = Path("/usr/include/x86_64-linux-gnu/asm/unistd_64.h").read_text()
    numbers = {
        line.split()[1][5:]: int(line.split()[2]) for line in text.splitlines() if line.startswith("#define __NR_")
    }
    assert len(numbers) > 300
    program = filter_program("x86_64")
    for name, number in numbers.items():
        assert (name in ALLOWED) + (name in REFUSED) + (name in CHECKED) == 1, name
        if name not in CHECKED:
            expected = ALLOW if name in ALLOWED else EPERM
            assert decide(program, number, audit=0xC000003E) == expected, name


async def test_X6_the_profile_is_an_allow_list() -> None:
    told = msgspec.json.decode(profile())
    assert told["defaultAction"] == "SCMP_ACT_ERRNO"
    allowed = {name for rule in told["syscalls"] if rule["action"] == "SCMP_ACT_ALLOW" for name in rule["names"]}
    assert not allowed & set(REFUSED)
    assert {"io_uring_setup", "bpf", "clone3", "mount", "keyctl"} & allowed == set()


async def test_X3_the_quick_image_holds_nothing(tmp_path: Path) -> None:
    (tmp_path / "image.tar").write_bytes(host_image_tar())
    listed = subprocess.run(["tar", "tvf", str(tmp_path / "image.tar")], capture_output=True, text=True, check=True)
    assert len(listed.stdout.splitlines()) < 20
    assert "drwxrwxrwt" in listed.stdout
    assert os.listdir(tmp_path) == ["image.tar"]
