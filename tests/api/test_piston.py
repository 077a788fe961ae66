"""The Piston-compatible API over HTTP and its socket; a client of others is in tests/interop."""

import asyncio
import json
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from typing import Any

import httpx
import pytest
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidStatus

from api.semver import Version, matches, version_of
from tests.server import Server, eventually, running

TOKEN = "let me in"


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    data = tmp_path_factory.mktemp("piston") / "data"
    with running(data, piston_tokens=TOKEN, run_memory_bytes=128 * 2**20, run_output_bytes=100_000) as started:
        yield started
        assert started.stop() == 0


@pytest.fixture
async def api(server: Server) -> "Api":
    found = Api(server)
    await eventually(lambda: {"python", "c"} <= {row["language"] for row in found("GET", "/runtimes").json()})
    return found


class Api:
    """Calls with a token."""

    def __init__(self, server: Server) -> None:
        self.server = server

    def __call__(self, method: str, path: str, **more: Any) -> httpx.Response:
        headers = {"Authorization": TOKEN} | more.pop("headers", {})
        return httpx.request(method, f"{self.server.http}/api/v2{path}", headers=headers, timeout=60, **more)

    def execute(self, text: str, language: str = "python", **more: Any) -> dict[str, Any]:
        body = {"language": language, "version": "*", "files": [{"content": text}]} | more
        answer = self("POST", "/execute", json=body)
        assert answer.status_code == 200, answer.text
        result: dict[str, Any] = answer.json()
        return result

    @asynccontextmanager
    async def socket(self, token: str = TOKEN) -> AsyncIterator[ClientConnection]:
        url = f"{self.server.ws}/api/v2/connect"
        async with connect(url, additional_headers={"Authorization": token}) as opened:
            yield opened


async def test_E36_runtimes_and_execute(api: Api) -> None:
    python = next(row for row in api("GET", "/runtimes").json() if row["language"] == "python")
    assert python["version"].count(".") == 2
    assert "py" in python["aliases"]
    files = [{"name": "main.py", "content": "import lib, sys; print(lib.x, sys.argv[1:], input())"}]
    files += [{"name": "lib.py", "content": "78203d2037", "encoding": "hex"}]
    files[1]["content"] = b"x = 7".hex()
    result = api.execute("", "py", files=files, args=["a b"], stdin="in")
    assert (result["language"], result["version"]) == ("python", python["version"])
    assert "compile" not in result
    run = result["run"]
    assert (run["stdout"], run["stderr"], run["output"]) == ("7 ['a b'] in\n", "", "7 ['a b'] in\n")
    assert (run["code"], run["signal"], run["status"], run["message"]) == (0, None, None, None)
    assert run["cpu_time"] > 0
    assert run["wall_time"] > 0
    assert run["memory"] > 10**6


async def test_E36_a_compiled_language_has_a_compile_stage(api: Api) -> None:
    result = api.execute('#include <stdio.h>\n#warning look\nint main(){puts("hi");return 3;}', "gcc")
    assert (result["language"], result["compile"]["code"], result["run"]["code"]) == ("c", 0, 3)
    assert "look" in result["compile"]["stderr"]
    assert (result["run"]["status"], result["run"]["message"]) == ("RE", "Exited with error status 3")
    broken = api.execute("int main({", "c")
    assert broken["compile"]["code"] == 1
    assert broken["run"] == broken["compile"]


@pytest.mark.parametrize(
    ("text", "more", "status", "signal"),
    [
        ("while True: pass", {"run_timeout": 400}, "TO", "SIGKILL"),
        ("while True: pass", {"run_cpu_time": 200}, "TO", "SIGKILL"),
        ("import os; os.kill(os.getpid(), 11)", {}, "SG", "SIGSEGV"),
        ("x = bytearray(300 << 20)", {"run_memory_limit": -1}, "SG", "SIGKILL"),
        ("while True: print('x' * 100)", {}, "OL", "SIGKILL"),
        ("1/0", {}, "RE", None),
    ],
)
async def test_E36_every_end_has_pistons_status(
    api: Api, text: str, more: dict[str, Any], status: str, signal: str
) -> None:
    run = api.execute(text, **more)["run"]
    assert (run["status"], run["signal"]) == (status, signal)
    assert run["message"]
    assert (run["code"] is None) == (signal is not None)


BAD: list[tuple[object, str]] = [
    ([], "language is required as a string"),
    ({"version": "*"}, "language is required as a string"),
    ({"language": "python"}, "version is required as a string"),
    ({"language": "python", "version": "*"}, "files is required as an array"),
    ({"language": "python", "version": "*", "files": [{}]}, "files[0].content is required as a string"),
    ({"language": "brainf", "version": "*", "files": []}, "brainf-* runtime is unknown"),
    ({"language": "python", "version": "2.x", "files": []}, "python-2.x runtime is unknown"),
    ({"language": "python", "version": "*", "files": []}, "files must include at least one utf8 encoded file"),
    ({"run_timeout": "1"}, "If specified, run_timeout must be a number"),
    ({"run_timeout": 10**9}, "run_timeout cannot exceed the configured limit of 60000"),
    ({"run_timeout": -1}, "run_timeout must be non-negative"),
    ({"args": "x"}, "If specified, args must be an array of strings"),
    ({"files": [{"content": "x"}, {"content": "?", "encoding": "hex", "name": "b"}]}, "files[1].content is not hex"),
    ({"files": [{"content": "x", "name": "../x"}]}, "Not a path: '../x.py'"),
]


async def test_E36_what_is_wrong_is_told_in_pistons_words(api: Api) -> None:
    whole = {"language": "python", "version": "*", "files": [{"content": "1"}]}
    for asked, message in BAD:
        body = whole | asked if isinstance(asked, dict) and not {"language", "version"} & set(asked) else asked
        answer = api("POST", "/execute", json=body)
        assert (answer.status_code, answer.json()) == (400, {"message": message})
    text = api("POST", "/execute", content=json.dumps(whole), headers={"Content-Type": "text/plain"})
    assert (text.status_code, text.json()) == (415, {"message": "requests must be of type application/json"})
    assert api("POST", "/execute", content=b"{", headers={"Content-Type": "application/json"}).status_code == 400
    assert api("POST", "/packages", json={}).status_code == 403
    assert api("GET", "/runtimes", headers={"Authorization": "no"}).status_code == 401


async def heard(socket: ClientConnection) -> tuple[list[dict[str, Any]], int | None]:
    """All messages until the server closes, and its code."""
    messages = []
    async with asyncio.timeout(60):
        try:
            while True:
                messages.append(json.loads(await socket.recv()))
        except ConnectionClosed:
            return messages, socket.close_code


def init(text: str, language: str = "python", **more: Any) -> str:
    return json.dumps({"type": "init", "language": language, "version": "*", "files": [{"content": text}]} | more)


def typed(text: str) -> str:
    return json.dumps({"type": "data", "stream": "stdin", "data": text})


async def test_E36_the_socket_talks_with_a_program_while_it_runs(api: Api) -> None:
    async with api.socket() as socket:
        await socket.send(
            init("while True:\n  line = input()\n  print('got', line)\n  if line == 'end': raise SystemExit(4)")
        )
        await socket.send(typed("early\n"))
        runtime, stage = [json.loads(await socket.recv()) for _ in range(2)]
        assert (runtime["type"], runtime["language"], stage) == ("runtime", "python", {"type": "stage", "stage": "run"})
        said = ""
        while said != "got early\n":
            message = json.loads(await socket.recv())
            assert (message["type"], message["stream"]) == ("data", "stdout")
            said += message["data"]
        await socket.send(typed("é\nend\n"))
        messages, code = await heard(socket)
    said = "".join(message["data"] for message in messages if message["type"] == "data")
    assert said == "got é\ngot end\n"
    assert messages[-1] == {"type": "exit", "stage": "run", "code": 4, "signal": None}
    assert code == 4999


async def test_E36_the_socket_shows_the_compile_stage_and_ends_there_when_it_fails(api: Api) -> None:
    for text, last in (("int main({", "compile"), ("int main(){return 0;}", "run")):
        async with api.socket() as socket:
            await socket.send(init(text, "c"))
            messages, code = await heard(socket)
        exits = [message["stage"] for message in messages if message["type"] == "exit"]
        assert (exits[-1], code) == (last, 4999)
        assert exits[0] == "compile"


async def test_E36_a_signal_ends_a_program_and_a_harmless_one_does_not(api: Api) -> None:
    async with api.socket() as socket:
        await socket.send(init("print('up', flush=True)\nwhile True: pass", run_timeout=20_000))
        while json.loads(await socket.recv())["type"] != "data":
            pass
        for name in ("SIGWINCH", "SIGTERM"):
            await socket.send(json.dumps({"type": "signal", "signal": name}))
        messages, code = await heard(socket)
    assert (messages[-1]["signal"], code) == ("SIGKILL", 4999)


@pytest.mark.parametrize(
    ("sent", "code"),
    [
        ([init("input()"), init("input()")], 4000),
        ([], 4001),
        (["nonsense"], 4002),
        ([init("", "klingon")], 4002),
        ([typed("x")], 4003),
        ([json.dumps({"type": "signal", "signal": "SIGKILL"})], 4003),
        ([init("input()"), json.dumps({"type": "data", "stream": "stdout", "data": ""})], 4004),
        ([init("input()"), json.dumps({"type": "signal", "signal": "SIGNONE"})], 4005),
    ],
)
async def test_E36_the_socket_has_pistons_close_codes(api: Api, sent: list[str], code: int) -> None:
    async with api.socket() as socket:
        for message in sent:
            await socket.send(message)
        messages, closed = await heard(socket)
    assert closed == code
    assert ("error" in [message["type"] for message in messages]) == (code == 4002)


async def test_E33_the_socket_is_refused_without_a_token(api: Api) -> None:
    with pytest.raises(InvalidStatus) as refused:
        async with api.socket("wrong"):
            pass
    assert refused.value.response.status_code == 401


@pytest.mark.parametrize(
    ("version", "selector", "expected"),
    [
        ((3, 11, 2), "*", True),
        ((3, 11, 2), "3", True),
        ((3, 11, 2), "3.x", True),
        ((3, 11, 2), "3.11.2", True),
        ((3, 11, 2), "3.11.1", False),
        ((3, 11, 2), "^3.10.0", True),
        ((3, 11, 2), "^3.12", False),
        ((4, 0, 0), "^3.10", False),
        ((0, 5, 3), "^0.5.1", True),
        ((0, 6, 0), "^0.5.1", False),
        ((3, 11, 2), "~3.11.0", True),
        ((3, 12, 0), "~3.11.0", False),
        ((3, 11, 2), ">=3 <4", True),
        ((3, 11, 2), ">= 3.12 || 2", False),
        ((3, 11, 2), ">3", False),
        ((4, 0, 0), ">3", True),
        ((3, 11, 2), "<=3", True),
        ((3, 11, 2), "", False),
        ((3, 11, 2), "three", False),
        ((3, 11, 2), "3." * 1000, False),
    ],
)
def test_E36_versions_are_selected_as_npm_does(version: Version, selector: str, expected: bool) -> None:
    assert matches(version, selector) == expected


def test_E36_a_version_is_found_in_what_a_tool_says() -> None:
    assert version_of("Python 3.11.2 (main)") == (3, 11, 2)
    assert version_of("go1.19") == (1, 19, 0)
    assert version_of("none") == (0, 0, 0)
