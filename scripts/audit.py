"""Known weaknesses of the locked Python packages: `python scripts/audit.py [required|offered|off]`.

`offered` (what `make check` does) says so in a line where the database of advisories cannot be reached, and passes;
`required` (`make check AUDIT=required`) fails there. A known weakness fails in both.
"""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
LOCKS = ("node", "test", "load")
"""The smallest first: it shows whether anybody answers. `test` holds all of `base`."""
SECONDS = {"node": 30.0}
LONGEST_SECONDS = 180.0


def main(mode: str) -> int:
    """The exit status."""
    if mode == "off":
        print("audit: off; no package was looked up")
        return 0
    for lock in LOCKS:
        found = look_up(ROOT / f"requirements/{lock}.lock", SECONDS.get(lock, LONGEST_SECONDS))
        unknown = found is None or all("skip_reason" in package for package in found)
        if found is None or unknown:
            print("audit: the database of advisories cannot be reached from here; no package was checked")
            return 1 if mode == "required" else 0
        bad = weaknesses(found)
        for line in bad:
            print(f"audit: {line}", file=sys.stderr)
        if bad:
            return 1
    print("audit: no known weakness")
    return 0


def look_up(lock: Path, seconds: float) -> list[dict[str, Any]] | None:
    """What is known of each package; None if nobody answers."""
    options = ["--require-hashes", "--disable-pip", "--progress-spinner", "off", "--timeout", "5", "-f", "json"]
    command = [sys.executable, "-m", "pip_audit", *options, "-r", str(lock)]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=seconds)
        packages: list[dict[str, Any]] = json.loads(done.stdout)["dependencies"]
    except (subprocess.TimeoutExpired, json.JSONDecodeError):
        return None
    return packages


def weaknesses(packages: list[dict[str, Any]]) -> list[str]:
    """A line for each package that has some."""
    return [
        f"{package['name']} {package['version']}: {', '.join(one['id'] for one in package['vulns'])}"
        for package in packages
        if package.get("vulns")
    ]


if __name__ == "__main__":
    sys.exit(main(sys.argv[1] if len(sys.argv) > 1 else "offered"))
