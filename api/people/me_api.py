"""`/api/users/me`: one's own profile, password, address, rooms, tokens for machines, copy of everything, and end."""

import time
from collections.abc import Callable
from typing import Annotated, Any, Literal

import msgspec
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.routing import Route

from api.codes import new_id, new_token, token_hash
from api.described import describe
from api.errors import ApiError
from api.http import clean_name, json_response, read_json
from api.people.argon2_passwords import Passwords
from api.people.auth_api import device_of
from api.people.book import AccountBook, Profile
from api.people.caller import SERVICE_PREFIX, Caller, Callers
from api.people.claims import Claims
from api.people.cookie import RefreshCookie
from api.people.leaving import Contributions, Leaving
from api.people.login import Login
from api.people.password_rules import check_password
from api.people.registration import Registration
from api.people.shapes import GUARDED, MembershipList, OneMembership, OneToken, OneUser, TokenList, Told
from api.people.sign_ins import SignIns
from api.people.views import membership_json, service_token_json, user_json
from rooms.accounts import MachineToken, SignIn
from rooms.people_store import PeopleStore

Secret = Annotated[str, msgspec.Meta(max_length=1000)]
Short = Annotated[str, msgspec.Meta(max_length=80)]
Words = Annotated[list[Short], msgspec.Meta(max_length=20)]
Key = Annotated[str, msgspec.Meta(pattern=r"^[A-Za-z][A-Za-z0-9_.-]{0,39}$")]
Value = str | int | float | bool | None
Scope = Literal["rooms", "admin"]
MOST_PREFERENCE_BYTES = 16 * 1024
MOST_TOKENS = 20
MAX_TOKEN_DAYS = 366


class _Body(msgspec.Struct, frozen=True, rename="camel", forbid_unknown_fields=True, omit_defaults=True):
    pass


class Preferences(_Body, frozen=True):
    """What is not given stays. `language` is that of the interface; `editor` is the editor's own business."""

    language: Annotated[str, msgspec.Meta(pattern=r"^[A-Za-z]{2,3}(-[A-Za-z0-9]{2,8})*$")] | msgspec.UnsetType = (
        msgspec.UNSET
    )
    learning_goals: Words | msgspec.UnsetType = msgspec.UNSET
    preferred_languages: Words | msgspec.UnsetType = msgspec.UNSET
    notifications_enabled: bool | msgspec.UnsetType = msgspec.UNSET
    editor: Annotated[dict[Key, Value], msgspec.Meta(max_length=50)] | msgspec.UnsetType = msgspec.UNSET


class Change(_Body, frozen=True):
    """Of one's own account: these and no others."""

    display_name: str | None = None
    first_name: Short | None = None
    last_name: Short | None = None
    preferences: Preferences | None = None
    consents: Annotated[dict[Key, bool], msgspec.Meta(max_length=20)] | None = None


class NewPassword(_Body, frozen=True):
    new_password: Secret
    password: Secret = ""


class NewAddress(_Body, frozen=True):
    email: Secret
    password: Secret = ""


class Farewell(_Body, frozen=True):
    password: Secret = ""
    contributions: Contributions = "anonymise"


class GuestToken(_Body, frozen=True):
    token: Secret


class NewToken(_Body, frozen=True):
    name: str
    scopes: Annotated[list[Scope], msgspec.Meta(min_length=1)]
    password: Secret = ""
    days: Annotated[int, msgspec.Meta(ge=1, le=MAX_TOKEN_DAYS)] = 90


class MeApi:
    """The handlers; one per process."""

    def __init__(
        self,
        callers: Callers,
        people: PeopleStore,
        book: AccountBook,
        login: Login,
        registration: Registration,
        passwords: Passwords,
        sign_ins: SignIns,
        claims: Claims,
        leaving: Leaving,
        cookie: RefreshCookie,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._callers = callers
        self._people = people
        self._book = book
        self._login = login
        self._registration = registration
        self._passwords = passwords
        self._sign_ins = sign_ins
        self._claims = claims
        self._leaving = leaving
        self._cookie = cookie
        self._clock = clock
        self.routes = [
            Route("/api/users/me", self.look, methods=["GET"]),
            Route("/api/users/me", self.change, methods=["PATCH"]),
            Route("/api/users/me", self.leave, methods=["DELETE"]),
            Route("/api/users/me/password", self.set_password, methods=["POST"]),
            Route("/api/users/me/email", self.move, methods=["POST"]),
            Route("/api/users/me/export", self.export, methods=["GET"]),
            Route("/api/users/me/memberships", self.memberships, methods=["GET"]),
            Route("/api/users/me/memberships", self.claim, methods=["POST"]),
            Route("/api/users/me/tokens", self.tokens, methods=["GET"]),
            Route("/api/users/me/tokens", self.add_token, methods=["POST"]),
            Route("/api/users/me/tokens/{token}", self.drop_token, methods=["DELETE"]),
        ]

    @describe("One's account", gives=OneUser, needs="person")
    async def look(self, request: Request) -> Response:
        caller, _ = await self._callers.of_person(request)
        return json_response({"user": user_json(self._book.open(caller.account))})

    @describe(
        "Change one's profile, preferences and consents",
        takes=Change,
        gives=OneUser,
        needs="person",
        errors=("not_found", "bad_display_name", "bad_name"),
    )
    async def change(self, request: Request) -> Response:
        caller, _ = await self._callers.of_person(request)
        given = await read_json(request, Change)
        account = caller.account
        before = self._book.open(account).profile
        after = Profile(
            before.display_name if given.display_name is None else clean_name(given.display_name, "bad_display_name"),
            before.first_name if given.first_name is None else _one_line(given.first_name),
            before.last_name if given.last_name is None else _one_line(given.last_name),
        )
        if after != before:
            await self._book.set_profile(account.id, after)
        if given.preferences is not None:
            await self._book.register.change(account.id, preferences=_merged(account.preferences, given.preferences))
        if given.consents is not None:
            consents = self._consented(account.consents, given.consents)
            await self._book.register.change(account.id, consents=consents)
        return await self._shown(account.id)

    def _consented(self, before: str, given: dict[str, bool]) -> str:
        """When each was given or taken back stays with it."""
        now = int(self._clock() * 1000)
        consents: dict[str, Any] = msgspec.json.decode(before)
        consents |= {name: {"given": is_given, "at": now} for name, is_given in given.items()}
        return _bounded(consents)

    async def _shown(self, account_id: str) -> Response:
        account = await self._book.register.find(account_id)
        if account is None:
            raise ApiError(404, "not_found", "this account is not there any more")
        return json_response({"user": user_json(self._book.open(account))})

    @describe("Another password", takes=NewPassword, status=204, needs="person", errors=(*GUARDED, "weak_password"))
    async def set_password(self, request: Request) -> Response:
        caller, current = await self._callers.of_person(request)
        given = await read_json(request, NewPassword)
        await self._confirm(request, caller, current, given.password)
        person = self._book.open(caller.account)
        check_password(given.new_password, person.profile.display_name, person.address.partition("@")[0])
        password_hash = await self._passwords.hash(given.new_password)
        await self._registration.set_password(caller.account, password_hash, but=current.id)
        return Response(status_code=204)

    @describe(
        "Another mail address; a letter confirms it",
        takes=NewAddress,
        gives=Told,
        status=202,
        needs="person",
        errors=(*GUARDED, "bad_address"),
    )
    async def move(self, request: Request) -> Response:
        caller, current = await self._callers.of_person(request)
        given = await read_json(request, NewAddress)
        await self._confirm(request, caller, current, given.password)
        await self._registration.ask_for_move(caller.account, given.email)
        return json_response({"status": "letter_sent"}, 202)

    @describe("End one's account", takes=Farewell, status=204, needs="person", errors=GUARDED)
    async def leave(self, request: Request) -> Response:
        caller, current = await self._callers.of_person(request)
        given = await read_json(request, Farewell)
        await self._confirm(request, caller, current, given.password)
        await self._leaving.erase(caller.account.id, given.contributions)
        response = Response(status_code=204)
        self._cookie.clear(response)
        return response

    @describe("All that is kept about oneself", gives=dict[str, Any], needs="person")
    async def export(self, request: Request) -> Response:
        caller, _ = await self._callers.of_person(request)
        parts = self._leaving.export(self._book.open(caller.account))
        headers = {"Content-Disposition": 'attachment; filename="sangam-export.json"', "Cache-Control": "no-store"}
        return StreamingResponse(parts, headers=headers, media_type="application/json")

    @describe("The rooms one is in", gives=MembershipList, needs="person")
    async def memberships(self, request: Request) -> Response:
        caller = await self._callers.of_request(request, "rooms")
        found = await self._people.memberships.of_account(caller.account.id)
        return json_response({"memberships": [membership_json(membership) for membership in found]})

    @describe(
        "Take over what one did as a guest",
        takes=GuestToken,
        gives=OneMembership,
        status=201,
        needs="person",
        errors=("member_taken",),
    )
    async def claim(self, request: Request) -> Response:
        caller, _ = await self._callers.of_person(request)
        given = await read_json(request, GuestToken)
        membership = await self._claims.claim(caller.account.id, given.token)
        return json_response({"membership": membership_json(membership)}, 201)

    @describe("Tokens for machines", gives=TokenList, needs="person")
    async def tokens(self, request: Request) -> Response:
        caller, _ = await self._callers.of_person(request)
        found = await self._people.credentials.service_tokens(caller.account.id)
        return json_response({"tokens": [service_token_json(token) for token in found]})

    @describe(
        "Make a token for a machine",
        takes=NewToken,
        gives=OneToken,
        status=201,
        needs="person",
        errors=(*GUARDED, "bad_name", "too_many_tokens"),
    )
    async def add_token(self, request: Request) -> Response:
        caller, current = await self._callers.of_person(request)
        given = await read_json(request, NewToken)
        for scope in given.scopes:
            caller.need(scope)
        await self._confirm(request, caller, current, given.password)
        if len(await self._people.credentials.service_tokens(caller.account.id)) >= MOST_TOKENS:
            raise ApiError(409, "too_many_tokens", f"an account has {MOST_TOKENS} service tokens at most")
        secret, now = SERVICE_PREFIX + new_token(), int(self._clock() * 1000)
        scopes, name = " ".join(sorted(set(given.scopes))), clean_name(given.name, "bad_name")
        until = now + given.days * 86_400_000
        token = MachineToken(new_id("st"), token_hash(secret), caller.account.id, name, scopes, now, until)
        await self._people.credentials.add_service_token(token)
        return json_response({"token": service_token_json(token) | {"secret": secret}}, 201)

    @describe("Take a token away", status=204, needs="person", errors=("token_not_found",))
    async def drop_token(self, request: Request) -> Response:
        caller, _ = await self._callers.of_person(request)
        if not await self._people.credentials.drop_service_token(caller.account.id, request.path_params["token"]):
            raise ApiError(404, "token_not_found", "you have no such token")
        return Response(status_code=204)

    async def _confirm(self, request: Request, caller: Caller, current: SignIn, password: str) -> None:
        is_fresh = self._sign_ins.is_fresh(current)
        await self._login.confirm(caller.account, password, device_of(request), is_fresh=is_fresh)


def _one_line(name: str) -> str:
    return clean_name(name, "bad_name") if name.strip() else ""


def _merged(before: str, given: Preferences) -> str:
    new = {key: value for key, value in msgspec.to_builtins(given).items() if value is not msgspec.UNSET}
    return _bounded(msgspec.json.decode(before) | new)


def _bounded(kept: dict[str, Any]) -> str:
    text = msgspec.json.encode(kept)
    if len(text) > MOST_PREFERENCE_BYTES:
        raise ApiError(422, "bad_request", f"these are more than {MOST_PREFERENCE_BYTES} bytes")
    return text.decode()
