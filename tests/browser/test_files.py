"""The tree of files."""

from pathlib import Path

from playwright.sync_api import expect

from tests.browser.conftest import OpenRoom
from tests.browser.room_page import zip_of

FILES = {"a.py": "print(1)\n", "src/b.js": "let b\n"}


def test_B12_a_new_file_is_there_for_everybody(open_room: OpenRoom) -> None:
    asha, ravi = open_room(FILES, "Asha", "Ravi")
    asha.row("a.py").click()
    asha.page.get_by_role("button", name="New file").click()
    asha.types("lib/new.go").presses("Enter")
    expect(asha.tab).to_contain_text("new.go")
    expect(asha.page.locator(".cm-content")).to_be_focused()
    asha.types("package lib")
    ravi.open("new.go").shows("package lib")
    assert ravi.paths() == ["lib", "lib/new.go", "src", "src/b.js", "a.py"]


def test_B11_a_name_that_cannot_be_is_explained(open_room: OpenRoom) -> None:
    (asha,) = open_room(FILES, "Asha")
    asha.page.get_by_role("button", name="New file").click()
    asha.types("a.py")
    expect(asha.page.get_by_role("alert")).to_have_text("Another file has this name.")
    asha.presses("Enter", "Control+a").types("x//y")
    expect(asha.page.get_by_role("alert")).to_have_text("Each part between slashes needs a name.")
    asha.presses("Escape")
    assert asha.paths() == ["src", "src/b.js", "a.py"]


def test_B12_rename_by_key(open_room: OpenRoom) -> None:
    asha, ravi = open_room(FILES, "Asha", "Ravi")
    asha.row("a.py").focus()
    asha.presses("F2", "Control+a").types("z.py").presses("Enter")
    expect(ravi.row("z.py")).to_be_visible()
    expect(ravi.row("a.py")).to_have_count(0)


def test_B12_move_by_drag_and_by_menu(open_room: OpenRoom) -> None:
    asha, ravi = open_room(FILES, "Asha", "Ravi")
    asha.row("a.py").drag_to(asha.row("src"))
    expect(ravi.page.locator("[data-path='src/a.py']")).to_be_visible()
    ravi.row("b.js").click(button="right")
    ravi.page.get_by_role("menuitem", name="Move").click()
    ravi.page.get_by_text("Top level").click()
    ravi.page.get_by_role("button", name="Move here").click()
    expect(asha.page.locator("[data-path='b.js']")).to_be_visible()


def test_B12_a_renamed_folder_takes_its_files_along(open_room: OpenRoom) -> None:
    asha, ravi = open_room(FILES, "Asha", "Ravi")
    asha.row("src").focus()
    asha.presses("F2", "Control+a").types("lib").presses("Enter")
    expect(ravi.page.locator("[data-path='lib/b.js']")).to_be_visible()


def test_B12_a_deletion_can_be_undone(open_room: OpenRoom) -> None:
    asha, ravi = (page.open("a.py") for page in open_room(FILES, "Asha", "Ravi"))
    asha.row("a.py").focus()
    asha.presses("Delete")
    expect(ravi.row("a.py")).to_have_count(0)
    expect(asha.page.get_by_text("a.py deleted")).to_be_visible()
    asha.page.get_by_role("button", name="Undo").click()
    ravi.open("a.py").shows("print(1)", "")
    asha.shows("print(1)", "")


def test_B12_arrows_walk_the_tree(open_room: OpenRoom) -> None:
    (asha,) = open_room(FILES, "Asha")
    asha.row("src").focus()
    asha.presses("ArrowLeft")
    assert asha.paths() == ["src", "a.py"]
    asha.presses("ArrowRight", "ArrowDown", "Enter")
    expect(asha.tab).to_contain_text("b.js")


def test_B13_upload_and_download(open_room: OpenRoom, tmp_path: Path) -> None:
    (asha,) = open_room(FILES, "Asha")
    text, image = tmp_path / "notes.txt", tmp_path / "image.png"
    text.write_bytes(b"first\r\nsecond\r\n")
    image.write_bytes(b"\x89PNG\x00\xff")
    asha.page.get_by_label("Upload files").set_input_files([text, image])
    expect(asha.tab).to_contain_text("notes.txt")
    asha.shows("first", "second", "")
    expect(asha.page.get_by_text("image.png: not text")).to_be_visible()
    asha.row("notes.txt").click(button="right")
    with asha.page.expect_download() as download:
        asha.page.get_by_role("menuitem", name="Download").click()
    assert Path(download.value.path()).read_bytes() == b"first\nsecond\n"


def test_B13_zips_in_and_out(open_room: OpenRoom, tmp_path: Path) -> None:
    asha, ravi = open_room(FILES, "Asha", "Ravi")
    archive = tmp_path / "more.zip"
    archive.write_bytes(zip_of({"more/c.py": "print(3)\r\n"}))
    asha.page.get_by_label("Import a zip").set_input_files(archive)
    ravi.open("c.py").shows("print(3)", "")
    asha.page.get_by_role("button", name="More for files").click()
    with asha.page.expect_download() as download:
        asha.page.get_by_role("menuitem", name="Download all files").click()
    assert download.value.suggested_filename == "Chennai metro fares.zip"
    assert Path(download.value.path()).read_bytes()[:2] == b"PK"


def test_B13_pasted_lines_end_with_a_newline_only(open_room: OpenRoom) -> None:
    asha, ravi = (page.open("a.py") for page in open_room(FILES, "Asha", "Ravi"))
    asha.at_end_of(2)
    asha.page.locator(".cm-content").evaluate(
        """(box) => {
            const data = new DataTransfer();
            data.setData("text/plain", "x\\r\\ny\\r\\n");
            box.dispatchEvent(new ClipboardEvent("paste", {clipboardData: data, bubbles: true, cancelable: true}));
        }"""
    )
    for page in (asha, ravi):
        page.shows("print(1)", "x", "y", "")
