"""Every language: hello, failure, input, several files."""

import pytest

from exec_pool.limits import Limits
from exec_pool.runner_pool import Runner
from tests.exec_pool.playground import ROWS, perform, request, start, until

pytestmark = [pytest.mark.asyncio(loop_scope="session"), pytest.mark.xdist_group("exec")]

EVERY = sorted(ROWS)
ROOMY = Limits(wall_seconds=30)

ECHO = {
    "python": "for line in open(0): print('got', line.strip())\nprint('end')",
    "javascript": "require('readline').createInterface({input: process.stdin})"
    ".on('line', l => console.log('got', l)).on('close', () => console.log('end'));",
    "typescript": "import * as readline from 'readline';\n"
    "const lines = readline.createInterface({input: process.stdin});\n"
    "lines.on('line', (l: string) => console.log('got', l)).on('close', () => console.log('end'));",
    "c": '#include <stdio.h>\nint main(void) { char s[99]; while (scanf("%98s", s) == 1) printf("got %s\\n", s);'
    ' printf("end\\n"); }',
    "cpp": "#include <iostream>\n#include <string>\nint main() { std::string s;"
    ' while (std::cin >> s) std::cout << "got " << s << "\\n"; std::cout << "end\\n"; }',
    "java": "import java.util.Scanner;\nclass Main { public static void main(String[] a) {"
    ' Scanner in = new Scanner(System.in); while (in.hasNext()) System.out.println("got " + in.next());'
    ' System.out.println("end"); } }',
    "go": 'package main\nimport ("bufio"; "fmt"; "os")\nfunc main() { in := bufio.NewScanner(os.Stdin)\n'
    'for in.Scan() { fmt.Println("got", in.Text()) }\nfmt.Println("end") }',
    "rust": 'use std::io::BufRead;\nfn main() { for line in std::io::stdin().lock().lines() { println!("got {}",'
    ' line.unwrap()); } println!("end"); }',
    "ruby": "while line = gets\n  puts \"got #{line}\"\nend\nputs 'end'",
    "csharp": "using System; class P { static void Main() { string s; while ((s = Console.ReadLine()) != null)"
    ' Console.WriteLine("got " + s); Console.WriteLine("end"); } }',
    "php": "<?php while (($line = fgets(STDIN)) !== false) echo 'got ', trim($line), PHP_EOL; echo 'end', PHP_EOL;",
    "perl": 'while (<STDIN>) { chomp; print "got $_\\n"; }\nprint "end\\n";',
    "lua": "for line in io.lines() do print('got ' .. line) end print('end')",
    "r": "for (line in readLines(file('stdin'))) cat('got ', line, '\\n', sep='')\ncat('end\\n')",
    "bash": "while read line; do echo got $line; done; echo end",
}


@pytest.mark.parametrize("language", EVERY)
async def test_X60_hello(sandbox: Runner, language: str) -> None:
    outcome = await perform(sandbox, request(language, ROWS[language].sample, limits=ROOMY))
    assert outcome.text() == "Hello, world!\n", outcome
    assert outcome.result.status == "ok"
    assert outcome.result.exit_code == 0
    assert outcome.text("stderr") == ""
    assert outcome.result.wall_seconds > 0
    assert outcome.result.memory_bytes > 0


async def test_X60_at_least_sixteen_languages_are_known() -> None:
    assert len(ROWS) >= 16
    assert set(ROWS) - set(ECHO) == {"sql"}


@pytest.mark.parametrize("language", EVERY)
async def test_X60_a_failing_program(sandbox: Runner, language: str) -> None:
    outcome = await perform(sandbox, request(language, ROWS[language].failing, limits=ROOMY))
    assert outcome.result.status == "failed", outcome
    assert outcome.result.exit_code or outcome.result.signal
    assert outcome.result.message


@pytest.mark.parametrize("language", sorted(ECHO))
async def test_X41_input_given_while_it_runs(runner: Runner, language: str) -> None:
    run, heard = start(runner, request(language, ECHO[language], limits=ROOMY))
    run.write(b"one\n")
    run.write(b"two\n")
    run.close_stdin()
    result = await run.result()
    assert heard.text() == "got one\ngot two\nend\n", (result, heard)


@pytest.mark.parametrize("language", EVERY)
async def test_X60_every_language_has_a_version(runner: Runner, language: str) -> None:
    known = {info.id: info for info in runner.languages}
    assert known[language].available, known[language].reason
    assert known[language].version[0].isdigit()


@pytest.mark.parametrize("language", sorted(row.id for row in ROWS.values() if row.compile))
async def test_X26_text_that_is_no_program_does_not_compile(runner: Runner, language: str) -> None:
    outcome = await perform(runner, request(language, "this is ( no program", limits=ROOMY))
    assert outcome.result.status == "compile_error"
    assert outcome.text("compile")
    assert outcome.text() == ""


MANY_FILES: dict[str, tuple[str, str, dict[str, str], str]] = {
    "X61 python beside": ("python", "src/main.py", {"src/near.py": "WORD = 'near'"}, "import near; print(near.WORD)"),
    "X61 python top": (
        "python",
        "src/main.py",
        {"lib/far.py": "WORD = 'near'"},
        "from lib import far; print(far.WORD)",
    ),
    "X51 python data": ("python", "a/main.py", {"b/data.txt": "near"}, "print(open('b/data.txt').read())"),
    "X66 javascript": ("javascript", "a/main.js", {"b/x.js": "exports.w = 'near'"}, "console.log(require('../b/x').w)"),
    "X66 module": (
        "javascript",
        "main.mjs",
        {"x.mjs": "export const w = 'near'"},
        "import {w} from './x.mjs'; console.log(w)",
    ),
    "X62 typescript": (
        "typescript",
        "a/main.ts",
        {"b/x.ts": "export const w: string = 'near'"},
        "import {w} from '../b/x'; console.log(w)",
    ),
    "X63 c": (
        "c",
        "main.c",
        {
            "near.c": 'const char *near(void) { return "near"; } // main(',
            "near.h": "const char *near(void);",
            "other.c": "int main(void) { return 9; }",
        },
        '#include <stdio.h>\n#include "near.h"\nint main(void) { puts(near()); }',
    ),
    "X63 c++": (
        "cpp",
        "src/-odd name.cpp",
        {"src/near.cpp": 'const char *near() { return "near"; }', "include/near.h": "const char *near();"},
        '#include <cstdio>\n#include "include/near.h"\nint main() { puts(near()); }',
    ),
    "X64 java": (
        "java",
        "Main.java",
        {"Near.java": 'class Near { static String word() { return "near"; } }'},
        "public class Main { public static void main(String[] a) { System.out.println(Near.word()); } }",
    ),
    "X64 java renamed": (
        "java",
        "untitled.java",
        {},
        "record Other(int x) {}\npublic class Puzzle { public static void main(String... a)"
        ' { System.out.println("near"); } }',
    ),
    "X64 java package": (
        "java",
        "org/sea/Main.java",
        {"org/sea/Near.java": 'package org.sea; class Near { static String W = "near"; }'},
        "package org.sea;\nclass Main { public static void main(String[] a) { System.out.println(Near.W); } }",
    ),
    "X65 go": (
        "go",
        "cmd/main.go",
        {"cmd/near.go": 'package main\nfunc near() string { return "near" }', "cmd/x_test.go": "package main\nbad"},
        'package main\nimport "fmt"\nfunc main() { fmt.Println(near()) }',
    ),
    "X66 rust": (
        "rust",
        "main.rs",
        {"x.rs": 'pub const W: &str = "near";'},
        'mod x;\nfn main() { println!("{}", x::W); }',
    ),
    "X66 ruby": ("ruby", "a/main.rb", {"b/x.rb": "W = 'near'"}, "require_relative '../b/x'\nputs W"),
    "X67 c#": (
        "csharp",
        "Main.cs",
        {"Near.cs": 'class Near { public const string W = "near"; }', "Other.cs": "class X { static void Main() {} }"},
        "class P { static void Main() { System.Console.WriteLine(Near.W); } }",
    ),
    "X67 php": ("php", "a/main.php", {"b/x.php": "<?php $w = 'near';"}, "<?php require 'b/x.php'; echo $w;"),
    "X67 perl": ("perl", "main.pl", {"Near.pm": "package Near; sub w { 'near' } 1;"}, "use Near; print Near::w();"),
    "X67 lua": ("lua", "a/main.lua", {"near.lua": "return 'near'"}, "print((require('near')))"),
    "X67 r": ("r", "main.R", {"x.R": "w <- 'near'"}, "source('x.R'); cat(w)"),
    "X66 bash": ("bash", "main.sh", {"x.sh": "W=near"}, ". ./x.sh\necho $W"),
}


@pytest.mark.parametrize("name", MANY_FILES)
async def test_X51_X61_X62_X63_X64_X65_X66_X67_several_files(runner: Runner, name: str) -> None:
    language, entry, files, text = MANY_FILES[name]
    outcome = await perform(runner, request(language, text, files=files, entry=entry, limits=ROOMY))
    assert outcome.text().strip() == "near", outcome


async def test_X65_a_go_module_of_several_packages(runner: Runner) -> None:
    files = {"go.mod": "module room\n\ngo 1.19\n", "near/near.go": 'package near\nconst W = "near"\n'}
    text = 'package main\nimport "room/near"\nfunc main() { println(near.W) }\n'
    outcome = await perform(runner, request("go", text, files=files, limits=ROOMY))
    assert outcome.text("stderr").strip() == "near", outcome


async def test_X62_errors_of_typescript_show_the_line_of_the_source(runner: Runner) -> None:
    outcome = await perform(runner, request("typescript", "const a: number = 1;\n\nthrow new Error('here');\n"))
    assert "main.ts:3" in outcome.text("stderr")


async def test_X40_prompts_without_a_line_end_are_seen_at_once(runner: Runner) -> None:
    asking = {
        "python": "print('name?', end=' '); input()",
        "c": '#include <stdio.h>\nint main(void) { char s[9]; printf("name? "); scanf("%8s", s); }',
        "cpp": "#include <cstdio>\n#include <iostream>\n"
        'int main() { int x; printf("na"); std::cout << "me? "; std::cin >> x; }',
        "ruby": "print 'name? '; gets",
        "java": 'class Main { public static void main(String[] a) throws Exception { System.out.print("name? ");'
        " System.in.read(); } }",
        "bash": "printf 'name? '; read x",
    }
    runs = [start(runner, request(language, text, limits=ROOMY)) for language, text in asking.items()]
    await until(lambda: all("name? " in heard.text() for _, heard in runs), 20)
    for run, _ in runs:
        run.write(b"1\n")
    results = [await run.result() for run, _ in runs]
    assert [result.status for result in results] == ["ok"] * len(asking)


async def test_arguments_reach_the_program_as_they_are(runner: Runner) -> None:
    args = ("-c", "a b", "", "$(id)", "ä")
    outcome = await perform(runner, request("python", "import sys; print(sys.argv[1:])", args=args))
    assert outcome.text().strip() == repr(list(args))
