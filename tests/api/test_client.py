"""The Python client against the real server."""

import io
import zipfile
from collections.abc import Iterator

import httpx
import pytest

from api.httpx_client import Client, SangamError
from tests.api.scene import Scene, until
from tests.clients import FILE, y_client


@pytest.fixture
def nobody(scene: Scene) -> Iterator[Client]:
    with Client(scene.server.http) as client:
        yield client


def test_HT15_people_come_in_and_talk(scene: Scene, nobody: Client) -> None:
    made = nobody.create_room("By program", "Asha", language="python")
    ahead = nobody.look_ahead(made.links.participant)
    assert (ahead.room.name, ahead.role, ahead.password) == ("By program", "participant", False)
    guest = nobody.join(made.links.observer, "Bo")
    assert guest.member.role == "observer"
    with Client(scene.server.http, made.token) as host:
        for number in range(3):
            host.say(made.room.id, f"line {number}")
        said = [entry.data["text"] for entry in host.entries(made.room.id, "chat")]
        assert said == ["line 0", "line 1", "line 2"]
        now = host.room(made.room.id)
        assert [member.name for member in now.members] == ["Asha", "Bo"]
        assert "manage" in now.rights.capabilities
    assert nobody.config().version


def test_HT15_files_go_out_and_in(scene: Scene) -> None:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("a.txt", "hello")
        archive.writestr("../b.txt", "bad")
    with Client(scene.server.http, scene.host.token) as host:
        taken = host.upload(scene.room, packed.getvalue())
        assert (taken.created, [skipped.path for skipped in taken.skipped]) == (["a.txt"], ["../b.txt"])
        with zipfile.ZipFile(io.BytesIO(host.download(scene.room))) as archive:
            assert archive.read("a.txt") == b"hello"


async def test_HT15_programs_run_and_are_judged(scene: Scene) -> None:
    writer = y_client(scene.server, scene.room, scene.host.token)
    await writer.until_connected()
    writer.create_file(FILE, "print(input())", "a.py")
    await writer.close()
    with Client(scene.server.http, scene.host.token) as host:
        await until(lambda: any(language.id == "python" and language.available for language in host.config().languages))
        run = host.run(scene.room, FILE, stdin="7\n")
        await until(lambda: [e for e in host.entries(scene.room, "run") if e.kind == "finished"], seconds=60)
        host.put_problem(scene.room, {"id": "echo", "tests": [{"stdin": "7", "expected": "7"}]})
        assert host.problems(scene.room).problems == ["echo"]
        handed = host.submit(scene.room, FILE, "echo")
        await until(lambda: host.submission(scene.room, handed.id).state == "judged", seconds=60)
        with pytest.raises(SangamError) as caught:
            host.stop(scene.room, run.run)
        assert (caught.value.status, caught.value.code) == (409, "run_over")


def test_HT15_a_refusal_has_its_code(scene: Scene, nobody: Client) -> None:
    for ask, code in (
        (lambda: nobody.room(scene.room), "not_authenticated"),
        (lambda: nobody.join("no-such-link", "x"), "link_not_found"),
        (lambda: nobody.create_room("", "x"), "bad_room_name"),
    ):
        with pytest.raises(SangamError) as caught:
            ask()
        assert caught.value.code == code
        assert caught.value.error.request_id


def test_HT15_what_was_sent_twice_is_done_once(scene: Scene) -> None:
    """The first answer is lost on its way."""

    class Lossy(httpx.HTTPTransport):
        lost = 0

        def handle_request(self, request: httpx.Request) -> httpx.Response:
            answer = super().handle_request(request)
            if request.method == "POST" and not self.lost:
                self.lost += 1
                answer.close()
                raise httpx.ReadError("cut off")
            return answer

    with Client(scene.server.http, scene.host.token, Lossy()) as host:
        host.say(scene.room, "once")
        assert [entry.data["text"] for entry in host.entries(scene.room, "chat")] == ["once"]
