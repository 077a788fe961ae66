"""What stands before every call, in order: the request's id and headers, bounds, compression, repeats, freshness."""

from starlette.middleware import Middleware
from starlette.middleware.cors import CORSMiddleware
from starlette.types import ASGIApp, Receive, Scope, Send
from starlette_compress import CompressMiddleware

from api.admission import Admission
from api.bodies import BodyBound
from api.departure import Departure, Door
from api.freshness import Freshness
from api.observability import REFERENCE_PAGE, RequestLog
from api.repeats import Repeats
from api.settings import Settings, SettingsError
from rooms.cache import Cache

_SMALLEST_COMPRESSED = 1024
_MAY_SHOW = ["Authorization", "Content-Type", "Idempotency-Key", "If-Match", "If-None-Match", "X-Request-Id"]
_MAY_SEE = ["ETag", "Idempotent-Replayed", "RateLimit", "RateLimit-Policy", "Retry-After", "X-Request-Id"]


class Compression:
    """ASGI middleware: brotli or gzip for what calls answer; pages come from files, which are compressed already."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app
        self._compressed = CompressMiddleware(app, minimum_size=_SMALLEST_COMPRESSED, zstd=False)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        is_call = scope["type"] == "http" and scope["path"].startswith(("/api/", "/judge0/", "/metrics"))
        await (self._compressed if is_call and scope["path"] != REFERENCE_PAGE else self._app)(scope, receive, send)


def edge(settings: Settings, cache: Cache, departure: Departure, policy: str) -> list[Middleware]:
    """The first one sees a request first and an answer last. Raises SettingsError."""
    return [
        Middleware(RequestLog, policy=policy, hsts_seconds=settings.hsts_seconds),
        Middleware(Door, departure=departure),
        *_across_origins(settings.cors_origins),
        Middleware(Admission, cache=cache, settings=settings),
        Middleware(Compression),
        Middleware(BodyBound, max_bytes=settings.max_body_bytes),
        Middleware(Repeats, cache=cache, seconds=settings.repeat_seconds, max_bytes=settings.max_body_bytes),
        Middleware(Freshness),
    ]


def _across_origins(given: str) -> list[Middleware]:
    origins = [origin.strip() for origin in given.split(",") if origin.strip()]
    for origin in origins:
        scheme, _, host = origin.partition("://")
        if scheme not in ("http", "https") or not host or "/" in host or "*" in host:
            raise SettingsError(f"SANGAM_CORS_ORIGINS has no usable value: {origin}; one is https://app.example")
    if not origins:
        return []
    return [
        Middleware(
            CORSMiddleware,
            allow_origins=origins,
            allow_methods=["GET", "POST", "PUT", "PATCH", "DELETE"],
            allow_headers=_MAY_SHOW,
            expose_headers=_MAY_SEE,
            max_age=600,
        )
    ]
