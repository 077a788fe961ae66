"""`/api/rooms/{room}/webhooks` for hosts, `/api/webhooks` for operators: who is told, and what came of it."""

import time
from typing import Annotated, Literal

import msgspec
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from api.codes import new_id
from api.described import PAGE, describe
from api.errors import ApiError
from api.http import check_unchanged, identify, json_response, read_json
from api.identity import Reception
from api.operators import Operators
from api.paging import cursor, number_of, page_of
from api.webhooks import new_secret
from api.witness import Witness
from rooms.errors import Forbidden
from rooms.webhooks import WHOLE_SERVER, Event, Logged, State, Webhook

MOST_OF_A_ROOM = 10
MOST_OF_THE_SERVER = 100
Wanted = Annotated[
    tuple[Literal["room.ended", "run.judged", "member.joined"], ...], msgspec.Meta(min_length=1, max_length=3)
]
Url = Annotated[str, msgspec.Meta(min_length=8, max_length=2048)]


class NewWebhook(msgspec.Struct, frozen=True):
    """https, and outside: what is inside only an operator can allow."""

    url: Url
    events: Wanted


class ChangedWebhook(msgspec.Struct, frozen=True):
    """What is left out stays."""

    url: Url | None = None
    events: Wanted | None = None
    active: bool | None = None


class WebhookNow(msgspec.Struct, frozen=True, rename="camel"):
    id: str
    room: str
    url: str
    events: tuple[Event, ...]
    active: bool
    created_at: int
    created_by: str


class OneWebhook(msgspec.Struct, frozen=True):
    webhook: WebhookNow


class MadeWebhook(msgspec.Struct, frozen=True):
    """`secret` is shown this once; messages are signed with it."""

    webhook: WebhookNow
    secret: str


class WebhookList(msgspec.Struct, frozen=True, rename="camel"):
    webhooks: list[WebhookNow]
    next_cursor: str | None


class DeliveryNow(msgspec.Struct, frozen=True, rename="camel"):
    """`status` is that of the last answer, 0 for none, and `note` says why."""

    id: str
    event: Event
    state: State
    tries: int
    status: int
    note: str
    created_at: int
    next_at: int | None
    body: msgspec.Raw


class DeliveryList(msgspec.Struct, frozen=True, rename="camel"):
    """The newest first."""

    deliveries: list[DeliveryNow]
    next_cursor: str | None


class Tested(msgspec.Struct, frozen=True):
    delivery: str


class WebhooksApi:
    """The handlers; one per process."""

    def __init__(self, reception: Reception, operators: Operators, witness: Witness) -> None:
        self._reception = reception
        self._operators = operators
        self._webhooks = witness.webhooks
        self._witness = witness
        self.routes = []
        for top in ("/api/rooms/{room}/webhooks", "/api/webhooks"):
            one = top + "/{webhook}"
            self.routes += [
                Route(top, self.list, methods=["GET"]),
                Route(top, self.create, methods=["POST"]),
                Route(one, self.look, methods=["GET"]),
                Route(one, self.change, methods=["PATCH"]),
                Route(one, self.remove, methods=["DELETE"]),
                Route(f"{one}/test", self.test, methods=["POST"]),
                Route(f"{one}/deliveries", self.deliveries, methods=["GET"]),
            ]

    async def _caller(self, request: Request) -> tuple[str, str]:
        """(room, who): a host for a room, an operator for the whole server."""
        if "room" not in request.path_params:
            return WHOLE_SERVER, await self._operators.check(request)
        identity = await identify(request, self._reception)
        if identity.member.role != "host" or identity.is_guest:
            raise Forbidden("only a host may do this")
        return request.path_params["room"], identity.member.id

    async def _found(self, request: Request) -> tuple[Webhook, str]:
        room, who = await self._caller(request)
        webhook = await self._webhooks.store.webhook(room, request.path_params["webhook"])
        if webhook is None:
            raise ApiError(404, "webhook_not_found", "there is no such webhook")
        return webhook, who

    def _check(self, url: str) -> None:
        if not self._webhooks.may_call(url):
            raise ApiError(
                422, "bad_webhook", "the url has to be https and lead outside, or be allowed by the operator"
            )

    @describe("Who is told of what happens", gives=WebhookList, query=PAGE)
    async def list(self, request: Request) -> Response:
        room, _ = await self._caller(request)
        most, after = page_of(request)
        left = [found for found in await self._webhooks.store.webhooks(room) if found.id > after]
        more = cursor(left[most - 1].id) if len(left) > most else None
        return json_response(WebhookList([_view(found) for found in left[:most]], more))

    @describe(
        "Be told of what happens", takes=NewWebhook, gives=MadeWebhook, status=201,
        errors=("bad_webhook", "too_many_webhooks"),
    )  # fmt: skip
    async def create(self, request: Request) -> Response:
        room, who = await self._caller(request)
        new = await read_json(request, NewWebhook)
        self._check(new.url)
        made = int(time.time() * 1000)
        webhook = Webhook(new_id("wh"), room, new.url, new.events, new_secret(), True, made, who)
        most = MOST_OF_A_ROOM if room else MOST_OF_THE_SERVER
        if not await self._webhooks.store.add(webhook, most):
            raise ApiError(409, "too_many_webhooks", f"there are {most} webhooks already")
        self._webhooks.changed(room)
        await self._witness.record("webhook.made", who, request=request, room=room, subject=webhook.id)
        return json_response(MadeWebhook(_view(webhook), webhook.secret), 201)

    @describe("A webhook", gives=OneWebhook, errors=("webhook_not_found",))
    async def look(self, request: Request) -> Response:
        webhook, _ = await self._found(request)
        return json_response(OneWebhook(_view(webhook)))

    @describe(
        "Change a webhook: with `If-Match` only if it is still the one of that `ETag`",
        takes=ChangedWebhook, gives=OneWebhook, errors=("webhook_not_found", "bad_webhook", "precondition_failed"),
    )  # fmt: skip
    async def change(self, request: Request) -> Response:
        webhook, who = await self._found(request)
        check_unchanged(request, OneWebhook(_view(webhook)))
        given = await read_json(request, ChangedWebhook)
        if given.url is not None:
            self._check(given.url)
        news = {name: value for name in given.__struct_fields__ if (value := getattr(given, name)) is not None}
        webhook = msgspec.structs.replace(webhook, **news)
        await self._webhooks.store.change(webhook)
        self._webhooks.changed(webhook.room)
        await self._witness.record("webhook.changed", who, request=request, room=webhook.room, subject=webhook.id)
        return json_response(OneWebhook(_view(webhook)))

    @describe("Be told no more", status=204, errors=("webhook_not_found",))
    async def remove(self, request: Request) -> Response:
        webhook, who = await self._found(request)
        await self._webhooks.store.remove(webhook.id)
        self._webhooks.changed(webhook.room)
        await self._witness.record("webhook.removed", who, request=request, room=webhook.room, subject=webhook.id)
        return Response(status_code=204)

    @describe("Send a message of the kind `webhook.test`", gives=Tested, status=202, errors=("webhook_not_found",))
    async def test(self, request: Request) -> Response:
        webhook, _ = await self._found(request)
        return json_response(Tested(await self._webhooks.tell_one(webhook, "webhook.test", {})), 202)

    @describe("What was sent, and what came of it", gives=DeliveryList, query=PAGE, errors=("webhook_not_found",))
    async def deliveries(self, request: Request) -> Response:
        webhook, _ = await self._found(request)
        most, after = page_of(request)
        before = number_of(after or None, "cursor")
        found = await self._webhooks.store.deliveries(webhook.id, 2**62 if before is None else before, most)
        more = cursor(str(found[-1].seq)) if len(found) == most else None
        return json_response(DeliveryList([_told(logged) for logged in found], more))


def _view(webhook: Webhook) -> WebhookNow:
    shown = {name: getattr(webhook, name) for name in WebhookNow.__struct_fields__}
    return WebhookNow(**shown)


def _told(logged: Logged) -> DeliveryNow:
    delivery = logged.delivery
    waits = delivery.state == "waiting"
    return DeliveryNow(
        *(delivery.id, delivery.event, delivery.state, delivery.tries, delivery.status, delivery.note),
        *(delivery.created_at, delivery.next_at if waits else None, msgspec.Raw(delivery.body)),
    )
