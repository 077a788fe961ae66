"""Sangam on uvicorn as it comes, without a direct line: `python -m tests.plain_asgi serve --port … --data …`."""

import argparse

import uvicorn

from api.__main__ import greeting, listen
from api.app import create_app
from api.settings import read_settings


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("command")
    parser.add_argument("--port", type=int)
    parser.add_argument("--data")
    options = parser.parse_args()
    settings = read_settings(port=options.port, data=options.data)
    config = uvicorn.Config(create_app(settings), ws="websockets-sansio", ws_max_size=settings.max_frame_bytes)
    with listen(settings) as listening:
        listening.listen()  # the tests connect as soon as they read this
        print(greeting(*listening.getsockname()[:2]), flush=True)
        uvicorn.Server(config).run(sockets=[listening])


if __name__ == "__main__":
    main()
