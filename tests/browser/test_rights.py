"""Rights that change while somebody has the page open."""

from playwright.sync_api import expect

from tests.browser.conftest import OpenPage
from tests.browser.room_page import make_room
from tests.server import Joined, Server


def give(server: Server, host: Joined, member: Joined, role: str) -> None:
    path = f"/api/rooms/{host.room_id}/members/{member.member['id']}"
    server.call("PATCH", path, host.token, json={"role": role}).raise_for_status()


def test_B30_a_change_of_rights_shows_without_a_reload(server: Server, open_page: OpenPage) -> None:
    asha, ravi = make_room(server, {"main.py": "one\n"}, "Asha", "Ravi")
    page = open_page(ravi).saved().open("main.py")
    give(server, asha, ravi, "observer")
    expect(page.save).to_contain_text("Read only")
    give(server, asha, ravi, "participant")
    page.saved()
    page.at_end_of(1).types(" two")
    page.saved().shows("one two", "")
