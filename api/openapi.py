"""The reference of the API: OpenAPI 3.1, made from the routes and from what `describe` says beside their handlers."""

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator
from typing import Any

import msgspec
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from api.answers import Error
from api.described import Call, call_of, describe
from api.errors import status_of_code

EXTERNAL = {"/judge0": "Judge0 1.13", "/api/v2": "Piston 2"}
"""Calls in the shapes of other programs, which document them."""
PAGES = ("/", "/r/{code}", "/{path:path}", "/api/{path:path}", "/api/docs")
"""What is no call: pages for people, and the answer to every other address."""
_PARAMETER = re.compile(r"{(\w+)(?::\w+)?}")
_REF = "#/components/schemas/{name}"
_WITH_BODY = ("bad_json", "body_too_large", "unsupported_media_type", "bad_request")
_REPEATED = ("idempotency_key_reused", "idempotency_in_flight")
_ALWAYS = ("too_many_requests", "store_unavailable", "internal_error")
_NEEDS: dict[str, tuple[str, ...]] = {
    "anybody": (),
    "member": ("not_authenticated", "forbidden", "waiting", "removed", "room_not_found"),
    "person": ("not_authenticated", "forbidden"),
    "operator": ("not_authenticated", "forbidden"),
}
_ABOUT = (
    "Rooms in which people write, run and discuss code together. The live part of a room goes over WebSockets, which"
    " `docs/api.md` describes, as it does the words used here. Every error has the shape `Error`. Lists come in pages:"
    " show `nextCursor` as `cursor`. A POST with an `Idempotency-Key` may be sent again: the first answer comes back."
    " Reads have an `ETag`; `If-None-Match` saves the transfer. Every answer has an `X-Request-Id`, and takes yours."
)


class Reference:
    """Owns the document; made once all routes are known, encoded once."""

    def __init__(self, version: str) -> None:
        self._version = version
        self._body = b""
        self.routes = [Route("/api/openapi.json", self.show, methods=["GET"])]

    def write(self, routes: Iterable[BaseRoute]) -> None:
        """Call it once, with all routes of the application."""
        self._body = msgspec.json.encode(document(routes, self._version))

    @describe("This document: OpenAPI 3.1", gives=dict[str, Any], needs="anybody")
    async def show(self, _request: Request) -> Response:
        return Response(self._body, media_type="application/json")


def calls(routes: Iterable[BaseRoute]) -> Iterator[tuple[str, str, Route]]:
    """(method, path, route) of everything that is ours to document."""
    for route in routes:
        if isinstance(route, Route) and route.path not in PAGES and not route.path.startswith(tuple(EXTERNAL)):
            for method in sorted((route.methods or set()) - {"HEAD"}):
                yield method, route.path, route


def document(routes: Iterable[BaseRoute], version: str) -> dict[str, Any]:
    """Of all described calls."""
    described = [(method, path, call) for method, path, route in calls(routes) if (call := call_of(route.endpoint))]
    wanted = [kind for _, _, call in described for kind in _kinds(call)]
    unique = [Error, *dict.fromkeys(kind for kind in wanted if kind is not Error)]
    schemas, components = msgspec.json.schema_components(unique, ref_template=_REF)
    schema_of = dict(zip(unique, schemas, strict=True))
    paths: dict[str, dict[str, Any]] = defaultdict(dict)
    for method, path, call in described:
        paths[_PARAMETER.sub(r"{\1}", path)][method.lower()] = _operation(method, path, call, schema_of)
    return {
        "openapi": "3.1.0",
        "info": {"title": "Sangam", "version": version, "description": _ABOUT},
        "paths": dict(paths),
        "components": {
            "schemas": components,
            "securitySchemes": {"token": {"type": "http", "scheme": "bearer"}},
        },
    }


def _kinds(call: Call) -> list[Any]:
    return [kind for kind in (call.takes, call.gives, *(query.kind for query in call.query)) if kind is not None]


def _operation(method: str, path: str, call: Call, schema_of: dict[Any, Any]) -> dict[str, Any]:
    words = [word for word in re.sub(r"[{}:]", "", path).split("/") if word and word != "api"]
    found: dict[str, Any] = {
        "operationId": "_".join([method.lower(), *(re.sub(r"\W", "_", word) for word in words)]),
        "summary": call.summary,
        "tags": [_tag(words)],
        "parameters": _parameters(method, path, call, schema_of),
        "responses": _responses(method, path, call, schema_of),
    }
    if call.needs != "anybody":
        found["security"] = [{"token": []}]
    if call.takes is not None or call.takes_media != "application/json":
        schema = schema_of[call.takes] if call.takes is not None else {"type": "string", "format": "binary"}
        found["requestBody"] = {"required": True, "content": {call.takes_media: {"schema": schema}}}
    return found


def _tag(words: list[str]) -> str:
    if words[0] == "rooms" and len(words) > 2:
        return words[2].split(".")[0]
    return words[0] if len(words) > 1 or words[0] == "rooms" else "server"


def _parameters(method: str, path: str, call: Call, schema_of: dict[Any, Any]) -> list[dict[str, Any]]:
    text = {"type": "string"}
    found = [{"name": name, "in": "path", "required": True, "schema": text} for name in _PARAMETER.findall(path)]
    for query in call.query:
        found.append({"name": query.name, "in": "query", "schema": schema_of[query.kind], "description": query.says})
    if _may_be_repeated(method, path):
        key = {"type": "string", "minLength": 1, "maxLength": 255, "pattern": "^[!-~]+$"}
        found.append({"name": "Idempotency-Key", "in": "header", "schema": key})
    return found


def _may_be_repeated(method: str, path: str) -> bool:
    return method == "POST" and path.startswith("/api/") and not path.startswith("/api/auth/")


def _responses(method: str, path: str, call: Call, schema_of: dict[Any, Any]) -> dict[str, Any]:
    found: dict[str, Any] = {str(status): _good(call, schema_of) for status in (call.status, *call.also)}
    if method == "GET" and path.startswith("/api/") and call.gives is not None:
        found["304"] = {"description": "As it was: the `ETag` is one of `If-None-Match`"}
    for status, codes in sorted(_errors(method, path, call).items()):
        told = "Error: " + ", ".join(f"`{code}`" for code in sorted(codes))
        content = {"application/json": {"schema": schema_of[Error]}}
        if str(status) in found:
            found[str(status)]["description"] += f". {told}"
        else:
            found[str(status)] = {"description": told, "content": content}
    return found


def _good(call: Call, schema_of: dict[Any, Any]) -> dict[str, Any]:
    if call.gives is not None:
        return {"description": "Done", "content": {call.gives_media: {"schema": schema_of[call.gives]}}}
    if call.gives_media != "application/json":
        return {"description": "Done", "content": {call.gives_media: {}}}
    return {"description": "Done"}


def _errors(method: str, path: str, call: Call) -> dict[int, set[str]]:
    codes = {*call.errors, *_NEEDS[call.needs], *(_ALWAYS if path.startswith("/api/") else ())}
    if method in ("POST", "PUT", "PATCH") or call.takes is not None:
        codes |= set(_WITH_BODY)
    if _may_be_repeated(method, path):
        codes |= set(_REPEATED)
    if call.query:
        codes.add("bad_request")
    found: dict[int, set[str]] = defaultdict(set)
    for code in codes:
        status, _, name = code.rpartition(":")
        found[int(status) if status else status_of_code(name)].add(name)
    return found
