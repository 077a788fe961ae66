"""Zips in and out."""

import io
import zipfile

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rooms.archive import ArchiveLimits, checked_path, free_path, pack, unpack
from rooms.errors import BadArchive, BadPath

LIMITS = ArchiveLimits(max_files=20, max_file_bytes=1000, max_bytes=5000)
NAMES = st.text("abc.नé ", min_size=1, max_size=8).filter(lambda name: name.strip(". ") == name)
PATHS = st.lists(NAMES, min_size=1, max_size=3).map("/".join)


def zipped(files: dict[str, bytes]) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return out.getvalue()


@given(
    st.dictionaries(PATHS, st.text(st.characters(exclude_characters="\r\0", codec="utf-8"), max_size=30), max_size=8)
)
def test_Z1_what_goes_out_comes_back_in(files: dict[str, str]) -> None:
    found, skipped = unpack(pack(files.items(), []), LIMITS)
    assert {path: text.removeprefix("\ufeff") for path, text in files.items()} == dict(found)
    assert skipped == []


def test_Z1_two_files_of_one_path_both_go_out() -> None:
    found, _ = unpack(pack([("a/x.py", "1"), ("a/x.py", "2"), ("a/x.py", "3")], []), LIMITS)
    assert found == [("a/x.py", "1"), ("a/x (2).py", "2"), ("a/x (3).py", "3")]


def test_Z1_a_path_that_no_room_should_have_goes_out_harmless() -> None:
    found, skipped = unpack(pack([("../../etc/passwd", "x"), ("/abs", "y"), ("\x00", "z")], ["empty", ".."]), LIMITS)
    assert [path for path, _ in found] == ["etc/passwd", "abs", "unnamed"]
    assert skipped == []


def test_line_ends_and_byte_order_marks_are_normalised() -> None:
    assert unpack(zipped({"a.txt": b"\xef\xbb\xbfone\r\ntwo\rthree\n"}), LIMITS)[0] == [("a.txt", "one\ntwo\nthree\n")]


def test_Z2_a_bomb_stops_at_the_limit() -> None:
    with pytest.raises(BadArchive):
        unpack(zipped({"big.txt": b"a" * 50_000_000}), LIMITS)
    with pytest.raises(BadArchive):
        unpack(zipped({f"{number}.txt": b"a" * 900 for number in range(10)}), LIMITS)
    with pytest.raises(BadArchive):
        unpack(zipped({f"{number}.txt": b"" for number in range(30)}), LIMITS)


def test_Z2_a_size_that_lies_is_not_believed() -> None:
    honest = zipped({"a.txt": b"a" * 3000})
    lying = honest.replace((3000).to_bytes(4, "little"), (10).to_bytes(4, "little"))
    with pytest.raises(BadArchive):
        unpack(lying, LIMITS)


def test_Z3_what_is_no_text_or_leaves_the_room_is_skipped_and_named() -> None:
    link = zipfile.ZipInfo("link")
    link.external_attr = 0o120777 << 16
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        archive.writestr(link, "/etc/passwd")
        for name in ("../up.txt", "/abs.txt", "a//b.txt", "back\\slash.txt", "node_modules/x.js", "ok.txt"):
            archive.writestr(name, "text")
        archive.writestr("image.png", b"\x89PNG\x00\xff")
        archive.writestr("latin.txt", "caf\xe9".encode("latin-1"))
    found, skipped = unpack(out.getvalue(), LIMITS)
    assert [path for path, _ in found] == ["ok.txt"]
    assert {(skip.path, skip.reason) for skip in skipped} >= {
        ("link", "symbolic_link"),
        ("../up.txt", "bad_path"),
        ("/abs.txt", "bad_path"),
        ("a//b.txt", "bad_path"),
        ("node_modules/x.js", "generated"),
        ("image.png", "not_text"),
        ("latin.txt", "not_text"),
    }


@given(st.binary(max_size=300))
def test_Z3_bytes_that_are_no_zip_are_refused(data: bytes) -> None:
    with pytest.raises(BadArchive):
        unpack(data, LIMITS)


@given(st.integers(0, 10_000), st.integers(0, 255))
def test_Z3_a_damaged_zip_is_refused_or_read_within_limits(position: int, value: int) -> None:
    data = bytearray(zipped({"a.txt": b"hello " * 50, "b/c.py": b"print(1)\n"}))
    data[position % len(data)] = value
    try:
        found, _ = unpack(bytes(data), LIMITS)
    except BadArchive:
        return
    assert sum(len(text.encode()) for _, text in found) <= LIMITS.max_bytes


@pytest.mark.parametrize("path", ["", "/a", "a/", "a//b", ".", "..", "a/../b", "a\\b", "a\nb", "a\0b", "x" * 201])
def test_Z3_paths_that_no_room_accepts(path: str) -> None:
    with pytest.raises(BadPath):
        checked_path(path)


def test_a_free_path_gets_the_next_number_before_its_extension() -> None:
    taken = dict.fromkeys(["a/x.py", "a/x (2).py", ".env", "Makefile"], 2)
    assert free_path("a/x.py", taken) == "a/x (3).py"
    assert free_path(".env", taken) == ".env (2)"
    assert free_path("Makefile", taken) == "Makefile (2)"
    assert free_path("new.py", taken) == "new.py"
