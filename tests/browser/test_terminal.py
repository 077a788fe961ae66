"""Programs in a terminal, seen and typed into by several people."""

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Locator, expect

from tests.browser.conftest import OpenPage, OpenRoom
from tests.browser.room_page import RoomPage, make_room
from tests.browser.test_looks import assert_clean
from tests.server import Server, running

PROGRAM = """import os
print('\\x1b[31mready\\x1b[0m')
while True:
    try: word = input('> ')
    except KeyboardInterrupt: print('interrupted')
    else: print('got', word, *os.get_terminal_size())
"""
FILES = {"talk.py": PROGRAM}
KEEP_SOCKETS = """
    const made = [];
    window.endTerminals = () => made.forEach(socket => socket.close());
    window.WebSocket = class extends WebSocket {
        constructor(url, ...more) {
            super(url, ...more);
            if (!String(url).includes("/terminal")) return;
            made.push(this);
            this.addEventListener("open", () => { document.documentElement.dataset.terminals = made.length; });
        }
    };
"""
DANGER = "rgb(176, 42, 32)"


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """With places for the terminals of all tests, which nobody ends."""
    with running(tmp_path_factory.mktemp("terminal") / "data", exec_slots=16) as started:
        yield started


def terminal(page: RoomPage) -> Locator:
    return page.page.get_by_test_id("terminal").locator(".xterm-rows")


def in_terminal(page: RoomPage) -> RoomPage:
    """Started by its keys; the terminal has the keyboard then."""
    page.at_end_of(1).presses("Control+Shift+Enter")
    expect(terminal(page)).to_contain_text("ready", timeout=30_000)
    expect(page.page.get_by_role("textbox", name="Terminal of talk.py")).to_be_focused()
    return page


def told_size(page: RoomPage, word: str) -> tuple[int, int]:
    """Columns and rows as the program knows them; `word` was not typed before."""
    page.types(f"{word}\n")
    said = re.compile(rf"got {word}\s(\d+)\s(\d+)")
    expect(terminal(page)).to_contain_text(said)
    found = said.search(str(terminal(page).text_content()))
    assert found
    return int(found[1]), int(found[2])


def test_B23_people_type_into_one_terminal_and_a_reader_sees_it(server: Server, open_page: OpenPage) -> None:
    asha, ravi = make_room(server, FILES, "Asha", "Ravi")
    obi = server.join(asha.links["observer"], "Obi")
    host = in_terminal(open_page(asha).saved().open("talk.py"))
    guest = open_page(ravi).saved()
    reader = open_page(obi, code=asha.links["observer"])
    host.types("one\n")
    for page in (host, guest, reader):
        expect(terminal(page)).to_contain_text("got one")
    guest.page.get_by_role("textbox", name="Terminal of talk.py").focus()
    guest.types("two\n")
    for page in (host, guest, reader):
        expect(terminal(page)).to_contain_text("got two")  # what was not read yet, Ctrl-C would drop, as terminals do
    guest.presses("Control+c")
    for page in (host, guest, reader):
        expect(terminal(page)).to_contain_text("interrupted")
    assert terminal(host).get_by_text("ready").evaluate("span => getComputedStyle(span).color") == DANGER
    reader.page.get_by_test_id("terminal").click()
    reader.types("three\n")
    host.types("four\n")
    expect(terminal(reader)).to_contain_text("got four")
    expect(terminal(reader)).not_to_contain_text("three")
    expect(reader.page.get_by_text("You joined with a view-only link: you see what others type.")).to_be_visible()


def test_B23_it_is_as_large_as_the_panel_of_who_types(open_room: OpenRoom) -> None:
    asha, ravi = open_room(FILES, "Asha", "Ravi")
    ravi.page.set_viewport_size({"width": 900, "height": 700})
    in_terminal(asha.open("talk.py"))
    wide = told_size(asha, "wide")
    ravi.page.get_by_role("textbox", name="Terminal of talk.py").focus()
    narrow = told_size(ravi, "narrow")
    assert narrow[0] < wide[0]
    expect(asha.page.locator(".xterm-rows > div")).to_have_count(narrow[1])  # drawn as the other one has it
    asha.page.get_by_role("textbox", name="Terminal of talk.py").focus()
    asha.page.get_by_role("separator", name="Height of the run panel").focus()
    asha.presses(*["ArrowUp"] * 8)
    asha.page.get_by_role("textbox", name="Terminal of talk.py").focus()
    tall = told_size(asha, "tall")
    assert tall[0] == wide[0]
    assert tall[1] > wide[1]


def test_B23_after_a_lost_connection_it_is_back_as_it_was(open_room: OpenRoom) -> None:
    (asha,) = open_room(FILES, "Asha")
    asha.page.add_init_script(KEEP_SOCKETS)
    asha.page.reload()
    in_terminal(asha.saved().open("talk.py"))
    asha.types("before\n")
    expect(terminal(asha)).to_contain_text("got before")
    asha.page.evaluate("endTerminals()")
    expect(asha.page.locator("html")).to_have_attribute("data-terminals", "2")
    expect(asha.page.get_by_text("Connecting the terminal again")).to_have_count(0)
    asha.types("after\n")
    expect(terminal(asha)).to_contain_text("got after")
    expect(terminal(asha)).to_contain_text("got before")


def test_B19_B23_keys_leave_it_and_reach_it(open_room: OpenRoom) -> None:
    (asha,) = open_room(FILES, "Asha")
    in_terminal(asha.open("talk.py"))
    inside = "document.activeElement.closest('[data-panel]')?.dataset.panel"
    assert asha.page.evaluate(inside) == "run"
    asha.presses("Tab")
    assert asha.page.evaluate(inside) == "run"
    asha.presses("F6")
    assert asha.page.evaluate(inside) == "chat"
    asha.presses("Shift+F6")
    expect(asha.page.get_by_role("textbox", name="Terminal of talk.py")).to_be_focused()


def test_B24_B18_stop_ends_it_for_all_and_axe_finds_nothing(open_room: OpenRoom, axe_source: str) -> None:
    asha, ravi = open_room(FILES, "Asha", "Ravi")
    in_terminal(asha.open("talk.py"))
    expect(terminal(ravi)).to_contain_text("ready")
    asha.page.get_by_role("button", name="Room menu").click()
    asha.page.get_by_role("menuitemcheckbox", name="Terminals for screen readers").click()
    asha.presses("Escape")
    assert_clean(asha.page, axe_source)
    ravi.page.get_by_role("button", name="Stop", exact=True).click()
    expect(ravi.page.get_by_text("Stopped by you").first).to_be_visible()
    expect(asha.page.get_by_text("Stopped by Ravi").first).to_be_visible()
    asha.page.reload()
    expect(terminal(asha.saved())).to_contain_text("ready")


def test_B17_B23_a_phone_has_the_keys_that_its_keyboard_lacks(open_room: OpenRoom, axe_source: str) -> None:
    (asha,) = open_room(FILES, "Asha", width=360, height=740, has_touch=True, is_mobile=True, color_scheme="dark")
    page = asha.page
    page.get_by_role("button", name="More ways to run").tap()
    page.get_by_role("menuitem", name="Run in a terminal").tap()
    page.get_by_role("navigation", name="Places").get_by_role("button", name="Output").tap()
    expect(terminal(asha)).to_contain_text("ready", timeout=30_000)
    page.get_by_role("toolbar", name="Keys of the terminal").get_by_role("button", name="Ctrl C").tap()
    expect(terminal(asha)).to_contain_text("interrupted")
    assert page.evaluate("document.documentElement.scrollWidth") == 360
    assert_clean(page, axe_source)
