"""`/api/rooms/{room}/archive`: all files out and in as a zip."""

import asyncio
import re
from urllib.parse import quote

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from api.answers import Unpacked
from api.codes import file_id
from api.described import describe
from api.http import identify, json_response, read_body
from api.identity import Reception
from api.settings import Settings
from rooms import access
from rooms.archive import ArchiveLimits, free_path, pack, unpack
from rooms.errors import Forbidden
from rooms.registry import RoomRegistry
from rooms.room import MAIN


class ArchiveApi:
    """The handlers; one per process. Packing and unpacking happen in a thread."""

    def __init__(self, reception: Reception, registry: RoomRegistry, settings: Settings) -> None:
        self._reception = reception
        self._registry = registry
        self._max_bytes = settings.max_archive_bytes
        self._limits = ArchiveLimits(settings.max_archive_files, settings.max_file_bytes, settings.max_archive_bytes)
        self.routes = [
            Route("/api/rooms/{room}/archive.zip", self.download, methods=["GET"]),
            Route("/api/rooms/{room}/archive", self.upload, methods=["POST"]),
        ]

    @describe("All files as a zip", gives_media="application/zip")
    async def download(self, request: Request) -> Response:
        await identify(request, self._reception)
        async with self._registry.visit(request.path_params["room"]) as room:
            document = (await room.document(MAIN)).document
            texts, folders, name = list(document.texts()), list(document.folders()), room.record.name
        packed = await asyncio.to_thread(pack, texts, folders)
        plain = re.sub(r"[^A-Za-z0-9._-]+", "-", name).strip("-") or "room"
        disposition = f"attachment; filename=\"{plain}.zip\"; filename*=UTF-8''{quote(name)}.zip"
        return Response(packed, media_type="application/zip", headers={"Content-Disposition": disposition})

    @describe(
        "Take in the files of a zip",
        takes_media="application/zip", gives=Unpacked, errors=("bad_archive", "read_only", "document_full"),
    )  # fmt: skip
    async def upload(self, request: Request) -> Response:
        identity = await identify(request, self._reception)
        if not access.may_write(identity.room, identity.member, MAIN):
            raise Forbidden("your role does not allow it")
        body = await read_body(request, self._max_bytes)
        files, skipped = await asyncio.to_thread(unpack, body, self._limits)
        async with self._registry.visit(request.path_params["room"]) as room:
            taken = dict.fromkeys((await room.document(MAIN)).document.paths().values(), 2)
            created = [(file_id(), free_path(path, taken), text) for path, text in files]
            await room.add_files(identity.member, created)
        return json_response({"created": [path for _, path, _ in created], "skipped": skipped})
