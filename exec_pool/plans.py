"""From a request to the steps of a job: which files, which commands. Pure; room files are only looked at, never run.

Rules per language are in SPEC.md (X30 and after).
"""

import posixpath
import re

import msgspec

from exec_pool.errors import BadRequest
from exec_pool.judge_build import staged
from exec_pool.language import Language
from exec_pool.limits import Limits
from exec_pool.protocol import JobOrder, StepOrder
from exec_pool.runs import RunRequest, Window

SYNC_PATH = "/tmp/support/sync.rb"
SYNC_TEXT = b"$stdout.sync = true\n"
LONGEST_PATH = 400
LONGEST_PART = 255
LOOKED_AT = 64 * 1024
MOST_FILES = 2000
MOST_OPTIONS = 32
LONGEST_OPTION = 100
BASE_ENV = {
    "PATH": "/usr/local/bin:/usr/bin:/bin",
    "HOME": "/tmp",
    "LANG": "C.UTF-8",
    "TMPDIR": "/tmp",
    "TERM": "dumb",
    "USER": "sandbox",
    "LOGNAME": "sandbox",
}
TERMINAL_ENV = {"TERM": "xterm-256color", "COLORTERM": "truecolor"}

# Room files are untrusted: every pattern is linear (an open comment or string runs to its end, repeats are bounded).
_C_NOISE = re.compile(rb'//[^\n]*|/\*.*?(?:\*/|\Z)|"(?:\\.|[^"\\\n])*"?|\'(?:\\.|[^\'\\\n])*\'?', re.DOTALL)
_C_MAIN = re.compile(rb"\bmain\s*\(")
_CSHARP_MAIN = re.compile(rb"\bMain\s*\(")
_JAVA_PACKAGE = re.compile(rb"^[ \t]*package[ \t]+([\w.]+)[ \t]*;", re.MULTILINE)
_JAVA_TYPE = re.compile(
    rb"\b(public\s+)?(?:(?:final|abstract|sealed|static|strictfp)\s+){0,3}(?:class|record|enum|interface)\s+(\w+)"
)
_JAVA_MAIN = re.compile(rb"\bvoid\s+main\s*\(")


class Toolchain(msgspec.Struct, frozen=True):
    """Where the tools of one machine are: name → absolute path in the cell; `go_archives` see SPEC X36."""

    tools: dict[str, str]
    go_archives: bool = False


class Plan(msgspec.Struct, frozen=True):
    """What the cell gets: files by path relative to its root, and the job. `image`: what the cell is started from."""

    files: dict[str, bytes]
    job: JobOrder
    image: str = ""


def checked_files(request: RunRequest, most_bytes: int) -> dict[str, bytes]:
    """The files of a request if every path is fit for a cell and the entry is among them; else BadRequest."""
    if sum(map(len, request.files.values())) > most_bytes or len(request.stdin) > most_bytes:
        raise BadRequest(f"The files of the room (or the input) are larger than {most_bytes >> 20} MB together.")
    if len(request.files) > MOST_FILES:
        raise BadRequest(f"The room has more than {MOST_FILES} files.")
    for path in request.files:
        parts = path.split("/")
        if any(part in ("", ".", "..") or len(part.encode(errors="replace")) > LONGEST_PART for part in parts):
            raise BadRequest(f"Not a path: {path!r}")
        if "\0" in path or len(path) > LONGEST_PATH or not _encodes(path):
            raise BadRequest(f"Not a path: {path!r}")
        if any("/".join(parts[:count]) in request.files for count in range(1, len(parts))):
            raise BadRequest(f"A file cannot be a folder, too: {path!r}")
    if request.entry not in request.files:
        raise BadRequest(f"No such file: {request.entry!r}")
    if any("\0" in arg or not _encodes(arg) for arg in request.args) or sum(map(len, request.args)) > 65_536:
        raise BadRequest("The arguments cannot be passed to a program.")
    return request.files


def _encodes(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def make_plan(language: Language, request: RunRequest, limits: Limits, toolchain: Toolchain) -> Plan:
    """The plan of a checked request."""
    files, entry = dict(request.files), request.entry
    words: dict[str, list[str]] = {"sources": [entry], "options": _checked_options(language, request.options)}
    if language.id == "java":
        files, entry, main = _java(files, entry)
        words["main"] = [main]
    if language.id in ("c", "cpp"):
        words["sources"] = _sources(language, files, entry, _C_MAIN)
    if language.id == "csharp":
        words["sources"] = _sources(language, files, entry, _CSHARP_MAIN)
    compile_argv = language.compile
    if language.id == "go":
        compile_argv, words["sources"] = _go(language, files, entry, toolchain)
    words |= {
        "entry": [_safe(entry)],
        "sources": [_safe(path) for path in words["sources"]],
        "folder": [posixpath.join("/work", posixpath.dirname(entry))],
        "heap": [str(max(16, limits.memory_bytes >> 21))],
        "sync": [SYNC_PATH],
    }
    steps = [_compile_step(_fill(compile_argv, words, toolchain), language, limits)] if compile_argv else []
    argv = [*_fill(language.run, words, toolchain), *request.args]
    steps.append(_run_step(argv, language, limits, _checked_window(request.terminal)))
    placed = {f"work/{path}": content for path, content in files.items()}
    if language.id == "ruby":
        placed[SYNC_PATH.lstrip("/")] = SYNC_TEXT
    return Plan(*staged(placed, JobOrder(steps), request), language.image)


def _checked_options(language: Language, options: tuple[str, ...]) -> list[str]:
    """The options, if the language's row allows each; else BadRequest."""
    for option in options:
        if not any(re.fullmatch(allowed, option[:LONGEST_OPTION]) for allowed in language.options):
            raise BadRequest(f"{language.name} takes no option {option[:LONGEST_OPTION]!r} here.")
    if len(options) > MOST_OPTIONS:
        raise BadRequest("Too many options.")
    return list(options)


def _checked_window(window: Window | None) -> Window | None:
    if window and not (0 < window.rows <= 1000 and 0 < window.columns <= 1000):
        raise BadRequest("Not the size of a terminal.")
    return window


def _safe(path: str) -> str:
    """A path no tool takes for an option or a response file."""
    return path if path[:1].isalnum() or path.startswith("./") else f"./{path}"


def _fill(argv: tuple[str, ...], words: dict[str, list[str]], toolchain: Toolchain) -> list[str]:
    filled = [toolchain.tools.get(argv[0], argv[0])]
    for part in argv[1:]:
        if part in ("{sources}", "{options}"):
            filled += words[part.strip("{}")]
            continue
        for word, values in words.items():
            part = part.replace("{" + word + "}", values[0]) if "{" + word + "}" in part else part
        filled.append(part)
    return filled


def _compile_step(argv: list[str], language: Language, limits: Limits) -> StepOrder:
    return StepOrder(
        name="compile",
        argv=argv,
        env=BASE_ENV | dict(language.env),
        wall=limits.compile_wall_seconds,
        cpu=limits.compile_cpu_seconds,
        output=limits.compile_output_bytes,
        file=limits.file_bytes,
    )


def _run_step(argv: list[str], language: Language, limits: Limits, window: Window | None) -> StepOrder:
    return StepOrder(
        name="run",
        argv=argv,
        env=BASE_ENV | dict(language.env) | (TERMINAL_ENV if window else {}),
        terminal=(window.rows, window.columns) if window else None,
        wall=limits.wall_seconds,
        cpu=limits.cpu_seconds,
        output=limits.output_bytes,
        file=limits.file_bytes,
    )


def _bare(text: bytes) -> bytes:
    """The beginning of a source without comments and strings."""
    return _C_NOISE.sub(b" ", text[:LOOKED_AT])


def _siblings(files: dict[str, bytes], entry: str, extensions: tuple[str, ...]) -> list[str]:
    folder = posixpath.dirname(entry)
    return sorted(p for p in files if posixpath.dirname(p) == folder and p.endswith(extensions) and p != entry)


def _sources(language: Language, files: dict[str, bytes], entry: str, main: re.Pattern[bytes]) -> list[str]:
    others = _siblings(files, entry, language.extensions)
    return [entry, *(path for path in others if not main.search(_bare(files[path])))]


def _go(
    language: Language, files: dict[str, bytes], entry: str, toolchain: Toolchain
) -> tuple[tuple[str, ...], list[str]]:
    others = [path for path in _siblings(files, entry, (".go",)) if not path.endswith("_test.go")]
    if any(posixpath.basename(path) == "go.mod" for path in files):
        return language.compile, [f"./{posixpath.dirname(entry)}"]
    if not toolchain.go_archives:
        return language.compile, [entry, *others]
    script = '"$0" tool compile -o "$1.o" "${@:2}" && exec "$0" tool link -s -w -o "$1" "$1.o"'
    return ("/bin/bash", "-c", script, toolchain.tools["go"], "/tmp/build/main", "{sources}"), [entry, *others]


def _java(files: dict[str, bytes], entry: str) -> tuple[dict[str, bytes], str, str]:
    """Files, entry and main class; an entry whose public class has another name is compiled under that name."""
    text = _bare(files[entry])
    package = _JAVA_PACKAGE.search(text)
    types = list(_JAVA_TYPE.finditer(text))
    stem = posixpath.splitext(posixpath.basename(entry))[0]
    public = next((found[2].decode() for found in types if found[1]), "")
    if public and public != stem:
        renamed = posixpath.join(posixpath.dirname(entry), public + ".java")
        if renamed not in files:
            files = {(renamed if path == entry else path): content for path, content in files.items()}
            entry = renamed
    main = _java_main(text, types) or public or stem
    return files, entry, f"{package[1].decode()}.{main}" if package else main


def _java_main(text: bytes, types: list[re.Match[bytes]]) -> str:
    found = _JAVA_MAIN.search(text)
    if not found:
        return ""
    before = [kind[2].decode() for kind in types if kind.start() < found.start()]
    return before[-1] if before else ""
