"""Control groups on both versions, over folders that stand for the kernel's."""

import os
from pathlib import Path

import pytest

from exec_pool.cell.meter import Meter
from exec_pool.cgroups import GroupV1, GroupV2, SliceV1, SliceV2, find_slice, remove_leftovers
from exec_pool.errors import SandboxUnavailable


class Kernel:
    """A folder that looks like a machine of one version; `text` files are what mountinfo and /proc/self/cgroup say."""

    def __init__(self, top: Path) -> None:
        self.top = top
        self.mountinfo, self.own = top / "mountinfo", top / "own"

    def second(self, path: str, passes_on: str, members: str = "") -> Path:
        """A version 2 tree in which we are at `path`."""
        self.mountinfo.write_text(f"30 23 0:26 / {self.top}/cg rw - cgroup2 cgroup2 rw,nsdelegate\n")
        self.own.write_text(f"0::{path}\n")
        folder = self.top / "cg" / path.lstrip("/")
        folder.mkdir(parents=True)
        for place in (folder, *folder.parents):
            if place == self.top:
                break
            (place / "cgroup.subtree_control").write_text(passes_on)
            (place / "cgroup.procs").write_text(members)
        return folder

    def first(self, root: str, path: str, together: bool) -> None:
        """A version 1 tree of which a mount shows what lies below `root`."""
        kinds = ["memory", "pids", "cpu,cpuacct" if together else "cpuacct"]
        lines = [f"{n} 23 0:{n} {root} {self.top}/{kind} rw - cgroup cgroup rw,{kind}" for n, kind in enumerate(kinds)]
        self.mountinfo.write_text("22 1 8:1 / / rw - ext4 /dev/root rw\n" + "\n".join(lines) + "\n")
        self.own.write_text("".join(f"{n}:{kind}:{path}\n" for n, kind in enumerate(kinds)) + "0::/x\n")
        for kind in kinds:
            (self.top / kind / "inner").mkdir(parents=True)

    def find(self) -> SliceV1 | SliceV2:
        return find_slice(str(self.mountinfo), str(self.own), 1.0)


@pytest.fixture
def kernel(tmp_path: Path) -> Kernel:
    return Kernel(tmp_path)


def slices_of(folder: Path) -> list[Path]:
    return list(folder.glob("sangam-exec-*"))


def test_X22_X23_limits_on_version_2(kernel: Kernel) -> None:
    own = kernel.second("/system.slice/sangam.service", "memory pids cpu")
    cell = kernel.find().cell("cell-0")
    (found,) = slices_of(own)
    assert (found / "cgroup.subtree_control").read_text() == "+memory +pids +cpu"
    folder = found / "cell-0"
    (folder / "memory.swap.max").write_text("max")
    (folder / "memory.events").write_text("low 0\nmax 12\noom 3\noom_kill 2\noom_group_kill 0\n")
    cell.limit(64 << 20, 17)
    cell.join(1234)
    assert (folder / "memory.max").read_text() == str(64 << 20)
    assert (folder / "memory.swap.max").read_text() == "0"
    assert (folder / "pids.max").read_text() == "17"
    assert (folder / "cgroup.procs").read_text() == "1234"
    assert cell.oom_kills() == 2
    assert cell.binds() == [(str(folder), "/cg/unified")]


def test_X21_processor_share_on_version_2(tmp_path: Path) -> None:
    cell = GroupV2(tmp_path / "cell")
    (tmp_path / "cell/cpu.max").write_text("max 100000")
    cell.share(1.5)
    assert (tmp_path / "cell/cpu.max").read_text() == "150000 100000"


def test_X1_version_2_turns_the_controllers_on_where_it_may(kernel: Kernel) -> None:
    own = kernel.second("/", "")
    kernel.find()
    assert (own / "cgroup.subtree_control").read_text() == "+memory +pids +cpu"
    assert len(slices_of(own)) == 1


def test_X1_version_2_is_off_when_nobody_passes_the_controllers_on(kernel: Kernel) -> None:
    own = kernel.second("/app", "", members=f"{os.getpid()}\n1\n")
    for folder in (own, own.parent):
        (folder / "cgroup.subtree_control").unlink()
        (folder / "cgroup.subtree_control").mkdir()
    with pytest.raises(SandboxUnavailable, match="privileged"):
        kernel.find()


@pytest.mark.parametrize(
    ("root", "path", "inner"),
    [
        ("/", "/inner", "inner"),
        ("/docker/7", "/docker/7/inner", "inner"),
        ("/docker/7", "/docker/7", ""),
        ("/", "/gone", ""),
    ],
)
@pytest.mark.parametrize("together", [True, False])
def test_X1_version_1_stays_below_our_own_group(
    kernel: Kernel, root: str, path: str, inner: str, together: bool
) -> None:
    kernel.first(root, path, together)
    kernel.find()
    assert len(slices_of(kernel.top / "memory" / inner)) == 1
    assert len(slices_of(kernel.top / "pids" / inner)) == 1


def test_X22_X23_limits_on_version_1(tmp_path: Path) -> None:
    folders = {kind: tmp_path / kind for kind in ("memory", "pids", "cpuacct")}
    cell = GroupV1(folders)
    (folders["memory"] / "memory.oom_control").write_text("oom_kill_disable 0\nunder_oom 0\noom_kill 4\n")
    (folders["memory"] / "memory.memsw.limit_in_bytes").write_text("9223372036854771712")
    cell.limit(64 << 20, 17)
    cell.join(1234)
    assert (folders["memory"] / "memory.limit_in_bytes").read_text() == str(64 << 20)
    assert (folders["memory"] / "memory.memsw.limit_in_bytes").read_text() == str(64 << 20)
    assert (folders["pids"] / "pids.max").read_text() == "17"
    assert all((folder / "cgroup.procs").read_text() == "1234" for folder in folders.values())
    assert cell.oom_kills() == 4
    assert cell.binds() == [(str(folders["memory"]), "/cg/memory"), (str(folders["cpuacct"]), "/cg/cpuacct")]


def test_X9_only_the_groups_of_servers_that_are_gone_are_removed(tmp_path: Path) -> None:
    started = Path(f"/proc/{os.getpid()}/stat").read_text().rpartition(")")[2].split()[19]
    living = tmp_path / f"sangam-exec-{os.getpid()}-{started}-ab12"
    dead = tmp_path / f"sangam-exec-{os.getpid()}-1-cd34"
    for folder in (living, dead, tmp_path / "other", tmp_path / "sangam-exec-x-y"):
        (folder / "cell-0").mkdir(parents=True)
    remove_leftovers(tmp_path)
    assert living.exists()
    assert not dead.exists()
    assert {path.name for path in tmp_path.iterdir()} == {living.name, "other", "sangam-exec-x-y"}


def test_X9_a_slice_removes_itself(kernel: Kernel) -> None:
    own = kernel.second("/a", "memory pids")
    found = kernel.find()
    (folder,) = slices_of(own)
    for file in folder.iterdir():  # the kernel's files go with their folder
        file.unlink()
    found.remove()
    assert not folder.exists()


def test_X1_a_machine_without_control_groups_has_no_sandbox(kernel: Kernel) -> None:
    kernel.mountinfo.write_text("22 1 8:1 / / rw - ext4 /dev/root rw\n")
    kernel.own.write_text("0::/\n")
    with pytest.raises(SandboxUnavailable, match="control groups"):
        kernel.find()


@pytest.mark.parametrize("second", [True, False])
def test_X21_X22_the_meter_reads_both_versions(tmp_path: Path, second: bool) -> None:
    files = {
        True: {
            "unified/cpu.stat": "usage_usec {cpu}000000\nuser_usec 1\nsystem_usec 1\n",
            "unified/memory.stat": "anon 1000\nfile 7777\nshmem 24\nfile_mapped 3\n",
            "unified/memory.events": "oom 9\noom_kill {oom}\n",
        },
        False: {
            "cpuacct/cpuacct.usage": "{cpu}000000000\n",
            "memory/memory.stat": "cache 7777\nrss 1000\nshmem 24\ntotal_rss 5000\n",
            "memory/memory.oom_control": "oom_kill_disable 0\nunder_oom 0\noom_kill {oom}\n",
        },
    }[second]

    def write(cpu: int, oom: int) -> None:
        for name, text in files.items():
            (tmp_path / "cg" / name).parent.mkdir(parents=True, exist_ok=True)
            (tmp_path / "cg" / name).write_text(text.format(cpu=cpu, oom=oom))

    write(100, 5)
    meter = Meter(str(tmp_path))
    write(107, 6)
    meter.sample()
    assert 6.5 < meter.cpu() <= 7
    assert meter.oom() == 1
    assert meter.memory_now == meter.peak == 1024
