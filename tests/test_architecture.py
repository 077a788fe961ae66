"""The house rules that a machine can check: who imports whom, where libraries live, sizes, names."""

import ast
import importlib.util
import os
import re
import statistics
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

ROOT = Path(__file__).resolve().parent.parent
FILE_LINES = 400
FUNCTION_LINES = 60
MEDIAN_LINES = 12
UNDOCUMENTED_LINES = 8

MAY_IMPORT: dict[str, set[str]] = {
    "realtime": set(),
    "exec_pool": set(),
    "rooms": {"realtime"},
    "api": {"realtime", "rooms", "exec_pool"},
}
# Each foreign library is at home in as few files as possible; msgspec may go anywhere.
HOMES: dict[str, tuple[str, ...]] = {
    "aiodocker": ("exec_pool/aiodocker_engine.py",),
    "aiohttp": ("exec_pool/aiodocker_engine.py", "api/aiohttp_outgoing.py", "api/people/aiohttp_provider.py"),
    "aiosmtplib": ("api/people/aiosmtplib_mail.py",),
    "argon2": ("api/people/argon2_passwords.py",),
    "asyncpg": ("rooms/postgres_",),
    "cryptography": ("api/cryptography_seal.py", "api/people/cryptography_seal.py"),
    "httpx": ("api/httpx_client.py",),
    "jwt": ("api/people/pyjwt_",),
    "msgspec": ("",),
    "nats": ("realtime/nats_",),
    "prometheus_client": ("api/",),
    "pycrdt": ("realtime/document.py", "realtime/files.py", "realtime/pycrdt_doc.py", "realtime/rehearsal.py"),
    "pyotp": ("api/people/pyotp_codes.py",),
    "redis": ("rooms/redis_cache.py",),
    "sqlite3": ("rooms/sqlite_", "api/check.py"),
    "starlette": ("api/",),
    "starlette_compress": ("api/edge.py",),
    "uvicorn": ("api/",),
    "webauthn": ("api/people/webauthn_passkeys.py",),
    "websockets": ("api/", "realtime/frames.py"),
}
VAGUE_MODULES = {"base", "common", "core", "helper", "helpers", "manager", "misc", "shared", "util", "utils"}
VAGUE_WORDS = {"Base", "Helper", "Manager", "Service"}
WAITING = re.compile(r"eventually|settle|until|wait")
SKIPS = {"importorskip", "skip", "skipif", "xfail"}


class Import(NamedTuple):
    """One imported module, by its full name, and where."""

    file: str
    line: int
    module: str

    @property
    def top(self) -> str:
        return self.module.split(".")[0]


def python_files(*folders: str) -> Iterator[Path]:
    for folder in folders:
        for path in sorted((ROOT / folder).rglob("*.py")):
            if "node_modules" not in path.parts:
                yield path


def web_files() -> Iterator[Path]:
    for here, folders, names in os.walk(ROOT / "web"):
        folders[:] = sorted(set(folders) - {"node_modules", "dist"})
        yield from (Path(here) / name for name in sorted(names) if name.endswith((".ts", ".tsx", ".mjs")))


def tree(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"), str(path))


def relative(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def imports(path: Path) -> Iterator[Import]:
    package = relative(path).removesuffix(".py").split("/")[:-1]
    for node in ast.walk(tree(path)):
        if isinstance(node, ast.Import):
            for alias in node.names:
                yield Import(relative(path), node.lineno, alias.name)
        elif isinstance(node, ast.ImportFrom):
            start = package[: len(package) - node.level + 1] if node.level else []
            module = ".".join([*start, *([node.module] if node.module else [])])
            for alias in node.names:
                yield Import(relative(path), node.lineno, f"{module}.{alias.name}")


def package_imports() -> list[Import]:
    return [found for path in python_files(*MAY_IMPORT) for found in imports(path)]


def functions(path: Path) -> Iterator[tuple[str, int]]:
    for node in ast.walk(tree(path)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield f"{relative(path)}:{node.lineno} {node.name}", (node.end_lineno or 0) - node.lineno + 1


def test_imports_go_one_way() -> None:
    wrong = []
    for found in package_imports():
        home = found.file.split("/")[0]
        if found.top in MAY_IMPORT and found.top not in MAY_IMPORT[home] | {home}:
            wrong.append(found)
    assert wrong == []


def test_a_plugin_imports_only_the_seam() -> None:
    inside = [found for found in package_imports() if found.file.startswith("rooms/plugins/")]
    assert [
        found for found in inside if found.top in MAY_IMPORT and not re.match(r"rooms\.plugin\b", found.module)
    ] == []


def test_foreign_libraries_stay_in_their_files() -> None:
    ours = {*MAY_IMPORT, *sys.stdlib_module_names} - set(HOMES)
    foreign = [found for found in package_imports() if found.top not in ours]
    assert [found for found in foreign if not found.file.startswith(HOMES.get(found.top, ()))] == []


def test_packages_come_from_this_checkout() -> None:
    for name in MAY_IMPORT:
        spec = importlib.util.find_spec(name)
        assert spec is not None
        assert spec.origin == str(ROOT / name / "__init__.py"), f"{name} comes from elsewhere"


def test_files_are_short() -> None:
    files = [*python_files(*MAY_IMPORT, "loadtests", "scripts", "tests"), *web_files()]
    sizes = {relative(path): len(path.read_text(encoding="utf-8").splitlines()) for path in files}
    assert {name: lines for name, lines in sizes.items() if lines > FILE_LINES} == {}


def test_functions_are_short() -> None:
    files = python_files(*MAY_IMPORT, "loadtests", "scripts", "tests")
    sizes = dict(size for path in files for size in functions(path))
    assert {name: lines for name, lines in sizes.items() if lines > FUNCTION_LINES} == {}


def test_functions_are_short_as_a_rule() -> None:
    sizes = [lines for path in python_files(*MAY_IMPORT) for _, lines in functions(path)]
    assert statistics.median(sizes) <= MEDIAN_LINES


def test_names_say_something() -> None:
    wrong = []
    for path in python_files(*MAY_IMPORT, "loadtests", "scripts", "tests"):
        wrong += [relative(path)] if VAGUE_MODULES & {path.stem, path.parent.name} else []
        for node in ast.walk(tree(path)):
            if isinstance(node, ast.ClassDef) and VAGUE_WORDS & set(re.findall(r"[A-Z][a-z]*", node.name)):
                wrong.append(f"{relative(path)}:{node.lineno} {node.name}")
    assert wrong == []


def test_only_the_settings_read_the_environment() -> None:
    allowed = {"api/settings.py", "api/__main__.py"}
    readers = {
        f"{relative(path)}:{node.lineno}"
        for path in python_files(*MAY_IMPORT)
        if relative(path) not in allowed
        for node in ast.walk(tree(path))
        if isinstance(node, ast.Attribute) and node.attr in {"environ", "environb", "getenv"}
    }
    assert readers == set()


@pytest.mark.parametrize("folder", sorted(MAY_IMPORT))
def test_modules_and_larger_public_names_are_documented(folder: str) -> None:
    bare = []
    for path in python_files(folder):
        module = tree(path)
        bare += [relative(path)] if module.body and not ast.get_docstring(module) else []
        for node in module.body:
            if isinstance(node, ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
                is_small = (node.end_lineno or 0) - node.lineno < UNDOCUMENTED_LINES
                if not (node.name.startswith("_") or is_small or ast.get_docstring(node)):
                    bare.append(f"{relative(path)} {node.name}")
    assert bare == []


def test_no_test_is_skipped() -> None:
    found = [
        f"{relative(path)}:{node.lineno}"
        for path in python_files("tests")
        for node in ast.walk(tree(path))
        if isinstance(node, ast.Attribute)
        and node.attr in SKIPS
        and ast.unparse(node.value) in {"pytest", "pytest.mark", "unittest"}
    ]
    assert found == []


def sleeps(path: Path) -> Iterator[str]:
    """Calls of sleep(…) that are not a mere yield, outside of functions whose name says what they wait for."""
    module = tree(path)
    named = [node for node in ast.walk(module) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)]
    allowed = {inner for node in named if WAITING.search(node.name) for inner in ast.walk(node)}
    calls = [node for node in ast.walk(module) if isinstance(node, ast.Call) and node not in allowed]
    for call in calls:
        if re.search(r"\bsleep$", ast.unparse(call.func)) and ast.unparse(call.args[0]) != "0":
            yield f"{relative(path)}:{call.lineno}"


def test_no_test_waits_by_the_clock() -> None:
    """A planted fault may: it is none."""
    files = [path for path in python_files("tests") if path.parent.name != "planted"]
    assert [found for path in files for found in sleeps(path)] == []
