"""`Idempotency-Key`: a POST that is sent again is answered as the first time, and done once.

What is kept for that is sealed with the key, the token and the body: who reads the cache learns nothing. A cache that
is away, or has forgotten, does not stop anybody: then a call that is sent again is done again.
"""

import contextlib
import hashlib
import re
import secrets

import msgspec
from starlette.datastructures import Headers
from starlette.requests import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api.admission import address_of
from api.cryptography_seal import Sealed
from api.errors import ApiError, respond
from api.http import read_body
from rooms.cache import MAX_VALUE_BYTES, Cache, Lease
from rooms.errors import CacheUnavailable

_KEY = re.compile(r"[!-~]{1,255}")
_WORKING_SECONDS = 60.0
_NOT_KEPT = {408, 409, 425, 429}
"""May be another answer next time; so may be that of a failure."""
_NOT_REPEATED = ("/api/v2/", "/api/auth/")
"""Other programs' calls; and signing in: what opens an account is kept nowhere."""


class _Answer(msgspec.Struct, frozen=True, array_like=True):
    """`digest` is of the body of the request."""

    digest: bytes
    sealed: bytes


class _Said(msgspec.Struct, frozen=True, array_like=True):
    status: int
    headers: list[tuple[bytes, bytes]]
    body: bytes


class Repeats:
    """ASGI middleware."""

    def __init__(self, app: ASGIApp, cache: Cache, seconds: float, max_bytes: int) -> None:
        self._app = app
        self._cache = cache
        self._seconds = seconds
        self._max_bytes = max_bytes

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        key = _key_of(scope)
        if key is None:
            await self._app(scope, receive, send)
            return
        try:
            await self._once(key, scope, receive, send)
        except ApiError as error:
            answer = await respond(Request(scope), error)
            await answer(scope, receive, send)

    async def _once(self, key: str, scope: Scope, receive: Receive, send: Send) -> None:
        if not _KEY.fullmatch(key):
            raise ApiError(422, "bad_request", "an Idempotency-Key has 1 to 255 visible characters")
        body = await read_body(Request(scope, receive), self._max_bytes)
        token = Headers(scope=scope).get("authorization", "")
        name = _name(key, token or address_of(scope), scope["path"])
        box, digest = Sealed(key.encode(), token.encode(), body), hashlib.sha256(body).digest()
        try:
            lease = await self._cache.acquire(f"repeat:{name}", secrets.token_hex(8), _WORKING_SECONDS)
            known = await self._cache.get(f"repeat:{name}")
        except CacheUnavailable:
            await self._app(scope, _again(body), send)
            return
        try:
            if known is not None:
                await _say_again(known, box, digest, send)
            elif lease is None:
                raise _in_flight()
            else:
                await self._first_time(f"repeat:{name}", body, box, digest, scope, send)
        finally:
            await self._let_go(lease)

    async def _let_go(self, lease: Lease | None) -> None:
        if lease is not None:
            with contextlib.suppress(CacheUnavailable):
                await self._cache.release(lease)

    async def _first_time(self, name: str, body: bytes, box: Sealed, digest: bytes, scope: Scope, send: Send) -> None:
        parts: list[bytes] = []
        head: list[tuple[int, list[tuple[bytes, bytes]]]] = []

        async def listen(message: Message) -> None:
            if message["type"] == "http.response.start":
                head.append((message["status"], list(message["headers"])))
            elif message["type"] == "http.response.body":
                parts.append(message.get("body", b""))
                if not message.get("more_body"):
                    await self._keep(name, box, digest, _Said(*head[0], b"".join(parts)))
            await send(message)

        await self._app(scope, _again(body), listen)

    async def _keep(self, name: str, box: Sealed, digest: bytes, said: _Said) -> None:
        """Before the caller has it: who repeats a call that was answered finds the answer."""
        if said.status >= 500 or said.status in _NOT_KEPT:
            return
        value = msgspec.msgpack.encode(_Answer(digest, box.seal(msgspec.msgpack.encode(said))))
        if len(value) <= MAX_VALUE_BYTES:
            with contextlib.suppress(CacheUnavailable):
                await self._cache.put(name, value, self._seconds)


async def _say_again(known: bytes, box: Sealed, digest: bytes, send: Send) -> None:
    kept = msgspec.msgpack.decode(known, type=_Answer)
    opened = box.open(kept.sealed) if kept.digest == digest else None
    if opened is None:
        raise ApiError(422, "idempotency_key_reused", "this Idempotency-Key was used for another body; take a new one")
    said = msgspec.msgpack.decode(opened, type=_Said)
    headers = [*said.headers, (b"idempotent-replayed", b"true")]
    await send({"type": "http.response.start", "status": said.status, "headers": headers})
    await send({"type": "http.response.body", "body": said.body})


def _key_of(scope: Scope) -> str | None:
    path = scope.get("path", "")
    if scope["type"] != "http" or scope["method"] != "POST":
        return None
    if not path.startswith("/api/") or path.startswith(_NOT_REPEATED):
        return None
    return Headers(scope=scope).get("idempotency-key")


def _name(key: str, caller: str, path: str) -> str:
    """Says nothing of what it is made of, and cannot be made to be that of somebody else."""
    digest = hashlib.sha256(msgspec.msgpack.encode((key, caller, path)))
    return digest.hexdigest()[:40]


def _in_flight() -> ApiError:
    error = ApiError(409, "idempotency_in_flight", "the first call with this Idempotency-Key still goes on")
    error.retry_seconds = 1.0
    return error


def _again(body: bytes) -> Receive:
    """The body once more, then the silence of a caller who stays."""
    given = iter([{"type": "http.request", "body": body, "more_body": False}])

    async def receive() -> Message:
        return next(given, {"type": "http.disconnect"})

    return receive
