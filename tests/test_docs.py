"""What the documents say is what the code does."""

import ast
import re
import tomllib
from collections.abc import Iterator
from pathlib import Path

from api.ops import VERSION
from realtime.errors import CloseCode
from scripts import exec_table
from scripts.bench_table import END, START, section
from scripts.settings_table import rows

ROOT = Path(__file__).resolve().parent.parent
README = (ROOT / "README.md").read_text(encoding="utf-8")
API = (ROOT / "docs/api.md").read_text(encoding="utf-8")
CHANGELOG = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
MAKEFILE = (ROOT / "Makefile").read_text(encoding="utf-8")


def test_the_readme_starts_with_the_two_commands() -> None:
    start = "\n".join(README.splitlines()[:12])
    assert "\nmake run " in start
    assert "\nmake test " in start


def test_every_make_target_that_the_readme_names_exists() -> None:
    named = set(re.findall(r"^make ([a-z]+)", README, re.MULTILINE)) | set(re.findall(r"`make ([a-z]+)", README))
    assert named - set(re.findall(r"^([a-z]+):", MAKEFILE, re.MULTILINE)) == set()


def test_every_link_in_the_documents_leads_somewhere() -> None:
    for page in [ROOT / "README.md", ROOT / "CHANGELOG.md", *ROOT.glob("docs/*.md"), *ROOT.glob("*/*.md")]:
        for target in re.findall(r"\]\(([^)#]+)", page.read_text(encoding="utf-8")):
            assert "://" in target or (page.parent / target).exists(), f"{page.name} links to {target}"


def test_the_changelog_has_this_version_or_what_is_unreleased() -> None:
    assert re.search(rf"^## (Unreleased|{re.escape(VERSION)})\b", CHANGELOG, re.MULTILINE)


def test_there_is_one_version() -> None:
    assert tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["version"] == VERSION


def test_the_settings_table_is_the_settings() -> None:
    assert re.findall(r"^\| `SANGAM_.*$", README, re.MULTILINE) == rows(), "run: make docs"


def test_the_comparison_is_that_of_the_last_run() -> None:
    assert START + section() + END in README, "run: make docs"


def test_the_table_of_runs_is_that_of_the_last_measurement() -> None:
    assert exec_table.START + exec_table.section() + exec_table.END in README, "run: make docs"


def test_every_close_code_is_documented_and_every_documented_one_exists() -> None:
    section = API[API.index("Close codes:") :].split("\n\n")[0]
    assert {int(code) for code in re.findall(r"\b([14]\d{3})\b", section)} == {int(code) for code in CloseCode}


def test_what_the_table_of_failures_names_is_tested() -> None:
    """Each row but the head and its line names at least one rule and a test of it."""
    table = (ROOT / "docs/operations.md").read_text().split("## When something fails")[1].split("\n\n")[2]
    for row in table.splitlines()[2:]:
        shown = re.findall(r"([A-Z]+\d+) `([\w/]+\.py)`", row.split("|")[6])
        assert shown, row
        for rule, name in shown:
            tests = re.findall(r"def test_\w+", (ROOT / "tests" / name).read_text())
            assert [test for test in tests if rule in test.split("_")], f"{name} has no test of {rule}"


def error_codes() -> Iterator[str]:
    """Every stable code that an answer may carry: `code = "…"` of an error class, and of ApiError(status, "…")."""
    for path in [*ROOT.glob("*/errors.py"), *ROOT.glob("api/**/*.py")]:
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and ast.unparse(node.func) == "ApiError":
                yield from [str(a.value) for a in node.args[1:2] if isinstance(a, ast.Constant)]
            elif isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "code":
                yield from [str(node.value.value)] if isinstance(node.value, ast.Constant) else []


def test_every_error_code_is_documented() -> None:
    never_sent = {"exec_error", "realtime_error", "room_error"}  # the roots of the trees
    assert {code for code in error_codes() if f"`{code}`" not in API} - never_sent == set()
