"""Lost networks, reloads and killed servers."""

import re
from collections.abc import Callable
from pathlib import Path

from playwright.sync_api import Browser, WebSocketRoute, expect

from tests.browser.conftest import OpenPage, OpenRoom
from tests.browser.room_page import RoomPage, make_room
from tests.server import Server, running

COLLAB = re.compile(r".*/collab$")
FILES = {"a.py": "one\ntwo\nthree\n"}


def test_B5_saved_waits_for_the_answer_of_the_server(server: Server, open_page: OpenPage) -> None:
    (joined,) = make_room(server, FILES, "Asha")
    asha = open_page(joined).saved()
    held: list[Callable[[], None]] = []
    holding = False

    def between(route: WebSocketRoute) -> None:
        upstream = route.connect_to_server()

        def pass_on(message: str | bytes) -> None:
            if holding:
                held.append(lambda: route.send(message))
            else:
                route.send(message)

        upstream.on_message(pass_on)

    asha.page.route_web_socket(COLLAB, between)
    asha.page.reload()
    asha.saved().open("a.py").at_end_of(1)
    holding = True
    asha.types("!")
    expect(asha.save).to_have_text("Saving")
    holding = False
    for release in held:
        release()
    asha.saved()


def test_B6_offline_edits_are_counted_and_merged_once(open_room: OpenRoom) -> None:
    asha, ravi = (page.open("a.py") for page in open_room(FILES, "Asha", "Ravi"))
    asha.offline(True)
    expect(asha.save).to_have_text("Offline")
    asha.at_end_of(1).types(" away")
    expect(asha.save).to_have_text("Offline · 5 edits kept here")
    ravi.at_end_of(3).types(" here")
    ravi.shows("one", "two", "three here", "")
    asha.offline(False)
    for page in (asha, ravi):
        page.saved()
        page.shows("one away", "two", "three here", "")


def test_B6_edits_made_offline_survive_a_reload(open_room: OpenRoom, server: Server) -> None:
    (asha,) = open_room(FILES, "Asha")
    asha.open("a.py")
    asha.page.route_web_socket(COLLAB, lambda route: route.close())
    asha.page.reload()
    expect(asha.page.locator(".cm-content")).to_be_visible()
    asha.at_end_of(2).types(" kept")
    expect(asha.save).to_have_text("Offline · 5 edits kept here")
    asha.page.reload()
    expect(asha.page.locator(".cm-line").nth(1)).to_have_text("two kept")
    fresh = asha.context.new_page()
    fresh.goto(asha.page.url)
    expect(fresh.get_by_test_id("save")).to_have_text("Saved")
    expect(fresh.locator(".cm-line").nth(1)).to_have_text("two kept")


def test_B8_a_reload_loses_nothing(open_room: OpenRoom) -> None:
    (asha,) = open_room(FILES, "Asha")
    asha.open("a.py").at_end_of(2).types(" stays").saved()
    asha.page.reload()
    asha.saved()
    asha.shows("one", "two stays", "three", "")


def test_B7_B8_a_killed_server_is_found_again(open_room: OpenRoom, server: Server) -> None:
    asha, ravi = (page.open("a.py") for page in open_room(FILES, "Asha", "Ravi"))
    asha.at_end_of(1).types(" before").saved()
    server.kill()
    try:
        expect(ravi.save).to_have_text(re.compile("Connecting"))
        asha.types(" after")
        expect(asha.save).to_have_text("Offline · 6 edits kept here")
        expect(asha.page.get_by_role("button", name="Try now")).to_be_visible()
    finally:
        server.start()
    for page in (asha, ravi):
        # As when the network comes back: the next attempt need not be waited for.
        page.page.evaluate("dispatchEvent(new Event('online'))")
        page.saved()
        page.shows("one before after", "two", "three", "")


def test_B7_a_withdrawn_token_ends_with_an_explanation(server: Server, open_page: OpenPage) -> None:
    (host,) = make_room(server, FILES, "Asha")
    page = open_page(host).saved()
    key = f"sangam.session.{page.code}"
    page.page.evaluate(
        "([key, token]) => { localStorage[key] = localStorage[key].replace(token, 'x') }", [key, host.token]
    )
    page.page.reload()
    expect(page.page.get_by_role("button", name="Join room")).to_be_visible()


def test_B7_an_unknown_link_says_so(server: Server, open_page: OpenPage) -> None:
    (host,) = make_room(server, {}, "Asha")
    page = open_page(host, code="no-such-room")
    page.page.evaluate("localStorage.clear()")
    page.page.goto(f"{server.http}/r/no-such-code")
    expect(page.page.get_by_text("No room has this code")).to_be_visible()


def test_B9_an_observer_reads_and_cannot_write(server: Server, open_page: OpenPage) -> None:
    (host,) = make_room(server, FILES, "Asha")
    observer = server.join(host.links["observer"], "Omar")
    page = open_page(observer, code=host.links["observer"])
    expect(page.save).to_have_text("Read only")
    page.open("a.py").at_end_of(1).types("nothing")
    page.shows("one", "two", "three", "")
    expect(page.page.get_by_role("button", name="New file")).to_have_count(0)
    expect(page.page.get_by_role("button", name=re.compile("view-only link"))).to_be_visible()


def test_B6_the_others_are_seen_again_at_once(open_room: OpenRoom) -> None:
    asha, ravi = (page.open("a.py") for page in open_room(FILES, "Asha", "Ravi"))
    ravi.at_end_of(2)
    expect(asha.page.locator(".cm-remote-caret")).to_have_count(1)
    asha.offline(True)
    expect(asha.page.locator(".cm-remote-caret")).to_have_count(0)
    asha.offline(False)
    asha.saved()
    expect(asha.page.locator(".cm-remote-caret")).to_have_count(1)


def test_B9_a_refused_edit_is_kept_told_and_can_be_discarded(tmp_path: Path, browser: Browser) -> None:
    with running(tmp_path / "small", max_document_bytes=20_000) as small:
        host, guest = make_room(small, FILES, "Asha", "Ravi")
        asha, ravi = (RoomPage(browser, small, joined).saved().open("a.py") for joined in (host, guest))
        asha.at_end_of(1)
        asha.page.keyboard.insert_text("x" * 30_000)
        expect(asha.save).to_have_text("Read only")
        expect(asha.page.get_by_text("The server did not take your last edits")).to_be_visible()
        ravi.shows("one", "two", "three", "")
        ravi.at_end_of(2).types("!").saved()
        asha.page.get_by_role("button", name="Discard my edits").click()
        asha.page.get_by_role("dialog").get_by_role("button", name="Discard my edits").click()
        asha.saved().shows("one", "two!", "three", "")
        asha.at_end_of(1).types("?").saved()
        for page in (asha, ravi):
            page.close()


def test_B7_what_is_too_large_to_send_is_kept_and_not_sent_again(tmp_path: Path, browser: Browser) -> None:
    with running(tmp_path / "narrow", max_frame_bytes=20_000) as narrow:
        (host,) = make_room(narrow, FILES, "Asha")
        asha = RoomPage(browser, narrow, host).saved().open("a.py").at_end_of(1)
        asha.page.keyboard.insert_text("x" * 30_000)
        expect(asha.page.get_by_text("What you wrote is too large to send at once")).to_be_visible()
        expect(asha.save).to_have_text("Closed")
        expect(asha.page.get_by_role("button", name="Download what is kept here")).to_be_visible()
        asha.page.get_by_role("button", name="Discard my edits").click()
        asha.page.get_by_role("dialog").get_by_role("button", name="Discard my edits").click()
        asha.saved().shows("one", "two", "three", "")
        asha.close()
