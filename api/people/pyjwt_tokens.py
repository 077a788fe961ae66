"""Access tokens: JWTs that this house signs for itself, for an hour."""

import secrets
import time
from collections.abc import Callable
from typing import Any

import jwt
import msgspec

from api.people.keyring import Keyring
from rooms.errors import NotAuthenticated

ALGORITHM = "HS256"
AUDIENCE = "sangam"
ISSUER = "sangam"
SECONDS = 3600
LEEWAY_SECONDS = 5
"""Clocks of nodes differ."""
_REQUIRED = ["sub", "sid", "scope", "iat", "exp", "aud", "iss", "jti"]
MAX_CHARACTERS = 4096


class Claims(msgspec.Struct, frozen=True):
    """What an access token says: whose it is, of which sign-in, and what may be done with it."""

    account: str
    sign_in: str
    scopes: frozenset[str]


class AccessTokens:
    """Signs and reads them. One algorithm, and the key that the token names among ours."""

    def __init__(self, keyring: Keyring, clock: Callable[[], float] = time.time) -> None:
        self._keyring = keyring
        self._clock = clock

    def issue(self, account: str, sign_in: str, scopes: frozenset[str]) -> str:
        now = int(self._clock())
        claims = {
            "iss": ISSUER,
            "aud": AUDIENCE,
            "sub": account,
            "sid": sign_in,
            "scope": sorted(scopes),
            "iat": now,
            "exp": now + SECONDS,
            "jti": secrets.token_urlsafe(12),
        }
        key = self._keyring.current
        return jwt.encode(claims, key.derive("access tokens"), ALGORITHM, headers={"kid": key.id, "typ": "at+jwt"})

    def read(self, token: str) -> Claims:
        """Raises NotAuthenticated for whatever is wrong with it."""
        if len(token) > MAX_CHARACTERS:
            raise _refused()
        try:
            claims = self._decode(token)
            scopes = frozenset(msgspec.convert(claims["scope"], list[str]))
            return Claims(str(claims["sub"]), msgspec.convert(claims["sid"], str), scopes)
        except (jwt.PyJWTError, msgspec.MsgspecError, ValueError, TypeError) as error:
            raise _refused() from error

    def _decode(self, token: str) -> dict[str, Any]:
        head = jwt.get_unverified_header(token)
        key = self._keyring.find(str(head.get("kid")))
        if key is None or head.get("typ") != "at+jwt":
            raise jwt.InvalidTokenError("not one of ours")
        return jwt.decode(
            token,
            key.derive("access tokens"),
            algorithms=[ALGORITHM],
            audience=AUDIENCE,
            issuer=ISSUER,
            leeway=LEEWAY_SECONDS,
            options={"require": _REQUIRED},
        )


def looks_like_one(token: str) -> bool:
    """No other token of ours has dots."""
    return token.count(".") == 2


def _refused() -> NotAuthenticated:
    return NotAuthenticated("the access token is not valid, or not any more; refresh it or sign in again")
