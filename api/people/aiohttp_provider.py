"""An OpenID Connect provider, as a client asks it: discovery, keys, and tokens for a code."""

from typing import Any, TypeVar
from urllib.parse import urlencode

import aiohttp
import msgspec

_Kind = TypeVar("_Kind")
_SECONDS = 10.0
_MAX_BYTES = 2**20


class ProviderUnavailable(Exception):
    """It did not answer, or not as a provider does."""


class Endpoints(msgspec.Struct, frozen=True):
    """What its discovery document says, as far as it is used."""

    issuer: str
    authorization_endpoint: str
    token_endpoint: str
    jwks_uri: str


class Grant(msgspec.Struct, frozen=True):
    id_token: str


class Provider:
    """Owns its connections. `issuer` is the only address that the operator names; the rest it says itself."""

    def __init__(self, issuer: str, client_id: str, client_secret: str) -> None:
        self.issuer = issuer.rstrip("/")
        self.client_id = client_id
        self._client_secret = client_secret
        self._session: aiohttp.ClientSession | None = None
        self._endpoints: Endpoints | None = None
        self._keys: dict[str, Any] | None = None

    async def close(self) -> None:
        if self._session is not None:
            await self._session.close()
            self._session = None

    async def endpoints(self) -> Endpoints:
        """Raises ProviderUnavailable, also for one that says to be another."""
        if self._endpoints is None:
            found = _as(Endpoints, await self._ask("GET", f"{self.issuer}/.well-known/openid-configuration"))
            if found.issuer.rstrip("/") != self.issuer:
                raise ProviderUnavailable("it says to be another one")
            self._endpoints = found
        return self._endpoints

    async def sign_in_address(self, **values: str) -> str:
        """Where a browser is sent."""
        start = (await self.endpoints()).authorization_endpoint
        query = urlencode({"response_type": "code", "client_id": self.client_id} | values)
        return f"{start}{'&' if '?' in start else '?'}{query}"

    async def keys(self, *, again: bool = False) -> dict[str, Any]:
        """Its JWKS, kept until it is asked for `again`."""
        if self._keys is None or again:
            found = await self._ask("GET", (await self.endpoints()).jwks_uri)
            self._keys = _as(dict[str, Any], found)
        return self._keys

    async def redeem(self, code: str, verifier: str, redirect_uri: str) -> Grant:
        """Raises ProviderUnavailable."""
        form = {"grant_type": "authorization_code", "code": code, "redirect_uri": redirect_uri}
        secret = aiohttp.encode_basic_auth(self.client_id, self._client_secret) if self._client_secret else ""
        headers = {"Authorization": secret} if secret else {}
        form |= {"code_verifier": verifier, "client_id": self.client_id}
        return _as(Grant, await self._ask("POST", (await self.endpoints()).token_endpoint, data=form, headers=headers))

    async def _ask(self, method: str, url: str, **more: Any) -> bytes:
        if self._session is None:
            self._session = aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=_SECONDS))
        try:
            async with self._session.request(method, url, allow_redirects=False, **more) as answer:
                body = await answer.content.read(_MAX_BYTES)
                while not answer.content.at_eof() and len(body) < _MAX_BYTES:
                    body += await answer.content.read(_MAX_BYTES - len(body))
                if answer.status != 200:
                    raise ProviderUnavailable(f"it answered {answer.status}")
                return body
        except (TimeoutError, aiohttp.ClientError, OSError, ValueError) as error:
            raise ProviderUnavailable(type(error).__name__) from error


def _as(kind: type[_Kind], body: bytes) -> _Kind:
    try:
        return msgspec.json.decode(body, type=kind)
    except msgspec.MsgspecError as error:
        raise ProviderUnavailable("it answered something else") from error
