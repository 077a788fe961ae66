"""The refresh token of browsers: in a cookie that no script reads, used by two calls only, from our own pages only."""

from urllib.parse import urlsplit

from starlette.requests import Request
from starlette.responses import Response

from api.errors import ApiError
from api.people.sign_ins import REFRESH_SECONDS

NAME = "sangam_refresh"
PATH = "/api/auth"


class RefreshCookie:
    """`public_url` is where browsers reach this house; with `https` the cookie never leaves TLS."""

    def __init__(self, public_url: str) -> None:
        self._origin = origin_of(public_url)
        self._is_secure = public_url.startswith("https:")

    def set(self, response: Response, token: str) -> None:
        response.set_cookie(
            NAME,
            token,
            max_age=REFRESH_SECONDS,
            path=PATH,
            secure=self._is_secure,
            httponly=True,
            samesite="strict",
        )

    def clear(self, response: Response) -> None:
        response.delete_cookie(NAME, path=PATH, secure=self._is_secure, httponly=True, samesite="strict")

    def read(self, request: Request) -> str:
        """Empty if there is none. Raises ApiError 403 for one that another site made the browser send."""
        token = request.cookies.get(NAME, "")
        if token and not self._is_ours(request):
            raise ApiError(403, "foreign_origin", "this call was made by another site")
        return token

    def _is_ours(self, request: Request) -> bool:
        """By what browsers say themselves and no page can change; programs say nothing."""
        if request.headers.get("sec-fetch-site", "same-origin") != "same-origin":
            return False
        origin = request.headers.get("origin")
        if origin is None:
            return True
        return origin == self._origin or urlsplit(origin).netloc == request.headers.get("host")


def origin_of(url: str) -> str:
    """Scheme and host of an address."""
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}"
