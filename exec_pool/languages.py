"""The languages: one frozen table. Adding a language is adding a row (and its Debian package to apt-packages.txt).

Words in braces are filled in by `plans.py`: `{entry}` the file to run, `{sources}` it and the files compiled with
it, `{folder}` its folder, `{heap}` MiB for a managed heap, `{main}` the main class, `{sync}` the Ruby prelude.
"""

import msgspec


class LanguageInfo(msgspec.Struct, frozen=True, kw_only=True):
    """What clients learn about a language. `reason` is empty when it is available."""

    id: str
    name: str
    version: str
    available: bool
    reason: str
    extensions: tuple[str, ...]
    file_name: str
    sample: str


class Tool(msgspec.Struct, frozen=True):
    """A program a language needs, and the Debian package that brings it."""

    name: str
    package: str


class Language(msgspec.Struct, frozen=True, kw_only=True):
    """One row. The first element of an argv is a tool name or a path in the cell; extensions have their dot."""

    id: str
    name: str
    extensions: tuple[str, ...]
    file_name: str
    tools: tuple[Tool, ...]
    version: tuple[str, ...]
    run: tuple[str, ...]
    compile: tuple[str, ...] = ()
    env: tuple[tuple[str, str], ...] = ()
    heap_full: str = ""
    sample: str
    failing: str


NODE = Tool("node", "nodejs")
C_STEMS = ("-O2", "-pipe", "-I/work", "-o", "/tmp/build/main", "{sources}")
UNBUFFERED_C = ("stdbuf", "-o0", "/tmp/build/main")
SMALL_JAVA = ("-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", "-Xshare:auto")

LANGUAGES: tuple[Language, ...] = (
    Language(
        id="python",
        name="Python",
        extensions=(".py",),
        file_name="main.py",
        tools=(Tool("python3", "python3"),),
        version=("python3", "--version"),
        run=("python3", "-u", "{entry}"),
        env=(("PYTHONPATH", "/work"), ("PYTHONDONTWRITEBYTECODE", "1"), ("PYTHONUNBUFFERED", "1")),
        sample='print("Hello, world!")\n',
        failing='raise ValueError("no")\n',
    ),
    Language(
        id="javascript",
        name="JavaScript",
        extensions=(".js", ".mjs", ".cjs"),
        file_name="main.js",
        tools=(NODE,),
        version=("node", "--version"),
        run=("node", "{entry}"),
        heap_full="JavaScript heap out of memory",
        sample='console.log("Hello, world!");\n',
        failing='throw new Error("no");\n',
    ),
    Language(
        id="typescript",
        name="TypeScript",
        extensions=(".ts", ".mts", ".cts"),
        file_name="main.ts",
        tools=(Tool("esbuild", "esbuild"), NODE),
        version=("esbuild", "--version"),
        compile=(
            "esbuild",
            "{entry}",
            "--bundle",
            "--platform=node",
            "--format=cjs",
            "--sourcemap=inline",
            "--log-level=warning",
            "--outfile=/tmp/build/main.js",
        ),
        run=("node", "--enable-source-maps", "/tmp/build/main.js"),
        heap_full="JavaScript heap out of memory",
        sample='const name: string = "world";\nconsole.log(`Hello, ${name}!`);\n',
        failing='const problem: string = "no";\nthrow new Error(problem);\n',
    ),
    Language(
        id="c",
        name="C",
        extensions=(".c",),
        file_name="main.c",
        tools=(Tool("gcc", "gcc libc6-dev"),),
        version=("gcc", "-dumpfullversion"),
        compile=("gcc", "-std=gnu17", *C_STEMS, "-lm"),
        run=UNBUFFERED_C,
        sample='#include <stdio.h>\n\nint main(void) {\n    printf("Hello, world!\\n");\n    return 0;\n}\n',
        failing="#include <stdlib.h>\nint main(void) { abort(); }\n",
    ),
    Language(
        id="cpp",
        name="C++",
        extensions=(".cpp", ".cc", ".cxx"),
        file_name="main.cpp",
        tools=(Tool("g++", "g++"),),
        version=("g++", "-dumpfullversion"),
        compile=("g++", "-std=gnu++20", *C_STEMS),
        run=UNBUFFERED_C,
        sample='#include <iostream>\n\nint main() {\n    std::cout << "Hello, world!" << std::endl;\n}\n',
        failing='#include <stdexcept>\nint main() { throw std::runtime_error("no"); }\n',
    ),
    Language(
        id="java",
        name="Java",
        extensions=(".java",),
        file_name="Main.java",
        tools=(Tool("javac", "default-jdk-headless"), Tool("java", "default-jdk-headless")),
        version=("java", "-Xshare:auto", "-XX:TieredStopAtLevel=1", "-version"),
        compile=(
            "javac",
            "-J-Xmx256m",
            *("-J" + option for option in SMALL_JAVA),
            "-proc:none",
            "-encoding",
            "UTF-8",
            "-sourcepath",
            "{folder}:/work",
            "-d",
            "/tmp/build",
            "{entry}",
        ),
        run=("java", "-Xmx{heap}m", "-Xss16m", *SMALL_JAVA, "-Dfile.encoding=UTF-8", "-cp", "/tmp/build", "{main}"),
        heap_full="java.lang.OutOfMemoryError",
        sample=(
            "public class Main {\n    public static void main(String[] args) {\n"
            '        System.out.println("Hello, world!");\n    }\n}\n'
        ),
        failing='class Main { public static void main(String[] a) { throw new RuntimeException("no"); } }\n',
    ),
    Language(
        id="go",
        name="Go",
        extensions=(".go",),
        file_name="main.go",
        tools=(Tool("go", "golang-go"),),
        version=("go", "version"),
        compile=("go", "build", "-p", "2", "-o", "/tmp/build/main", "{sources}"),
        run=("/tmp/build/main",),
        env=(("GOCACHE", "/tmp/go"), ("GOPATH", "/tmp/gopath"), ("GOPROXY", "off"), ("GOTOOLCHAIN", "local")),
        sample='package main\n\nimport "fmt"\n\nfunc main() {\n\tfmt.Println("Hello, world!")\n}\n',
        failing='package main\n\nfunc main() {\n\tpanic("no")\n}\n',
    ),
    Language(
        id="rust",
        name="Rust",
        extensions=(".rs",),
        file_name="main.rs",
        tools=(Tool("rustc", "rustc"),),
        version=("rustc", "--version"),
        compile=(
            "rustc",
            "--edition=2021",
            "-Copt-level=1",
            "-Cdebuginfo=0",
            "-Ccodegen-units=1",
            "-o",
            "/tmp/build/main",
            "{entry}",
        ),
        run=("/tmp/build/main",),
        env=(("RUST_BACKTRACE", "0"),),
        sample='fn main() {\n    println!("Hello, world!");\n}\n',
        failing='fn main() {\n    panic!("no");\n}\n',
    ),
    Language(
        id="ruby",
        name="Ruby",
        extensions=(".rb",),
        file_name="main.rb",
        tools=(Tool("ruby", "ruby"),),
        version=("ruby", "--version"),
        run=("ruby", "-r{sync}", "{entry}"),
        env=(("RUBYLIB", "/work"),),
        sample='puts "Hello, world!"\n',
        failing='raise "no"\n',
    ),
    Language(
        id="bash",
        name="Bash",
        extensions=(".sh", ".bash"),
        file_name="main.sh",
        tools=(Tool("bash", "bash"),),
        version=("bash", "--version"),
        run=("bash", "{entry}"),
        sample='echo "Hello, world!"\n',
        failing="echo no >&2\nexit 3\n",
    ),
)


def language_of(path: str) -> str | None:
    """The id of the language a file is written in, by its extension; None when there is none."""
    lowered = path.lower()
    for language in LANGUAGES:
        if lowered.endswith(language.extensions):
            return language.id
    return None
