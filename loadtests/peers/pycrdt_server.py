"""pycrdt-websocket on uvicorn, as its manual starts it: `python pycrdt_server.py PORT [DATABASE]`."""

import asyncio
import contextlib
import sys
from typing import Any

import uvicorn
from pycrdt.store import SQLiteYStore, YDocNotFound
from pycrdt.websocket import ASGIServer, WebsocketServer, YRoom, exception_logger


class StoringServer(WebsocketServer):
    """Keeps every update of a room in one SQLite file, and loads the room from it."""

    def __init__(self, database: str, **settings: Any) -> None:
        super().__init__(**settings)
        self._store = type("Store", (SQLiteYStore,), {"db_path": database})

    async def get_room(self, name: str) -> YRoom:
        if name not in self.rooms:
            room = YRoom(ready=False, ystore=self._store(path=name), log=self.log)
            self.rooms[name] = room
            await self.start_room(room)
            assert room.ystore is not None
            await room.ystore.started.wait()
            with contextlib.suppress(YDocNotFound):
                await room.ystore.apply_updates(room.ydoc)
            room.ready = True
        room = self.rooms[name]
        await self.start_room(room)
        return room


async def serve(port: int, database: str | None) -> None:
    settings: dict[str, Any] = {"exception_handler": exception_logger, "auto_clean_rooms": database is not None}
    rooms = StoringServer(database, **settings) if database else WebsocketServer(**settings)
    config = uvicorn.Config(ASGIServer(rooms), "127.0.0.1", port, loop="uvloop", log_level="warning")
    async with rooms:
        await uvicorn.Server(config).serve()


if __name__ == "__main__":
    asyncio.run(serve(int(sys.argv[1]), sys.argv[2] if len(sys.argv) > 2 else None))
