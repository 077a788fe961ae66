"""Languages that an operator adds, and options that people may ask for."""

from pathlib import Path

import msgspec
import pytest

from exec_pool.errors import BadRequest, SettingsWrong
from exec_pool.limits import ExecSettings
from exec_pool.runner_pool import Runner
from tests.exec_pool.playground import perform, request

pytestmark = [pytest.mark.asyncio(loop_scope="session"), pytest.mark.xdist_group("exec")]

AWK = """
[[language]]
id = "awk"
name = "AWK"
extensions = [".awk"]
file_name = "main.awk"
tools = [{name = "awk", package = "mawk"}]
version = ["awk", "-W", "version"]
run = ["awk", "{options}", "-f", "{entry}"]
options = ['-v\\w{1,20}=\\w{0,20}']
env = [["GREETING", "hello"]]
errors = ['^awk: (?P<path>[^:\\n]+): line (?P<line>\\d+): (?P<message>.*)$']
sample = 'BEGIN { print "Hello, world!" }'
"""
GCC_ONLY = AWK.replace('"awk"', '"c"').replace("AWK", "Small C").replace(".awk", ".cc0")


async def test_X68_a_row_of_the_operator_is_a_language(tmp_path: Path) -> None:
    file = tmp_path / "languages.toml"
    file.write_text(AWK)
    runner = Runner(ExecSettings(engine="bubblewrap", languages=str(file), warm_cells=0))
    await runner.open()
    assert (await runner.checked()).ok
    known = {info.id: info for info in runner.languages}
    assert known["awk"].available, known["awk"].reason
    assert runner.language_of("x/y.awk") == "awk"
    files = {"main.awk": b'BEGIN { print ENVIRON["GREETING"], who }'}
    plain = request("python", "")
    wanted = msgspec.structs.replace(plain, language="awk", files=files, entry="main.awk", options=("-vwho=you",))
    assert (await perform(runner, wanted)).text() == "hello you\n"
    broken = msgspec.structs.replace(wanted, files={"main.awk": b"BEGIN {\n\n  (\n}\n"})
    assert [(error.path, error.line) for error in (await perform(runner, broken)).result.errors] == [("main.awk", 3)]
    await runner.close()


async def test_X68_a_known_id_is_replaced(tmp_path: Path) -> None:
    file = tmp_path / "languages.toml"
    file.write_text(GCC_ONLY)
    table = Runner(ExecSettings(languages=str(file))).table
    assert [row.name for row in table if row.id == "c"] == ["Small C"]
    assert len({row.id for row in table}) == len(table)


@pytest.mark.parametrize(
    "text",
    [
        "nonsense",
        "language = 3",
        "[[language]]\nid = 'x'",
        AWK.replace('run = ["awk", "{options}", "-f", "{entry}"]', "run = []"),
        AWK.replace('id = "awk"', 'id = "../awk"'),
        AWK.replace("sample =", "colour ="),
        AWK.replace("-v\\w{1,20}", "-v(\\w{1,20}"),
        AWK.replace("[language]", "[languages]"),
    ],
)
async def test_X68_a_file_that_cannot_be_used_is_told_in_a_sentence(tmp_path: Path, text: str) -> None:
    file = tmp_path / "languages.toml"
    file.write_text(text)
    with pytest.raises(SettingsWrong, match=r"languages\.toml"):
        Runner(ExecSettings(languages=str(file)))
    with pytest.raises(SettingsWrong):
        Runner(ExecSettings(languages=str(tmp_path / "missing")))


async def test_X69_options_are_taken_from_the_list_only(runner: Runner) -> None:
    text = "#include <stdio.h>\nint main(void) { puts(WORD); }"
    wanted = msgspec.structs.replace(request("c", text), options=("-O3", "-DWORD=__FILE__", "-Wall"))
    assert (await perform(runner, wanted)).text() == "main.c\n"
    for option in (
        "-o/tmp/x", "-wrapper", "-fplugin=/work/x.so", "-B/work", "@file", "-I/etc", "-x", "", "-DX='`id`'", "-O3 -o",
        "-O3\n-o", "-Wl,-rpath", "-Wa,x", "-Wp,x", "-specs=x",
    ):  # fmt: skip
        with pytest.raises(BadRequest):
            runner.submit(msgspec.structs.replace(wanted, options=(option,)), print)
    with pytest.raises(BadRequest):
        runner.submit(msgspec.structs.replace(wanted, options=("-g",) * 99), print)
    plain = msgspec.structs.replace(request("python", "print(__debug__)"), options=("-O",))
    assert (await perform(runner, plain)).text() == "False\n"
