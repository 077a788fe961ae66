"""The lock files pin everything, by hash, and name no registry."""

import json
import re
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parent.parent
PYTHON_LOCKS = sorted((ROOT / "requirements").glob("*.lock"))
NPM_LOCKS = [
    ROOT / folder / "package-lock.json"
    for folder in ("web", "tests/interop", "loadtests/peers")
    if (ROOT / folder / "package.json").exists()
]
PIN = re.compile(r"^([a-z0-9-]+)==(\S+)", re.MULTILINE)


def name_of(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def pins(name: str) -> dict[str, str]:
    return dict(PIN.findall((ROOT / f"requirements/{name}.lock").read_text()))


def npm_packages(path: Path) -> dict[str, dict[str, Any]]:
    packages: dict[str, dict[str, Any]] = json.loads(path.read_text())["packages"]
    return {key: entry for key, entry in packages.items() if key}


@pytest.mark.parametrize("path", PYTHON_LOCKS, ids=name_of)
def test_python_locks_hold_no_address(path: Path) -> None:
    assert "://" not in path.read_text()


@pytest.mark.parametrize("path", NPM_LOCKS, ids=name_of)
def test_npm_locks_hold_no_address_of_a_package(path: Path) -> None:
    assert [key for key, entry in npm_packages(path).items() if "resolved" in entry] == []


@pytest.mark.parametrize("path", PYTHON_LOCKS, ids=name_of)
def test_every_python_package_is_pinned_and_hashed(path: Path) -> None:
    entries = re.sub(r"\\\n\s*", "", path.read_text()).splitlines()
    assert entries
    for entry in entries:
        assert PIN.match(entry), entry
        assert re.search(r"--hash=sha256:[0-9a-f]{64}", entry), entry


def test_the_wider_python_locks_agree_with_the_narrower() -> None:
    assert pins("base").items() <= pins("test").items() <= pins("dev").items()


@pytest.mark.parametrize("path", NPM_LOCKS, ids=name_of)
def test_every_npm_package_that_linux_installs_is_hashed(path: Path) -> None:
    for key, entry in npm_packages(path).items():
        elsewhere = entry.get("optional") and (
            "linux" not in entry.get("os", []) or entry.get("libc") == ["musl"] or "arm" in entry.get("cpu", [])
        )
        assert elsewhere or entry["integrity"].startswith("sha512-"), key


@pytest.mark.parametrize("path", NPM_LOCKS, ids=name_of)
def test_npm_locks_hold_the_packages_of_every_platform(path: Path) -> None:
    packages = npm_packages(path)
    wanted = {name for entry in packages.values() for name in entry.get("optionalDependencies", {})}
    assert {name for name in wanted if not any(key.endswith(f"node_modules/{name}") for key in packages)} == set()


@pytest.mark.parametrize("path", NPM_LOCKS, ids=name_of)
def test_npm_packages_are_asked_for_by_exact_version(path: Path) -> None:
    manifest = json.loads(path.with_name("package.json").read_text())
    asked = manifest.get("dependencies", {}) | manifest.get("devDependencies", {})
    assert {name: version for name, version in asked.items() if not re.fullmatch(r"[\d.]+", version)} == {}
