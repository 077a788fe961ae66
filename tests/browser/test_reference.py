"""The page of the API's reference, in a real browser."""

from playwright.sync_api import Browser, expect

from tests.server import Server


def test_HT9_the_reference_is_shown_without_a_word_from_elsewhere(browser: Browser, server: Server) -> None:
    page = browser.new_page()
    problems: list[str] = []
    asked: list[str] = []
    page.on("console", lambda message: problems.append(message.text) if message.type == "error" else None)
    page.on("pageerror", lambda error: problems.append(str(error)))
    page.on("request", lambda request: asked.append(request.url))
    try:
        page.goto(f"{server.http}/api/docs")
        expect(page.get_by_text("Make a room; who makes it is its host")).to_be_visible()
        expect(page.get_by_text("/api/rooms/{room}/webhooks", exact=False).first).to_be_visible()
        assert problems == []
        assert [url for url in asked if not url.startswith((server.http, "data:", "blob:"))] == []
    finally:
        page.close()
