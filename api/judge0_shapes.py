"""The shapes of Judge0 1.13: languages, statuses, configuration, and the fields of a submission. Pure."""

import base64
import binascii
from collections.abc import Iterable, Mapping

import msgspec

from exec_pool.language import LanguageInfo

VERSION = "1.13.1"

STATUSES = {
    1: "In Queue",
    2: "Processing",
    3: "Accepted",
    4: "Wrong Answer",
    5: "Time Limit Exceeded",
    6: "Compilation Error",
    7: "Runtime Error (SIGSEGV)",
    8: "Runtime Error (SIGXFSZ)",
    9: "Runtime Error (SIGFPE)",
    10: "Runtime Error (SIGABRT)",
    11: "Runtime Error (NZEC)",
    12: "Runtime Error (Other)",
    13: "Internal Error",
    14: "Exec Format Error",
}

MULTI_FILE = 89
_IDS: dict[str, tuple[int, ...]] = {
    "bash": (46,),
    "c": (50, 48, 49, 75, 103, 104, 110),
    "csharp": (51,),
    "cpp": (54, 52, 53, 76, 105),
    "go": (60, 95, 106, 107),
    "haskell": (61,),
    "java": (62, 91),
    "javascript": (63, 93, 97, 102),
    "kotlin": (78, 111),
    "lua": (64,),
    "perl": (85,),
    "php": (68, 98),
    "python": (71, 92, 100, 109, 113),
    "r": (80, 99),
    "ruby": (72,),
    "rust": (73, 108),
    "sql": (82,),
    "typescript": (74, 94, 101),
}
"""Our language → the ids that Judge0 has given to its versions; ours answers to all, the first is the usual one."""

DEFAULT_FIELDS = ("token", "stdout", "stderr", "compile_output", "message", "status", "time", "memory")


class Asked(msgspec.Struct, frozen=True, kw_only=True):
    """A submission as it is sent. Seconds; memory, stack and files in kilobytes."""

    source_code: str | None = None
    language_id: int | None = None
    compiler_options: str | None = None
    command_line_arguments: str | None = None
    stdin: str | None = None
    expected_output: str | None = None
    cpu_time_limit: float | None = None
    cpu_extra_time: float | None = None
    wall_time_limit: float | None = None
    memory_limit: float | None = None
    stack_limit: int | None = None
    max_processes_and_or_threads: int | None = None
    enable_per_process_and_thread_time_limit: bool | None = None
    enable_per_process_and_thread_memory_limit: bool | None = None
    max_file_size: int | None = None
    redirect_stderr_to_stdout: bool | None = None
    enable_network: bool | None = None
    number_of_runs: int | None = None
    additional_files: str | None = None
    callback_url: str | None = None


LIMITS: dict[str, tuple[float, float]] = {
    "number_of_runs": (1, 20),
    "cpu_time_limit": (5, 15),
    "cpu_extra_time": (1, 5),
    "wall_time_limit": (10, 20),
    "memory_limit": (128_000, 512_000),
    "stack_limit": (64_000, 128_000),
    "max_processes_and_or_threads": (60, 120),
    "max_file_size": (1024, 4096),
}
"""Name → (what it is when it is not given, the most). A memory limit is at least 8192 here, stacks have none."""

FIELDS = (
    *Asked.__struct_fields__,
    *("stdout", "stderr", "compile_output", "message", "exit_code", "exit_signal", "status", "status_id"),
    *("created_at", "finished_at", "token", "time", "wall_time", "memory", "language"),
)


def language_of_id(number: int) -> str | None:
    """Our language of one of Judge0's ids; multi-file programs are Bash."""
    if number == MULTI_FILE:
        return "bash"
    return next((language for language, ids in _IDS.items() if number in ids), None)


def languages(infos: Iterable[LanguageInfo]) -> list[dict[str, object]]:
    """What can be used here, as Judge0 lists it: every id with the version that is really here."""
    found: list[dict[str, object]] = []
    for info in infos:
        if info.available:
            name = f"{info.name} ({info.version})" if info.version else info.name
            found += [_language(number, name, info.file_name) for number in _IDS.get(info.id, ())]
            found += [_language(MULTI_FILE, "Multi-file program", None)] if info.id == "bash" else []
    return sorted(found, key=lambda row: int(str(row["id"])))


def _language(number: int, name: str, file_name: str | None) -> dict[str, object]:
    more: dict[str, object] = {"is_archived": False, "source_file": file_name, "compile_cmd": None, "run_cmd": None}
    return {"id": number, "name": name} | more


def problems_of(asked: Asked, known: Iterable[int]) -> dict[str, list[str]]:
    """What is wrong with it, by field, in Judge0's words."""
    wrong: dict[str, list[str]] = {}
    if not asked.source_code and asked.language_id != MULTI_FILE:
        wrong["source_code"] = ["can't be blank"]
    if asked.language_id is None:
        wrong["language_id"] = ["can't be blank"]
    elif asked.language_id not in known:
        wrong["language_id"] = [f"language with id {asked.language_id} doesn't exist"]
    if asked.language_id == MULTI_FILE and not asked.additional_files:
        wrong["additional_files"] = ["can't be blank"]
    for name, (_, most) in LIMITS.items():
        value = getattr(asked, name)
        if value is not None and not value > 0 and not (name == "cpu_extra_time" and value == 0):
            wrong[name] = ["must be greater than 0"]
        elif value is not None and value > most:
            wrong[name] = [f"must be less than or equal to {most:g}"]
    if asked.enable_network:
        wrong["enable_network"] = ["this option cannot be enabled"]
    return wrong


def limit(asked: Asked, name: str) -> float:
    """A limit, given or usual."""
    value = getattr(asked, name)
    return float(LIMITS[name][0] if value is None else value)


def encoded(data: bytes) -> str:
    """Base64 in lines of 60, as Ruby writes it."""
    text = base64.b64encode(data).decode()
    return "".join(text[at : at + 60] + "\n" for at in range(0, len(text), 60))


def decoded(text: str, *, is_sure: bool) -> bytes:
    """Base64 of any layout. If it is not `is_sure` to be base64, other text is taken as it is."""
    compact = "".join(text.split())
    try:
        return base64.b64decode(compact + "=" * (-len(compact) % 4), validate=not is_sure)
    except (binascii.Error, ValueError):
        return b"" if is_sure else text.encode(errors="replace")


def with_status(number: int) -> dict[str, object]:
    """The fields of a status."""
    return {"status": {"id": number, "description": STATUSES[number]}, "status_id": number}


def wanted_fields(given: str | None) -> tuple[tuple[str, ...], list[str]]:
    """The fields a caller wants, and those that there are not."""
    if not given:
        return DEFAULT_FIELDS, []
    names = tuple(name.strip() for name in given.split(",") if name.strip())
    if "*" in names:
        return FIELDS, []
    return names, [name for name in names if name not in FIELDS]


def shown(fields: Mapping[str, object], names: Iterable[str], *, is_base64: bool) -> dict[str, object]:
    """Those fields as JSON; bytes become text. Raises UnicodeDecodeError when they are none and may not be base64."""
    return {name: _shown(fields.get(name), is_base64=is_base64) for name in names}


def _shown(value: object, *, is_base64: bool) -> object:
    if not isinstance(value, bytes):
        return value
    return encoded(value) if is_base64 else value.decode()


def config_info(infos: Iterable[LanguageInfo], callbacks: bool, queue: int, batch: int) -> dict[str, object]:
    """`/config_info`."""
    usual = {name: value for name, (value, _) in LIMITS.items() if name != "max_file_size"}
    most = {f"max_{name}": value for name, (_, value) in LIMITS.items() if name != "max_file_size"}
    return (
        usual
        | most
        | {
            "max_file_size": LIMITS["max_file_size"][0],
            "max_max_file_size": LIMITS["max_file_size"][1],
            "allow_enable_network": False,
            "allow_enable_per_process_and_thread_memory_limit": True,
            "allow_enable_per_process_and_thread_time_limit": True,
            "allowed_languages_for_compile_options": [info.name for info in infos if info.available and info.options],
            "callbacks_max_tries": 3,
            "callbacks_timeout": 5.0,
            "enable_additional_files": True,
            "enable_batched_submissions": True,
            "enable_callbacks": callbacks,
            "enable_command_line_arguments": True,
            "enable_compiler_options": True,
            "enable_network": False,
            "enable_per_process_and_thread_memory_limit": False,
            "enable_per_process_and_thread_time_limit": False,
            "enable_submission_delete": False,
            "enable_wait_result": True,
            "maintenance_mode": False,
            "max_extract_size": 10_240,
            "max_queue_size": queue,
            "max_submission_batch_size": batch,
            "redirect_stderr_to_stdout": False,
            "submission_cache_duration": 1.0,
            "use_docs_as_homepage": False,
        }
    )
