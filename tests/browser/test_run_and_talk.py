"""Running programs and talking about them."""

from playwright.sync_api import expect

from tests.browser.conftest import OpenRoom

FILES = {"hello.py": "name = input('name? ')\nprint('hello', name)\n"}


def test_B15_a_run_with_input_is_seen_by_everybody(open_room: OpenRoom) -> None:
    asha, ravi = (page.open("hello.py") for page in open_room(FILES, "Asha", "Ravi"))
    asha.at_end_of(1).presses("Control+Enter")
    expect(ravi.page.get_by_role("log", name="Output")).to_contain_text("name?")
    ravi.page.get_by_placeholder("Type input for the program").fill("Ravi")
    ravi.presses("Enter")
    for page in (asha, ravi):
        expect(page.page.get_by_role("log", name="Output")).to_contain_text("hello Ravi")
        expect(page.page.get_by_text("Finished · exit 0").first).to_be_visible()


def test_B16_a_name_in_the_chat_opens_the_place(open_room: OpenRoom) -> None:
    asha, ravi = open_room({**FILES, "other.py": "1\n2\n3\n"}, "Asha", "Ravi")
    ravi.open("other.py")
    asha.page.get_by_placeholder("Message everyone").fill("look at hello.py:2")
    asha.presses("Enter")
    ravi.page.get_by_role("log", name="Messages").get_by_text("hello.py:2").click()
    expect(ravi.tab).to_contain_text("hello.py")
    expect(ravi.page.locator(".cm-activeLine")).to_have_text("print('hello', name)")
