"""What every HTTP handler needs: JSON in and out, within bounds."""

import hashlib
from typing import TypeVar

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from api.bodies import BOUND, check_depth, too_large
from api.errors import ApiError
from api.identity import Identity, Reception

_Body = TypeVar("_Body")

MAX_JSON_BYTES = 256 * 1024
_JOINERS = "\u200c\u200d"
"""Invisible, but names in many scripts of India are spelled with them."""


def json_response(value: object, status: int = 200) -> Response:
    return Response(msgspec.json.encode(value), status, media_type="application/json")


async def read_body(request: Request, max_bytes: int) -> bytes:
    """The whole body; raises ApiError 413 as soon as it is over `max_bytes`."""
    setattr(request.state, BOUND, max_bytes)
    parts, size = [], 0
    async for part in request.stream():
        size += len(part)
        if size > max_bytes:
            raise too_large(max_bytes)
        parts.append(part)
    return b"".join(parts)


async def read_json(request: Request, kind: type[_Body], max_bytes: int = MAX_JSON_BYTES) -> _Body:
    """The body as `kind`; raises ApiError 422 naming the field that does not fit, 415 for what says it is no JSON."""
    check_media_type(request)
    body = await read_body(request, max_bytes)
    check_depth(body)
    try:
        return msgspec.json.decode(body or b"{}", type=kind)
    except msgspec.ValidationError as error:
        raise ApiError(422, "bad_request", f"the request does not fit: {error}") from error
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise ApiError(400, "bad_json", "the body is not JSON") from error


def check_media_type(request: Request) -> None:
    """Raises ApiError 415. A page elsewhere can send text and forms unasked, JSON it cannot."""
    given = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if given and given != "application/json" and not given.endswith("+json"):
        raise ApiError(415, "unsupported_media_type", "the body has to be application/json")


def etag_of(body: bytes) -> str:
    """The `ETag` of an answer."""
    return f'"{hashlib.sha256(body).hexdigest()[:24]}"'


def is_named(etag: str, header: str) -> bool:
    """Is it among those of an `If-Match` or `If-None-Match`?"""
    given = [name.strip().removeprefix("W/") for name in header.split(",")]
    return etag in given or "*" in given


def check_unchanged(request: Request, now: object) -> None:
    """`now` is what a read answers; raises ApiError 412 if the `If-Match` of the request does not name it."""
    if not is_named(etag_of(msgspec.json.encode(now)), request.headers.get("if-match", "*")):
        raise ApiError(412, "precondition_failed", "somebody changed it meanwhile; read it again")


async def identify(request: Request, reception: Reception) -> Identity:
    """Who calls, by the bearer token, in the room of the path."""
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    return await reception.identify(request.path_params["room"], token.strip() if scheme.lower() == "bearer" else "")


def clean_name(name: str, code: str, max_characters: int = 80) -> str:
    """A name for people to read: one line, trimmed, not empty. Raises ApiError 422."""
    name = " ".join("".join(c if c.isprintable() or c in _JOINERS else " " for c in name).split())
    if not name.strip(_JOINERS) or len(name) > max_characters:
        raise ApiError(422, code, f"a name has 1 to {max_characters} characters")
    return name
