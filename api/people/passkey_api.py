"""`/api/auth/passkeys`: adding and dropping them, and signing in with one."""

import secrets
import time
from collections.abc import Callable
from typing import Annotated, Any

import msgspec
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from api.described import describe
from api.errors import ApiError
from api.http import clean_name, json_response, read_json
from api.people.auth_api import AuthApi, Client, device_of
from api.people.book import AccountBook
from api.people.caller import Callers
from api.people.factor_api import Confirmation
from api.people.letters import Letters
from api.people.login import Login
from api.people.refusal import Refusal
from api.people.shapes import AT_THE_DOOR, GUARDED, Asked, OnePasskey, PasskeyList, SignedIn
from api.people.sign_ins import SignIns
from api.people.views import passkey_json
from api.people.webauthn_passkeys import Ceremonies, PasskeyRefused, decode_id, id_of
from rooms.accounts import Passkey
from rooms.cache import Cache
from rooms.credential_register import CredentialRegister

CEREMONY_SECONDS = 300.0
MOST = 20
Ceremony = Annotated[str, msgspec.Meta(max_length=100)]


class NewPasskey(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    ceremony: Ceremony
    credential: dict[str, Any]
    name: str = "Passkey"


class UsedPasskey(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    ceremony: Ceremony
    credential: dict[str, Any]
    client: Client = "browser"


class PasskeyApi:
    """The handlers; one per process. What was asked is remembered in the cache, for one answer."""

    def __init__(
        self,
        callers: Callers,
        auth: AuthApi,
        login: Login,
        sign_ins: SignIns,
        book: AccountBook,
        credentials: CredentialRegister,
        letters: Letters,
        cache: Cache,
        ceremonies: Ceremonies,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._callers = callers
        self._auth = auth
        self._login = login
        self._sign_ins = sign_ins
        self._book = book
        self._credentials = credentials
        self._letters = letters
        self._cache = cache
        self._ceremonies = ceremonies
        self._clock = clock
        self.routes = [
            Route("/api/auth/passkeys", self.list, methods=["GET"]),
            Route("/api/auth/passkeys", self.add, methods=["POST"]),
            Route("/api/auth/passkeys/options", self.options, methods=["POST"]),
            Route("/api/auth/passkeys/sign-in/options", self.sign_in_options, methods=["POST"]),
            Route("/api/auth/passkeys/sign-in", self.sign_in, methods=["POST"]),
            Route("/api/auth/passkeys/{passkey}", self.drop, methods=["DELETE"]),
        ]

    @describe("One's passkeys", gives=PasskeyList, needs="person")
    async def list(self, request: Request) -> Response:
        caller, _ = await self._callers.of_person(request)
        found = await self._credentials.passkeys(caller.account.id)
        return json_response({"passkeys": [passkey_json(passkey) for passkey in found]})

    @describe(
        "Begin to add a passkey",
        takes=Confirmation,
        gives=Asked,
        needs="person",
        errors=(*GUARDED, "too_many_passkeys", "cache_unavailable"),
    )
    async def options(self, request: Request) -> Response:
        caller, sign_in = await self._callers.of_person(request)
        given = await read_json(request, Confirmation)
        is_fresh = self._sign_ins.is_fresh(sign_in)
        await self._login.confirm(caller.account, given.password, device_of(request), is_fresh=is_fresh)
        known = [passkey.id for passkey in await self._credentials.passkeys(caller.account.id)]
        if len(known) >= MOST:
            raise ApiError(409, "too_many_passkeys", f"an account has {MOST} passkeys at most")
        ceremony, challenge = await self._begin(f"new:{caller.account.id}")
        person = self._book.open(caller.account)
        name = person.profile.display_name
        asked = self._ceremonies.ask_for_new(caller.account.id, person.address or name, name, challenge, known)
        return json_response({"ceremony": ceremony, "publicKey": msgspec.Raw(asked)})

    @describe(
        "Add a passkey",
        takes=NewPasskey,
        gives=OnePasskey,
        status=201,
        needs="person",
        errors=("passkey_refused", "bad_name", "cache_unavailable"),
    )
    async def add(self, request: Request) -> Response:
        caller, _ = await self._callers.of_person(request)
        given = await read_json(request, NewPasskey)
        challenge = await self._end(f"new:{caller.account.id}", given.ceremony)
        try:
            new = self._ceremonies.check_new(given.credential, challenge)
        except PasskeyRefused as error:
            raise _refused(422) from error
        name = clean_name(given.name, "bad_name")
        passkey = Passkey(new.id, caller.account.id, new.public_key, new.sign_count, name, int(self._clock() * 1000))
        if not await self._credentials.add_passkey(passkey):
            raise _refused(422)
        if address := self._book.open(caller.account).address:
            self._letters.changed(address, "A passkey was added to your account at Sangam.")
        return json_response({"passkey": passkey_json(passkey)}, 201)

    @describe("Take a passkey away", status=204, needs="person", errors=("passkey_not_found",))
    async def drop(self, request: Request) -> Response:
        caller, _ = await self._callers.of_person(request)
        try:
            passkey = decode_id(request.path_params["passkey"])
        except PasskeyRefused:
            passkey = b""
        if not await self._credentials.drop_passkey(caller.account.id, passkey):
            raise ApiError(404, "passkey_not_found", "you have no such passkey")
        return Response(status_code=204)

    @describe(
        "Begin to sign in with a passkey", gives=Asked, needs="anybody", errors=(*AT_THE_DOOR, "cache_unavailable")
    )
    async def sign_in_options(self, request: Request) -> Response:
        await self._auth.admit(request)
        ceremony, challenge = await self._begin("sign-in")
        return json_response({"ceremony": ceremony, "publicKey": msgspec.Raw(self._ceremonies.ask(challenge))})

    @describe(
        "Sign in with a passkey",
        takes=UsedPasskey,
        gives=SignedIn,
        needs="anybody",
        errors=(*AT_THE_DOOR, "401:passkey_refused", "account_suspended", "cache_unavailable"),
    )
    async def sign_in(self, request: Request) -> Response:
        await self._auth.admit(request)
        given = await read_json(request, UsedPasskey)
        challenge = await self._end("sign-in", given.ceremony)
        try:
            passkey = await self._credentials.passkey(id_of(given.credential))
            if passkey is None:
                raise _refused(401)
            count = self._ceremonies.check(given.credential, challenge, passkey.public_key, passkey.sign_count)
        except PasskeyRefused as error:
            raise _refused(401) from error
        account = await self._book.register.find(passkey.account)
        is_new = await self._credentials.use_passkey(passkey.id, count, int(self._clock() * 1000))
        if account is None or not is_new:
            raise _refused(401)
        if account.status != "active":
            raise ApiError(403, "account_suspended", "this account is suspended")
        return self._auth.answer(await self._sign_ins.begin(account, device_of(request)), given.client)

    async def _begin(self, purpose: str) -> tuple[str, bytes]:
        ceremony, challenge = secrets.token_urlsafe(24), secrets.token_bytes(32)
        await self._cache.put(f"passkey:{purpose}:{ceremony}", challenge, CEREMONY_SECONDS)
        return ceremony, challenge

    async def _end(self, purpose: str, ceremony: str) -> bytes:
        """One answer each. Raises Refusal."""
        key = f"passkey:{purpose}:{ceremony}"
        challenge = await self._cache.get(key)
        if challenge is None or not await self._cache.acquire(key, "one", CEREMONY_SECONDS):
            raise _refused(401 if purpose == "sign-in" else 422)
        await self._cache.drop(key)
        return challenge


def _refused(status: int) -> Refusal:
    return Refusal(status, "passkey_refused", "this passkey was not accepted; try again")
