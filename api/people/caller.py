"""Who is this request? The one place where access tokens and service tokens become accounts."""

import time
from collections.abc import Callable

import msgspec
from starlette.requests import HTTPConnection

from api.codes import token_hash
from api.people.pyjwt_tokens import AccessTokens, looks_like_one
from api.people.sign_ins import SignIns, scopes_of
from rooms.accounts import Account, GlobalRole, SignIn
from rooms.errors import Forbidden, NotAuthenticated
from rooms.people_store import PeopleStore

SERVICE_PREFIX = "sangam_"
"""Of service tokens, so that programs which look for lost secrets find them."""


class Caller(msgspec.Struct, frozen=True):
    """An account that asks for something. Without a sign-in it is a machine that acts for it."""

    account: Account
    scopes: frozenset[str]
    sign_in: SignIn | None = None

    @property
    def role(self) -> GlobalRole:
        """What they are to the whole house; in a room the member's role counts."""
        return "admin" if self.account.role == "admin" and "admin" in self.scopes else "user"

    def need(self, scope: str) -> None:
        """Raises Forbidden."""
        if scope not in self.scopes:
            raise Forbidden("this token is not for that")


class Callers:
    """Looks at the register each time: what is revoked is revoked with the next request. One per process."""

    def __init__(
        self, people: PeopleStore, sign_ins: SignIns, tokens: AccessTokens, clock: Callable[[], float] = time.time
    ) -> None:
        self._people = people
        self._sign_ins = sign_ins
        self._tokens = tokens
        self._clock = clock
        self.why_off = ""
        """Not empty while this house cannot have accounts: the reason, for people."""

    async def of_token(self, token: str) -> Caller:
        """Raises NotAuthenticated."""
        if self.why_off:
            raise NotAuthenticated(self.why_off)
        if token.startswith(SERVICE_PREFIX):
            return await self._machine(token)
        claims = self._tokens.read(token)
        sign_in = await self._sign_ins.live(claims.sign_in)
        if sign_in is None or sign_in.account != claims.account:
            raise NotAuthenticated("you are not signed in any more; sign in again")
        account = await self._active(claims.account)
        return Caller(account, claims.scopes & scopes_of(account), sign_in)

    async def of_request(self, request: HTTPConnection, scope: str) -> Caller:
        """By its bearer token. Raises NotAuthenticated, Forbidden."""
        token = bearer(request)
        if not is_account_token(token):
            raise NotAuthenticated("sign in first")
        caller = await self.of_token(token)
        caller.need(scope)
        return caller

    async def of_person(self, request: HTTPConnection) -> tuple[Caller, SignIn]:
        """For what no machine may do: somebody's own account. Raises NotAuthenticated, Forbidden."""
        caller = await self.of_request(request, "account")
        if caller.sign_in is None:
            raise Forbidden("this token is not for that")
        return caller, caller.sign_in

    async def _machine(self, token: str) -> Caller:
        found = await self._people.credentials.service_token(token_hash(token), int(self._clock() * 1000))
        if found is None:
            raise NotAuthenticated("this service token is not known, or not any more")
        account = await self._active(found.account)
        return Caller(account, frozenset(found.scopes.split()) & scopes_of(account))

    async def _active(self, account_id: str) -> Account:
        account = await self._people.accounts.find(account_id)
        if account is None or account.status != "active":
            raise NotAuthenticated("this account is not there any more, or suspended")
        return account


def bearer(request: HTTPConnection) -> str:
    """The token of the `Authorization` header, or nothing."""
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    return token.strip() if scheme.lower() == "bearer" else ""


def is_account_token(token: str) -> bool:
    """Whether it is of an account, and not of a member of one room."""
    return token.startswith(SERVICE_PREFIX) or looks_like_one(token)
