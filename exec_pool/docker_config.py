"""What a cell is for Docker: the body of its create call, and the profile of system calls. Pure."""

import base64
from typing import Any

import msgspec

from exec_pool.limits import MIB, Limits
from exec_pool.plans import BASE_ENV
from exec_pool.seccomp import LOCAL_FAMILIES, NEW_NAMESPACES, REFUSED, TESTS
from exec_pool.syscalls import ALLOWED
from exec_pool.view import HIDDEN, HIDDEN_FOLDERS

LABEL = "sangam.cell"
LOW_HALF = 0xFFFFFFFF


class Recipe(msgspec.Struct, frozen=True):
    """What all Docker cells of a server have in common. `binds` are `source:target:ro`; sizes in bytes."""

    image: str
    runtime: str
    label: str
    runner: str
    profile: str
    filter_program: bytes
    binds: tuple[str, ...]
    scratch_bytes: int
    cores: float
    limits: Limits


def profile() -> str:
    """Docker's seccomp profile: an allow-list. The exact filter of `seccomp.py` is added by the runner itself."""
    checked_within = [name for name in TESTS if name not in ("clone", "socket")]
    families: list[dict[str, object]] = [
        {"names": ["socket"], "action": "SCMP_ACT_ALLOW", "args": [_masked(0, LOW_HALF, family)]}
        for family in LOCAL_FAMILIES
    ]
    rules: list[dict[str, object]] = [
        {"names": [*ALLOWED, *checked_within, "arch_prctl"], "action": "SCMP_ACT_ALLOW"},
        {"names": ["clone"], "action": "SCMP_ACT_ALLOW", "args": [_masked(0, NEW_NAMESPACES, 0)]},
        *families,
        {"names": ["clone3"], "action": "SCMP_ACT_ERRNO", "errnoRet": 38},
        {"names": sorted(REFUSED), "action": "SCMP_ACT_ERRNO", "errnoRet": 1},
    ]
    whole = {"defaultAction": "SCMP_ACT_ERRNO", "defaultErrnoRet": 38, "syscalls": rules}
    return msgspec.json.encode(whole).decode()


def _masked(index: int, mask: int, value: int) -> dict[str, object]:
    return {"index": index, "op": "SCMP_CMP_MASKED_EQ", "value": mask, "valueTwo": value}


def container(recipe: Recipe, uid: int, image: str) -> dict[str, Any]:
    """The body of the create call for a cell of this user."""
    environment = BASE_ENV | {"HOME": "/tmp", "LANG": "C.UTF-8"}
    fine = base64.b64encode(recipe.filter_program).decode()
    return {
        "Image": image or recipe.image,
        "Entrypoint": [],
        "Cmd": ["/usr/bin/python3", "-I", "-S", "-c", recipe.runner, fine],
        "User": f"{uid}:{uid}",
        "WorkingDir": "/work",
        "Hostname": "sandbox",
        "Env": [f"{name}={value}" for name, value in environment.items()],
        "Tty": False,
        "AttachStdin": True,
        "AttachStdout": True,
        "AttachStderr": True,
        "OpenStdin": True,
        "StdinOnce": True,
        "NetworkDisabled": True,
        "Healthcheck": {"Test": ["NONE"]},
        "Labels": {LABEL: recipe.label},
        "HostConfig": _host_config(recipe, uid),
    }


def _host_config(recipe: Recipe, uid: int) -> dict[str, object]:
    memory = recipe.limits.memory_bytes
    return {
        "Runtime": recipe.runtime,
        "NetworkMode": "none",
        "ReadonlyRootfs": True,
        "CapDrop": ["ALL"],
        "Privileged": False,
        "Init": False,
        "SecurityOpt": ["no-new-privileges:true", f"seccomp={recipe.profile}"],
        "Memory": memory,
        "MemorySwap": memory,
        "OomKillDisable": False,
        "OomScoreAdj": 500,
        "NanoCpus": int(recipe.cores * 1e9),
        "CpuShares": 512,
        "PidsLimit": recipe.limits.processes + 1,
        "IpcMode": "none",
        "Binds": list(recipe.binds),
        "Tmpfs": _tmpfs(recipe, uid),
        "MaskedPaths": [*(f"/proc/{name}" for name in HIDDEN), *HIDDEN_FOLDERS],
        "ReadonlyPaths": ["/proc/bus", "/proc/fs", "/proc/irq", "/proc/sys"],
        # At a limit of 0 the kernel would feed crashes to the machine's crash handler, at 1 it does not.
        "Ulimits": [{"Name": "nofile", "Soft": 256, "Hard": 1024}, {"Name": "core", "Soft": 1, "Hard": 1}],
        "LogConfig": {"Type": "none"},
        "AutoRemove": False,
        "RestartPolicy": {"Name": "no"},
    }


def _tmpfs(recipe: Recipe, uid: int) -> dict[str, str]:
    inodes = max(1024, recipe.scratch_bytes // 4096)
    own = f"rw,nosuid,nodev,uid={uid},gid={uid},mode=755"
    scratch = f"{own},exec,size={recipe.scratch_bytes},nr_inodes={inodes}"
    return {
        "/work": scratch,
        "/tmp": scratch,
        "/dev/shm": f"{own},noexec,size={16 * MIB},nr_inodes=1024",
        "/dev/mqueue": "ro,nosuid,nodev,noexec,size=4k,mode=555",
    }
