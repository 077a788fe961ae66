"""Structured logs: one JSON object a line, without text of documents, tokens, link codes or queries."""

import logging
import re
import sys
import time
import uuid

import msgspec
from starlette.types import ASGIApp, Message, Receive, Scope, Send

_STANDARD = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime", "color_message", "taskName"}
_requests = logging.getLogger("api.request")
_LINK = re.compile(r"^(/r/|/api/links/)[^/]+")
"""A link's code lets people in, so it is as secret as a token."""
_CALLS = ("/api/", "/judge0/", "/healthz", "/readyz", "/metrics")
REFERENCE_PAGE = "/api/docs"
_EVERYWHERE = [
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"same-origin"),
    (b"permissions-policy", b"camera=(), geolocation=()"),
    (b"cross-origin-opener-policy", b"same-origin"),
    (b"x-frame-options", b"DENY"),
]
_GIVEN_ID = re.compile(rb"[A-Za-z0-9][A-Za-z0-9._-]{7,63}")
_QUIET = ("/healthz", "/readyz", "/metrics", "/assets/")


class JsonLines(logging.Formatter):
    """Every extra given to a log call becomes a field."""

    def format(self, record: logging.LogRecord) -> str:
        stamp = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(record.created))
        line: dict[str, object] = {
            "time": f"{stamp}.{int(record.msecs):03d}Z",
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": record.getMessage(),
        }
        line |= {key: value for key, value in vars(record).items() if key not in _STANDARD}
        if record.exc_info:
            line["exception"] = self.formatException(record.exc_info)
        return msgspec.json.encode(line, enc_hook=str).decode()


def set_up_logging(level: str) -> None:
    """JSON lines on standard error. On a terminal requests are left out: they would push the address off the screen."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(JsonLines())
    logging.basicConfig(level=level.upper(), handlers=[handler], force=True)
    if sys.stderr.isatty() and level == "info":
        _requests.setLevel(logging.WARNING)
    logging.getLogger("uvicorn.error").setLevel(logging.WARNING)


class RequestLog:
    """ASGI middleware: gives each request an id, logs it without its query, and sets the security headers.

    `policy` is that of pages; what is no page gets one that allows nothing. `hsts_seconds` is said over https only.
    """

    def __init__(self, app: ASGIApp, policy: str, hsts_seconds: int = 0) -> None:
        self._app = app
        self._page = [*_EVERYWHERE, (b"content-security-policy", policy.encode())]
        self._call = [*_EVERYWHERE, (b"content-security-policy", b"default-src 'none'; frame-ancestors 'none'")]
        self._hsts = f"max-age={hsts_seconds}; includeSubDomains".encode() if hsts_seconds else b""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await self._app(scope, receive, send)
            return
        request_id = _request_id(scope)
        scope.setdefault("state", {})["request_id"] = request_id
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        started = time.monotonic()

        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                message["headers"] = [*message["headers"], *self._headers_for(scope, request_id)]
                self._log(scope, message["status"], started, request_id)
            await send(message)

        await self._app(scope, receive, send_with_headers)

    def _headers_for(self, scope: Scope, request_id: str) -> list[tuple[bytes, bytes]]:
        """A page's policy says nothing about its parts, and half a kilobyte each is much on a slow network."""
        path = scope["path"]
        if path.startswith("/assets/"):
            return [(b"x-content-type-options", b"nosniff")]
        is_call = path.startswith(_CALLS) and path != REFERENCE_PAGE
        found = [*(self._call if is_call else self._page), (b"x-request-id", request_id.encode())]
        if self._hsts and scope.get("scheme") == "https":
            found.append((b"strict-transport-security", self._hsts))
        return found

    def _log(self, scope: Scope, status: int, started: float, request_id: str) -> None:
        if not scope["path"].startswith(_QUIET):
            took = round((time.monotonic() - started) * 1000, 1)
            path = _LINK.sub(r"\1*", scope["path"][:200])
            about = {"method": scope["method"], "path": path, "status": status}
            _requests.info("request", extra=about | {"milliseconds": took, "request": request_id})


def _request_id(scope: Scope) -> str:
    """The caller's own, so that its log and ours can be read together, if it is a plain word; else a new one."""
    for name, value in scope["headers"]:
        if name == b"x-request-id" and _GIVEN_ID.fullmatch(value):
            return str(value.decode())
    return uuid.uuid4().hex
