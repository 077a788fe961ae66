"""Small screens, themes, keys, and what axe says."""

import subprocess
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.conftest import OpenPage, OpenRoom
from tests.browser.room_page import make_room
from tests.server import Server

FILES = {"a.py": "def one():\n    return 1\n", "b.py": "two\n"}
SIZES = {"wide": (1440, 900), "phone": (390, 844)}
VIOLATIONS = """() => axe.run(document, {resultTypes: ["violations"]}).then(({violations}) =>
    violations.map(({id, nodes}) => [id, ...nodes.map(({html, failureSummary}) => html + failureSummary)]))"""

STILL = """() => Promise.all(document.getAnimations()
    .filter((animation) => animation.effect?.getComputedTiming().endTime !== Infinity)
    .map((animation) => animation.finished.catch(() => null)))"""


def assert_clean(page: Page, axe_source: str) -> None:
    page.evaluate(axe_source)
    page.evaluate(STILL)  # what is still fading in has no contrast yet
    assert page.evaluate(VIOLATIONS) == []


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("theme", ["light", "dark"])
def test_B18_axe_finds_nothing(
    size: str, theme: Any, browser: Browser, server: Server, open_page: OpenPage, axe_source: str
) -> None:
    width, height = SIZES[size]
    asha, ravi = make_room(server, FILES, "Asha", "Ravi")
    stranger = browser.new_page(viewport={"width": width, "height": height}, color_scheme=theme)
    stranger.goto(server.http)
    expect(stranger.get_by_role("button", name="Create room")).to_be_visible()
    assert_clean(stranger, axe_source)
    stranger.goto(f"{server.http}/r/{asha.links['participant']}")
    expect(stranger.get_by_role("button", name="Join room")).to_be_visible()
    assert_clean(stranger, axe_source)
    stranger.close()
    open_page(ravi).saved().open("a.py").at_end_of(1)
    page = open_page(asha, width=width, height=height, color_scheme=theme).saved()
    expect(page.page.locator(".cm-remote-caret")).to_have_count(1)
    assert_clean(page.page, axe_source)
    if size == "phone":
        for place in ("Files", "Output", "Chat"):
            page.page.get_by_role("navigation", name="Places").get_by_role("button", name=place).click()
            assert_clean(page.page, axe_source)


def test_B17_a_phone_has_every_place_one_tap_away(open_room: OpenRoom) -> None:
    (asha,) = open_room(FILES, "Asha", width=390, height=844, has_touch=True, is_mobile=True)
    page = asha.page
    places = page.get_by_role("navigation", name="Places")
    places.get_by_role("button", name="Files").tap()
    asha.row("b.py").tap()
    expect(asha.tab).to_contain_text("b.py")
    page.locator(".cm-line").first.tap()
    symbols = page.get_by_role("toolbar", name="Symbols")
    symbols.get_by_role("button", name="(", exact=True).tap()
    asha.types("x")
    symbols.get_by_role("button", name=")", exact=True).tap()
    expect(page.locator(".cm-line").first).to_contain_text("(x)")
    places.get_by_role("button", name="Output").tap()
    expect(page.get_by_text("What programs print appears here")).to_be_visible()
    places.get_by_role("button", name="Chat").tap()
    expect(page.get_by_placeholder("Message everyone")).to_be_visible()
    assert page.evaluate("document.documentElement.scrollWidth") == 390


def test_B17_at_1024_the_chat_is_a_drawer(open_room: OpenRoom) -> None:
    (asha,) = open_room(FILES, "Asha", width=1024, height=768)
    before = asha.page.locator(".cm-editor").bounding_box()
    expect(asha.page.get_by_placeholder("Message everyone")).to_have_count(0)
    asha.page.get_by_role("button", name="Chat", exact=True).click()
    asha.page.get_by_placeholder("Message everyone").focus()
    assert asha.page.locator(".cm-editor").bounding_box() == before
    asha.presses("Escape")
    expect(asha.page.get_by_placeholder("Message everyone")).to_have_count(0)


def test_B19_keys_reach_every_panel(open_room: OpenRoom) -> None:
    (asha,) = open_room(FILES, "Asha")
    inside = "document.activeElement.closest('[data-panel]')?.dataset.panel"
    asha.open("a.py").at_end_of(1)
    seen = []
    for _ in range(4):
        asha.presses("F6")
        seen.append(asha.page.evaluate(inside))
    assert seen == ["run", "chat", "files", "editor"]
    asha.presses("Tab")
    assert asha.page.evaluate(inside) == "editor"
    asha.presses("Escape", "Tab")
    assert asha.page.evaluate(inside) != "editor"


def test_B19_arrows_move_the_dividers_and_the_size_is_kept(open_room: OpenRoom) -> None:
    (asha,) = open_room(FILES, "Asha")
    divider = asha.page.get_by_role("separator", name="Width of the files")
    divider.focus()
    asha.presses("ArrowRight", "ArrowRight")
    expect(divider).to_have_attribute("aria-valuenow", "264")
    asha.page.reload()
    expect(divider).to_have_attribute("aria-valuenow", "264")
    divider.dblclick()
    expect(divider).to_have_attribute("aria-valuenow", "232")


def test_B19_a_question_mark_lists_the_keys(open_room: OpenRoom) -> None:
    (asha,) = open_room(FILES, "Asha")
    asha.row("b.py").focus()
    asha.presses("?")
    expect(asha.page.get_by_role("dialog", name="Keyboard shortcuts")).to_be_visible()
    asha.presses("Escape")
    expect(asha.page.get_by_role("dialog")).to_have_count(0)
    expect(asha.row("b.py")).to_be_focused()
    menu = asha.page.get_by_role("button", name="Room menu")
    menu.click()
    asha.page.get_by_role("menuitem", name="Keyboard shortcuts").click()
    asha.page.get_by_role("dialog", name="Keyboard shortcuts").wait_for()
    asha.presses("Escape")
    expect(menu).to_be_focused()


def test_B20_the_first_paint_has_the_chosen_theme(open_room: OpenRoom) -> None:
    (asha,) = open_room(FILES, "Asha", color_scheme="light")
    asha.page.get_by_role("button", name="Use the dark theme").click()
    asha.page.route("**/assets/*.js", lambda route: route.abort())
    asha.page.reload(wait_until="domcontentloaded")
    assert asha.page.evaluate("document.documentElement.dataset.theme") == "dark"


def test_B21_the_first_load_keeps_to_its_budget(checkout: Path) -> None:
    told = subprocess.run(["node", "scripts/size.mjs"], cwd=checkout / "web", capture_output=True, text=True)
    assert told.returncode == 0, told.stdout + told.stderr
