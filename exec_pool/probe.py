"""The start-up probe: real programs in real cells. The sandbox counts as available only when it holds."""

import asyncio
from collections.abc import Awaitable, Callable

import msgspec

from exec_pool.errors import CellFailed
from exec_pool.languages import LANGUAGES
from exec_pool.limits import MIB, Limits
from exec_pool.plans import BASE_ENV, Plan, Toolchain
from exec_pool.protocol import JobOrder, StepOrder
from exec_pool.runs import Ending

Perform = Callable[[Plan, Limits], Awaitable[tuple[Ending, bytes]]]

PROBE_LIMITS = Limits(wall_seconds=60, cpu_seconds=5, memory_bytes=64 * MIB, processes=16)
VERSION_LIMITS = Limits(wall_seconds=60, cpu_seconds=20, memory_bytes=768 * MIB, processes=128)

HELLO = """
import json, os, sys
status = dict(line.split(":", 1) for line in open("/proc/self/status"))
def refused(path):
    try:
        open(path, "w").close()
    except OSError:
        return True
print(json.dumps({
    "network": sorted(line.split(":")[0].strip() for line in open("/proc/net/dev") if ":" in line),
    "read_only": all(map(refused, ["/usr/probe", "/etc/probe", "/probe"])),
    "user": os.getuid(),
    "capabilities": int(status["CapEff"], 16) | int(status["CapBnd"], 16),
    "no_new_privileges": status["NoNewPrivs"].strip(),
    "seccomp": status["Seccomp"].strip(),
    "processes": sorted(name for name in os.listdir("/proc") if name.isdigit())[:1],
}))
"""

MEMORY_BOMB = "held = []\nwhile True: held.append(bytearray(4 << 20))\n"

FORK_BOMB = """
import os, time
made = 0
while made < 500:
    try:
        if os.fork() == 0:
            time.sleep(60)
    except OSError:
        break
    made += 1
print(made)
"""

VERSIONS = """
import json, re, subprocess, sys
asked = json.loads(sys.argv[1])
def start(argv):
    try:
        return subprocess.Popen(argv, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL)
    except OSError:
        return None
started = {name: start(argv) for name, argv in asked.items()}
found = {}
for name, process in started.items():
    text = process.communicate(timeout=30)[0].decode(errors="replace") if process else ""
    number = re.search(r"\\d+(\\.\\d+)+", text)
    if process and process.returncode == 0 and number:
        found[name] = number[0]
print(json.dumps(found))
"""


class Hello(msgspec.Struct, frozen=True):
    """What the hello program sees around it."""

    network: list[str]
    read_only: bool
    user: int
    capabilities: int
    no_new_privileges: str
    seccomp: str
    processes: list[str]


def python_plan(python: str, text: str, limits: Limits, *args: str) -> Plan:
    """A job of one step: this Python text."""
    step = StepOrder(
        name="run",
        argv=[python, "-I", "-S", "-c", text, *args],
        env=BASE_ENV,
        wall=limits.wall_seconds,
        cpu=limits.cpu_seconds,
        output=limits.output_bytes,
        file=limits.file_bytes,
    )
    return Plan({}, JobOrder([step]))


async def find_fault(perform: Perform, python: str) -> str:
    """What is wrong with the sandbox of this machine, in words; empty when it holds."""
    texts = {_hello_fault: HELLO, _memory_fault: MEMORY_BOMB, _fork_fault: FORK_BOMB}
    plans = [python_plan(python, text, PROBE_LIMITS) for text in texts.values()]
    # Waits for all three even when one fails: none may be left with a live cell.
    results = await asyncio.gather(*(_attempt(perform, plan) for plan in plans))
    faults = [
        _start_fault(str(result)) if isinstance(result, CellFailed) else judge(*result)
        for judge, result in zip(texts, results, strict=True)
    ]
    return next(filter(None, faults), "")


async def _attempt(perform: Perform, plan: Plan) -> tuple[Ending, bytes] | CellFailed:
    try:
        return await perform(plan, PROBE_LIMITS)
    except CellFailed as error:
        return error


def _start_fault(said: str) -> str:
    hint = ""
    if "namespace" in said or "uid map" in said or "disable-userns" in said:
        hint = "; allow unprivileged user namespaces, in a container by starting it with --privileged"
    return f"the sandbox does not start ({said[:300]}){hint}"


def _hello_fault(ending: Ending, output: bytes) -> str:
    try:
        hello = msgspec.json.decode(output, type=Hello)
    except msgspec.DecodeError:
        return f"a first program did not run ({ending.error or ending.why or output[:200].decode(errors='replace')})"
    if hello.network != ["lo"]:
        return "programs could reach the network"
    if not hello.read_only or hello.user == 0 or hello.capabilities:
        return "programs could change the system"
    if hello.no_new_privileges != "1" or hello.seccomp != "2":
        return "the system call filter does not hold"
    return "" if hello.processes == ["1"] else "programs could see other processes"


def _memory_fault(ending: Ending, output: bytes) -> str:
    return "" if ending.oom else "the memory limit does not hold"


def _fork_fault(ending: Ending, output: bytes) -> str:
    made = int(output) if output.strip().isdigit() else -1
    return "" if 0 < made < PROBE_LIMITS.processes else "the process limit does not hold"


async def find_versions(perform: Perform, python: str, toolchain: Toolchain) -> dict[str, str]:
    """Versions by language id, asked inside a cell: a toolchain that does not start there is not in the answer."""
    asked = {
        row.id: [toolchain.tools[row.version[0]], *row.version[1:]]
        for row in LANGUAGES
        if all(tool.name in toolchain.tools for tool in row.tools)
    }
    plan = python_plan(python, VERSIONS, VERSION_LIMITS, msgspec.json.encode(asked).decode())
    try:
        _, output = await perform(plan, VERSION_LIMITS)
        return msgspec.json.decode(output, type=dict[str, str])
    except (CellFailed, msgspec.DecodeError):
        return {}
