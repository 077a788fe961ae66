"""Where people are signed in: access tokens for an hour, refresh tokens that follow one another for a month."""

import logging
import time
from collections.abc import Callable

import msgspec

from api.codes import new_id, new_token, token_hash
from api.people.cryptography_seal import Seal, Unsealable
from api.people.pyjwt_tokens import SECONDS, AccessTokens
from rooms.account_register import AccountRegister
from rooms.accounts import Account, SignIn
from rooms.errors import NotAuthenticated

_log = logging.getLogger(__name__)

REFRESH_SECONDS = 30 * 24 * 3600
FRESH_SECONDS = 600
"""So long after a sign-in nobody has to show again who they are."""


class Device(msgspec.Struct, frozen=True, rename="camel"):
    """From where somebody signed in, as far as it told."""

    user_agent: str
    address: str


class Opened(msgspec.Struct, frozen=True):
    """What somebody gets who signs in or goes on; both tokens are shown this once."""

    account: Account
    sign_in: str
    access: str
    refresh: str

    @property
    def seconds(self) -> int:
        """How long the access token lives."""
        return SECONDS


class SignIns:
    """Begins them, lets them go on and ends them. One per process."""

    def __init__(
        self, register: AccountRegister, seal: Seal, tokens: AccessTokens, clock: Callable[[], float] = time.time
    ) -> None:
        self._register = register
        self._seal = seal
        self._tokens = tokens
        self._clock = clock

    async def begin(self, account: Account, device: Device) -> Opened:
        """Always a new one, whatever the device had before."""
        now, new, refresh = self._now(), new_id("si"), new_token()
        about = self._seal.close(msgspec.json.encode(device), f"sign-in:{new}")
        begun = SignIn(new, account.id, about, now, now, now + REFRESH_SECONDS * 1000)
        await self._register.sign_in(begun, token_hash(refresh))
        return self._opened(account, new, refresh)

    async def refresh(self, token: str, device: Device) -> Opened:
        """Spend a refresh token for new ones. Raises NotAuthenticated; a spent one ends its sign-in."""
        fresh = new_token()
        turned = await self._register.rotate(token_hash(token), token_hash(fresh), self._now())
        if turned.reused:
            _log.warning("a refresh token came twice; its sign-in is ended", extra={"sign_in": turned.reused})
            await self._register.end_sign_in(turned.reused)
        if turned.sign_in is None:
            raise NotAuthenticated("you are not signed in any more; sign in again")
        account = await self._register.find(turned.sign_in.account)
        if account is None or account.status != "active":
            raise NotAuthenticated("you are not signed in any more; sign in again")
        about = self._seal.close(msgspec.json.encode(device), f"sign-in:{turned.sign_in.id}")
        await self._register.describe_sign_in(turned.sign_in.id, about)
        return self._opened(account, turned.sign_in.id, fresh)

    async def end_by_token(self, token: str) -> None:
        """Whoever has a refresh token may end its sign-in."""
        found = await self._register.sign_in_of_token(token_hash(token))
        if found:
            await self._register.end_sign_in(found.id)

    async def live(self, sign_in: str) -> SignIn | None:
        return await self._register.live_sign_in(sign_in, self._now())

    def is_fresh(self, sign_in: SignIn) -> bool:
        return self._now() - sign_in.created_at < FRESH_SECONDS * 1000

    def device(self, sign_in: SignIn) -> Device:
        """Unknown if its key is gone."""
        try:
            about = self._seal.open(sign_in.about, f"sign-in:{sign_in.id}")
            return msgspec.json.decode(about, type=Device)
        except Unsealable:
            return Device("", "")

    def _opened(self, account: Account, sign_in: str, refresh: str) -> Opened:
        return Opened(account, sign_in, self._tokens.issue(account.id, sign_in, scopes_of(account)), refresh)

    def _now(self) -> int:
        return int(self._clock() * 1000)


def scopes_of(account: Account) -> frozenset[str]:
    """`account`: one's own account; `rooms`: rooms as oneself; `admin`: everybody's."""
    return frozenset(("account", "rooms", "admin") if account.role == "admin" else ("account", "rooms"))
