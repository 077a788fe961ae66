"""Two people in one file."""

import re

from playwright.sync_api import expect

from tests.browser.conftest import OpenRoom

# A flag is open for a moment only; whoever looks now and then may miss it.
WATCH_CARETS = """() => {
    const page = document.documentElement;
    page.dataset.carets = "";
    new MutationObserver(() => {
        for (const caret of document.querySelectorAll(".cm-remote-caret"))
            if (!page.dataset.carets.includes(caret.className + ",")) page.dataset.carets += caret.className + ",";
    }).observe(document.body, {subtree: true, childList: true, attributes: true});
}"""
LINES = {"a.py": "one\ntwo\nthree\n", "b.py": "".join(f"line {number}\n" for number in range(1, 301))}


def test_B1_two_people_write_in_one_file(open_room: OpenRoom) -> None:
    asha, ravi = (page.open("a.py") for page in open_room(LINES, "Asha", "Ravi"))
    asha.at_end_of(1)
    ravi.at_end_of(3)
    for letter in "quick":
        asha.types(letter)
        ravi.types(letter.upper())
    for page in (asha, ravi):
        page.shows("onequick", "two", "threeQUICK", "")
        page.saved()


def test_B2_carets_and_selections_are_seen_with_names(open_room: OpenRoom) -> None:
    asha, ravi = (page.open("a.py") for page in open_room(LINES, "Asha Rao", "Ravi Nair"))
    asha.page.evaluate(WATCH_CARETS)
    seen = asha.page.locator("html")
    ravi.at_end_of(3).presses("Shift+Home")
    caret = asha.page.locator(".cm-remote-caret")
    expect(caret).to_have_text("Ravi")
    expect(seen).to_have_attribute("data-carets", re.compile("cm-remote-caret p2 open,"))
    expect(asha.page.locator(".cm-remote-selection")).to_have_text("three")
    expect(caret).to_have_class("cm-remote-caret p2")
    ravi.page.keyboard.press("Control+Home")
    expect(seen).to_have_attribute("data-carets", re.compile("cm-remote-caret p2 open below,"))
    expect(asha.page.get_by_role("button", name="Ravi Nair a.py, line 1")).to_be_visible()


def test_B2_who_leaves_takes_the_caret_along(open_room: OpenRoom) -> None:
    asha, ravi = (page.open("a.py") for page in open_room(LINES, "Asha", "Ravi"))
    ravi.at_end_of(2)
    expect(asha.page.locator(".cm-remote-caret")).to_have_count(1)
    ravi.close()
    expect(asha.page.locator(".cm-remote-caret")).to_have_count(0)


def test_B3_undo_takes_back_only_mine(open_room: OpenRoom) -> None:
    asha, ravi = (page.open("a.py") for page in open_room(LINES, "Asha", "Ravi"))
    asha.at_end_of(1).types(" mine")
    ravi.page.locator(".cm-line", has_text="one mine").wait_for()
    ravi.at_end_of(2).types(" theirs")
    asha.page.locator(".cm-line", has_text="two theirs").wait_for()
    asha.presses("Control+z")
    for page in (asha, ravi):
        page.shows("one", "two theirs", "three", "")
    asha.presses("Control+z", "Control+Shift+Z")
    for page in (asha, ravi):
        page.shows("one mine", "two theirs", "three", "")


def test_B3_undo_brings_the_change_into_view(open_room: OpenRoom) -> None:
    (asha,) = open_room(LINES, "Asha")
    asha.open("b.py").at_end_of(2).types(" changed")
    asha.presses("Control+End")
    expect(asha.page.locator(".cm-line", has_text="line 2 changed")).to_have_count(0)
    asha.presses("Control+z")
    expect(asha.page.locator(".cm-activeLine")).to_have_text("line 2")
    expect(asha.page.locator(".cm-activeLine")).to_be_in_viewport()


def test_B4_following_goes_where_they_go(open_room: OpenRoom) -> None:
    asha, ravi = (page.open("a.py") for page in open_room(LINES, "Asha", "Ravi"))
    ravi.page.get_by_role("button", name="Follow Asha").first.click()
    expect(ravi.page.get_by_text("Following Asha")).to_be_visible()
    expect(asha.page.get_by_text("Ravi follows you")).to_be_visible()
    asha.open("b.py")
    expect(ravi.tab).to_contain_text("b.py")
    asha.page.locator(".cm-scroller").evaluate("box => { box.scrollTop = 3000 }")
    expect(ravi.page.locator(".cm-line", has_text="line 150")).to_be_in_viewport()
    ravi.page.locator(".cm-line", has_text="line 150").click()
    expect(ravi.page.get_by_text("Following Asha")).to_be_visible()
    ravi.types("!")
    expect(ravi.page.get_by_text("Following Asha")).to_have_count(0)
    expect(asha.page.get_by_text("Ravi follows you")).to_have_count(0)


def test_B14_a_file_of_5_mb_opens_and_can_be_written_in(open_room: OpenRoom) -> None:
    text = "".join(
        f"def f{number}(x):\n    return x + {number}  # as long as a line of code is\n" for number in range(75_000)
    )
    asha, ravi = open_room({"big.py": text}, "Asha", "Ravi")
    asha.open("big.py").at_end_of(1).types("  # here")
    ravi.open("big.py")
    expect(ravi.page.locator(".cm-line").first).to_have_text("def f0(x):  # here")
    asha.presses("Control+End")
    asha.types("the end").saved()
    ravi.page.locator(".cm-content").focus()
    ravi.presses("Control+End")
    expect(ravi.page.locator(".cm-line").last).to_have_text("the end")
