"""Completes npm lock files: `python3 scripts/npm_lock.py FOLDER...`.

A registry mirror may lack the packages that only other operating systems need. npm then leaves these optional
packages out of the lock file and `npm ci` refuses it ever after, with any registry. This adds the entries that
name, version and platform determine; npm skips them on a platform that is not theirs. Run by `make lock`.
"""

import json
import sys
from pathlib import Path
from typing import Any

SYSTEMS = {
    "aix",
    "android",
    "darwin",
    "freebsd",
    "linux",
    "netbsd",
    "openbsd",
    "openharmony",
    "sunos",
    "win32",
}
PROCESSORS = {"arm", "arm64", "ia32", "loong64", "mips64el", "ppc64", "riscv64", "s390x", "wasm32", "x64"}


def main(folders: list[str]) -> int:
    """Complete the lock file of each folder; returns how many entries could not be placed."""
    refused = 0
    for folder in folders:
        path = Path(folder) / "package-lock.json"
        lock: dict[str, Any] = json.loads(path.read_text())
        refused += complete(lock["packages"], folder)
        lock["packages"] = {key: lock["packages"][key] for key in sorted(lock["packages"])}
        path.write_text(json.dumps(lock, indent=2, ensure_ascii=False) + "\n")
    return refused


def complete(packages: dict[str, Any], folder: str) -> int:
    """Add the missing optional packages of `packages` in place; returns how many are of no known platform."""
    refused = 0
    for parent in list(packages.values()):
        for name, version in parent.get("optionalDependencies", {}).items():
            if any(key.endswith(f"node_modules/{name}") for key in packages):
                continue
            if not (platform := platform_of(name)):
                print(f"{folder}: {name} is missing and names no platform", file=sys.stderr)
                refused += 1
                continue
            dev = {"dev": True} if parent.get("dev") else {}
            packages[f"node_modules/{name}"] = {"version": version, **platform, **dev, "optional": True}
    return refused


def platform_of(name: str) -> dict[str, list[str]]:
    """`os`, `cpu` and `libc` as the words of a package name tell, e.g. `@x/cli-linux-x64-musl`."""
    words = name.split("/")[-1].split("-")
    found = {
        "cpu": [word for word in words if word in PROCESSORS],
        "libc": [word for word in words if word == "musl"],
        "os": [word for word in words if word in SYSTEMS],
    }
    return {key: value for key, value in found.items() if value}


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
