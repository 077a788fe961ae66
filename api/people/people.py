"""Everything about people with accounts, put together."""

import asyncio
import contextlib
import logging
import time

from starlette.routing import Route

from api.people.aiohttp_provider import Provider
from api.people.aiosmtplib_mail import Smtp
from api.people.argon2_passwords import Passwords
from api.people.auth_api import AuthApi
from api.people.backoff import Backoff
from api.people.book import AccountBook
from api.people.caller import Callers
from api.people.claims import Claims
from api.people.cookie import RefreshCookie, origin_of
from api.people.cryptography_seal import Seal
from api.people.factor_api import FactorApi
from api.people.in_rooms import AccountsInRooms
from api.people.keyring import Keyring
from api.people.leaving import Leaving
from api.people.letters import Letters
from api.people.login import Login
from api.people.mail import Outbox, Post
from api.people.me_api import MeApi
from api.people.openid_api import OpenIdApi
from api.people.passkey_api import PasskeyApi
from api.people.pyjwt_tokens import AccessTokens
from api.people.registration import Registration
from api.people.sign_ins import SignIns
from api.people.webauthn_passkeys import Ceremonies
from api.rate_limit import SharedRateLimit
from api.settings import Settings, SettingsError
from api.stores import people_of
from rooms.cache import Cache
from rooms.errors import StoreUnavailable
from rooms.store import Store

_log = logging.getLogger(__name__)

OUTBOX = "outbox"
_SWEEP_SECONDS = 3600.0
_OTHER_KEYS = (
    "accounts are off at this server: it has other keys than the one that made them;"
    " every node needs the same SANGAM_SECRET_KEY"
)


class People:
    """Opened after the store of rooms and the cache, closed before them. One per process."""

    def __init__(self, settings: Settings, rooms: Store, cache: Cache) -> None:
        url = public_url(settings)
        self._keyring = Keyring(settings.secret_key, settings.data_folder)
        seal, tokens = Seal(self._keyring), AccessTokens(self._keyring)
        self.store = people_of(settings)
        self._passwords = Passwords()
        self._post = Post(
            Smtp(settings.smtp_url) if settings.smtp_url else Outbox(settings.data_folder / OUTBOX), settings.mail_from
        )
        self._provider = _provider(settings)
        book, letters = AccountBook(self.store.accounts, seal), Letters(self._post, url)
        sign_ins = SignIns(self.store.accounts, seal, tokens)
        backoff, claims = Backoff(cache), Claims(rooms, self.store.memberships)
        registration = Registration(book, seal, self._passwords, letters, backoff, claims)
        login = Login(book, self.store.credentials, self._passwords, sign_ins, backoff)
        cookie = RefreshCookie(url)
        limit = SharedRateLimit(cache, "signing-in", settings.sign_ins_per_minute)
        self.callers = Callers(self.store, sign_ins, tokens)
        auth = AuthApi(
            self.callers, registration, login, sign_ins, book, cookie, limit, is_open=settings.registration == "open"
        )
        self.in_rooms = AccountsInRooms(self.callers, self.store.memberships, book)
        ceremonies = Ceremonies(url.partition("://")[2].partition("/")[0].partition(":")[0], origin_of(url))
        credentials, leaving = self.store.credentials, Leaving(self.store, rooms, book, sign_ins)
        factors = FactorApi(self.callers, login, book, sign_ins, credentials, letters)
        passkeys = PasskeyApi(self.callers, auth, login, sign_ins, book, credentials, letters, cache, ceremonies)
        self._leaving = leaving
        me = MeApi(
            self.callers, self.store, book, login, registration, self._passwords, sign_ins, claims, leaving, cookie
        )
        self.routes: list[Route] = [*auth.routes, *factors.routes, *passkeys.routes, *me.routes]
        if self._provider is not None:
            self.routes += OpenIdApi(self._provider, auth, book, credentials, sign_ins, cookie, cache, url).routes
        self._sweeper: asyncio.Task[None] | None = None

    async def open(self) -> None:
        """Raises StoreUnavailable. Without the right keys rooms are served all the same."""
        await self.store.open()
        self.callers.why_off = await self._why_off()
        if self.callers.why_off:
            _log.error("there are no accounts", extra={"why": self.callers.why_off})
        self._post.open()
        self._sweeper = asyncio.get_running_loop().create_task(self._sweep_always(), name="people-sweep")

    async def _why_off(self) -> str:
        try:
            self._keyring.open()
            known = [key.id for key in self._keyring.keys]
            return "" if await self.store.accounts.share_key(known) else _OTHER_KEYS
        except SettingsError as error:
            return f"accounts are off at this server: {error}"

    async def close(self) -> None:
        if self._sweeper is not None:
            self._sweeper.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._sweeper
        await self._post.close()
        if self._provider is not None:
            await self._provider.close()
        self._passwords.close()
        await self.store.close()

    async def _sweep_always(self) -> None:
        while True:
            with contextlib.suppress(StoreUnavailable):  # the next time will do
                await self.store.accounts.sweep(int(time.time() * 1000))
                await self._leaving.finish()
            await asyncio.sleep(_SWEEP_SECONDS)


def public_url(settings: Settings) -> str:
    """Where people reach this house. Never what a request says: a stranger could write it into somebody's letter."""
    return settings.public_url.rstrip("/") or f"http://localhost:{settings.port}"


def _provider(settings: Settings) -> Provider | None:
    if not settings.oidc_issuer:
        return None
    return Provider(settings.oidc_issuer, settings.oidc_client_id, settings.oidc_client_secret)
