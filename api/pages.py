"""The browser editor: `web/dist`, read once at start, served with the right headers."""

import base64
import hashlib
import mimetypes
import re
from pathlib import Path

from starlette.requests import Request
from starlette.responses import FileResponse, HTMLResponse, Response
from starlette.routing import Route

from api.errors import ApiError

DIST = Path(__file__).resolve().parent.parent / "web" / "dist"
_ENCODINGS = (("br", ".br"), ("gzip", ".gz"))
_INLINE_SCRIPT = re.compile(rb"<script>(.*?)</script>", re.DOTALL)
_NOT_BUILT = "<!doctype html><title>Sangam</title><p>The editor is not built yet. Run <code>make install</code>."


class Pages:
    """Only files that were there at start are served, so no address can reach another one."""

    def __init__(self, dist: Path = DIST) -> None:
        found = [path for path in dist.rglob("*") if path.is_file()] if dist.is_dir() else []
        self._files = {"/" + path.relative_to(dist).as_posix(): path for path in found}
        self._index = self._files.get("/index.html")
        self.built = self._index is not None
        page = self._index.read_bytes() if self._index else b""
        self.policy = _policy(_INLINE_SCRIPT.findall(page))
        self.reference_routes = [Route("/api/docs", self.reference, methods=["GET"])]
        self.routes = [
            Route("/", self.page, methods=["GET"]),
            Route("/r/{code}", self.page, methods=["GET"]),
            Route("/{path:path}", self.file, methods=["GET"]),
        ]

    async def page(self, request: Request) -> Response:
        """The same page for every address of the editor; its script reads the address."""
        if self._index is None:
            return HTMLResponse(_NOT_BUILT, 503)
        return self._respond(request, "/index.html", "no-cache")

    async def reference(self, request: Request) -> Response:
        """The reference of the API, to read and to try."""
        if "/reference.html" not in self._files:
            return HTMLResponse(_NOT_BUILT, 503)
        return self._respond(request, "/reference.html", "no-cache")

    async def file(self, request: Request) -> Response:
        path = request.scope["path"]
        if path not in self._files or path.endswith((".br", ".gz")):
            if "text/html" not in request.headers.get("accept", ""):
                raise ApiError(404, "not_found", "there is no such page")
            return HTMLResponse(
                "<!doctype html><title>Not found</title><p>There is no such page. <a href=/>Start</a>", 404
            )
        hashed = path.startswith("/assets/")
        return self._respond(request, path, "public, max-age=31536000, immutable" if hashed else "no-cache")

    def _respond(self, request: Request, path: str, cache: str) -> Response:
        media_type = mimetypes.guess_type(path)[0] or "application/octet-stream"
        headers = {"Cache-Control": cache, "Vary": "Accept-Encoding"}
        accepted = request.headers.get("accept-encoding", "")
        for name, suffix in _ENCODINGS:
            if _accepts(accepted, name) and path + suffix in self._files:
                headers["Content-Encoding"] = name
                return FileResponse(self._files[path + suffix], media_type=media_type, headers=headers)
        return FileResponse(self._files[path], media_type=media_type, headers=headers)


def _accepts(header: str, name: str) -> bool:
    return re.search(rf"(?:^|,)\s*{name}\s*(?:;\s*q=(?!0(?:\.0*)?\s*(?:,|$)))?[^;,]*(?:,|$)", header) is not None


def _policy(inline_scripts: list[bytes]) -> str:
    """Scripts from here only, and the page's own inline ones by their hash."""
    hashes = [base64.b64encode(hashlib.sha256(script).digest()).decode() for script in inline_scripts]
    scripts = " ".join(["'self'", *(f"'sha256-{digest}'" for digest in hashes)])
    return (
        f"default-src 'self'; script-src {scripts}; style-src 'self' 'unsafe-inline'; img-src 'self' data: blob:;"
        " font-src 'self'; connect-src 'self' ws: wss:; worker-src 'self' blob:; object-src 'none';"
        " base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
    )
