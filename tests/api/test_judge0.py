"""The Judge0-compatible API, first with the client that its makers publish."""

import asyncio
import base64
import io
import json
import stat
import zipfile
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any, ClassVar

import httpx
import judge0  # type: ignore[import-untyped]
import pytest

from api.callbacks import Callbacks
from tests.server import Server, eventually, running

TOKEN = "open sesame"
DEFAULTS = {"token", "stdout", "stderr", "compile_output", "message", "status", "time", "memory"}


class Listener:
    """Takes what is PUT to it; the first answer is an error."""

    def __init__(self) -> None:
        taken = self.taken = list[tuple[str, dict[str, Any]]]()

        class Handler(BaseHTTPRequestHandler):
            def do_PUT(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                taken.append((self.path, json.loads(body)))
                self.send_response(500 if len(taken) == 1 else 204)
                self.end_headers()

            def log_message(self, *_: object) -> None:
                pass

        self.http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.host = f"127.0.0.1:{self.http.server_port}"
        Thread(target=self.http.serve_forever, daemon=True).start()


@pytest.fixture(scope="module")
def listener() -> Iterator[Listener]:
    started = Listener()
    yield started
    started.http.shutdown()
    started.http.server_close()


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory, listener: Listener) -> Iterator[Server]:
    data = tmp_path_factory.mktemp("judge0") / "data"
    tokens = f"other, {TOKEN}"
    with running(data, judge0_tokens=tokens, callback_hosts=listener.host, foreign_waiting=60) as started:
        yield started
        assert started.stop() == 0


@pytest.fixture
async def api(server: Server) -> "Api":
    found = Api(server)
    await eventually(lambda: {71, 50} <= {row["id"] for row in found("GET", "/languages").json()})
    return found


class Api:
    """Calls with a token."""

    def __init__(self, server: Server) -> None:
        self.server = server

    def __call__(self, method: str, path: str, **more: Any) -> httpx.Response:
        headers = more.pop("headers", {"X-Auth-Token": TOKEN})
        url = f"{self.server.http}/judge0{path}"
        return httpx.request(method, url, headers=headers, timeout=60, **more)

    def judge(self, fields: str = "*", **asked: Any) -> dict[str, Any]:
        """Submit Python (if nothing else is said) without base64, wait, and give the result."""
        body = {"language_id": 71} | asked
        answer = self("POST", f"/submissions?base64_encoded=false&wait=true&fields={fields}", json=body)
        assert answer.status_code == 201, answer.text
        result: dict[str, Any] = answer.json()
        return result


async def test_E34_the_published_client_works_unchanged(api: Api) -> None:
    client = judge0.Client(f"{api.server.http}/judge0", {"X-Auth-Token": TOKEN})
    assert client.version == "1.13.1"
    one = judge0.run(client=client, source_code="print('hi ' + input())", stdin="you", language=judge0.PYTHON)
    assert (one.status, one.stdout, one.exit_code) == (judge0.Status.ACCEPTED, "hi you\n", 0)
    assert one.time is not None
    assert one.finished_at is not None
    cases = [judge0.TestCase("1", "1"), judge0.TestCase("2", "3"), judge0.TestCase("x", "x")]
    many = judge0.run(client=client, source_code="print(int(input()))", test_cases=cases, language=judge0.PYTHON)
    assert [str(done.status) for done in many] == ["Accepted", "Wrong Answer", "Runtime Error Nzec"]
    source = '#include <stdio.h>\nint main(){puts("c");}'
    compiled = judge0.run(client=client, source_code=source, language=judge0.C, expected_output="c")
    assert compiled.status == judge0.Status.ACCEPTED
    wrong = judge0.run(client=client, source_code="int main({", language=judge0.C)
    assert wrong.status == judge0.Status.COMPILATION_ERROR
    assert "error" in wrong.compile_output
    files = judge0.Filesystem(content=[judge0.File(name="lib.py", content="def f(): return 7")])
    multi = judge0.run(client=client, source_code="import lib; print(lib.f())", additional_files=files, language=71)
    assert multi.stdout == "7\n"


ENDS: list[tuple[dict[str, Any], int, str]] = [
    ({"source_code": "print(1)"}, 3, ""),
    ({"source_code": "print('1 \\n\\n')", "expected_output": "1"}, 3, ""),
    ({"source_code": "print(1)", "expected_output": "2"}, 4, ""),
    ({"source_code": "while True: pass", "cpu_time_limit": 0.2, "cpu_extra_time": 0.1}, 5, "Time limit exceeded"),
    ({"source_code": "import time; time.sleep(9)", "wall_time_limit": 0.5}, 5, "Time limit exceeded (wall clock)"),
    ({"source_code": "import os; os.kill(os.getpid(), 11)"}, 7, "Caught fatal signal 11"),
    ({"source_code": "print('x' * 3000)", "max_file_size": 1}, 8, "File size limit exceeded"),
    ({"source_code": "import os; os.kill(os.getpid(), 8)"}, 9, "Caught fatal signal 8"),
    ({"source_code": "import os; os.abort()"}, 10, "Caught fatal signal 6"),
    ({"source_code": "raise SystemExit(3)"}, 11, "Exited with error code 3"),
    ({"source_code": "x = bytearray(300 << 20)"}, 12, "Memory limit exceeded"),
    ({"source_code": "int main( {", "language_id": 50}, 6, ""),
]


@pytest.mark.parametrize(("asked", "status", "message"), ENDS)
async def test_E34_every_end_has_judge0s_status(api: Api, asked: dict[str, Any], status: int, message: str) -> None:
    result = api.judge(**asked)
    assert (result["status"]["id"], result["message"] or "") == (status, message)
    assert result["status"]["description"] == api("GET", "/statuses").json()[status - 1]["description"]
    assert (result["time"] is None) == (status == 6)


async def test_E34_options_do_what_they_say(api: Api) -> None:
    source = "import sys; print(sys.argv[1:], file=sys.stderr); print(input())"
    told = api.judge(source_code=source, command_line_arguments="a 'b c'", stdin="in", redirect_stderr_to_stdout=True)
    assert (told["stdout"], told["stderr"]) == ("['a', 'b c']\nin\n", None)
    assert api.judge(source_code="print(1)", number_of_runs=3)["number_of_runs"] == 3
    fields = api.judge(fields="status_id,language_id,cpu_time_limit,language", source_code="1")
    assert fields == {
        "status_id": 3,
        "language_id": 71,
        "cpu_time_limit": 5,
        "language": {"id": 71, "name": fields["language"]["name"]},
    }
    assert set(api.judge(fields="", source_code="1")) == DEFAULTS


def archive(**files: str) -> str:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as opened:
        for name, text in files.items():
            opened.writestr(name, text)
        link = zipfile.ZipInfo("link")
        link.external_attr = (stat.S_IFLNK | 0o777) << 16
        opened.writestr(link, "/etc/passwd")
    return base64.b64encode(packed.getvalue()).decode()


async def test_E34_archives_are_plain_files_and_a_multi_file_program_runs(api: Api) -> None:
    listed = api.judge(source_code="import os; print(sorted(os.listdir()))", additional_files=archive(a="1", b="2"))
    assert listed["stdout"] == "['a', 'b', 'main.py']\n"
    multi = archive(compile="echo 40 > made", run="echo $(($(cat made) + 2))")
    assert api.judge(language_id=89, additional_files=multi)["stdout"] == "42\n"
    for bad in ("bm90IGEgemlw", archive(**{"../up": "x"}), archive(**{"/abs": "x"})):
        answer = api(
            "POST", "/submissions?wait=true", json={"source_code": "MQ==", "language_id": 71, "additional_files": bad}
        )
        assert answer.status_code in (201, 422)
        assert answer.status_code == 422 or answer.json()["status"]["id"] == 13


async def test_E34_base64_both_ways(api: Api) -> None:
    source = base64.b64encode(b"import sys; sys.stdout.buffer.write(b'\\xff' * 60)").decode()
    body = {"source_code": source, "language_id": 71}
    answer = api("POST", "/submissions?base64_encoded=true&wait=true", json=body).json()
    assert base64.b64decode(answer["stdout"]) == b"\xff" * 60
    assert max(map(len, answer["stdout"].splitlines())) == 60
    plain = api("GET", f"/submissions/{answer['token']}?base64_encoded=false")
    assert (plain.status_code, "base64_encoded=true" in plain.json()["error"]) == (400, True)
    told = api(
        "POST",
        "/submissions?wait=true&base64_encoded=false",
        json={"source_code": "print('\\u0939')", "language_id": 71},
    )
    assert told.json()["stdout"] == "ह\n"


async def test_E34_batches_and_pages(api: Api) -> None:
    good, bad = {"source_code": "print(5)", "language_id": 71}, {"source_code": "", "language_id": 4711}
    answer = api("POST", "/submissions/batch?base64_encoded=false", json={"submissions": [good, bad, good]})
    assert answer.status_code == 201
    first, wrong, last = answer.json()
    assert wrong == {"source_code": ["can't be blank"], "language_id": ["language with id 4711 doesn't exist"]}
    path = (
        f"/submissions/batch?base64_encoded=false&tokens={first['token']},nope,{last['token']}&fields=stdout,status_id"
    )
    await eventually(lambda: api("GET", path).json()["submissions"][2] == {"stdout": "5\n", "status_id": 3})
    assert api("GET", path).json()["submissions"][1] is None
    assert api("POST", "/submissions/batch", json={"submissions": [bad]}).status_code == 422
    for odd in ([], [good] * 21):
        assert api("POST", "/submissions/batch", json={"submissions": odd}).status_code == 400
    page = api("GET", "/submissions?page=1&per_page=1&base64_encoded=false&fields=token").json()
    assert page["submissions"] == [{"token": last["token"]}]
    assert page["meta"]["next_page"] == 2
    for query in ("page=0x1", "per_page=0", "fields=nope"):
        assert api("GET", f"/submissions?{query}").status_code == 400


REFUSED: list[tuple[dict[str, Any], str]] = [
    ({}, "source_code"),
    ({"language_id": None}, "language_id"),
    ({"cpu_time_limit": 16}, "cpu_time_limit"),
    ({"cpu_time_limit": 0}, "cpu_time_limit"),
    ({"wall_time_limit": "soon"}, "wall_time_limit"),
    ({"memory_limit": 10**9}, "memory_limit"),
    ({"number_of_runs": 21}, "number_of_runs"),
    ({"enable_network": True}, "enable_network"),
    ({"callback_url": "http://169.254.169.254/"}, "callback_url"),
    ({"callback_url": "file:///etc/passwd"}, "callback_url"),
    ({"callback_url": "http://user@127.0.0.1:1/"}, "callback_url"),
    ({"command_line_arguments": "'open"}, "additional_files"),
]


async def test_E34_what_cannot_be_honoured_is_refused_by_field(api: Api) -> None:
    for asked, field in REFUSED:
        body = ({"source_code": "MQ==", "language_id": 71} if asked else {"language_id": 71}) | asked
        answer = api("POST", "/submissions", json=body)
        assert (asked, answer.status_code, list(answer.json())) == (asked, 422, [field])
    assert api("POST", "/submissions", content=b"nonsense").status_code == 422
    assert api("POST", "/submissions?fields=nope", json={}).json() == {"error": "invalid fields: [nope]"}
    assert api("GET", "/submissions/nope").status_code == 404
    assert api("DELETE", "/submissions/nope").json() == {"error": "delete not allowed"}


async def test_E33_only_with_a_token_and_within_the_quota(api: Api, tmp_path_factory: pytest.TempPathFactory) -> None:
    for headers in ({}, {"X-Auth-Token": "wrong"}, {"X-Auth-Token": ""}, {"Authorization": "Bearer x"}):
        for path in ("/languages", "/submissions/x", "/config_info"):
            assert api("GET", path, headers=headers).status_code == 401
    basic = base64.b64encode(f"any:{TOKEN}".encode()).decode()
    for shown in (f"Bearer {TOKEN}", TOKEN, f"Basic {basic}"):
        assert api("POST", "/authenticate", headers={"Authorization": shown}).status_code == 200
    slow = {"source_code": "aW1wb3J0IHRpbWU7IHRpbWUuc2xlZXAoMSk=", "language_id": 71}
    answers = [api("POST", "/submissions/batch", json={"submissions": [slow] * 20}) for _ in range(4)]
    assert [answer.status_code for answer in answers][:3] == [201, 201, 201]
    assert (answers[3].status_code, answers[3].json()) == (503, {"error": "queue is full"})
    assert api("GET", "/workers", headers={"X-Auth-Token": "other"}).status_code == 200


async def test_E33_off_without_tokens_and_limited_by_the_minute(tmp_path_factory: pytest.TempPathFactory) -> None:
    with running(tmp_path_factory.mktemp("off") / "data") as off:
        assert off.call("GET", "/judge0/languages").status_code == 404
        assert off.call("GET", "/api/v2/runtimes").status_code == 404
    with running(tmp_path_factory.mktemp("few") / "data", judge0_tokens=TOKEN, foreign_per_minute=2) as few:
        api = Api(few)
        await eventually(lambda: api("GET", "/languages").json())
        body = {"source_code": "MQ==", "language_id": 71}
        answers = [api("POST", "/submissions", json=body) for _ in range(3)]
        assert [answer.status_code for answer in answers] == [201, 201, 429]
        assert int(answers[2].headers["retry-after"]) >= 1


async def test_E35_callbacks_go_to_the_allowed_host_and_are_tried_again(api: Api, listener: Listener) -> None:
    body = {"source_code": "print('called')", "language_id": 71, "callback_url": f"http://{listener.host}/back?a=1"}
    token = api("POST", "/submissions?base64_encoded=false", json=body).json()["token"]
    await eventually(lambda: len(listener.taken) == 2)
    path, told = listener.taken[1]
    assert listener.taken[0] == listener.taken[1]
    assert (path, told["token"], base64.b64decode(told["stdout"])) == ("/back?a=1", token, b"called\n")
    assert set(told) == DEFAULTS


async def test_E34_a_hundred_submissions_at_once_each_have_one_result(api: Api) -> None:
    def go(number: int) -> str:
        other = {"X-Auth-Token": "other"}
        body = {"source_code": f"print({number})", "language_id": 71}
        path = "/submissions?base64_encoded=false&wait=true"
        while (answer := api("POST", path, json=body, headers=other)).status_code == 503:
            pass
        return str(answer.json()["stdout"])

    results = await asyncio.gather(*(asyncio.to_thread(go, number) for number in range(100)))
    assert results == [f"{number}\n" for number in range(100)]


@pytest.mark.parametrize(
    ("url", "allowed"),
    [
        ("https://hooks.example/x?y=1", True),
        ("http://HOOKS.example:80/", True),
        ("http://hooks.example:8080/", False),
        ("http://other.example:8080/", True),
        ("http://other.example/", False),
        ("http://hooks.example.evil.test/", False),
        ("http://evil.test/hooks.example", False),
        ("http://hooks.example@evil.test/", False),
        ("http://evil.test#@hooks.example/", False),
        ("http://hooks.example\\@evil.test/", False),
        ("http://hooks.example/\r\nX: y", False),
        ("http://hooks.example:x/", False),
        ("ftp://hooks.example/", False),
        ("//hooks.example/", False),
        ("http://[::1]/", False),
        ("http://127.0.0.1/", False),
        ("", False),
    ],
)
def test_E35_only_named_hosts_are_called(url: str, allowed: bool) -> None:
    assert Callbacks("hooks.example, other.example:8080").allows(url) == allowed
    assert not Callbacks("").allows(url)


class Redirecting(BaseHTTPRequestHandler):
    """Sends everybody on to itself, and counts them."""

    asked: ClassVar[list[str]] = []

    def do_PUT(self) -> None:
        self.asked.append(self.path)
        self.send_response(307)
        self.send_header("Location", "/elsewhere")
        self.end_headers()

    def log_message(self, *_: object) -> None:
        pass


async def test_E35_a_redirect_is_not_followed_and_three_tries_are_all() -> None:
    with ThreadingHTTPServer(("127.0.0.1", 0), Redirecting) as http:
        Thread(target=http.serve_forever, daemon=True).start()
        callbacks = Callbacks(f"127.0.0.1:{http.server_port}")
        callbacks.put(f"http://127.0.0.1:{http.server_port}/first", b"{}")
        await eventually(lambda: len(Redirecting.asked) == 3)
        await callbacks.close()
        http.shutdown()
    assert Redirecting.asked == ["/first"] * 3
