"""What goes into a run and what comes out of it: plain frozen data, and the verdict."""

import signal as signals
from collections.abc import Callable
from typing import Literal

import msgspec

from exec_pool.error_lines import ErrorLine
from exec_pool.judge_build import Stage
from exec_pool.limits import MIB, Limits

Status = Literal[
    "ok",
    "failed",
    "compile_error",
    "wall_limit",
    "cpu_limit",
    "memory_limit",
    "output_limit",
    "stopped",
    "internal_error",
]
Stream = Literal["stdout", "stderr", "compile"]


class Window(msgspec.Struct, frozen=True):
    """The size of a terminal in characters."""

    rows: int = 24
    columns: int = 80


class RunRequest(msgspec.Struct, frozen=True, kw_only=True):
    """One execution: all files of the room by relative path, and which of them to run.

    `options` go to the compiler or the interpreter, if the language's row allows them. With a `terminal` the program
    has one: all it writes is `stdout`, and Ctrl-C is the byte 3 of its input. An empty `lease` asks for a fresh cell.
    Leases take turns, and so do the `user`s of one.
    `stage` and `build` are for programs that are compiled once and run often (`judge_build.py`). If `joined`, standard
    error is standard output, so that what goes to both is in order.
    """

    language: str
    files: dict[str, bytes]
    entry: str
    args: tuple[str, ...] = ()
    options: tuple[str, ...] = ()
    stdin: bytes = b""
    terminal: Window | None = None
    limits: Limits | None = None
    lease: str = ""
    user: str = ""
    stage: Stage = "whole"
    build: bytes = b""
    joined: bool = False


class Output(msgspec.Struct, frozen=True):
    """Bytes the program (or the compiler: `compile`) wrote; may end inside a character."""

    stream: Stream
    data: bytes


class Usage(msgspec.Struct, frozen=True):
    """What the run has used so far; about twice a second."""

    cpu_seconds: float
    memory_bytes: int


class Restarted(msgspec.Struct, frozen=True):
    """What ran it is gone: it runs again from its beginning, and what it wrote before counts no more."""

    message: str


class RunResult(msgspec.Struct, frozen=True, kw_only=True):
    """How a run ended. `exit_code` and `signal` are of the program, or of the compiler at `compile_error`.

    `errors` are the places in the room's files that the compiler or the failing program named.
    """

    status: Status
    exit_code: int | None = None
    signal: int | None = None
    cpu_seconds: float = 0.0
    wall_seconds: float = 0.0
    memory_bytes: int = 0
    truncated: bool = False
    message: str = ""
    errors: tuple[ErrorLine, ...] = ()


class Ending(msgspec.Struct, frozen=True, kw_only=True):
    """The runner's last word on a job: which step ended it, how, and what that step used."""

    step: str
    code: int | None = None
    signal: int | None = None
    why: str = ""
    cpu: float = 0.0
    wall: float = 0.0
    memory: int = 0
    oom: int = 0
    error: str = ""


Event = Output | Usage | Restarted
EventSink = Callable[[Event], None]


def verdict(ending: Ending, limits: Limits, stopped: bool, heap_full: bool) -> RunResult:
    """The result of a run. When several hold: internal_error, stopped, output, memory, CPU, wall, failed."""
    status = _status(ending, stopped, heap_full)
    return RunResult(
        status=status,
        exit_code=ending.code,
        signal=ending.signal,
        cpu_seconds=ending.cpu,
        wall_seconds=ending.wall,
        memory_bytes=ending.memory,
        truncated=ending.why == "output",
        message=_message(status, ending, limits),
    )


def _status(ending: Ending, stopped: bool, heap_full: bool) -> Status:
    if ending.error and not stopped:
        return "internal_error"
    if stopped or ending.why == "stop":
        return "stopped"
    if ending.step == "compile":
        return "compile_error"
    if ending.why == "output":
        return "output_limit"
    if ending.oom or heap_full:
        return "memory_limit"
    if ending.why in ("cpu", "wall"):
        return "cpu_limit" if ending.why == "cpu" else "wall_limit"
    return "ok" if ending.code == 0 else "failed"


def _message(status: Status, ending: Ending, limits: Limits) -> str:
    fixed = {
        "ok": "",
        "stopped": "Stopped.",
        "output_limit": f"Stopped: it wrote more than {_size(limits.output_bytes)}.",
        "memory_limit": f"Stopped: it needed more than {_size(limits.memory_bytes)} of memory.",
        "cpu_limit": f"Stopped: it used more than {limits.cpu_seconds:g} s of processor time.",
        "wall_limit": f"Stopped: it ran longer than {limits.wall_seconds:g} s.",
        "internal_error": ending.error,
    }
    if status in fixed:
        return fixed[status]
    return _compile_message(ending, limits) if status == "compile_error" else _exit_message(ending)


def _compile_message(ending: Ending, limits: Limits) -> str:
    if ending.oom:
        return f"The compiler needed more than {_size(limits.compile_memory_bytes)} of memory."
    if ending.why in ("cpu", "wall"):
        return "The compiler took too long."
    if ending.why == "output":
        return "The compiler wrote too much."
    return "The program does not compile."


def _exit_message(ending: Ending) -> str:
    if ending.signal is not None:
        return f"Ended by signal {_signal_name(ending.signal)}."
    return f"Exit code {ending.code}."


def _signal_name(number: int) -> str:
    try:
        known = signals.Signals(number)
    except ValueError:
        return str(number)
    words = signals.strsignal(known)
    return f"{known.name} ({words.lower()})" if words else known.name


def _size(count: int) -> str:
    return f"{count // MIB} MB" if count >= MIB else f"{count // 1024} kB" if count >= 1024 else f"{count} bytes"
