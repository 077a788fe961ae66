"""Problems, submissions, and errors at their lines."""

from typing import Any

import httpx
import msgspec
import pytest
from playwright.sync_api import Locator, expect

from tests.browser.conftest import OpenPage, OpenRoom
from tests.browser.room_page import RoomPage, make_room, zip_of
from tests.browser.test_looks import assert_clean
from tests.server import Joined, Server

FILES = {
    "right.py": "a, b = map(int, input().split())\nprint(a + b)\n",
    "wrong.py": "a, b = map(int, input().split())\nprint('sum')\nprint(7 if a == 1 else a + b)\n",
    "broken.py": "first = 1\nsecond = first / 0\nthird = 3\n",
}
SECRET = "98765"
SUM: dict[str, Any] = {
    "id": "sum",
    "title": "A sum",
    "statement": "Print the sum of two numbers.",
    "groups": [
        {"id": "small", "points": 40, "tests": [{"stdin": "1 2\n", "expected": "3\n", "hidden": False}]},
        {"id": "large", "points": 60, "tests": [{"stdin": f"{SECRET} 1\n", "expected": "98766\n"}]},
    ],
}


def with_problem(server: Server, host: Joined) -> None:
    path = f"/api/rooms/{host.room_id}/problems/sum"
    server.call("PUT", path, host.token, json=SUM).raise_for_status()


def in_tests(page: RoomPage) -> RoomPage:
    page.page.get_by_role("tab", name="Tests").click()
    expect(page.page.get_by_role("heading", name="A sum")).to_be_visible()
    return page


def submitted(page: RoomPage, file: str) -> RoomPage:
    page.open(file).page.get_by_role("button", name="Submit").click()
    return page


def verdict(page: RoomPage, words: str) -> None:
    shown = page.page.get_by_role("region", name="Output and tests").get_by_role("status")
    expect(shown.filter(has_text=words)).to_be_visible(timeout=40_000)


def listed(page: RoomPage) -> Locator:
    return page.page.get_by_role("navigation", name="Tests")


def test_B28_right_and_wrong_are_judged_before_everybody(server: Server, open_page: OpenPage) -> None:
    asha, ravi = make_room(server, FILES, "Asha", "Ravi")
    with_problem(server, asha)
    host, guest = in_tests(open_page(asha).saved()), in_tests(open_page(ravi).saved())
    submitted(guest, "right.py")
    for page in (host, guest):
        verdict(page, "Accepted · 2 of 2 passed · 100 of 100 points")
        expect(listed(page).get_by_role("button", name="Test 1, Accepted")).to_be_visible()
    submitted(host, "wrong.py")
    for page in (host, guest):
        verdict(page, "Wrong answer · 0 of 2 passed · 0 of 100 points")
        details = page.page.get_by_role("region", name="Details")
        expect(details.get_by_role("heading", name="Test 1")).to_be_visible()
        expect(details.get_by_role("row", name="Differs: sum")).to_be_visible()
        expect(page.page.get_by_text("Asha handed in wrong.py for A sum · Wrong answer")).to_be_visible()
    guest.page.get_by_role("button", name="Submissions").click()
    guest.page.get_by_role("menuitemradio", name="Accepted · right.py · Ravi").click()
    verdict(guest, "Accepted")


def test_B28_a_hidden_test_is_hidden_from_who_is_no_host(server: Server, open_page: OpenPage) -> None:
    asha, ravi = make_room(server, FILES, "Asha", "Ravi")
    with_problem(server, asha)
    host, guest = in_tests(open_page(asha).saved()), in_tests(open_page(ravi).saved())
    heard: list[str] = []
    guest.page.on("response", lambda answer: heard.append(answer.text() if "/api/" in answer.url else ""))
    submitted(guest, "wrong.py")
    verdict(guest, "Wrong answer")
    for page in (host, guest):
        listed(page).get_by_role("button", name="Hidden test 2").click()
    expect(host.page.get_by_text("Hidden: only hosts see what this test holds.")).to_be_visible()
    expect(host.page.get_by_text(f"{SECRET} 1")).to_be_visible()
    expect(guest.page.get_by_text("What this test holds is hidden.")).to_be_visible()
    assert SECRET not in guest.page.content()
    assert SECRET not in "".join(heard)


def test_B28_who_may_not_write_in_a_class_may_run_and_hand_in(server: Server, open_page: OpenPage) -> None:
    body = {"name": "A class", "kind": "class", "displayName": "Asha"}
    asha = msgspec.json.decode(server.call("POST", "/api/rooms", json=body).content, type=Joined)
    headers = {"Content-Type": "application/zip", "Authorization": f"Bearer {asha.token}"}
    url = f"{server.http}/api/rooms/{asha.room_id}/archive"
    httpx.post(url, headers=headers, content=zip_of(FILES), timeout=30.0).raise_for_status()
    with_problem(server, asha)
    ravi = server.join(asha.links["participant"], "Ravi")
    student = open_page(ravi)
    in_tests(student)
    submitted(student, "right.py")
    verdict(student, "Accepted")
    student.page.get_by_role("button", name="Run", exact=True).click()
    student.page.get_by_placeholder("Type input for the program").fill("20 22")
    student.presses("Enter")
    expect(student.page.get_by_role("log", name="Output")).to_contain_text("42")


def test_B29_a_host_writes_changes_and_deletes_a_problem(open_room: OpenRoom) -> None:
    asha, ravi = open_room(FILES, "Asha", "Ravi")
    for page in (asha, ravi):
        page.page.get_by_role("tab", name="Tests").click()
    expect(ravi.page.get_by_text("A host of this room can add one.")).to_be_visible()
    expect(ravi.page.get_by_role("button", name="New problem")).to_have_count(0)
    asha.page.get_by_role("button", name="New problem").click()
    form = asha.page.get_by_role("dialog", name="New problem")
    form.get_by_role("button", name="Save problem").click()
    expect(form.get_by_role("alert")).to_have_text("Give the problem a title.")
    form.get_by_label("Title").fill("A sum")
    form.get_by_label("Input").fill("1 2")
    form.get_by_label("Expected").fill("3")
    form.get_by_role("button", name="Add a group with points").click()
    form.get_by_label("Points").nth(1).fill("9")
    form.get_by_label("Counts after").nth(1).select_option("tests")
    form.get_by_label("Input").nth(1).fill("40 2")
    form.get_by_label("Expected").nth(1).fill("42")
    form.get_by_role("button", name="Save problem").click()
    expect(form).to_have_count(0)
    expect(ravi.page.get_by_role("heading", name="A sum")).to_be_visible()
    submitted(ravi, "right.py")
    verdict(asha, "Accepted · 2 of 2 passed · 10 of 10 points")
    asha.page.get_by_role("button", name="Problems").click()
    asha.page.get_by_role("menuitem", name="Edit problem").click()
    asha.page.get_by_label("Title").fill("Two sums")
    asha.page.get_by_role("button", name="Save problem").click()
    listed(ravi).get_by_role("button", name="Statement").click()
    expect(ravi.page.get_by_role("heading", name="Two sums")).to_be_visible()
    asha.page.get_by_role("button", name="Problems").click()
    asha.page.get_by_role("menuitem", name="Delete problem").click()
    expect(ravi.page.get_by_text("No problem yet")).to_be_visible()


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_B18_B28_axe_finds_nothing_in_tests_and_their_form(
    theme: Any, server: Server, open_page: OpenPage, axe_source: str
) -> None:
    (asha,) = make_room(server, FILES, "Asha")
    with_problem(server, asha)
    host = in_tests(open_page(asha, color_scheme=theme).saved())
    assert_clean(host.page, axe_source)
    submitted(host, "wrong.py")
    verdict(host, "Wrong answer")
    assert_clean(host.page, axe_source)
    host.page.get_by_role("button", name="Problems").click()
    host.page.get_by_role("menuitem", name="Edit problem").click()
    expect(host.page.get_by_role("dialog")).to_be_visible()
    assert_clean(host.page, axe_source)
    phone = open_page(asha, width=360, height=740, has_touch=True, is_mobile=True, color_scheme=theme).saved()
    phone.page.get_by_role("navigation", name="Places").get_by_role("button", name="Tests").tap()
    expect(phone.page.get_by_role("heading", name="Test 1")).to_be_visible()
    assert phone.page.evaluate("document.documentElement.scrollWidth") == 360
    assert_clean(phone.page, axe_source)


def test_B26_an_error_stands_at_its_line_until_that_is_edited(open_room: OpenRoom, axe_source: str) -> None:
    asha, ravi = open_room(FILES, "Asha", "Ravi")
    asha.open("right.py")
    ravi.open("broken.py").at_end_of(1).presses("Control+Enter")
    words = "ZeroDivisionError: division by zero"
    expect(ravi.page.locator(".cm-line").nth(1)).to_contain_text(words, timeout=30_000)
    expect(ravi.page.locator(".cm-lint-marker-error")).to_have_count(1)
    assert_clean(ravi.page, axe_source)
    asha.page.get_by_role("log", name="Output").get_by_role("button", name="line 2").first.click()
    expect(asha.tab).to_contain_text("broken.py")
    expect(asha.page.locator(".cm-activeLine")).to_contain_text("second = first / 0")
    expect(asha.page.locator(".cm-problem-words")).to_have_text(words)
    ravi.at_end_of(1).types("\nmore = 2")
    expect(asha.page.locator(".cm-line").nth(2)).to_contain_text(words)
    asha.page.locator(".cm-line").nth(2).click()
    asha.presses("Home").types("# ")
    for page in (asha, ravi):
        expect(page.page.locator(".cm-problem-words")).to_have_count(0)
