"""From a Judge0 submission to a trial of ours, and from its outcome to Judge0's fields. Pure."""

import io
import re
import shlex
import stat
import zipfile
import zlib

import msgspec

from api.judge0_shapes import LIMITS, MULTI_FILE, Asked, decoded, limit, with_status
from exec_pool.checkers import Lines, check
from exec_pool.errors import BadRequest
from exec_pool.judge_work import Trial, TrialOrder, TrialRun
from exec_pool.language import LanguageInfo
from exec_pool.limits import MIB, Limits
from exec_pool.runs import RunResult

MOST_EXTRACTED = 10 * MIB
MOST_EXTRACTED_FILES = 500
LEAST_MEMORY = 8 * MIB
_MULTI_FILE_ENTRY = ".multi-file.sh"
_MULTI_FILE_SCRIPT = b"if [ -f compile ]; then bash ./compile >&2 || exit; fi\nexec bash ./run\n"
_SIGNALS = {11: 7, 25: 8, 8: 9, 6: 10}


class Texts(msgspec.Struct, frozen=True):
    """The texts of a submission, decoded."""

    source_code: bytes
    stdin: bytes
    expected_output: bytes | None


def texts_of(asked: Asked, base64_encoded: str | None) -> Texts:
    """As they were meant: base64 unless it is said that they are not."""

    def read(text: str | None) -> bytes:
        if base64_encoded == "false":
            return (text or "").encode(errors="replace")
        return decoded(text or "", is_sure=base64_encoded is not None)

    expected = None if asked.expected_output is None else read(asked.expected_output)
    return Texts(read(asked.source_code), read(asked.stdin), expected)


def order_of(asked: Asked, texts: Texts, info: LanguageInfo) -> TrialOrder:
    """The trial. Raises BadRequest for files or arguments that cannot be used."""
    files = _extracted(asked.additional_files)
    entry, text = info.file_name, texts.source_code
    if asked.language_id == MULTI_FILE:
        entry, text = _MULTI_FILE_ENTRY, _MULTI_FILE_SCRIPT
        if "run" not in files:
            raise BadRequest("a multi-file program has a file called run")
    return TrialOrder(
        language=info.id,
        files=files | {entry: text},
        entry=entry,
        args=_words(asked.command_line_arguments, "command line arguments"),
        options=_words(asked.compiler_options, "compiler options"),
        stdin=texts.stdin,
        limits=_limits(asked),
        times=int(limit(asked, "number_of_runs")),
        joined=bool(asked.redirect_stderr_to_stdout),
    )


def _words(line: str | None, what: str) -> tuple[str, ...]:
    try:
        return tuple(shlex.split(line or ""))
    except ValueError as error:
        raise BadRequest(f"{what}: {error}") from error


def odd_options(asked: Asked, info: LanguageInfo) -> list[str]:
    """The compiler options that this language does not take here."""
    try:
        options = shlex.split(asked.compiler_options or "")
    except ValueError:
        return [asked.compiler_options or ""]
    return [option for option in options if not any(re.fullmatch(allowed, option[:100]) for allowed in info.options)]


def _limits(asked: Asked) -> Limits:
    kilobytes = int(limit(asked, "max_file_size")) * 1024
    return Limits(
        wall_seconds=limit(asked, "wall_time_limit"),
        cpu_seconds=limit(asked, "cpu_time_limit") + limit(asked, "cpu_extra_time"),
        memory_bytes=max(LEAST_MEMORY, int(limit(asked, "memory_limit") * 1024)),
        processes=int(limit(asked, "max_processes_and_or_threads")),
        output_bytes=kilobytes,
        file_bytes=kilobytes,
    )


def _extracted(archive: str | None) -> dict[str, bytes]:
    """The plain files of a zip, in memory and bounded. What is a link or a device in it is left out."""
    if not archive:
        return {}
    files: dict[str, bytes] = {}
    left = MOST_EXTRACTED
    try:
        with zipfile.ZipFile(io.BytesIO(decoded(archive, is_sure=True))) as opened:
            for info in opened.infolist()[:MOST_EXTRACTED_FILES]:
                if not info.is_dir() and stat.S_IFMT(info.external_attr >> 16) in (0, stat.S_IFREG):
                    with opened.open(info) as member:
                        files[info.filename] = member.read(left + 1)
                    left -= len(files[info.filename])
                    if left < 0:
                        raise BadRequest(f"additional files are larger than {MOST_EXTRACTED // MIB} MB")
    except (zipfile.BadZipFile, zlib.error, NotImplementedError, RuntimeError, OSError, EOFError, ValueError) as error:
        raise BadRequest("additional files are not a zip") from error
    return files


def outcome(asked: Asked, texts: Texts, trial: Trial) -> dict[str, object]:
    """The fields that a trial fills."""
    if trial.refused:
        return failed(trial.refused)
    if not trial.runs:
        return _not_compiled(trial)
    last = trial.runs[-1]
    number, message = _status(asked, texts, last)
    count = len(trial.runs)
    return with_status(number) | {
        "stdout": last.stdout or None,
        "stderr": last.stderr or None,
        "compile_output": trial.compile_output or None,
        "message": message.encode() or None,
        "exit_code": last.result.exit_code,
        "exit_signal": last.result.signal,
        "time": f"{sum(run.result.cpu_seconds for run in trial.runs) / count:.3f}",
        "wall_time": f"{sum(run.result.wall_seconds for run in trial.runs) / count:.3f}",
        "memory": sum(run.result.memory_bytes for run in trial.runs) // count // 1024,
    }


def failed(message: str) -> dict[str, object]:
    """The fields of a submission that could not be tried."""
    return with_status(13) | {"message": message.encode()}


def _not_compiled(trial: Trial) -> dict[str, object]:
    result = trial.compiled or RunResult(status="internal_error", message="There is no result.")
    if result.status not in ("compile_error", "output_limit"):
        return failed(result.message)
    return with_status(6) | {"compile_output": (trial.compile_output or result.message.encode())}


def _status(asked: Asked, texts: Texts, run: TrialRun) -> tuple[int, str]:
    result = run.result
    if result.status == "ok":
        if result.cpu_seconds > limit(asked, "cpu_time_limit"):
            return 5, "Time limit exceeded"
        if texts.expected_output is None:
            return 3, ""
        return (3 if check(Lines(), run.stdout, texts.expected_output).verdict == "AC" else 4), ""
    if result.status == "failed":
        return _ended_badly(result)
    return {
        "cpu_limit": (5, "Time limit exceeded"),
        "wall_limit": (5, "Time limit exceeded (wall clock)"),
        "memory_limit": (12, "Memory limit exceeded"),
        "output_limit": (8, "File size limit exceeded"),
    }.get(result.status, (13, result.message))


def _ended_badly(result: RunResult) -> tuple[int, str]:
    if result.signal is not None:
        return _SIGNALS.get(result.signal, 12), f"Caught fatal signal {result.signal}"
    return 11, f"Exited with error code {result.exit_code}"


def asked_fields(asked: Asked, texts: Texts) -> dict[str, object]:
    """What was asked for, with what was not given filled in."""
    given: dict[str, object] = {
        name: value if value is not None else LIMITS[name][0] if name in LIMITS else None
        for name, value in msgspec.structs.asdict(asked).items()
    }
    switches = {name: value or False for name, value in given.items() if name.startswith(("enable_", "redirect_"))}
    return given | switches | msgspec.structs.asdict(texts)
