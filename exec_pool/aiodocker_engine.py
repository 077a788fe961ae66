"""The Docker engine, through aiodocker: the only file that knows that library. Every call has an end (`CALL`).

Source and input travel in frames over the attached standard streams; Docker's archive calls, which follow links that
a program made, are never used.
"""

import asyncio
import contextlib
import logging
from typing import Any

import aiodocker
import aiohttp
import msgspec
from aiodocker.containers import DockerContainer
from aiodocker.stream import Stream

from exec_pool.docker_config import LABEL, Recipe, container, profile
from exec_pool.engine import Cell
from exec_pool.errors import CellFailed, SandboxUnavailable
from exec_pool.host_image import HOST_IMAGE, host_binds, host_image_tar
from exec_pool.limits import ExecSettings
from exec_pool.orphans import is_gone, server_label
from exec_pool.runner_text import runner_text
from exec_pool.seccomp import filter_program
from exec_pool.toolchains import reachable
from exec_pool.view import inside

log = logging.getLogger(__name__)

CALL = 30.0  # seconds; a runtime that hangs would hold every call for ever
ANSWER = 5.0
REAP_EVERY = 30.0
WRONG = (aiodocker.DockerError, aiohttp.ClientError, OSError, TimeoutError, RuntimeError, AssertionError)


class DockerCell(Cell):
    """One container. `signal_death` hangs up, which ends the runner, and has Docker kill what may be left."""

    def __init__(self, uid: int, image: str, docker: aiodocker.Docker, made: DockerContainer, stream: Stream) -> None:
        super().__init__(uid, image)
        self._docker = docker
        self._container = made
        self._stream = stream
        self._said = b""
        self._dying: asyncio.Task[None] | None = None

    async def read(self) -> bytes:
        """Standard output of the runner; what it says on standard error is kept for `complaint`."""
        while True:
            try:
                message = await self._stream.read_out()
            except WRONG as error:
                raise CellFailed("the cell is gone") from error
            if message is None:
                raise CellFailed("the cell is gone")
            if message.stream == 1 and message.data:
                return message.data
            self._said = (self._said + message.data)[-4096:]

    async def send(self, data: bytes) -> None:
        """Standard input of the runner."""
        if self._dying:
            raise CellFailed("the cell is gone")
        try:
            await self._stream.write_in(data)
        except WRONG as error:
            raise CellFailed("the cell is gone") from error

    async def set_limits(self, memory_bytes: int, processes: int) -> None:
        """One call of the engine: 10 to 20 ms."""
        wanted = {"Memory": memory_bytes, "MemorySwap": memory_bytes, "PidsLimit": processes}
        url = f"containers/{self._container.id}/update"
        try:
            await self._docker._query_json(url, method="POST", data=msgspec.json.encode(wanted))
        except WRONG as error:
            raise CellFailed(f"limits cannot be set ({error})") from error

    async def oom_kills(self) -> int:
        """Docker knows only whether process 1 died for memory; the runner counts the others while it lives."""
        try:
            await self._container.wait(timeout=ANSWER)
            return int(bool((await self._container.show())["State"]["OOMKilled"]))
        except WRONG:
            return 0

    async def complaint(self) -> str:
        """What the runner said on standard error."""
        return self._said.decode(errors="replace").strip()

    def signal_death(self) -> None:
        """Not blocking: the kill is a task of its own, which `bury` awaits."""
        if self._dying is None:
            self._dying = asyncio.get_running_loop().create_task(self._kill())

    async def _kill(self) -> None:
        with contextlib.suppress(*WRONG):
            await self._stream.close()
        self._stream._closed = True
        with contextlib.suppress(*WRONG):  # mostly it is gone already
            await self._container.kill(timeout=CALL)

    async def bury(self) -> None:
        """Remove the container."""
        self.signal_death()
        if self._dying:
            await self._dying
        try:
            await self._container.delete(force=True, v=True, timeout=CALL)
        except WRONG as error:
            if getattr(error, "status", 0) not in (404, 409):  # gone, or on its way
                raise CellFailed(str(error)) from error


class DockerEngine:
    """Owner: the Runner. See `engine.Engine`."""

    name = "docker"
    images = True
    python = "/usr/bin/python3"

    def __init__(self, settings: ExecSettings) -> None:
        self.roots: tuple[str, ...] = ()
        self._settings = settings
        self._docker: aiodocker.Docker | None = None
        self._connector: aiohttp.BaseConnector | None = None
        self._recipe: Recipe | None = None
        self._reaper: asyncio.Task[None] | None = None

    async def open(self) -> None:
        """Ask the engine for itself, the image and the runtime; remove what dead servers left."""
        url = self._settings.docker_url
        try:
            docker = self._connect(url)
            async with asyncio.timeout(ANSWER):
                await docker.version()
        except (*WRONG, ValueError) as error:
            raise SandboxUnavailable(f"Code execution is off: no Docker engine answers at {url}.") from error
        try:
            await self._check_runtime(docker)
            image, binds = await self._image(docker)
            await self._reap(docker)
        except WRONG as error:
            raise SandboxUnavailable(f"Code execution is off: the Docker engine refuses ({error}).") from error
        settings = self._settings
        self._recipe = Recipe(
            image=image,
            runtime=settings.runtime,
            label=server_label(),
            runner=runner_text(),
            profile=profile(),
            filter_program=filter_program(),
            binds=binds,
            scratch_bytes=settings.scratch_bytes,
            cores=settings.cell_cores,
            limits=settings.limits,
        )
        self._reaper = asyncio.get_running_loop().create_task(self._reap_now_and_then(docker))

    async def start(self, uid: int, image: str) -> Cell:
        """Create, attach, start; half-made containers are removed."""
        docker, recipe = self._docker, self._recipe
        if docker is None or recipe is None:
            raise CellFailed("the engine is not open")
        try:
            made = await docker.containers.create(container(recipe, uid, image))
        except WRONG as error:
            raise CellFailed(f"the Docker engine refuses ({error})") from error
        cell = DockerCell(uid, image, docker, made, made.attach(stdin=True, stdout=True, stderr=True))
        try:
            async with asyncio.timeout(CALL):
                await cell._stream._init()
                await made.start()
        except WRONG as error:
            with contextlib.suppress(CellFailed):
                await cell.bury()
            raise CellFailed(f"the container does not start ({error})") from error
        cell.limits = (recipe.limits.memory_bytes, recipe.limits.processes)
        return cell

    async def close(self) -> None:
        """Hang up."""
        if self._reaper:
            self._reaper.cancel()
            await asyncio.wait([self._reaper])
        if self._docker:
            await self._docker.close()
        if self._connector:
            await self._connector.close()

    def _connect(self, url: str) -> aiodocker.Docker:
        timeout = aiohttp.ClientTimeout(total=CALL)
        if url.startswith("unix://"):
            # The library's own connector has a limit of 100, and every attached cell holds one connection.
            self._connector = aiohttp.UnixConnector(url.removeprefix("unix://"), limit=0)
            url = "unix://localhost"
        self._docker = aiodocker.Docker(url=url, connector=self._connector, timeout=timeout)
        return self._docker

    async def _check_runtime(self, docker: aiodocker.Docker) -> None:
        known = (await docker.system.info()).get("Runtimes", {})
        if self._settings.runtime and self._settings.runtime not in known:
            raise SandboxUnavailable(
                f"Code execution is off: the Docker engine has no runtime {self._settings.runtime!r}; "
                f"it has {', '.join(sorted(known))}."
            )

    async def _image(self, docker: aiodocker.Docker) -> tuple[str, tuple[str, ...]]:
        """The image of cells, and what of this machine is bound into it."""
        image = self._settings.image
        if image == "host":
            paths = reachable(self._settings.toolchain_paths)
            self.roots = tuple(inside(number, path) for number, path in enumerate(paths))
            if not await self._has(docker, HOST_IMAGE):
                await _import(docker, HOST_IMAGE, host_image_tar())
            return HOST_IMAGE, host_binds(paths)
        if not await self._has(docker, image):
            raise SandboxUnavailable(
                f"Code execution is off: the Docker engine has no image {image}; "
                "build it with: python -m exec_pool.image build"
            )
        return image, ()

    async def _has(self, docker: aiodocker.Docker, image: str) -> bool:
        try:
            await docker.images.inspect(image)
        except aiodocker.DockerError as error:
            if error.status == 404:
                return False
            raise
        return True

    async def _reap_now_and_then(self, docker: aiodocker.Docker) -> None:
        while True:
            await asyncio.sleep(REAP_EVERY)
            with contextlib.suppress(*WRONG):
                await self._reap(docker)

    async def _reap(self, docker: aiodocker.Docker) -> None:
        """Remove the containers of servers that are gone."""
        found: list[Any] = await docker.containers.list(
            all=True, filters=msgspec.json.encode({"label": [LABEL]}).decode()
        )
        for left in found:
            if is_gone(left["Labels"][LABEL]):
                log.info("removing a cell of a server that is gone")
                with contextlib.suppress(aiodocker.DockerError):
                    await left.delete(force=True, v=True, timeout=CALL)


async def _import(docker: aiodocker.Docker, image: str, tar: bytes) -> None:
    repository, _, tag = image.rpartition(":")
    wanted = {"fromSrc": "-", "repo": repository, "tag": tag}
    headers = {"content-type": "application/x-tar"}
    async with docker._query("images/create", "POST", params=wanted, data=tar, headers=headers) as answer:
        await answer.read()
