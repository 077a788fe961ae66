"""Every numbered rule of a SPEC.md is quoted by a test, and every quoted rule exists."""

import ast
import os
import re
from collections import Counter
from collections.abc import Iterator
from functools import cache
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
RULE = re.compile(r"^[-*] \*\*([A-Z]+\d+)\*\*", re.MULTILINE)
QUOTED = re.compile(r"(?<![A-Za-z0-9])([A-Z]+\d+)(?![A-Za-z0-9])")
TITLE = re.compile(r"""\b(?:test|it|describe|check)(?:\.\w+)*\(\s*(["'`])(.*?)\1""", re.DOTALL)
UNREAD = {"node_modules", "dist", ".venv"}


def rules() -> list[str]:
    found = sorted(ROOT.glob("*/SPEC.md"))
    return [rule for path in found for rule in RULE.findall(path.read_text(encoding="utf-8"))]


def files_under(folder: Path) -> Iterator[Path]:
    for here, folders, names in os.walk(folder):
        folders[:] = sorted(set(folders) - UNREAD)
        yield from (Path(here) / name for name in sorted(names))


def titles_of_python(path: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.name.startswith("test"):
            yield f"{node.name.replace('_', ' ')} {ast.get_docstring(node) or ''}"


def titles_of_script(path: Path) -> Iterator[str]:
    for _, title in TITLE.findall(path.read_text(encoding="utf-8")):
        yield title


def all_titles() -> Iterator[str]:
    for folder in ("tests", "web"):
        for path in files_under(ROOT / folder):
            if path.suffix == ".py" and path.name.startswith("test_"):
                yield from titles_of_python(path)
            elif path.suffix in {".mjs", ".js", ".ts", ".tsx"}:
                yield from titles_of_script(path)


@cache
def quoted() -> frozenset[str]:
    return frozenset(rule for title in all_titles() for rule in QUOTED.findall(title))


def test_rules_are_numbered_once() -> None:
    assert [rule for rule, times in Counter(rules()).items() if times > 1] == []


def test_every_rule_is_quoted_by_a_test() -> None:
    assert [rule for rule in rules() if rule not in quoted()] == []


def test_every_quoted_rule_exists() -> None:
    letters = {rule.rstrip("0123456789") for rule in rules()}
    claimed = {rule for rule in quoted() if rule.rstrip("0123456789") in letters}
    assert claimed - set(rules()) == set()
