"""A server and a browser for each file of tests, pages that are closed after each test."""

from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, expect, sync_playwright

from tests.browser.room_page import RoomPage, make_room
from tests.server import Joined, Server, running

CHROMIUM = "/usr/bin/chromium"
ARGUMENTS = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]

# Five seconds, the default, are short where two test runs share two cores.
expect.set_options(timeout=30_000)

OpenPage = Callable[..., RoomPage]
OpenRoom = Callable[..., list[RoomPage]]


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with running(tmp_path_factory.mktemp("browser") / "data") as started:
        yield started


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """Ended with its file, because it keeps an event loop that others would stumble over."""
    with sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        yield started
        started.close()


@pytest.fixture
def open_page(browser: Browser, server: Server) -> Iterator[OpenPage]:
    """Opens a page for somebody who joined; its options are those of a browser context."""
    pages: list[RoomPage] = []

    def opened(joined: Joined, **options: Any) -> RoomPage:
        pages.append(RoomPage(browser, server, joined, **options))
        return pages[-1]

    yield opened
    for page in pages:
        page.close()
    assert [problem for page in pages for problem in page.problems] == []


@pytest.fixture
def open_room(server: Server, open_page: OpenPage) -> OpenRoom:
    """A room with files, and a page for each of the names once everything is saved there."""

    def opened(files: Mapping[str, str | bytes], *names: str, **options: Any) -> list[RoomPage]:
        return [open_page(joined, **options).saved() for joined in make_room(server, files, *names)]

    return opened


@pytest.fixture(scope="session")
def axe_source(checkout: Path) -> str:
    return (checkout / "web/node_modules/axe-core/axe.min.js").read_text(encoding="utf-8")
