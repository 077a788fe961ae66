"""How much of the API one person and one address may use; asked before anything else is done for a request.

A person is a token: who shows another one is another person, so each address has bounds of its own. Those are wide: a
class, a school or an office is one address.
"""

import hashlib
import math
import re

import msgspec
from starlette.datastructures import Headers
from starlette.requests import HTTPConnection, Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api.errors import ApiError, error_body, respond
from api.rate_limit import SharedBuckets
from api.settings import Settings
from rooms.cache import Bucket, Cache

_CHAT = re.compile(r"^/api/rooms/[^/]+/chat$")
_OWN_QUOTA = ("/api/v2", "/api/config", "/api/openapi.json", "/api/docs")
"""Has a quota of its own, or costs nothing and is asked for by every page."""


class Rule(msgspec.Struct, frozen=True):
    """One bucket of one kind: `most` in `seconds`, all at once if somebody likes."""

    name: str
    most: int
    seconds: int

    def bucket(self, key: str) -> Bucket:
        return Bucket(f"{self.name}:{key}", self.most / self.seconds, float(self.most))


class Admission:
    """ASGI middleware: 429 with `Retry-After` for who asks too often, `RateLimit` headers for all who are counted."""

    def __init__(self, app: ASGIApp, cache: Cache, settings: Settings) -> None:
        self._app = app
        self._buckets = SharedBuckets(cache)
        self._person = [
            Rule("person-hour", settings.requests_per_hour, 3600),
            Rule("person-minute", settings.requests_per_minute, 60),
        ]
        self._address = Rule("address", settings.address_requests_per_minute, 60)
        self._chat = Rule("chat", settings.chats_per_minute, 60)
        self._connects = Rule("connect", settings.connects_per_minute, 60)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        asked = self._asked(scope)
        if not asked:
            await self._app(scope, receive, send)
            return
        spent = await self._buckets.spend([rule.bucket(key) for rule, key in asked])
        if scope["type"] == "websocket":
            if spent.wait:
                await _refuse_socket(scope, send, spent.wait)
            else:
                await self._app(scope, receive, send)
            return
        told = _headers([rule for rule, _ in asked], spent.left)

        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                message["headers"] = [*message["headers"], *told]
            await send(message)

        if spent.wait:
            answer = await respond(Request(scope), too_often(spent.wait))
            await answer(scope, receive, send_with_headers)
        else:
            await self._app(scope, receive, send_with_headers)

    def _asked(self, scope: Scope) -> list[tuple[Rule, str]]:
        """What a request is counted as, and for whom."""
        if scope["type"] == "websocket":
            return _on([(self._connects, address_of(scope))])
        path = scope.get("path", "")
        if scope["type"] != "http" or not path.startswith("/api/") or path.startswith(_OWN_QUOTA):
            return []
        found = [(self._address, address_of(scope))]
        person = person_of(scope)
        if person:
            found += [(rule, person) for rule in self._person]
            if scope["method"] == "POST" and _CHAT.match(path):
                found.append((self._chat, person))
        return _on(found)


def _on(found: list[tuple[Rule, str]]) -> list[tuple[Rule, str]]:
    return [(rule, key) for rule, key in found if rule.most]


def address_of(scope: Scope) -> str:
    """Where a request comes from; behind a trusted proxy, where the proxy says."""
    client = scope.get("client")
    return str(client[0]) if client else ""


def person_of(scope: Scope) -> str:
    """A short name of the token that is shown, known or not; "" without one."""
    scheme, _, token = Headers(scope=scope).get("authorization", "").partition(" ")
    if scheme.lower() != "bearer" or not token.strip():
        return ""
    return hashlib.sha256(token.strip().encode()).hexdigest()[:24]


def too_often(wait: float) -> ApiError:
    """What somebody is told who has to wait so many seconds."""
    error = ApiError(429, "too_many_requests", f"too many requests; wait {math.ceil(wait)} s")
    error.retry_seconds = wait
    return error


def _headers(rules: list[Rule], left: tuple[float, ...]) -> list[tuple[bytes, bytes]]:
    """As the draft of the HTTP working group has them: the policies, and the one that is nearest to its end."""
    policy = ", ".join(f'"{rule.name}";q={rule.most};w={rule.seconds}' for rule in rules)
    level, rule = min(zip(left, rules, strict=True), key=lambda pair: pair[0] / pair[1].most)
    full = math.ceil((rule.most - level) * rule.seconds / rule.most)
    now = f'"{rule.name}";r={max(0, int(level))};t={full}'
    return [(b"ratelimit-policy", policy.encode()), (b"ratelimit", now.encode())]


async def _refuse_socket(scope: Scope, send: Send, wait: float) -> None:
    request_id = HTTPConnection(scope).state.request_id
    body = error_body("too_many_requests", "Too many connections from this address; wait.", request_id)
    retry = str(math.ceil(wait)).encode()
    headers = [(b"retry-after", retry), (b"content-type", b"application/json"), (b"connection", b"close")]
    await send({"type": "websocket.http.response.start", "status": 429, "headers": headers})
    await send({"type": "websocket.http.response.body", "body": body})
