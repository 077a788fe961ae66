"""The editor's own unit tests are part of the whole."""

import os
import subprocess
from pathlib import Path

import pytest


@pytest.mark.timeout(300)
def test_the_units_of_the_editor(checkout: Path) -> None:
    environ = {**os.environ, "PATH": f"{checkout / '.venv/bin'}{os.pathsep}{os.environ['PATH']}", "CI": "1", "NO_COLOR": "1"}
    command = ["npm", "run", "--silent", "test", "--", "--maxWorkers=1", "--testTimeout=60000", "--hookTimeout=60000"]
    told = subprocess.run(command, cwd=checkout / "web", env=environ, capture_output=True, text=True)
    assert told.returncode == 0, told.stdout + told.stderr
