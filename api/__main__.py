"""The command line: `sangam serve`, `sangam check`, and what `api.operator` adds."""

import argparse
import asyncio
import os
import socket
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from types import FrameType

import uvicorn

from api.app import create_app, exec_settings
from api.check import check
from api.departure import Departure
from api.house import House
from api.line import LineProtocol
from api.observability import set_up_logging
from api.operator import add_operator_commands, operate
from api.ops import VERSION
from api.people.operator import COMMANDS, add_people_commands, operate_people
from api.process import give_memory_back, look_for_garbage_rarely, raise_file_limit, raise_stack_limit
from api.request_head import BoundedHttp
from api.sandboxes import far_queue
from api.settings import Settings, SettingsError, read_settings
from api.stores import store_of
from api.worker_app import serve_worker
from exec_pool.errors import SettingsWrong
from realtime.errors import FanoutUnavailable, JobsUnavailable
from rooms.errors import RoomError


def main(arguments: Sequence[str] | None = None) -> int:
    """Returns the exit status."""
    options = _parser().parse_args(arguments)
    try:
        if options.command == "check":
            return asyncio.run(check(read_settings(data=options.data)))
        if options.command == "exec":
            return work(read_settings(host=options.host, exec_port=options.port))
        if options.command in COMMANDS:
            return asyncio.run(operate_people(options, read_settings(data=options.data)))
        if options.command != "serve":
            return asyncio.run(operate(options, read_settings(data=options.data)))
        open_rooms = True if options.open_rooms else None
        return serve(read_settings(host=options.host, port=options.port, data=options.data, open_rooms=open_rooms))
    except (SettingsError, SettingsWrong, RoomError) as error:
        print(f"sangam: {error}", file=sys.stderr)
        return 2


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser("sangam", description="Rooms in which people write and run code together.")
    parser.add_argument("--version", action="version", version=f"sangam {VERSION}")
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    serving = commands.add_parser("serve", help="start the server; everything it needs is built in")
    serving.add_argument("--host", help="address to listen on (127.0.0.1)")
    serving.add_argument("--port", type=int, help="port to listen on (8000)")
    serving.add_argument("--data", metavar="DIR", help="folder of everything that lasts (./data)")
    serving.add_argument("--open-rooms", action="store_true", help="unknown rooms are created, everyone may write")
    working = commands.add_parser("exec", help="run the programs of nodes whose SANGAM_EXEC_PLACE is not `here`")
    working.add_argument("--host", help="address of its health and metrics (127.0.0.1)")
    working.add_argument("--port", type=int, help="port of its health and metrics (8100)")
    checking = commands.add_parser("check", help="what works on this machine, what does not, how to mend it")
    checking.add_argument("--data", metavar="DIR", help="folder of everything that lasts (./data)")
    add_operator_commands(commands)
    add_people_commands(commands)
    return parser


def serve(settings: Settings) -> int:
    """Serve until SIGTERM or SIGINT; 0 after an orderly stop."""
    set_up_logging(settings.log_level)
    raise_stack_limit()
    raise_file_limit()
    give_memory_back()
    app = create_app(settings)
    config = uvicorn.Config(
        app,
        host=settings.host,
        port=settings.port,
        loop="uvloop",
        http=BoundedHttp,
        ws=LineProtocol,
        ws_max_size=settings.max_frame_bytes,
        ws_per_message_deflate=False,  # costs more than the bytes it saves: frames of edits are tiny
        ws_ping_interval=None,  # a connection that is served has one heart-beat with all others, see `Pulse`
        log_config=None,
        access_log=False,
        server_header=False,
        forwarded_allow_ips=settings.trusted_proxies,
    )
    asyncio.run(_try_store(settings))
    asyncio.run(_try_house(settings))
    if settings.exec_place != "here":
        asyncio.run(_try_queue(settings))
    with listen(settings) as listening:
        host, port = listening.getsockname()[:2]
        server = _Server(config, greeting(host, port), app.state.departure)
        server.run(sockets=[listening])
    return 0 if server.started else 1


def work(settings: Settings) -> int:
    """Be a sandbox worker until SIGTERM or SIGINT; 0 after an orderly stop."""
    set_up_logging(settings.log_level)
    raise_file_limit()
    asyncio.run(_try_queue(settings))
    return serve_worker(settings, exec_settings(settings), listen_at, settings.host, settings.exec_port)


async def _try_queue(settings: Settings) -> None:
    """Open and close the queue once, so that what is wrong with the broker is told in a sentence."""
    queue = far_queue(settings)
    try:
        await queue.open()
    except (FanoutUnavailable, JobsUnavailable) as error:
        raise SettingsError(f"SANGAM_NATS_URL: {error}") from error
    await queue.close()


async def _try_store(settings: Settings) -> None:
    """Open and close the store once, so that what is wrong with it is told in a sentence before anything starts."""
    store = store_of(settings)
    await store.open()
    await store.close()


async def _try_house(settings: Settings) -> None:
    """The same for the broker and the cache."""
    house = House(settings)
    await house.open()
    await house.close()


class _Server(uvicorn.Server):
    """Prints `greeting` once it serves. A signal that stopped it in order is not raised again: the status is ours."""

    def __init__(self, config: uvicorn.Config, greeting: str, departure: Departure) -> None:
        super().__init__(config)
        self._departure = departure
        self._greeting = greeting

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        if self.started:
            look_for_garbage_rarely()
            print(self._greeting, flush=True)

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """Not ready from this moment on; the rest begins with the next tick of the main loop."""
        self._departure.begin()
        super().handle_exit(sig, frame)

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """While people are sent away HTTP is still answered: a proxy may not have noticed yet."""
        await self._departure.send_away()
        self.config.timeout_graceful_shutdown = max(1, int(self._departure.seconds_left / 2))
        await super().shutdown(sockets)

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        with super().capture_signals():
            yield
            self._captured_signals.clear()


def listen(settings: Settings) -> socket.socket:
    """Take the address before anything is opened. Raises SettingsError when it cannot be had.

    Nobody can connect before the server is there to answer: behind a proxy they would wait here and not go elsewhere.
    """
    return listen_at(settings.host, settings.port)


def listen_at(host: str, port: int) -> socket.socket:
    """The same for any address."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        listening = socket.socket(family)
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listening.bind((host, port))
        return listening
    except OSError as error:
        why = os.strerror(error.errno) if error.errno and error.errno > 0 else str(error)
        where = f"{host} port {port}"
        raise SettingsError(f"cannot listen on {where}: {why}; another port: --port or SANGAM_PORT") from error


def greeting(host: str, port: int) -> str:
    """The address to open; one that listens everywhere has none that everybody can use."""
    if host in ("0.0.0.0", "::"):
        return f"Sangam is at http://{socket.gethostname()}:{port} and every other name of this machine"
    shown = "localhost" if host in ("127.0.0.1", "::1") else f"[{host}]" if ":" in host else host
    return f"Sangam is at http://{shown}:{port}"


if __name__ == "__main__":
    sys.exit(main())
