"""A person in a room, as a browser page: what they see and what they can do."""

import io
import json
import zipfile
from collections.abc import Mapping
from typing import Any, cast

import httpx
from playwright.sync_api import Browser, BrowserContext, Locator, Page, expect

from tests.server import Joined, Server

TEXT = "[...document.querySelectorAll('.cm-line')].map(line => line.textContent).join('\\n')"
# A page that goes offline or loses its server is told so by the browser; those lines are no defect.
EXPECTED = ("WebSocket connection to", "net::ERR_", "the server responded with a status of")


def zip_of(files: Mapping[str, str | bytes]) -> bytes:
    """A zip archive with these files."""
    memory = io.BytesIO()
    with zipfile.ZipFile(memory, "w") as archive:
        for path, content in files.items():
            archive.writestr(path, content)
    return memory.getvalue()


def make_room(server: Server, files: Mapping[str, str | bytes], *names: str) -> list[Joined]:
    """A room with these files; the first name is the host's, the others joined by the link."""
    host = server.create_room("Chennai metro fares", names[0])
    if files:
        headers = {"Authorization": f"Bearer {host.token}", "Content-Type": "application/zip"}
        url = f"{server.http}/api/rooms/{host.room_id}/archive"
        answer = httpx.post(url, headers=headers, content=zip_of(files), timeout=30.0)
        assert answer.raise_for_status().json()["skipped"] == []
    return [host, *(server.join(host.links["participant"], name) for name in names[1:])]


class RoomPage:
    """One page that shows a room. Problems it reported are kept in `problems`."""

    def __init__(self, browser: Browser, server: Server, joined: Joined, code: str = "", **options: Any) -> None:
        self.server = server
        self.joined = joined
        self.code = code or joined.links["participant"]
        self.problems: list[str] = []
        width, height = options.pop("width", 1440), options.pop("height", 900)
        options.setdefault("viewport", {"width": width, "height": height})
        self.context: BrowserContext = browser.new_context(accept_downloads=True, **options)
        self.context.set_default_timeout(40_000)
        self._remember_session()
        self.page: Page = self.context.new_page()
        self.page.on("pageerror", lambda error: self.problems.append(str(error)))
        self.page.on("console", self._heard)
        self.page.goto(f"{server.http}/r/{self.code}")

    def _remember_session(self) -> None:
        session = {
            "roomId": self.joined.room_id,
            "token": self.joined.token,
            "memberId": self.joined.member["id"],
        }
        key, value = json.dumps(f"sangam.session.{self.code}"), json.dumps(json.dumps(session))
        self.context.add_init_script(f"localStorage.getItem({key}) || localStorage.setItem({key}, {value})")

    def _heard(self, message: Any) -> None:
        if message.type == "error" and not any(part in message.text for part in EXPECTED):
            self.problems.append(message.text)

    def close(self) -> None:
        self.context.close()

    # What is seen

    @property
    def save(self) -> Locator:
        return self.page.get_by_test_id("save")

    def saved(self) -> "RoomPage":
        """Waits until the server has everything; the word alone may stand 400 ms longer than the truth."""
        expect(self.save).to_have_attribute("data-settled", "true", timeout=40_000)
        expect(self.save).to_have_text("Saved")
        return self

    def text(self) -> str:
        """The visible lines of the editor."""
        return str(self.page.evaluate(TEXT))

    def shows(self, *lines: str) -> None:
        expect(self.page.locator(".cm-line")).to_have_text(list(lines))

    def row(self, name: str) -> Locator:
        return self.page.get_by_role("treeitem", name=name, exact=True)

    @property
    def tab(self) -> Locator:
        return self.page.get_by_role("tablist", name="Open files").locator("[aria-selected=true]")

    def paths(self) -> list[str]:
        found = self.page.locator("[role=treeitem]").evaluate_all("rows => rows.map(row => row.dataset.path)")
        return cast(list[str], found)

    # What is done

    def open(self, name: str) -> "RoomPage":
        self.row(name).click()
        expect(self.tab).to_contain_text(name)
        expect(self.page.locator(".cm-content")).to_be_visible()
        return self

    def at_end_of(self, line: int) -> "RoomPage":
        self.page.locator(".cm-line").nth(line - 1).click()
        self.page.keyboard.press("End")
        return self

    def types(self, text: str) -> "RoomPage":
        self.page.keyboard.type(text)
        return self

    def presses(self, *keys: str) -> "RoomPage":
        for key in keys:
            self.page.keyboard.press(key)
        return self

    def offline(self, away: bool) -> None:
        self.context.set_offline(away)
