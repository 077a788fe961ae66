"""The shapes of Piston's second API: runtimes, what is asked for, and what came of it. Pure."""

import binascii
import signal as signals
from collections.abc import Iterable
from typing import Any

import msgspec

from api.semver import matches, version_of
from exec_pool.judge_work import TrialRun
from exec_pool.language import LanguageInfo
from exec_pool.limits import MIB, Limits
from exec_pool.runs import RunResult

RUN_MS, COMPILE_MS = 3000.0, 10_000.0
LEAST_MEMORY = 8 * MIB

_NAMES: dict[str, tuple[str, tuple[str, ...], str | None]] = {
    "bash": ("bash", ("sh",), None),
    "c": ("c", ("gcc",), "gcc"),
    "cpp": ("c++", ("cpp", "g++"), "gcc"),
    "csharp": ("csharp", ("mono", "mono-csharp", "mono-c#", "mono-cs", "c#", "cs"), "mono"),
    "go": ("go", ("go", "golang"), None),
    "haskell": ("haskell", ("haskell", "hs"), None),
    "javascript": ("javascript", ("node-javascript", "node-js", "javascript", "js"), "node"),
    "kotlin": ("kotlin", ("kt",), None),
    "perl": ("perl", ("pl",), None),
    "python": ("python", ("py", "py3", "python3", "python3.11"), None),
    "r": ("rscript", ("r",), None),
    "ruby": ("ruby", ("ruby3", "rb"), None),
    "rust": ("rust", ("rs",), None),
    "sql": ("sqlite3", ("sqlite", "sql"), None),
    "typescript": ("typescript", ("ts", "node-ts", "tsc", "typescript5"), None),
}
"""Our language → Piston's name for it, its other names, and its runtime where a language has several."""

_STATUSES = {"cpu_limit": "TO", "wall_limit": "TO", "memory_limit": "SG", "output_limit": "OL"}
_MESSAGES = {
    "cpu_limit": "Time limit exceeded",
    "wall_limit": "Time limit exceeded (wall clock)",
    "memory_limit": "Memory limit exceeded",
    "output_limit": "output length exceeded",
}


class BadExecution(Exception):
    """It cannot be executed; the text is Piston's."""


class Execution(msgspec.Struct, frozen=True):
    """What is to be executed. `files` with the entry in it; milliseconds are seconds here."""

    info: LanguageInfo
    version: str
    name: str
    files: dict[str, bytes]
    entry: str
    args: tuple[str, ...]
    stdin: bytes
    limits: Limits


def runtimes(infos: Iterable[LanguageInfo]) -> list[dict[str, object]]:
    """What can be used here."""
    found = []
    for info in infos:
        if info.available:
            name, aliases, runtime = _NAMES.get(info.id, (info.id, (), None))
            row: dict[str, object] = {"language": name, "version": _version(info), "aliases": aliases}
            found.append(row | ({"runtime": runtime} if runtime else {}))
    return found


def _version(info: LanguageInfo) -> str:
    return ".".join(map(str, version_of(info.version)))


def execution(body: object, infos: Iterable[LanguageInfo], most: Limits) -> Execution:
    """A checked request. Raises BadExecution in Piston's words."""
    if not isinstance(body, dict):
        raise BadExecution("language is required as a string")
    for field in ("language", "version"):
        if not body.get(field) or not isinstance(body[field], str):
            raise BadExecution(f"{field} is required as a string")
    given = body.get("files")
    if not isinstance(given, list):
        raise BadExecution("files is required as an array")
    for at, file in enumerate(given):
        if not isinstance(file, dict) or not isinstance(file.get("content"), str):
            raise BadExecution(f"files[{at}].content is required as a string")
    info = _runtime(infos, body["language"], body["version"])
    files, entry = _files(given, info)
    return Execution(
        info=info,
        version=_version(info),
        name=_NAMES.get(info.id, (info.id,))[0],
        files=files,
        entry=entry,
        args=_arguments(body.get("args")),
        stdin=_text(body.get("stdin"), "stdin").encode(errors="replace"),
        limits=_limits(body, most),
    )


def _runtime(infos: Iterable[LanguageInfo], language: str, version: str) -> LanguageInfo:
    for info in infos:
        name, aliases, _ = _NAMES.get(info.id, (info.id, (), None))
        if info.available and language in (name, info.id, *aliases) and matches(version_of(info.version), version):
            return info
    raise BadExecution(f"{language}-{version} runtime is unknown")


def _files(given: list[dict[str, Any]], info: LanguageInfo) -> tuple[dict[str, bytes], str]:
    """All files by name, and the first text among them, which is run; it gets the extension of its language."""
    files: dict[str, bytes] = {}
    entry = ""
    for at, file in enumerate(given):
        encoding = str(file.get("encoding"))
        encoding = encoding if encoding in ("base64", "hex") else "utf8"
        name = _text(file.get("name"), f"files[{at}].name")
        if encoding == "utf8" and not entry:
            name = entry = _runnable(name or info.file_name, info)
        files[name or f"file{at}.code"] = _content(file["content"], encoding, at)
    if not entry:
        raise BadExecution("files must include at least one utf8 encoded file")
    return files, entry


def _runnable(name: str, info: LanguageInfo) -> str:
    return name if name.lower().endswith(info.extensions) else name + info.extensions[0]


def _content(text: str, encoding: str, at: int) -> bytes:
    try:
        if encoding == "base64":
            return binascii.a2b_base64(text)
        return bytes.fromhex(text) if encoding == "hex" else text.encode(errors="replace")
    except ValueError as error:
        raise BadExecution(f"files[{at}].content is not {encoding}") from error


def _text(value: object, name: str) -> str:
    if value is not None and not isinstance(value, str):
        raise BadExecution(f"If specified, {name} must be a string")
    return value or ""


def _arguments(value: object) -> tuple[str, ...]:
    if value is None:
        return ()
    if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
        raise BadExecution("If specified, args must be an array of strings")
    return tuple(value)


def _limits(body: dict[str, Any], most: Limits) -> Limits:
    run_ms = _number(body, "run_timeout", min(RUN_MS, most.wall_seconds * 1000), most.wall_seconds * 1000)
    compile_most = most.compile_wall_seconds * 1000
    compile_ms = _number(body, "compile_timeout", min(COMPILE_MS, compile_most), compile_most)
    run_cpu = _number(body, "run_cpu_time", min(RUN_MS, most.cpu_seconds * 1000), most.cpu_seconds * 1000)
    compile_cpu_most = most.compile_cpu_seconds * 1000
    compile_cpu = _number(body, "compile_cpu_time", min(COMPILE_MS, compile_cpu_most), compile_cpu_most)
    return msgspec.structs.replace(
        most,
        wall_seconds=run_ms / 1000,
        cpu_seconds=run_cpu / 1000,
        memory_bytes=_memory(body, "run_memory_limit", most.memory_bytes),
        compile_wall_seconds=compile_ms / 1000,
        compile_cpu_seconds=compile_cpu / 1000,
        compile_memory_bytes=_memory(body, "compile_memory_limit", most.compile_memory_bytes),
    )


def _number(body: dict[str, Any], name: str, usual: float, most: float) -> float:
    value = _given(body, name)
    if value is None:
        return usual
    if value < 0:
        raise BadExecution(f"{name} must be non-negative")
    if value > most:
        raise BadExecution(f"{name} cannot exceed the configured limit of {most:g}")
    return float(value)


def _memory(body: dict[str, Any], name: str, most: int) -> int:
    """Piston has no memory limit of its own, so any number is right there; ours holds anyway."""
    value = _given(body, name)
    return most if value is None or value < 0 else int(min(most, max(LEAST_MEMORY, value)))


def _given(body: dict[str, Any], name: str) -> float | None:
    value = body.get(name)
    if not value:
        return None
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise BadExecution(f"If specified, {name} must be a number")
    return value


def stage(run: TrialRun) -> dict[str, object]:
    """A stage as Piston tells it; bytes that are no text become marks."""
    result = run.result
    status, message = stage_status(result)
    stdout, stderr, both = (text.decode(errors="replace") for text in (run.stdout, run.stderr, run.both))
    return {
        "stdout": stdout,
        "stderr": stderr,
        "code": result.exit_code,
        "signal": signal_name(result),
        "output": both,
        "memory": result.memory_bytes,
        "message": message,
        "status": status,
        "cpu_time": round(result.cpu_seconds * 1000),
        "wall_time": round(result.wall_seconds * 1000),
    }


def signal_name(result: RunResult) -> str | None:
    """The name of the signal that ended it."""
    if result.status in _STATUSES or result.status == "stopped":
        return "SIGKILL"
    try:
        return signals.Signals(result.signal).name if result.signal is not None else None
    except ValueError:
        return None


def stage_status(result: RunResult) -> tuple[str | None, str | None]:
    """(status, message) of a stage; neither when it went well."""
    if result.status in _STATUSES:
        return _STATUSES[result.status], _MESSAGES[result.status]
    if result.signal is not None:
        return "SG", f"Caught fatal signal {result.signal}"
    if result.exit_code:
        return "RE", f"Exited with error status {result.exit_code}"
    return ("XX", result.message) if result.status == "internal_error" else (None, None)
