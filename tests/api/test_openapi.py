"""The reference: every route is in it, everything in it is a route, and whatever it is asked, it told the truth."""

import re
from pathlib import Path
from typing import Any

import httpx
import pytest
from starlette.routing import Route

from api.app import create_app
from api.described import call_of
from api.openapi import EXTERNAL, PAGES, calls, document
from api.settings import Settings
from tests.api.test_http import refused
from tests.server import Server


@pytest.fixture
def routes(tmp_path: Path) -> list[Any]:
    settings = Settings(data=str(tmp_path / "data"), exec_engine="off", judge0_tokens="x", piston_tokens="y")
    return create_app(settings).routes


def test_HT9_every_route_is_described(routes: list[Any]) -> None:
    bare = [f"{method} {path}" for method, path, route in calls(routes) if call_of(route.endpoint) is None]
    assert bare == [], "say what it takes and gives, with @describe beside the handler"
    others = {route.path for route in routes if isinstance(route, Route)} - {path for _, path, _ in calls(routes)}
    assert {path for path in others if not path.startswith(tuple(EXTERNAL))} == set(PAGES)


def test_HT9_the_document_is_the_routes(routes: list[Any]) -> None:
    paths = document(routes, "1")["paths"]
    documented = {(method.upper(), path) for path, methods in paths.items() for method in methods}
    real = {(method, re.sub(r"{(\w+):\w+}", r"{\1}", path)) for method, path, _ in calls(routes)}
    assert documented == real
    names = [call["operationId"] for methods in paths.values() for call in methods.values()]
    assert len(names) == len(set(names))


def test_HT9_the_document_is_served_and_valid(server: Server) -> None:
    answer = httpx.get(server.http + "/api/openapi.json")
    told = answer.json()
    assert told["openapi"] == "3.1.0"
    wanted = set(re.findall(r'"#/components/schemas/([^"]+)"', answer.text))
    assert wanted <= set(told["components"]["schemas"])
    chat = told["paths"]["/api/rooms/{room}/chat"]["post"]
    assert {"201", "400", "401", "403", "404", "413", "415", "422", "429", "503"} <= set(chat["responses"])
    assert chat["security"] == [{"token": []}]


def test_HT9_the_page_is_our_own_and_obeys_the_policy(server: Server) -> None:
    page = httpx.get(server.http + "/api/docs")
    assert page.status_code == 200
    assert "//" not in re.sub(r"<!--.*?-->", "", page.text).replace("/>", "").replace("</", "")
    assert "<script>" not in page.text
    policy = page.headers["content-security-policy"].split("script-src")[1].split(";")[0]
    assert "unsafe" not in policy
    for part in re.findall(r'(?:src|href)="(/assets/[^"]+)"', page.text):
        assert httpx.get(server.http + part).status_code == 200
    assert refused(httpx.get(server.http + "/api/docs/other"), 404) == "not_found"
