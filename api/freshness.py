"""`ETag` and `If-None-Match` for what the API lets read: who has it already is not sent it again."""

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api.http import etag_of, is_named


class Freshness:
    """ASGI middleware. Only answers that are JSON in one piece; nobody between may keep them without asking."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or not scope["path"].startswith("/api/"):
            await self._app(scope, receive, send)
            return
        is_read = scope["method"] in ("GET", "HEAD")
        known = Headers(scope=scope).get("if-none-match", "") if is_read else ""
        start: list[Message] = []

        async def send_fresh(message: Message) -> None:
            if message["type"] == "http.response.start":
                start.append(message)
                return
            if start:
                first = start.pop()
                body = message.get("body", b"")
                may_be_kept = first["status"] == 200 and _is_json(first) and not _has(first, b"cache-control")
                if is_read and may_be_kept and not message.get("more_body"):
                    etag = etag_of(body)
                    first["headers"] = [
                        *first["headers"], (b"etag", etag.encode()), (b"cache-control", b"private, no-cache")
                    ]  # fmt: skip
                    if is_named(etag, known):
                        await _not_modified(first, send)
                        return
                elif not _has(first, b"cache-control"):
                    first["headers"] = [*first["headers"], (b"cache-control", b"no-store")]
                await send(first)
            await send(message)

        await self._app(scope, receive, send_fresh)


async def _not_modified(first: Message, send: Send) -> None:
    headers = [pair for pair in first["headers"] if not pair[0].lower().startswith(b"content-")]
    await send({"type": "http.response.start", "status": 304, "headers": headers})
    await send({"type": "http.response.body", "body": b""})


def _is_json(first: Message) -> bool:
    return any(name == b"content-type" and value.startswith(b"application/json") for name, value in first["headers"])


def _has(first: Message, name: bytes) -> bool:
    return any(found == name for found, _ in first["headers"])
