"""What a call of the API takes, gives and refuses, said once, beside its handler: the reference is made from it."""

from collections.abc import Awaitable, Callable
from typing import Any, Literal, TypeVar

import msgspec
from starlette.responses import Response

Handler = TypeVar("Handler", bound=Callable[..., Awaitable[Response]])
Caller = Literal["anybody", "member", "person", "operator"]


class Query(msgspec.Struct, frozen=True):
    """A parameter of the query; `kind` is its type, a `list[…]` may be given several times."""

    name: str
    kind: Any
    says: str = ""


class Call(msgspec.Struct, frozen=True):
    """One call. `takes` and `gives` are types of JSON; `media` names what is not JSON, in either direction.

    `also` are other statuses with the same shape; `errors` are the codes beyond those that every call of its sort has
    (`api.openapi`); `STATUS:CODE` is one with another status than usual.
    """

    summary: str
    takes: Any
    gives: Any
    status: int
    also: tuple[int, ...]
    needs: Caller
    errors: tuple[str, ...]
    query: tuple[Query, ...]
    takes_media: str
    gives_media: str


def describe(
    summary: str,
    *,
    takes: Any = None,
    gives: Any = None,
    status: int = 200,
    also: tuple[int, ...] = (),
    needs: Caller = "member",
    errors: tuple[str, ...] = (),
    query: tuple[Query, ...] = (),
    takes_media: str = "application/json",
    gives_media: str = "application/json",
) -> Callable[[Handler], Handler]:
    """Decorates a handler. Everything that a route can answer is in here; a test compares."""
    about = Call(summary, takes, gives, status, also, needs, errors, query, takes_media, gives_media)

    def note(handler: Handler) -> Handler:
        handler.about = about  # type: ignore[attr-defined]
        return handler

    return note


def call_of(endpoint: object) -> Call | None:
    """What was said about a handler, bound or not."""
    about = getattr(endpoint, "about", None)
    return about if isinstance(about, Call) else None


PAGE = (
    Query("limit", int, "how many at most"),
    Query("cursor", str, "`nextCursor` of the page before"),
)
"""The parameters of every list."""
