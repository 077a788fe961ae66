"""`/api/rooms/{room}/runs/{run}/terminal`: the terminal of a run, in the messages of Jupyter's terminals.

To the client: `["setup", {}]`, `["stdout", text]`, `["disconnect", 1]`. From the client: `["stdin", text]`,
`["set_size", rows, columns]`. Only who may run programs may hold it; everybody else reads the entries of the run.
"""

import asyncio
import contextlib
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager, AsyncExitStack
from typing import Protocol

import msgspec
from starlette.responses import Response
from starlette.websockets import WebSocket, WebSocketDisconnect

from api.active_run import Watch
from api.errors import ApiError, error_body, error_status
from api.identity import Reception
from exec_pool.errors import ExecError, InputFull, RunOver
from realtime.errors import CloseCode
from rooms import access
from rooms.errors import RoomError
from rooms.registry import RoomRegistry
from rooms.room import Room
from rooms.store import Member

MOST_WAITING = 262_144
MOST_WATCHERS = 64
LEFT_OUT = "\r\n[some output was left out]\r\n"
_encode = msgspec.json.Encoder().encode


class Terminal(Protocol):
    """A run that somebody looks at. `screen` is what was shown before the first of `watchers` came."""

    watchers: set[Watch]

    @property
    def in_terminal(self) -> bool: ...

    @property
    def screen(self) -> str: ...

    @property
    def over(self) -> bool: ...

    def write(self, data: bytes) -> None:
        """Raises InputFull, RunOver."""

    def resize(self, rows: int, columns: int) -> None: ...


class _Screen:
    """What a client has still to be sent; bounded, for a client that reads slowly."""

    def __init__(self) -> None:
        self._parts: list[str] = []
        self._size = 0
        self._over = False
        self._changed = asyncio.Event()
        self.dismissed = False

    def show(self, text: str | None) -> None:
        """For the run: a piece of output, or None at the end."""
        if text is None:
            self._over = True
        elif self._size < MOST_WAITING:
            self._parts.append(text)
            self._size += len(text)
            if self._size >= MOST_WAITING:
                self._parts.append(LEFT_OUT)
        self._changed.set()

    def dismiss(self) -> None:
        """Whose screen it is may see it no more."""
        self.dismissed = True
        self._changed.set()

    async def next(self) -> str | None:
        """What has gathered since the last call; None when all was said and the run is over."""
        while self.dismissed or not self._parts:
            if self._over or self.dismissed:
                return None
            self._changed.clear()
            await self._changed.wait()
        text, self._parts, self._size = "".join(self._parts), [], 0
        return text


class TerminalSocket:
    """The endpoint; one per process. `hold` gives a run of a room that goes on, at whichever node, for a while."""

    def __init__(
        self,
        reception: Reception,
        registry: RoomRegistry,
        hold: Callable[[str, str], AbstractAsyncContextManager[Terminal]],
    ) -> None:
        self._reception = reception
        self._registry = registry
        self._hold = hold

    async def endpoint(self, socket: WebSocket) -> None:
        """Authenticate and find the run first, accept after; a refusal is an HTTP answer."""
        async with AsyncExitStack() as stack:
            let_in = await self._let_in(socket, stack)
            if let_in is not None:
                await socket.accept()
                await _attend(socket, *let_in)

    async def _let_in(self, socket: WebSocket, stack: AsyncExitStack) -> tuple[Terminal, Room, Member] | None:
        """None if it was refused."""
        room_id, run_id = socket.path_params["room"], socket.path_params["run"]
        try:
            identity = await self._reception.identify(room_id, socket.query_params.get("token", ""))
            identity.require("terminal")
            terminal = await stack.enter_async_context(self._hold(room_id, run_id))
            room = await stack.enter_async_context(self._registry.visit(room_id))
            if not terminal.in_terminal:
                raise ApiError(409, "no_terminal", "this run has no terminal")
            if len(terminal.watchers) >= MOST_WATCHERS:
                raise ApiError(429, "too_many_requests", "this terminal is held by too many; follow the room instead")
        except (RoomError, ExecError, ApiError) as error:
            status, code, details = error_status(error)
            body = error_body(code, str(error), socket.state.request_id, details)
            await socket.send_denial_response(Response(body, status, media_type="application/json"))
            return None
        return terminal, room, identity.member


async def _attend(socket: WebSocket, terminal: Terminal, room: Room, member: Member) -> None:
    screen = _Screen()

    def look_again() -> None:
        if not access.may(room.record, room.members.get(member.id, member), "terminal"):
            screen.dismiss()

    room.on_renewed += (look_again,)
    look_again()  # rights may have changed on the way here
    screen.show(terminal.screen)
    terminal.watchers.add(screen.show)
    if terminal.over:
        screen.show(None)
    showing = asyncio.create_task(_show(socket, screen), name="terminal")
    try:
        await _listen(socket, terminal, screen)
    except WebSocketDisconnect:
        pass
    finally:
        terminal.watchers.discard(screen.show)
        room.on_renewed = tuple(told for told in room.on_renewed if told is not look_again)
        showing.cancel()
        await asyncio.wait([showing])


async def _show(socket: WebSocket, screen: _Screen) -> None:
    with contextlib.suppress(WebSocketDisconnect, RuntimeError):  # the client went while it was told something
        await socket.send_text(_encode(["setup", {}]).decode())
        while (text := await screen.next()) is not None:
            if text:
                await socket.send_text(_encode(["stdout", text]).decode())
        await socket.send_text(_encode(["disconnect", 1]).decode())
        await socket.close(CloseCode.FORBIDDEN if screen.dismissed else 1000)


async def _listen(socket: WebSocket, terminal: Terminal, screen: _Screen) -> None:
    while True:
        try:
            message = msgspec.json.decode(await socket.receive_text(), type=list[object])
            if screen.dismissed:
                return
            _obey(terminal, message)
        except (msgspec.DecodeError, KeyError, ValueError, RecursionError):
            await socket.close(CloseCode.BAD_FRAME, "not a message of a terminal")
            return
        except (InputFull, RunOver):
            continue  # as on a real one: what is typed too fast, or after the end, is lost


def _obey(terminal: Terminal, message: list[object]) -> None:
    match message:
        case ["stdin", str(text)]:
            terminal.write(text.encode())
        case ["set_size", int(rows), int(columns), *_]:
            terminal.resize(rows, columns)
        case _:
            raise ValueError("unknown")
