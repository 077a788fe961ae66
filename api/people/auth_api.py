"""`/api/auth`: register, verify, sign in and out, refresh, forgotten passwords, and where one is signed in."""

from typing import Annotated, Literal

import msgspec
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from api.described import Query, describe
from api.errors import ApiError
from api.http import clean_name, json_response, read_json
from api.people.book import AccountBook, Profile
from api.people.caller import Callers
from api.people.claims import MOST
from api.people.cookie import RefreshCookie
from api.people.login import Login
from api.people.refusal import Refusal
from api.people.registration import Registration
from api.people.shapes import AT_THE_DOOR, Ended, SignedIn, SignInList, Told
from api.people.sign_ins import Device, Opened, SignIns
from api.people.views import sign_in_json, user_json
from api.rate_limit import SharedRateLimit
from rooms.errors import NotAuthenticated

Secret = Annotated[str, msgspec.Meta(max_length=1000)]
Client = Literal["browser", "program"]
"""A browser keeps its refresh token in a cookie that no script reads; a program gets it in the answer."""


class _Body(msgspec.Struct, frozen=True, rename="camel", forbid_unknown_fields=True):
    pass


class NewAccount(_Body, frozen=True):
    email: Secret
    password: Secret
    display_name: str
    first_name: Annotated[str, msgspec.Meta(max_length=80)] = ""
    last_name: Annotated[str, msgspec.Meta(max_length=80)] = ""
    guest_tokens: Annotated[list[Secret], msgspec.Meta(max_length=MOST)] = []


class Credentials(_Body, frozen=True):
    email: Secret
    password: Secret
    code: Secret = ""
    client: Client = "browser"


class RefreshToken(_Body, frozen=True):
    refresh_token: Secret = ""


class Address(_Body, frozen=True):
    email: Secret


class LinkToken(_Body, frozen=True):
    token: Secret


class NewPassword(_Body, frozen=True):
    token: Secret
    password: Secret


class AuthApi:
    """The handlers; one per process."""

    def __init__(
        self,
        callers: Callers,
        registration: Registration,
        login: Login,
        sign_ins: SignIns,
        book: AccountBook,
        cookie: RefreshCookie,
        limit: SharedRateLimit,
        *,
        is_open: bool,
    ) -> None:
        self._callers = callers
        self._registration = registration
        self._login = login
        self._sign_ins = sign_ins
        self._book = book
        self._cookie = cookie
        self._limit = limit
        self._is_open = is_open
        self.routes = [
            Route("/api/auth/register", self.register, methods=["POST"]),
            Route("/api/auth/verify", self.verify, methods=["GET"]),
            Route("/api/auth/verify", self.verify_posted, methods=["POST"]),
            Route("/api/auth/login", self.login, methods=["POST"]),
            Route("/api/auth/refresh", self.refresh, methods=["POST"]),
            Route("/api/auth/logout", self.logout, methods=["POST"]),
            Route("/api/auth/forgot-password", self.forgot, methods=["POST"]),
            Route("/api/auth/reset-password", self.reset, methods=["POST"]),
            Route("/api/auth/sessions", self.sessions, methods=["GET"]),
            Route("/api/auth/sessions", self.end_others, methods=["DELETE"]),
            Route("/api/auth/sessions/{session}", self.end_one, methods=["DELETE"]),
        ]

    @describe(
        "Make an account; a letter confirms the address",
        takes=NewAccount,
        gives=Told,
        status=202,
        needs="anybody",
        errors=(
            *AT_THE_DOOR,
            "registration_closed",
            "bad_display_name",
            "bad_name",
            "bad_address",
            "weak_password",
            "not_authenticated",
            "member_taken",
        ),
    )
    async def register(self, request: Request) -> Response:
        await self.admit(request)
        new = await read_json(request, NewAccount)
        if not self._is_open:
            raise ApiError(403, "registration_closed", "accounts are made by the operator of this server")
        profile = Profile(
            clean_name(new.display_name, "bad_display_name"), *map(_one_line, (new.first_name, new.last_name))
        )
        await self._registration.apply(new.email, new.password, profile, new.guest_tokens)
        return json_response({"status": "letter_sent"}, 202)

    @describe(
        "Confirm an address, by the link of a letter",
        gives=Told,
        needs="anybody",
        query=(Query("token", str),),
        errors=(*AT_THE_DOOR, "bad_token"),
    )
    async def verify(self, request: Request) -> Response:
        return await self._verify(request, request.query_params.get("token", ""))

    @describe("Confirm an address", takes=LinkToken, gives=Told, needs="anybody", errors=(*AT_THE_DOOR, "bad_token"))
    async def verify_posted(self, request: Request) -> Response:
        return await self._verify(request, (await read_json(request, LinkToken)).token)

    async def _verify(self, request: Request, token: str) -> Response:
        await self.admit(request)
        await self._registration.confirm(token)
        return json_response({"status": "verified"})

    @describe(
        "Sign in",
        takes=Credentials,
        gives=SignedIn,
        needs="anybody",
        errors=(*AT_THE_DOOR, "wrong_credentials", "second_factor_needed", "wrong_code", "account_suspended"),
    )
    async def login(self, request: Request) -> Response:
        await self.admit(request)
        given = await read_json(request, Credentials)
        opened = await self._login.with_password(given.email, given.password, given.code, device_of(request))
        return self.answer(opened, given.client)

    def answer(self, opened: Opened, client: Client) -> Response:
        """What every way of signing in ends with."""
        body = {"accessToken": opened.access, "tokenType": "Bearer", "expiresIn": opened.seconds}
        body |= {"user": user_json(self._book.open(opened.account))}
        response = json_response(body if client == "browser" else body | {"refreshToken": opened.refresh})
        if client == "browser":
            self._cookie.set(response, opened.refresh)
        response.headers["Cache-Control"] = "no-store"
        return response

    @describe(
        "A new access token; the refresh token is used up",
        takes=RefreshToken,
        gives=SignedIn,
        needs="anybody",
        errors=(*AT_THE_DOOR, "not_authenticated", "account_suspended"),
    )
    async def refresh(self, request: Request) -> Response:
        await self.admit(request)
        given = (await read_json(request, RefreshToken)).refresh_token
        token = given or self._cookie.read(request)
        try:
            opened = await self._sign_ins.refresh(token, device_of(request))
        except NotAuthenticated as error:
            raise Refusal(401, error.code, str(error)) from error
        return self.answer(opened, "program" if given else "browser")

    @describe(
        "Sign out",
        takes=RefreshToken,
        status=204,
        needs="anybody",
        errors=(*AT_THE_DOOR, "not_authenticated", "forbidden"),
    )
    async def logout(self, request: Request) -> Response:
        """By whatever shows that it is somebody's own sign-in."""
        given = (await read_json(request, RefreshToken)).refresh_token
        token = given or self._cookie.read(request)
        if token:
            await self._sign_ins.end_by_token(token)
        if request.headers.get("authorization"):
            _, sign_in = await self._callers.of_person(request)
            await self._book.register.end_sign_in(sign_in.id)
        response = Response(status_code=204)
        self._cookie.clear(response)
        return response

    @describe(
        "Ask for a letter to set a new password",
        takes=Address,
        gives=Told,
        status=202,
        needs="anybody",
        errors=(*AT_THE_DOOR, "bad_address"),
    )
    async def forgot(self, request: Request) -> Response:
        await self.admit(request)
        await self._registration.ask_for_reset((await read_json(request, Address)).email)
        return json_response({"status": "letter_sent"}, 202)

    @describe(
        "Set a new password, with the token of a letter",
        takes=NewPassword,
        status=204,
        needs="anybody",
        errors=(*AT_THE_DOOR, "bad_token", "weak_password"),
    )
    async def reset(self, request: Request) -> Response:
        await self.admit(request)
        given = await read_json(request, NewPassword)
        await self._registration.reset(given.token, given.password)
        return Response(status_code=204)

    @describe("Where one is signed in", gives=SignInList, needs="person")
    async def sessions(self, request: Request) -> Response:
        caller, current = await self._callers.of_person(request)
        found = await self._book.register.sign_ins(caller.account.id)
        shown = [sign_in_json(one, self._sign_ins.device(one), is_current=one.id == current.id) for one in found]
        return json_response({"sessions": shown})

    @describe("Sign out there", status=204, needs="person", errors=("session_not_found",))
    async def end_one(self, request: Request) -> Response:
        caller, _ = await self._callers.of_person(request)
        wanted = request.path_params["session"]
        own = {found.id for found in await self._book.register.sign_ins(caller.account.id)}
        if wanted not in own:
            raise ApiError(404, "session_not_found", "you are not signed in there")
        await self._book.register.end_sign_in(wanted)
        return Response(status_code=204)

    @describe("Sign out everywhere else", gives=Ended, needs="person")
    async def end_others(self, request: Request) -> Response:
        caller, current = await self._callers.of_person(request)
        ended = await self._book.register.end_sign_ins(caller.account.id, but=current.id)
        return json_response({"ended": ended})

    async def admit(self, request: Request) -> None:
        """Before anything that needs no token. Raises Refusal 429, ApiError 503."""
        if self._callers.why_off:
            raise ApiError(503, "accounts_off", self._callers.why_off)
        wait = await self._limit.take(address_of(request))
        if wait:
            raise Refusal(429, "too_many_requests", f"too many requests from this address; wait {wait:.0f} s", wait)


def address_of(request: Request) -> str:
    """From where somebody comes."""
    return request.client.host if request.client else ""


def device_of(request: Request) -> Device:
    return Device(request.headers.get("user-agent", "")[:200], address_of(request))


def _one_line(name: str) -> str:
    return clean_name(name, "bad_name") if name.strip() else ""
