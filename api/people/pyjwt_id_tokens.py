"""ID tokens of an OpenID Connect provider: who somebody is by its word."""

from typing import Any

import jwt
import msgspec

ALGORITHMS = ["RS256", "RS384", "RS512", "PS256", "ES256", "ES384", "EdDSA"]
"""Signatures only: what is signed with a shared secret, or with none, is nobody's word."""
_LEEWAY_SECONDS = 30
_REQUIRED = ["sub", "aud", "iss", "exp", "iat"]


class BadIdToken(Exception):
    """It is not the provider's word to us, for this sign-in, now."""


class UnknownKey(BadIdToken):
    """The provider has other keys than it had."""


class Word(msgspec.Struct, frozen=True):
    """`address` only if the provider says that it is verified."""

    issuer: str
    subject: str
    address: str
    name: str


def read_id_token(token: str, keys: dict[str, Any], *, issuer: str, client_id: str, nonce: str) -> Word:
    """Raises BadIdToken."""
    try:
        key = _key_of(token, keys)
        claims = jwt.decode(
            token,
            key,
            algorithms=ALGORITHMS,
            audience=client_id,
            leeway=_LEEWAY_SECONDS,
            options={"require": _REQUIRED},
        )
    except (jwt.PyJWTError, ValueError, TypeError) as error:
        raise BadIdToken(str(error)) from error
    if claims["iss"].rstrip("/") != issuer or claims.get("nonce") != nonce:
        raise BadIdToken("of another issuer or sign-in")
    if claims.get("azp", client_id) != client_id:
        raise BadIdToken("for another client")
    address = claims.get("email") if claims.get("email_verified") is True else ""
    return Word(issuer, str(claims["sub"]), str(address or ""), str(claims.get("name") or ""))


def _key_of(token: str, keys: dict[str, Any]) -> jwt.PyJWK:
    wanted = jwt.get_unverified_header(token).get("kid")
    found = [key for key in jwt.PyJWKSet.from_dict(keys).keys if key.public_key_use in (None, "sig")]
    if wanted is None and len(found) == 1:
        return found[0]
    for key in found:
        if key.key_id == wanted:
            return key
    raise UnknownKey("no such key")
