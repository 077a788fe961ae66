"""Who may look after the whole server over HTTP: admins, and programs with a secret from the settings."""

import hashlib
import hmac

from starlette.requests import Request

from api.people.caller import Callers, bearer, is_account_token
from rooms.errors import Forbidden, NotAuthenticated


class Operators:
    """One per process. `tokens` are secrets, `,` between them."""

    def __init__(self, tokens: str, callers: Callers) -> None:
        self._callers = callers
        self._hashes = [_hash(token.strip()) for token in tokens.split(",") if token.strip()]

    async def check(self, request: Request) -> str:
        """The name under which the caller is recorded; it says nothing of the secret.

        Raises NotAuthenticated without a token, Forbidden with one that is no operator's.
        """
        token = bearer(request)
        if not token:
            raise NotAuthenticated("an operator's token is missing")
        if is_account_token(token):
            caller = await self._callers.of_token(token)
            if caller.role != "admin":
                raise Forbidden("this is for operators of the server")
            return caller.account.id
        digest = _hash(token)
        if not any(hmac.compare_digest(digest, known) for known in self._hashes):
            raise Forbidden("this is for operators of the server")
        return f"operator:{digest.hex()[:8]}"


def _hash(token: str) -> bytes:
    return hashlib.sha256(token.encode(errors="replace")).digest()
