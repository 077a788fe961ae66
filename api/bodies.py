"""Bounds on what a request may send: bytes while they come, whatever its head says, and the depth of its JSON."""

import re

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api.errors import ApiError

MAX_DEPTH = 64
BOUND = "body_bytes"
"""In a request's state: a handler that takes more, or less, says so before it reads."""
_TEXT = re.compile(rb'"[^"\\]*(?:\\.[^"\\]*)*"', re.DOTALL)
_TO_SQUARE = bytes.maketrans(b"{}", b"[]")
_NO_BRACKETS = bytes(set(range(256)) - set(b"[]{}"))


class BodyBound:
    """ASGI middleware: who reads past the bound gets ApiError 413, as soon as the byte comes that is too many."""

    def __init__(self, app: ASGIApp, max_bytes: int) -> None:
        self._app = app
        self._max_bytes = max_bytes

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        size = 0

        async def bounded() -> Message:
            nonlocal size
            most = scope["state"].get(BOUND, self._max_bytes)
            if size == 0 and _announced(scope) > most:
                raise too_large(most)
            message = await receive()
            size += len(message.get("body", b""))
            if size > most:
                raise too_large(most)
            return message

        await self._app(scope, bounded, send)


def too_large(most: int) -> ApiError:
    """What is said of a body over its bound."""
    return ApiError(413, "body_too_large", f"the body is larger than {most} bytes")


def _announced(scope: Scope) -> int:
    for name, value in scope["headers"]:
        if name == b"content-length" and value.isdigit():
            return int(value[:18])
    return 0


def check_depth(body: bytes) -> None:
    """Raises ApiError 400 for JSON that is nested deeper than anything of ours; brackets in its text do not count.

    The innermost pairs are taken away again and again, which is quick for megabytes of them, too.
    """
    if body.count(b"[") + body.count(b"{") <= MAX_DEPTH:
        return
    pairs = _TEXT.sub(b"", body).translate(_TO_SQUARE, _NO_BRACKETS)
    for _ in range(MAX_DEPTH):
        pairs = pairs.replace(b"[]", b"")
    if pairs:
        raise ApiError(400, "bad_json", f"the JSON is nested deeper than {MAX_DEPTH}, or not closed")
