"""`/api/auth/totp`: the second factor of one's own account, and its recovery codes."""

from typing import Annotated

import msgspec
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from api.described import describe
from api.errors import ApiError
from api.http import json_response, read_json
from api.people.auth_api import device_of
from api.people.book import AccountBook
from api.people.caller import Caller, Callers
from api.people.letters import Letters
from api.people.login import Login, new_recovery_codes, recovery_hash
from api.people.pyotp_codes import enrolment_uri, new_secret
from api.people.shapes import GUARDED, Enrolment, RecoveryCodes
from api.people.sign_ins import SignIns
from rooms.credential_register import CredentialRegister

Secret = Annotated[str, msgspec.Meta(max_length=1000)]


class Confirmation(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """`password` shows again who asks; an account without one needs a sign-in of just now."""

    password: Secret = ""
    code: Secret = ""


class FactorApi:
    """The handlers; one per process."""

    def __init__(
        self,
        callers: Callers,
        login: Login,
        book: AccountBook,
        sign_ins: SignIns,
        credentials: CredentialRegister,
        letters: Letters,
    ) -> None:
        self._callers = callers
        self._login = login
        self._book = book
        self._sign_ins = sign_ins
        self._credentials = credentials
        self._letters = letters
        self.routes = [
            Route("/api/auth/totp", self.enrol, methods=["POST"]),
            Route("/api/auth/totp", self.turn_off, methods=["DELETE"]),
            Route("/api/auth/totp/confirm", self.confirm, methods=["POST"]),
            Route("/api/auth/totp/recovery-codes", self.renew_codes, methods=["POST"]),
        ]

    @describe(
        "Begin a second factor",
        takes=Confirmation,
        gives=Enrolment,
        needs="person",
        errors=(*GUARDED, "second_factor_on"),
    )
    async def enrol(self, request: Request) -> Response:
        """The secret is shown this once, and asked for only when a code has shown that it arrived."""
        caller, _ = await self._confirmed(request)
        if caller.account.totp_on:
            raise ApiError(409, "second_factor_on", "turn the second factor off first")
        secret = new_secret()
        await self._book.set_totp(caller.account.id, secret)
        name = self._book.open(caller.account).address or caller.account.id
        return _unstored({"secret": secret, "uri": enrolment_uri(secret, name)})

    @describe(
        "Switch the second factor on",
        takes=Confirmation,
        gives=RecoveryCodes,
        needs="person",
        errors=("403:wrong_code", "not_enrolled"),
    )
    async def confirm(self, request: Request) -> Response:
        caller, _ = await self._callers.of_person(request)
        given = await read_json(request, Confirmation)
        account = caller.account
        if account.totp is None or account.totp_on:
            raise ApiError(409, "not_enrolled", "there is no second factor to confirm")
        await self._check(caller, given.code, request)
        await self._book.register.change(account.id, totp_on=1)
        self._tell(caller, "A second factor is asked for now when you sign in to Sangam.")
        return await self._new_codes(account.id)

    @describe(
        "New recovery codes", takes=Confirmation, gives=RecoveryCodes, needs="person", errors=(*GUARDED, "not_enrolled")
    )
    async def renew_codes(self, request: Request) -> Response:
        caller, _ = await self._confirmed(request)
        if not caller.account.totp_on:
            raise ApiError(409, "not_enrolled", "there is no second factor")
        return await self._new_codes(caller.account.id)

    @describe(
        "Switch the second factor off",
        takes=Confirmation,
        status=204,
        needs="person",
        errors=(*GUARDED, "403:wrong_code"),
    )
    async def turn_off(self, request: Request) -> Response:
        caller, given = await self._confirmed(request)
        if caller.account.totp_on:
            await self._check(caller, given.code, request)
        await self._book.register.change(caller.account.id, totp=None, totp_on=0)
        await self._credentials.set_recovery_codes(caller.account.id, [])
        self._tell(caller, "The second factor of your account at Sangam was turned off.")
        return Response(status_code=204)

    async def _confirmed(self, request: Request) -> tuple[Caller, Confirmation]:
        caller, sign_in = await self._callers.of_person(request)
        given = await read_json(request, Confirmation)
        is_fresh = self._sign_ins.is_fresh(sign_in)
        await self._login.confirm(caller.account, given.password, device_of(request), is_fresh=is_fresh)
        return caller, given

    async def _check(self, caller: Caller, code: str, request: Request) -> None:
        await self._login.check_code(caller.account, code, device_of(request))

    async def _new_codes(self, account: str) -> Response:
        codes = new_recovery_codes()
        await self._credentials.set_recovery_codes(account, [recovery_hash(code) for code in codes])
        return _unstored({"recoveryCodes": codes})

    def _tell(self, caller: Caller, what: str) -> None:
        if address := self._book.open(caller.account).address:
            self._letters.changed(address, what)


def _unstored(body: dict[str, object]) -> Response:
    response = json_response(body)
    response.headers["Cache-Control"] = "no-store"
    return response
