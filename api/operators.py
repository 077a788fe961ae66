"""Who may look after the whole server over HTTP: programs with a secret from the settings."""

import hashlib
import hmac

from starlette.requests import Request

from rooms.errors import Forbidden, NotAuthenticated


class Operators:
    """One per process. `tokens` are secrets, `,` between them; without any nobody is an operator."""

    def __init__(self, tokens: str) -> None:
        self._hashes = [_hash(token.strip()) for token in tokens.split(",") if token.strip()]

    async def check(self, request: Request) -> str:
        """The name under which the caller is recorded; it says nothing of the secret.

        Raises NotAuthenticated without a token, Forbidden with one that is no operator's.
        """
        scheme, _, token = request.headers.get("authorization", "").partition(" ")
        if scheme.lower() != "bearer" or not token.strip():
            raise NotAuthenticated("an operator's token is missing")
        digest = _hash(token.strip())
        if not any(hmac.compare_digest(digest, known) for known in self._hashes):
            raise Forbidden("this is for operators of the server")
        return f"operator:{digest.hex()[:8]}"


def _hash(token: str) -> bytes:
    return hashlib.sha256(token.encode(errors="replace")).digest()
