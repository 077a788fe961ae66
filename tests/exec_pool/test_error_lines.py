"""Lines of errors, as compilers and interpreters of this machine say them, and as hostile programs do."""

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from exec_pool.error_lines import LONGEST_LINE, error_lines
from exec_pool.languages import LANGUAGES
from exec_pool.runner_pool import Runner
from tests.exec_pool.playground import ROWS, perform, request
from tests.exec_pool.test_languages import ROOMY

BROKEN: dict[str, tuple[str, int, str]] = {
    "python": ("import json\n\ndef f():\n    json.loads('x')\n\nf()\n", 4, "JSONDecodeError"),
    "python syntax": ("x = 1\nif x\n    pass\n", 2, "SyntaxError"),
    "javascript": ("let a;\n\na.b.c = 1;\n", 3, "TypeError"),
    "javascript syntax": ("let a = 1;\nlet b = ;\n", 2, "SyntaxError"),
    "typescript": ("const a: string[] = [];\nconsole.log(a[0].length);\n", 2, "TypeError"),
    "typescript syntax": ("const a: number = 1;\nconst b = ;\n", 2, "Unexpected"),
    "c": ("int main(void) {\n    return x;\n}\n", 2, "undeclared"),
    "cpp": ("#include <string>\nint main() {\n    std::strin g;\n}\n", 3, "strin"),
    "java": ("class Main {\n  public static void main(String[] a) {\n    int x = y;\n  }\n}\n", 3, "symbol"),
    "java run": ("class Main {\n  public static void main(String[] a) {\n    a[7] = null;\n  }\n}\n", 3, "ArrayIndex"),
    "go": ('package main\n\nfunc main() {\n\tx := 1\n}\n', 4, "x declared"),
    "go run": ("package main\n\nfunc main() {\n\tvar a []int\n\tprintln(a[len(a)])\n}\n", 5, "index out of range"),
    "rust": ("fn main() {\n    let x: u8 = y;\n}\n", 2, "cannot find value"),
    "rust run": ("fn main() {\n    let v: Vec<u8> = vec![];\n    v[1];\n}\n", 3, "index out of bounds"),
    "ruby": ("def f\n  nil.upcase\nend\nf\n", 2, "undefined method"),
    "bash": ("echo a\nno-such-command\nexit 3\n", 2, "command not found"),
    "csharp": ("class P {\n  static void Main() {\n    int x = y;\n  }\n}\n", 3, "y"),
    "csharp run": ("class P {\n  static void Main() {\n    int[] a = {};\n    a[1] = 2;\n  }\n}\n", 4, "IndexOut"),
    "php": ("<?php\n$a = null;\n$a->b();\n", 3, "Call to a member function"),
    "perl": ("use strict;\nmy $x = 1;\ndie 'oh no';\n", 3, "oh no"),
    "lua": ("local a\nprint(a.b)\n", 2, "index a nil value"),
    "sql": ("SELECT 1;\n\nSELECT * FROM nowhere;\n", 3, "nowhere"),
}  # fmt: skip


@pytest.mark.asyncio(loop_scope="session")
@pytest.mark.parametrize("name", BROKEN)
async def test_X46_the_line_of_an_error_is_found(runner: Runner, name: str) -> None:
    text, line, message = BROKEN[name]
    outcome = await perform(runner, request(name.split()[0], text, limits=ROOMY, lease="lines"))
    assert outcome.result.status in ("failed", "compile_error")
    assert outcome.result.errors, outcome
    first = outcome.result.errors[0]
    assert (first.path, first.line) == (ROWS[name.split()[0]].file_name, line), outcome.result.errors
    assert message in first.message


@pytest.mark.asyncio(loop_scope="session")
async def test_X46_an_error_in_another_file_of_the_room_is_told_with_its_path(runner: Runner) -> None:
    files = {"lib/far.py": "def f():\n    return 1 / 0\n"}
    outcome = await perform(runner, request("python", "from lib.far import f\nf()\n", files=files))
    assert [(error.path, error.line) for error in outcome.result.errors] == [("lib/far.py", 2)]
    outcome = await perform(runner, request("c", '#include "a.h"\nint main(void) {}', files={"a.h": "int x = ;\n"}))
    assert [(error.path, error.line) for error in outcome.result.errors] == [("a.h", 1)]


@pytest.mark.asyncio(loop_scope="session")
async def test_X46_a_run_that_is_fine_has_none(runner: Runner) -> None:
    text = "import sys\nprint('  File \"main.py\", line 1', file=sys.stderr)\n"
    assert (await perform(runner, request("python", text))).result.errors == ()


@given(st.sampled_from(LANGUAGES), st.binary(max_size=2000), st.booleans())
def test_X46_noise_names_no_file_that_the_room_has_not(language: object, noise: bytes, compiling: bool) -> None:
    row = next(row for row in LANGUAGES if row is language)
    for error in error_lines(row, noise, {"main.py"}, "main.py", compiling):
        assert error.path == "main.py"
        assert error.line > 0


@pytest.mark.parametrize(
    "text", ["a at ", "at (", 'File "', "x:1:", "error: ", "(1,", "\t", " ", "Error", "a:1:1: error: "]
)
def test_X46_hostile_text_takes_no_time(text: str) -> None:
    hostile = (text * 20_000)[:20_000].encode()
    began = time.process_time()
    for row in LANGUAGES:
        for error in error_lines(row, hostile, {"main.py"}, "main.py", True):
            assert len(error.message) <= LONGEST_LINE
    assert time.process_time() - began < 1
