"""Programs that talk to this server as they would to another one: who they are, and how much they may ask for."""

import base64
import binascii
import hashlib
import hmac

from starlette.requests import HTTPConnection

from api.rate_limit import RateLimit
from exec_pool.turns import Bounds


class Refused(Exception):
    """A foreign program may not do this. `retry_seconds` is 0 unless it only has to wait."""

    def __init__(self, status: int, message: str, retry_seconds: float = 0.0) -> None:
        super().__init__(message)
        self.status = status
        self.retry_seconds = retry_seconds


class ForeignAccess:
    """The secrets of one API. A program shows its own as `X-Auth-Token`, `X-RapidAPI-Key` or `Authorization` (bearer,
    bare, or the password of basic authentication, which also fits into an address)."""

    def __init__(self, tokens: str, per_minute: int, waiting: int) -> None:
        self._hashes = [_hash(token.strip()) for token in tokens.split(",") if token.strip()]
        self._rate = RateLimit(per_minute)
        self.bounds = Bounds(room=waiting, user=waiting)

    @property
    def is_on(self) -> bool:
        """Is there anybody who may use it?"""
        return bool(self._hashes)

    def identify(self, request: HTTPConnection) -> str:
        """A short name of the program that calls; it says nothing of its secret. Raises Refused 401."""
        for shown in _shown(request):
            digest = _hash(shown)
            if any(hmac.compare_digest(digest, known) for known in self._hashes):
                return digest.hex()[:12]
        raise Refused(401, "a token is missing, or not known")

    def spend(self, caller: str, executions: int = 1) -> None:
        """Count executions against the quota. Raises Refused 429."""
        for _ in range(executions):
            if wait := self._rate.take(caller):
                raise Refused(429, "too many requests of this token; wait a moment", wait)


def _hash(token: str) -> bytes:
    return hashlib.sha256(token.encode(errors="replace")).digest()


def _shown(request: HTTPConnection) -> list[str]:
    headers = request.headers
    shown = [headers.get(name, "") for name in ("x-auth-token", "x-rapidapi-key")]
    scheme, _, rest = headers.get("authorization", "").partition(" ")
    if scheme.lower() == "basic":
        shown.append(_password(rest))
    elif scheme.lower() == "bearer":
        shown.append(rest.strip())
    else:
        shown.append(headers.get("authorization", ""))
    return [token for token in shown if token]


def _password(encoded: str) -> str:
    try:
        return base64.b64decode(encoded).decode().partition(":")[2]
    except (binascii.Error, UnicodeDecodeError):
        return ""
