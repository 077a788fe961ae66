"""`/api/auth/oidc`: signing in with the word of another provider."""

import base64
import hashlib
import re
import secrets
import time
from collections.abc import Callable

import msgspec
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from api.described import Query, describe
from api.errors import ApiError
from api.http import clean_name
from api.people.aiohttp_provider import Provider, ProviderUnavailable
from api.people.auth_api import AuthApi, device_of
from api.people.book import AccountBook, Profile, clean_address
from api.people.cookie import PATH, RefreshCookie
from api.people.pyjwt_id_tokens import BadIdToken, UnknownKey, Word, read_id_token
from api.people.shapes import AT_THE_DOOR
from api.people.sign_ins import SignIns
from rooms.accounts import Account, ExternalIdentity
from rooms.cache import Cache
from rooms.credential_register import CredentialRegister

SECONDS = 600.0
COOKIE = "sangam_oidc"
_CODE = re.compile(r"[\x21-\x7e]{1,2000}")
_LOCAL = re.compile(r"/(?![/\\])[\x21-\x5b\x5d-\x7e]{0,500}")


class _Begun(msgspec.Struct):
    nonce: str
    verifier: str
    return_to: str


class OpenIdApi:
    """The handlers; one per process, if a provider is set."""

    def __init__(
        self,
        provider: Provider,
        auth: AuthApi,
        book: AccountBook,
        credentials: CredentialRegister,
        sign_ins: SignIns,
        cookie: RefreshCookie,
        cache: Cache,
        public_url: str,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._provider = provider
        self._auth = auth
        self._book = book
        self._credentials = credentials
        self._sign_ins = sign_ins
        self._cookie = cookie
        self._cache = cache
        self._redirect_uri = f"{public_url}/api/auth/oidc/callback"
        self._is_secure = public_url.startswith("https:")
        self._clock = clock
        self.routes = [
            Route("/api/auth/oidc/login", self.begin, methods=["GET"]),
            Route("/api/auth/oidc/callback", self.end, methods=["GET"]),
        ]

    @describe(
        "Go to the provider to sign in",
        status=303,
        gives_media="text/html",
        needs="anybody",
        query=(Query("returnTo", str),),
        errors=(*AT_THE_DOOR, "provider_unavailable", "cache_unavailable"),
    )
    async def begin(self, request: Request) -> Response:
        """Send the browser there; a cookie says that it was this browser that began."""
        await self._auth.admit(request)
        state, nonce, verifier = (secrets.token_urlsafe(32) for _ in range(3))
        begun = _Begun(nonce, verifier, local_path(request.query_params.get("returnTo", "/")))
        await self._cache.put(f"oidc:{state}", msgspec.json.encode(begun), SECONDS)
        try:
            address = await self._provider.sign_in_address(
                redirect_uri=self._redirect_uri,
                scope="openid email profile",
                state=state,
                nonce=nonce,
                code_challenge=_challenge(verifier),
                code_challenge_method="S256",
            )
        except ProviderUnavailable as error:
            raise ApiError(503, "provider_unavailable", "the sign-in provider does not answer") from error
        response = RedirectResponse(address, 303)
        response.set_cookie(
            COOKIE, state, max_age=int(SECONDS), path=PATH, secure=self._is_secure, httponly=True, samesite="lax"
        )
        return response

    @describe(
        "Come back from the provider",
        status=303,
        gives_media="text/html",
        needs="anybody",
        query=(Query("state", str), Query("code", str)),
        errors=(*AT_THE_DOOR, "sign_in_refused", "account_suspended", "cache_unavailable"),
    )
    async def end(self, request: Request) -> Response:
        """The browser comes back. Raises ApiError 400 for everything that was not begun here."""
        await self._auth.admit(request)
        state, code = request.query_params.get("state", ""), request.query_params.get("code", "")
        if not state or not secrets.compare_digest(state.encode(), request.cookies.get(COOKIE, "").encode()):
            raise _refused()
        kept = await self._cache.get(f"oidc:{state}")
        if kept is None or not _CODE.fullmatch(code) or not await self._cache.acquire(f"oidc:{state}", "one", SECONDS):
            raise _refused()
        await self._cache.drop(f"oidc:{state}")
        begun = msgspec.json.decode(kept, type=_Begun)
        account = await self._account(await self._word(code, begun))
        if account.status != "active":
            raise ApiError(403, "account_suspended", "this account is suspended")
        opened = await self._sign_ins.begin(account, device_of(request))
        response = RedirectResponse(begun.return_to, 303)
        self._cookie.set(response, opened.refresh)
        response.delete_cookie(COOKIE, path=PATH, secure=self._is_secure, httponly=True, samesite="lax")
        return response

    async def _word(self, code: str, begun: _Begun) -> Word:
        """Keys are asked for again when the provider has changed them."""
        try:
            grant = await self._provider.redeem(code, begun.verifier, self._redirect_uri)
            about = {"issuer": self._provider.issuer, "client_id": self._provider.client_id, "nonce": begun.nonce}
            try:
                return read_id_token(grant.id_token, await self._provider.keys(), **about)
            except UnknownKey:
                return read_id_token(grant.id_token, await self._provider.keys(again=True), **about)
        except (ProviderUnavailable, BadIdToken) as error:
            raise _refused() from error

    async def _account(self, word: Word) -> Account:
        """Whose identity it is; else whose address the provider has verified; else a new one."""
        known = await self._credentials.external(word.issuer, word.subject)
        if known:
            found = await self._book.register.find(known.account)
            if found is None:
                raise _refused()
            return found
        account = await self._matching(word)
        identity = ExternalIdentity(word.issuer, word.subject, account.id, int(self._clock() * 1000))
        if not await self._credentials.add_external(identity):
            raise _refused()
        return account

    async def _matching(self, word: Word) -> Account:
        address = clean_address(word.address) if word.address else ""
        found = await self._book.at_address(address) if address else None
        if found is None:
            name = clean_name(word.name[:80], "bad_name") if word.name.strip() else "Somebody"
            found = await self._book.add(address, Profile(name), None)
        if found is None:
            raise _refused()
        return found


def local_path(text: str) -> str:
    """A path of this house, or its first page: nobody is sent elsewhere."""
    return text if _LOCAL.fullmatch(text) else "/"


def _challenge(verifier: str) -> str:
    return base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).decode().rstrip("=")


def _refused() -> ApiError:
    return ApiError(400, "sign_in_refused", "this sign-in did not begin here, took too long, or was not confirmed")
