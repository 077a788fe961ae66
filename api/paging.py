"""Lists in pages: `?limit=` and `?cursor=` in, `nextCursor` out. A cursor says where a page begins."""

import base64
import binascii

from starlette.requests import Request

from api.errors import ApiError

USUAL = 100
MOST = 500


def page_of(request: Request) -> tuple[int, str]:
    """(how many, after what) a caller wants; "" is the beginning. Raises ApiError 422."""
    query = request.query_params
    return min(MOST, number_of(query.get("limit"), "limit") or USUAL), _opened(query.get("cursor", ""))


def number_of(text: str | None, name: str) -> int | None:
    """Raises ApiError 422."""
    if text is None:
        return None
    if not (text.isascii() and text.isdecimal()) or len(text) > 18:
        raise ApiError(422, "bad_request", f"`{name}` is not a number")
    return int(text)


def cursor(after: str) -> str:
    """What a caller shows to get what comes after it."""
    return base64.urlsafe_b64encode(after.encode()).decode().rstrip("=")


def _opened(given: str) -> str:
    try:
        after = base64.b64decode(given + "=" * (-len(given) % 4), b"-_", validate=True).decode()
    except (binascii.Error, ValueError) as error:
        raise ApiError(422, "bad_request", "`cursor` is not one of ours") from error
    if "\0" in after or len(after) > 200:
        raise ApiError(422, "bad_request", "`cursor` is not one of ours")
    return after
