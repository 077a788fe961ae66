"""The start-up probe: real programs in real cells. The sandbox counts as available only when it holds."""

import asyncio
from collections.abc import Awaitable, Callable

import msgspec

from exec_pool.errors import CellFailed
from exec_pool.language import Language
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

SURVEY = r"""
import glob, json, os, re, subprocess, sys
asked, roots = json.loads(sys.argv[1])
tools = {}
def runs(path):
    return os.path.isfile(path) and os.access(path, os.X_OK)
def places(name):
    for root in roots:
        yield from [root] if os.path.basename(root) == name else []
        yield from (f"{root}/bin/{name}", f"{root}/{name}")
    for folder in ("/usr/local/bin", "/usr/bin", "/usr/lib/go/bin", "/usr/local/go/bin"):
        yield f"{folder}/{name}"
for row in asked:
    for name in row["tools"]:
        tools[name] = next(filter(runs, places(name)), "")
def start(argv):
    try:
        return subprocess.Popen(argv, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL)
    except OSError:
        return None
started = {}
for row in asked:
    if all(tools[name] for name in row["tools"]):
        started[row["id"]] = start([tools.get(row["version"][0], row["version"][0]), *row["version"][1:]])
versions = {}
for name, process in started.items():
    text = process.communicate(timeout=60)[0].decode(errors="replace") if process else ""
    number = re.search(r"\d+(\.\d+)+", text)
    if process and process.returncode == 0 and number:
        versions[name] = number[0]
archives = any(glob.glob(f"/usr/{place}/pkg/linux_*/fmt.a") for place in ("lib/go", "local/go"))
tools = {name: path for name, path in tools.items() if path}
print(json.dumps({"tools": tools, "versions": versions, "go_archives": archives}))
"""


class Survey(msgspec.Struct, frozen=True):
    """Tools by name with their paths in a cell, versions by language id, and whether Go brings compiled archives."""

    tools: dict[str, str]
    versions: dict[str, str]
    go_archives: bool

    @property
    def toolchain(self) -> Toolchain:
        """What plans are made with."""
        return Toolchain(self.tools, self.go_archives and self.tools.get("go", "").startswith("/usr/"))


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
    if "new namespace" in said or "uid map" in said or "disable-userns" in said:
        hint = "; allow unprivileged user namespaces, in a container by starting it with --privileged"
    if said.startswith("Traceback"):
        said = said.splitlines()[-1]
    return f"the sandbox does not start ({said[:300].strip()}){hint}"


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


async def survey(perform: Perform, python: str, table: tuple[Language, ...], roots: tuple[str, ...]) -> Survey:
    """Which tools there are in a cell of this image, and the version of each language whose tools start there."""
    asked = [
        {"id": row.id, "tools": [tool.name for tool in row.tools], "version": row.version} for row in table if row.tools
    ]
    plan = python_plan(python, SURVEY, VERSION_LIMITS, msgspec.json.encode((asked, roots)).decode())
    try:
        _, output = await perform(plan, VERSION_LIMITS)
        return msgspec.json.decode(output, type=Survey)
    except (CellFailed, msgspec.DecodeError):
        return Survey({}, {}, False)
