"""A small cluster on this machine: NATS, PostgreSQL, Redis, three nodes, one proxy. Run by `make cluster`.

    make cluster                           http://127.0.0.1:8080, data thrown away at the end
    make cluster ARGS="--port 9000 --nodes 5 --data data/cluster"
    make cluster ARGS="--workers 2"        programs run at two `sangam exec`

Standard library only. A program that is missing is replaced by its Docker image if Docker runs. Ctrl-C ends everything.
"""

from __future__ import annotations

import argparse
import contextlib
import os
import re
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
START_SECONDS = 40.0
STOP_SECONDS = 20.0
SEARCHED = f"{os.environ.get('PATH', '')}:/usr/sbin:/usr/local/sbin"
IMAGES = {"nats-server": "nats:2.10", "redis-server": "redis:7", "postgres": "postgres:16", "nginx": "nginx:1.26"}


class Stop(Exception):
    """What cannot be started, in a sentence."""


class Part:
    """One process of the cluster, and how to start it again."""

    def __init__(self, name: str, command: list[str], port: int, user: str | None, environ: dict[str, str]) -> None:
        self.name = name
        self.port = port
        self._command = command
        self._user = user
        self._environ = environ
        self.process: subprocess.Popen[bytes] | None = None

    def start(self, data: Path) -> None:
        """Return when it listens; what it says goes to `<data>/<name>.log`. Raises Stop."""
        with (data / f"{self.name}.log").open("ab") as log:
            self.process = subprocess.Popen(
                self._command,
                cwd=data / self.name,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                env={**os.environ, **self._environ},
                user=self._user,
                start_new_session=True,  # Ctrl-C is for us: we end them in order
            )
        wait_for_port(self.name, self.process, self.port, data)


class Cluster:
    """Starts parts, starts again those that end, ends them all in reverse."""

    def __init__(self, data: Path) -> None:
        self.data = data
        self._parts: list[Part] = []

    def start(self, name: str, command: list[str], port: int, *, user: str | None = None, **environ: str) -> None:
        """Run `command` and return when it listens on `port`."""
        self.folder(name, user)
        part = Part(name, command, port, user, environ)
        self._parts.append(part)
        part.start(self.data)

    def folder(self, name: str, user: str | None = None) -> Path:
        """The folder of one part."""
        path = self.data / name
        path.mkdir(exist_ok=True)
        if user is not None:
            shutil.chown(path, user)
        return path

    def watch(self) -> None:
        """Start again whatever ends, until it cannot be started."""
        while True:
            for part in self._parts:
                if part.process is not None and (status := part.process.poll()) is not None:
                    part.start(self.data)
                    say(f"{part.name} had ended ({status}) and was started again")
            time.sleep(0.2)

    def end(self) -> None:
        """Nodes drain together, then the rest, last started first."""
        nodes = [part for part in self._parts if part.name.startswith("node")]
        stop_all([part.process for part in nodes], signal.SIGTERM)
        for part in reversed(self._parts):
            stop_all([part.process], signal.SIGINT)


def stop_all(processes: list[subprocess.Popen[bytes] | None], how: signal.Signals) -> None:
    """Ask them, wait, then insist."""
    started = [process for process in processes if process is not None]
    for process in started:
        process.send_signal(how)
    for process in started:
        try:
            process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def main() -> int:
    """Returns the exit status; 0 after Ctrl-C."""
    parser = argparse.ArgumentParser(description="A cluster of Sangam nodes on this machine.")
    parser.add_argument("--port", type=int, default=8080, help="where the proxy listens (8080)")
    parser.add_argument("--nodes", type=int, default=3, help="how many nodes (3)")
    parser.add_argument("--workers", type=int, default=0, help="sandbox workers in place of the nodes' own (0)")
    parser.add_argument("--data", type=Path, help="keep the data in this folder")
    options = parser.parse_args()
    for stop in (signal.SIGINT, signal.SIGTERM):  # a shell that starts it in the background ignores the first
        signal.signal(stop, signal.default_int_handler)
    with data_folder(options.data) as data:
        cluster = Cluster(data)
        try:
            run(cluster, options.port, options.nodes, options.workers)
        except KeyboardInterrupt:
            say("stopping")
        except Stop as error:
            print(f"cluster: {error}", file=sys.stderr)
            return 1
        finally:
            signal.signal(signal.SIGINT, signal.SIG_IGN)
            cluster.end()
    return 0


def run(cluster: Cluster, port: int, count: int, workers: int) -> None:
    """Start everything, say where it is, stay."""
    addresses = {
        "SANGAM_NATS_URL": start_nats(cluster),
        "SANGAM_REDIS_URL": start_redis(cluster),
        "SANGAM_DATABASE_URL": start_postgres(cluster),
        "SANGAM_SECRET_KEY_FILE": secret_file(cluster),
        "SANGAM_PUBLIC_URL": f"http://localhost:{port}",
    }
    if workers:
        addresses["SANGAM_EXEC_PLACE"] = "workers"
    for number in range(1, workers + 1):
        start_worker(cluster, f"worker{number}", addresses)
    ports = [start_node(cluster, f"node{number}", addresses) for number in range(1, count + 1)]
    start_proxy(cluster, port, ports)
    print(f"Sangam is at http://localhost:{port}, on {count} nodes:", flush=True)
    for number, node in enumerate(ports, 1):
        print(f"  node{number}  http://localhost:{node}  (/metrics, /readyz)")
    print(f"Logs and data: {cluster.data}. Ctrl-C ends everything.", flush=True)
    cluster.watch()


def secret_file(cluster: Cluster) -> str:
    """All nodes sign and seal with one key, also when they are started again."""
    path = cluster.data / "secret"
    if not path.exists():
        path.touch(0o600)
        path.write_text(secrets.token_urlsafe(48))
    return str(path)


def start_nats(cluster: Cluster) -> str:
    """Core subjects for live traffic, JetStream for jobs."""
    port = free_port()
    options = ["--addr", "127.0.0.1", "--port", str(port), "-js"]
    folder = cluster.folder("nats")
    command = native_or_docker("nats-server", [*options, "--store_dir", str(folder)], options)
    cluster.start("nats", command, port)
    return f"nats://127.0.0.1:{port}"


def start_redis(cluster: Cluster) -> str:
    """It keeps nothing: what is in it may be lost."""
    port = free_port()
    options = ["--bind", "127.0.0.1", "--port", str(port), "--save", "", "--appendonly", "no"]
    cluster.start("redis", native_or_docker("redis-server", options, ["redis-server", *options]), port)
    return f"redis://127.0.0.1:{port}/0"


def start_postgres(cluster: Cluster) -> str:
    """Debian keeps its programs off the PATH, and they refuse to run as root."""
    port = free_port()
    user = "postgres" if os.geteuid() == 0 else None
    folder = cluster.folder("postgres", user)
    options = ["-p", str(port), "-c", "listen_addresses=127.0.0.1", "-c", "unix_socket_directories="]
    if (binaries := postgres_binaries()) is None:
        in_docker = [
            "-e",
            "POSTGRES_USER=sangam",
            "-e",
            "POSTGRES_HOST_AUTH_METHOD=trust",
            IMAGES["postgres"],
            *options,
        ]
        cluster.start("postgres", docker("postgres", in_docker), port, user=None)
        return f"postgresql://sangam@127.0.0.1:{port}/sangam"
    if not (folder / "db" / "PG_VERSION").exists():
        make = [str(binaries / "initdb"), "--auth=trust", "--username=sangam", "--encoding=UTF8", "--locale=C"]
        told = subprocess.run([*make, "-D", str(folder / "db")], user=user, cwd=folder, capture_output=True, text=True)
        if told.returncode:
            raise Stop(f"PostgreSQL cannot make {folder}/db: {told.stderr.strip()}")
    cluster.start("postgres", [str(binaries / "postgres"), "-D", str(folder / "db"), *options], port, user=user)
    return f"postgresql://sangam@127.0.0.1:{port}/postgres"


def start_node(cluster: Cluster, name: str, addresses: dict[str, str]) -> int:
    """A port of its own; all share a folder for the problems that hosts bring, the rest that lasts is in PostgreSQL."""
    port = free_port()
    cluster.folder(name)
    command = [sys.executable, "-m", "api", "serve", "--port", str(port), "--data", str(cluster.folder("shared"))]
    cluster.start(name, command, port, **addresses, PYTHONPATH=str(ROOT))
    return port


def start_worker(cluster: Cluster, name: str, addresses: dict[str, str]) -> None:
    """A sandbox worker; it needs root."""
    port = free_port()
    command = [sys.executable, "-m", "api", "exec", "--port", str(port)]
    cluster.start(name, command, port, **addresses, PYTHONPATH=str(ROOT))


def start_proxy(cluster: Cluster, port: int, nodes: list[int]) -> None:
    """deploy/nginx.conf with the addresses of this machine."""
    text = (ROOT / "deploy/nginx.conf").read_text()
    servers = "".join(f"        server 127.0.0.1:{node} max_fails=0;\n" for node in nodes)
    text = re.sub(r"( +server node\d.*\n)+", servers, text).replace("listen 8000;", f"listen {port};")
    if os.geteuid() == 0:
        text = f"user root;\n{text}"
    config = cluster.folder("nginx") / "nginx.conf"
    config.write_text(text)
    here = ["-p", str(config.parent), "-c", str(config), "-e", "stderr"]
    inside = ["-v", f"{config.parent}:{config.parent}", IMAGES["nginx"], "nginx", *here]
    command = [found, *here] if (found := shutil.which("nginx", path=SEARCHED)) else docker("nginx", inside)
    cluster.start("nginx", command, port)


def native_or_docker(program: str, native: list[str], in_docker: list[str]) -> list[str]:
    """The command of this machine's program, else of its image."""
    found = shutil.which(program, path=SEARCHED)
    return [found, *native] if found else docker(program, [IMAGES[program], *in_docker])


def docker(program: str, arguments: list[str]) -> list[str]:
    """`docker run` on this machine's network. Raises Stop without Docker."""
    if shutil.which("docker") is None or subprocess.run(["docker", "info"], capture_output=True).returncode:
        raise Stop(f"{program} is not installed and Docker does not run; as root: python3 scripts/setup.py cluster")
    return ["docker", "run", "--rm", "--init", "--network", "host", *arguments]


def postgres_binaries() -> Path | None:
    """Of the newest version that Debian installed."""
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/postgres"), key=lambda path: int(path.parts[4]))
    return found[-1].parent if found else None


def free_port() -> int:
    """A port that nobody listens on now."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        return int(taken.getsockname()[1])


def wait_for_port(name: str, process: subprocess.Popen[bytes], port: int, data: Path) -> None:
    """Return when somebody listens. Raises Stop if the process ends before."""
    end = time.monotonic() + START_SECONDS
    while time.monotonic() < end and process.poll() is None:
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=1):
            return
        time.sleep(0.05)
    log = (data / f"{name}.log").read_text(errors="replace").strip().splitlines()
    raise Stop(f"{name} did not start: {log[-1] if log else 'it said nothing'}")


@contextlib.contextmanager
def data_folder(wanted: Path | None) -> Iterator[Path]:
    """The folder that was asked for, or one that is thrown away; PostgreSQL's user has to reach it."""
    if wanted is not None:
        wanted.mkdir(parents=True, exist_ok=True)
        yield wanted.resolve()
        return
    path = Path(tempfile.mkdtemp(prefix="sangam-cluster-"))
    path.chmod(0o755)
    try:
        yield path
    finally:
        shutil.rmtree(path, ignore_errors=True)


def say(message: str) -> None:
    """One line of progress."""
    print(f"· {message}", flush=True)


if __name__ == "__main__":
    sys.exit(main())
