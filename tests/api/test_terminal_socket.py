"""The terminal of a run over its socket, in the messages of Jupyter's terminals."""

import asyncio
import contextlib
from typing import Any

import httpx
import msgspec
import pytest
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidStatus

from tests.api.scene import Scene, until
from tests.clients import FILE, y_client
from tests.server import eventually

PROGRAM = """
import os
print(os.get_terminal_size(), flush=True)
while True:
    try: word = input('> ')
    except KeyboardInterrupt: print('interrupted')
    except EOFError: break
    else: print('got', word, *os.get_terminal_size())
raise ValueError('the end')
"""


async def call(scene: Scene, path: str, body: object, token: str = "") -> httpx.Response:
    async with httpx.AsyncClient(timeout=30, verify=False) as http:
        headers = {"Authorization": f"Bearer {token or scene.guest.token}"}
        return await http.post(f"{scene.server.http}/api/rooms/{scene.room}/runs{path}", json=body, headers=headers)


async def started(scene: Scene, **more: object) -> str:
    writer = y_client(scene.server, scene.room, scene.guest.token)
    await writer.until_connected()
    if writer.read() is None:
        writer.create_file(text=PROGRAM)
    await eventually(lambda: scene.server.call("GET", "/api/config").json()["execution"]["available"])
    answers: list[httpx.Response] = []

    async def start() -> bool:
        answers.append(await call(scene, "", {"fileId": FILE, **more}))
        return answers[-1].status_code == 201

    while not await start():  # the file is on its way to the server
        assert answers[-1].status_code == 404, answers[-1].text
        await asyncio.sleep(0)
    await writer.close()
    return str(answers[-1].json()["run"]["id"])


def address(scene: Scene, run: str, token: str = "") -> str:
    return f"{scene.server.ws}/api/rooms/{scene.room}/runs/{run}/terminal?token={token or scene.guest.token}"


class Screen:
    """A client of the socket that reads until it saw what it waits for."""

    def __init__(self, socket: ClientConnection) -> None:
        self.socket = socket
        self.text = ""
        self.over = False

    async def say(self, *message: object) -> None:
        await self.socket.send(msgspec.json.encode(message).decode())

    async def until(self, word: str) -> None:
        try:
            async with asyncio.timeout(40):
                while word not in self.text:
                    self.take(await self.socket.recv())
        except TimeoutError:
            raise AssertionError(f"{word!r} did not come after {self.text!r}") from None

    def take(self, frame: str | bytes) -> None:
        message: list[Any] = msgspec.json.decode(frame)
        self.text += message[1] if message[0] == "stdout" else ""
        self.over = self.over or message == ["disconnect", 1]

    async def until_closed(self) -> int | None:
        async with asyncio.timeout(40):
            try:
                while True:
                    self.take(await self.socket.recv())
            except ConnectionClosed:
                return self.socket.close_code


async def test_E17_people_type_into_one_terminal(scene: Scene) -> None:
    run = await started(scene, terminal={"rows": 30, "columns": 90})
    async with connect(address(scene, run)) as one, connect(address(scene, run, scene.host.token)) as two:
        first, second = Screen(one), Screen(two)
        await first.until("columns=90, lines=30")
        await first.say("stdin", "hello\r")
        await asyncio.gather(first.until("got hello 90 30\r\n> "), second.until("got hello 90 30\r\n> "))
        await second.say("set_size", 12, 34, 0, 0)
        await second.say("stdin", "\x03")
        await first.until("interrupted\r\n> ")
        await second.say("stdin", "नमस्ते\r")
        await first.until("got नमस्ते 34 12")
        async with connect(address(scene, run)) as late:
            third = Screen(late)
            await third.until("got नमस्ते 34 12")  # who comes late sees what was there
        await first.say("stdin", "\x04")
        assert await first.until_closed() == await second.until_closed() == 1000
        assert first.over
    entries: list[dict[str, Any]] = []

    def finished() -> bool:
        entries[:] = scene.server.entries(scene.host, "run")
        return bool(entries[-1]["kind"] == "finished")

    await until(finished)
    assert entries[0]["data"]["terminal"] == {"rows": 30, "columns": 90}
    said = "".join(entry["data"]["text"] for entry in entries if entry["kind"] == "output")
    assert "got hello" in said
    assert not [entry for entry in entries if entry["data"].get("stream") == "stdin"]
    ended = entries[-1]["data"]
    assert ended["status"] == "failed"
    (error,) = ended["errors"]
    assert (error["line"], error["message"]) == (9, "ValueError: the end")
    assert error["text"] == "raise ValueError('the end')"


async def test_E25_a_storm_of_sizes_is_few_entries_among_the_output(scene: Scene) -> None:
    run = await started(scene, terminal={"rows": 30, "columns": 90})
    async with connect(address(scene, run)) as socket:
        screen = Screen(socket)
        await screen.until("columns=90, lines=30")
        for columns in range(1, 2001):
            await screen.say("set_size", 12, columns % 70 + 1)
        await screen.say("set_size", 12, 77)
        await screen.say("stdin", "seen\r")
        await screen.until("got seen 77 12")
        await screen.say("stdin", "\x04")
        await screen.until_closed()
    await until(lambda: scene.server.entries(scene.host, "run")[-1]["kind"] == "finished")
    entries = scene.server.entries(scene.host, "run")
    sizes = [entry["data"] for entry in entries if entry["kind"] == "resized"]
    assert sizes[-1] == {"run": run, "rows": 12, "columns": 77}
    assert len(sizes) < 1000
    told = [entry["kind"] if entry["kind"] == "resized" else entry["data"].get("text", "") for entry in entries]
    assert told.index("resized") > next(at for at, text in enumerate(told) if "columns=90" in text)


async def test_E17_over_http_too(scene: Scene) -> None:
    run = await started(scene, terminal={})
    async with connect(address(scene, run)) as socket:
        screen = Screen(socket)
        await screen.until("columns=80, lines=24")
        assert (await call(scene, f"/{run}/size", {"rows": 9, "columns": 8})).status_code == 204
        assert (await call(scene, f"/{run}/input", {"text": "x\r"})).status_code == 204
        await screen.until("got x 8 9")
        await call(scene, f"/{run}/stop", {})
        assert await screen.until_closed() == 1000


@pytest.mark.parametrize(
    "frame", ["", "no json", "[" * 100_000, "{}", "[]", '["stdin"]', '["stdin", 1]', '["set_size", "a", 1]']
)
async def test_E17_what_is_no_message_ends_that_socket_alone(scene: Scene, frame: str) -> None:
    run = await started(scene, terminal={})
    async with connect(address(scene, run)) as bad, connect(address(scene, run)) as good:
        await bad.send(frame)
        assert await Screen(bad).until_closed() == 4400
        screen = Screen(good)
        await screen.say("stdin", "fine\r")
        await screen.until("got fine")
    await call(scene, f"/{run}/stop", {})


async def test_E5_E17_only_who_may_run_holds_a_terminal(scene: Scene) -> None:
    run = await started(scene, terminal={})
    elsewhere = Scene(scene.server)
    plain = await started(elsewhere)
    for url, status in (
        (address(scene, run, scene.observer.token), 403),
        (address(scene, run, "nonsense"), 401),
        (address(scene, run, elsewhere.guest.token), 403),
        (address(elsewhere, run), 409),
        (address(elsewhere, plain), 409),
        (address(scene, "run_none"), 409),
    ):
        with pytest.raises(InvalidStatus) as refused:
            await connect(url)
        assert refused.value.response.status_code == status
    await call(scene, f"/{run}/stop", {})
    await call(elsewhere, f"/{plain}/stop", {})


async def test_E6_E17_only_so_many_hold_one_terminal(scene: Scene) -> None:
    run = await started(scene, terminal={})
    async with contextlib.AsyncExitStack() as held:
        for _ in range(64):
            await held.enter_async_context(connect(address(scene, run)))
        with pytest.raises(InvalidStatus) as refused:
            await connect(address(scene, run))
        assert refused.value.response.status_code == 429
    await call(scene, f"/{run}/stop", {})


async def test_E6_sizes_and_options_are_bounded(scene: Scene) -> None:
    run = await started(scene, terminal={})
    await call(scene, f"/{run}/stop", {})
    for body, status in (
        ({"terminal": {"rows": 0}}, 400),
        ({"terminal": {"rows": 10**6}}, 400),
        ({"terminal": {"rows": "x"}}, 422),
        ({"options": ["-c", "print(1)"]}, 400),
        ({"options": ["-W" + "a" * 300]}, 400),
        ({"options": ["-O"]}, 201),
    ):
        answer = await call(scene, "", {"fileId": FILE, **body})
        assert (body, answer.status_code) == (body, status)


async def test_R16_who_may_use_terminals_no_more_loses_theirs_at_once(scene: Scene) -> None:
    run = await started(scene, terminal={})
    member = f"/api/rooms/{scene.room}/members/{scene.guest.member['id']}"
    async with connect(address(scene, run)) as socket, connect(address(scene, run, scene.host.token)) as kept:
        screen, host = Screen(socket), Screen(kept)
        await screen.until("> ")
        taken = await asyncio.to_thread(scene.server.call, "PATCH", member, scene.host.token, json={"role": "observer"})
        assert taken.is_success
        with pytest.raises(ConnectionClosed):
            while True:
                await socket.recv()
        assert socket.close_code == 4403
        await host.say("stdin", "mine\r")
        await host.until("got mine")
