"""Requests become plans: paths, commands, the shapes of each language. No sandbox is needed here."""

import time
from pathlib import Path

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from exec_pool.cell.runner import place, wipe
from exec_pool.errors import BadRequest
from exec_pool.language import language_of
from exec_pool.languages import LANGUAGES
from exec_pool.limits import Limits
from exec_pool.plans import Plan, Toolchain, checked_files, make_plan
from exec_pool.protocol import file_frame
from exec_pool.runs import RunRequest
from tests.exec_pool.playground import ROWS, request

TOOLS = Toolchain({tool.name: f"/usr/bin/{tool.name}" for row in LANGUAGES for tool in row.tools}, go_archives=True)


def plan(wanted: RunRequest, toolchain: Toolchain = TOOLS) -> Plan:
    checked_files(wanted, 1 << 20)
    return make_plan(ROWS[wanted.language], wanted, Limits(), toolchain)


def room(*paths: str) -> RunRequest:
    return RunRequest(language="python", files=dict.fromkeys((*paths, "main.py"), b""), entry="main.py")


@pytest.mark.parametrize(
    "path",
    ["", "/etc/passwd", "../x", "a/../x", "a//b", "a/", ".", "./a", "a/./b", "a\0b", "\ud800", "main.py/x"],
)
def test_X50_paths_that_are_not_fit_are_refused(path: str) -> None:
    with pytest.raises(BadRequest):
        checked_files(room(path), 1 << 20)


@pytest.mark.parametrize(
    "path", ["ä ö/😀.py", "-rf", "a b\tc", "...", ".hidden", "\\", "x" * 255, "$(id)", "a\nb", "～"]
)
def test_X50_strange_names_are_fine(path: str) -> None:
    assert f"work/{path}" in plan(room(path)).files


def test_X50_too_much_is_refused() -> None:
    for wanted in (
        msgspec.structs.replace(room(), files={"main.py": bytes(2 << 20)}),
        msgspec.structs.replace(room(), stdin=bytes(2 << 20)),
        room(*(f"f{n}" for n in range(3000))),
        msgspec.structs.replace(room(), args=("x" * 70_000,)),
    ):
        with pytest.raises(BadRequest):
            checked_files(wanted, 1 << 20)


@given(st.text(max_size=60))
def test_X50_what_the_server_lets_pass_stays_inside(path: str) -> None:
    try:
        checked_files(room(path), 1 << 20)
    except BadRequest:
        return
    assert not path.startswith("/")
    assert ".." not in path.split("/")


@pytest.mark.parametrize("language", sorted(ROWS))
@pytest.mark.parametrize("entry", ["-o", "@list", "--help", " x"])
def test_X50_no_tool_takes_a_name_for_an_option(language: str, entry: str) -> None:
    named = entry + ROWS[language].extensions[0]
    for step in plan(request(language, "", entry=named)).job.steps:
        assert not {named, "@" + named} & set(step.argv)
        assert not [word for word in step.argv if word.startswith(named)]


def test_X50_the_runner_writes_over_nothing_and_follows_no_link(tmp_path: Path) -> None:
    def put(path: str, content: bytes = b"x") -> None:
        place(file_frame(path, content)[5:], str(tmp_path))

    put("work/a/b.txt")
    assert (tmp_path / "work/a/b.txt").read_bytes() == b"x"
    (tmp_path / "work/out").symlink_to("/etc")
    (tmp_path / "work/link").symlink_to("/etc/hostname")
    for path in ("work/a/b.txt", "work/out/x", "work/link", "work/a", "work/a/b.txt/c", "work"):
        with pytest.raises((OSError, ValueError)):
            put(path)
    for path in ("etc/x", "work/../x", "work//x", "/work/x", "work/./x", "", "work/"):
        with pytest.raises(ValueError, match="bad path"):
            put(path)


def test_X10_wiping_empties_a_folder_and_leaves_what_links_point_to(tmp_path: Path) -> None:
    kept, root = tmp_path / "kept", tmp_path / "root"
    kept.mkdir()
    (kept / "x").touch()
    (root / "a/b").mkdir(parents=True)
    (root / "a/b/c").touch()
    (root / "a/link").symlink_to(kept)
    (root / "link").symlink_to(kept)
    wipe((str(root),))
    assert list(root.iterdir()) == []
    assert (kept / "x").exists()


def test_X63_sources_with_a_main_of_their_own_stay_out() -> None:
    files = {
        "near.c": "/* int main( */ // main(\nchar *s = \"main(\"; char c = '\\'';",
        "other.c": "int\nmain (void) {}",
        "deep/far.c": "",
        "near.cpp": "",
    }
    compile_ = plan(request("c", "int main() {}", files=files)).job.steps[0]
    assert [word for word in compile_.argv if word.endswith((".c", ".cpp"))] == ["main.c", "near.c"]


@pytest.mark.parametrize(
    ("entry", "text", "main", "placed"),
    [
        ("Main.java", "public class Main { void main() }", "Main", "Main.java"),
        ("x.java", "class A {} class B { public static void main(String[] a) {} } class C {}", "B", "x.java"),
        ("x.java", "// class No\npublic final class Yes { static void main(String[] a) {} }", "Yes", "Yes.java"),
        (
            "a/b/x.java",
            "package a.b;\npublic record Yes() { static void main(String[] a) {} }",
            "a.b.Yes",
            "a/b/Yes.java",
        ),
        ("x.java", "interface Empty {}", "x", "x.java"),
    ],
)
def test_X64_the_main_class_is_found(entry: str, text: str, main: str, placed: str) -> None:
    made = plan(request("java", text, entry=entry))
    assert made.job.steps[-1].argv[-1] == main
    assert f"work/{placed}" in made.files
    assert made.job.steps[0].argv[-1] == placed


def test_X64_a_file_of_the_wanted_name_is_not_replaced() -> None:
    text = "public class Yes { public static void main(String[] a) {} }"
    made = plan(request("java", text, entry="x.java", files={"Yes.java": "other"}))
    assert made.files["work/Yes.java"] == b"other"


def test_X65_go_is_built_as_a_module_only_when_it_is_one() -> None:
    files = {"near.go": "", "near_test.go": "", "deep/far.go": ""}
    quick = plan(request("go", "", files=files)).job.steps[0].argv
    assert [word for word in quick if word.endswith(".go")] == ["main.go", "near.go"]
    assert quick[0] == "/bin/bash"
    slow = plan(request("go", "", files=files), msgspec.structs.replace(TOOLS, go_archives=False)).job.steps[0].argv
    assert slow[:2] == ["/usr/bin/go", "build"]
    module = plan(request("go", "", files=files | {"go.mod": ""})).job.steps[0].argv
    assert (module[:2], module[-1]) == (["/usr/bin/go", "build"], "./")


@pytest.mark.parametrize(
    "text",
    [
        "/* ",
        '"\\',
        "'\\",
        "public ",
        "final ",
        "\n",
        "package ",
        "main ",
        "void ",
        "class ",
        "/*/",
        '"',
        "public\n",
        "//",
    ],
)
def test_X50_looking_at_hostile_sources_takes_no_time(text: str) -> None:
    hostile = (text * 400_000)[:400_000]
    began = time.process_time()
    for language in ("java", "c"):
        plan(request(language, hostile, files={f"near{ROWS[language].extensions[0]}": hostile}))
    assert time.process_time() - began < 1


@pytest.mark.parametrize(
    ("path", "language"),
    [
        ("a/b.PY", "python"),
        ("x.mjs", "javascript"),
        ("x.d.ts", "typescript"),
        ("x.h", None),
        ("Makefile", None),
        ("x.cc", "cpp"),
    ],
)
def test_X60_extensions_tell_the_language(path: str, language: str | None) -> None:
    assert language_of(path, LANGUAGES) == language


def test_X60_the_table_is_sound() -> None:
    extensions = [extension for row in LANGUAGES for extension in row.extensions]
    assert len(extensions) == len(set(extensions))
    for row in LANGUAGES:
        assert row.file_name.endswith(row.extensions)
        assert row.version[0] in {tool.name for tool in row.tools}
