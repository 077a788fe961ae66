"""`python -m exec_pool.image build|check`: the Docker image of cells, made without a registry.

`build` makes a root file system from Debian packages with mmdebstrap (root, and a Debian mirror) and gives it to the
Docker engine with `docker import`. `check` starts cells from the image and runs a program in every language. The same
image comes from `deploy/sandbox/Dockerfile` where a registry can be reached.
"""

import argparse
import asyncio
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from exec_pool.limits import ExecSettings, Limits
from exec_pool.runner_pool import Runner
from exec_pool.runs import Output, RunRequest

DEFAULTS = ExecSettings()
PACKAGES = Path(__file__).with_name("apt-packages.txt")
SUITE = "bookworm"
HOOKS = (
    # Java's packages want the folder of manual pages even when there are none.
    '--setup-hook=mkdir -p "$1/usr/share/man/man1"',
    '--customize-hook=find "$1" -xdev -perm /6000 -type f -exec chmod a-s {} +',
    '--customize-hook=install -d -m 1777 "$1/work" "$1/tmp"',
    '--customize-hook=install -d "$1/toolchains"',
    '--customize-hook=rm -rf "$1/var/cache/apt" "$1/var/lib/apt/lists" "$1/usr/share/doc" "$1/usr/share/man"',
    '--customize-hook=echo "sandbox:x:1000:1000:sandbox:/tmp:/bin/bash" >> "$1/etc/passwd"',
)


def packages(text: str) -> list[str]:
    """The Debian packages of the toolchains, without what only bubblewrap needs."""
    toolchains = text.partition("# toolchains")[2]
    return [name for line in toolchains.splitlines() if (name := line.split("#")[0].strip())]


def bootstrap(target: Path, mirror: Sequence[str], without: Sequence[str]) -> list[str]:
    """The command that makes the root file system as a tar archive."""
    wanted = [name for name in packages(PACKAGES.read_text()) if name not in without]
    options = ["--variant=minbase", '--aptopt=APT::Install-Recommends "false"', f"--include={','.join(wanted)}"]
    return ["mmdebstrap", *options, *HOOKS, SUITE, str(target), *mirror]


def build(image: str, docker: Sequence[str], mirror: Sequence[str], without: Sequence[str]) -> None:
    """Make the image; CalledProcessError with what the tools said."""
    with tempfile.TemporaryDirectory(dir="/var/tmp") as folder:
        tar = Path(folder, "root.tar")
        subprocess.run(bootstrap(tar, mirror, without), check=True)
        subprocess.run([*docker, "import", str(tar), image], check=True)


async def check(settings: ExecSettings) -> int:
    """Run every language's sample in a cell of the image; the number of those that do not work."""
    runner = Runner(settings)
    await runner.open()
    try:
        available = await runner.checked()
        if not available.ok:
            print(available.reason)
            return 1
        return sum([not await _works(runner, number) for number in range(len(runner.table))])
    finally:
        await runner.close()


async def _works(runner: Runner, number: int) -> bool:
    row, info = runner.table[number], runner.languages[number]
    if not info.available:
        print(f"MISS  {row.name:<14} {info.reason}")
        return False
    heard: list[bytes] = []

    def hear(event: object) -> None:
        if isinstance(event, Output):
            heard.append(event.data)

    files = {row.file_name: row.sample.encode()}
    limits = Limits(wall_seconds=60)
    wanted = RunRequest(language=row.id, files=files, entry=row.file_name, limits=limits, lease="check")
    run = runner.submit(wanted, hear)
    run.close_stdin()
    result = await run.result()
    well = result.status == "ok" and b"".join(heard) == b"Hello, world!\n"
    print(f"{'ok  ' if well else 'MISS'}  {row.name:<14} {info.version:<12} {result.wall_seconds * 1000:6.0f} ms")
    return well


def main(arguments: Sequence[str] | None = None) -> int:
    """Returns the exit status."""
    parser = argparse.ArgumentParser("python -m exec_pool.image", description="The Docker image of cells.")
    parser.add_argument("command", choices=("build", "check"))
    parser.add_argument("--image", default=DEFAULTS.image, help="name and tag (%(default)s)")
    parser.add_argument("--url", default=DEFAULTS.docker_url, help="the Docker engine (%(default)s)")
    parser.add_argument("--mirror", action="append", default=[], help="a line of sources.list, else the machine's own")
    parser.add_argument("--without", action="append", default=[], help="leave a Debian package out")
    parser.add_argument("--runtime", default="", help="Docker's runtime, such as runsc")
    options = parser.parse_args(arguments)
    if options.command == "build":
        try:
            build(options.image, ("docker", "--host", options.url), options.mirror, options.without)
        except (OSError, subprocess.CalledProcessError) as error:
            print(f"The image was not built: {error}. It needs root, mmdebstrap and docker.", file=sys.stderr)
            return 1
    settings = ExecSettings(
        engine="docker", docker_url=options.url, image=options.image, runtime=options.runtime, warm_cells=1
    )
    return min(asyncio.run(check(settings)), 1)


if __name__ == "__main__":
    sys.exit(main())
