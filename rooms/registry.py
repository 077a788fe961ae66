"""All open rooms of this process: opened once, kept while visited, let go when idle."""

import asyncio
import logging
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

import msgspec

from realtime.digest import Digests
from realtime.errors import CloseCode
from realtime.fanout import Fanout
from realtime.outbox import Outbox, Turn
from realtime.trial import Trials
from rooms.errors import RoomNotFound
from rooms.exchange import Exchange, Hello
from rooms.journal import Journal, JournalState
from rooms.room import Room, RoomLimits
from rooms.store import JournalStore, RoomStore

_log = logging.getLogger(__name__)


class RegistryStats(msgspec.Struct, frozen=True):
    rooms: int
    sessions: int
    queued_bytes: int
    sessions_behind: int


class RoomRegistry:
    """One per process. `visit` is the only way to a room, so nobody can hold one that was let go.

    `on_open` is awaited before the first visitor gets in.
    """

    def __init__(
        self,
        store: JournalStore,
        rooms: RoomStore,
        limits: RoomLimits,
        turn: Turn,
        fanout: Fanout,
        *,
        slow_seconds: float,
        max_unsaved_bytes: int,
        idle_seconds: float,
        on_open: Callable[[Room], Awaitable[None]],
        observe_commit: Callable[[float], None] = lambda _seconds: None,
    ) -> None:
        self._store = store
        self._rooms = rooms
        self._limits = limits
        self._fanout = fanout
        fanout.when_node_gone(self._node_gone)
        self._trials = Trials()
        self._digests = Digests()
        self._idle_seconds = idle_seconds
        self._on_open = on_open
        self._open: dict[str, Room] = {}
        self._opening: dict[str, asyncio.Task[Room]] = {}
        self._visits: dict[str, int] = {}
        self._closing: dict[str, asyncio.Task[None]] = {}
        self._timers: dict[str, asyncio.TimerHandle] = {}
        self._was_behind = False
        self.journal = Journal(
            store,
            turn,
            slow_seconds=slow_seconds,
            max_unsaved_bytes=max_unsaved_bytes,
            on_state=self._on_journal_state,
            observe_commit=observe_commit,
        )

    @asynccontextmanager
    async def visit(self, room_id: str) -> AsyncIterator[Room]:
        """The open room, which stays open until the visit ends. Raises RoomNotFound, StoreUnavailable."""
        room = await self.enter(room_id)
        try:
            yield room
        finally:
            self.leave(room)

    async def enter(self, room_id: str) -> Room:
        """Begin a visit that `leave` ends, for somebody who outlives a call. Raises as `visit` does."""
        self._visits[room_id] = self._visits.get(room_id, 0) + 1
        timer = self._timers.pop(room_id, None)
        if timer is not None:
            timer.cancel()
        try:
            return await self._opened(room_id)
        except BaseException:
            self._end_visit(room_id)
            raise

    def leave(self, room: Room) -> None:
        """End a visit that began with `enter`."""
        self._end_visit(room.id)

    def _end_visit(self, room_id: str) -> None:
        self._visits[room_id] -= 1
        if not self._visits[room_id]:
            del self._visits[room_id]
            self._await_idleness(room_id)

    def _await_idleness(self, room_id: str) -> None:
        if room_id in self._open:
            loop = asyncio.get_running_loop()
            self._timers[room_id] = loop.call_later(self._idle_seconds, self._let_go, room_id)

    async def _opened(self, room_id: str) -> Room:
        while room_id in self._closing:
            await asyncio.shield(self._closing[room_id])
        room = self._open.get(room_id)
        if room is not None:
            return room
        task = self._opening.get(room_id)
        if task is None:
            task = asyncio.get_running_loop().create_task(self._load(room_id), name=f"open-{room_id}")
            self._opening[room_id] = task
        return await asyncio.shield(task)

    async def _load(self, room_id: str) -> Room:
        try:
            room = await self._loaded(room_id)
            self._open[room_id] = room
        finally:
            del self._opening[room_id]
        if room_id not in self._visits:  # who wanted it has gone meanwhile
            self._await_idleness(room_id)
        return room

    async def _loaded(self, room_id: str) -> Room:
        """Heard before read: what another node writes meanwhile is in the one or the other."""
        exchange = Exchange(room_id, self._fanout)
        await exchange.open()
        try:
            return await self._load_from(room_id, exchange)
        except BaseException:
            exchange.close()
            raise

    async def _load_from(self, room_id: str, exchange: Exchange) -> Room:
        record = await self._rooms.room(room_id)
        if record is None:
            raise RoomNotFound(f"there is no room {room_id[:64]}")
        members = await self._rooms.members(room_id)
        beside = self._trials, self._digests
        room = Room(record, members, self.journal, self._store, self._limits, *beside, exchange, self._rooms)
        exchange.attach(room)
        exchange.say(Hello())
        await self._on_open(room)
        return room

    def _let_go(self, room_id: str) -> None:
        self._timers.pop(room_id, None)
        room = self._open.get(room_id)
        if room is not None and room_id not in self._visits and room_id not in self._closing:
            closing = self._close(room)
            self._closing[room_id] = asyncio.get_running_loop().create_task(closing, name=f"close-{room_id}")

    async def _close(self, room: Room) -> None:
        """Only after its journal is flushed; who comes meanwhile waits and opens it anew."""
        try:
            await room.settle()
        except Exception as error:
            _log.error("closing a room failed", extra={"room": room.id, "error": repr(error)})
        finally:
            room.close()
            del self._open[room.id]
            del self._closing[room.id]

    def opened(self) -> list[Room]:
        return list(self._open.values())

    def here(self, room_id: str) -> Room | None:
        """The room if it is open now; for a look, not to hold."""
        return self._open.get(room_id)

    def _node_gone(self, node: str) -> None:
        for room in self.opened():
            room.node_gone(node)

    def _on_journal_state(self, state: JournalState) -> None:
        recovered = state == "saved" and self._was_behind
        self._was_behind = state == "behind" or (self._was_behind and not recovered)
        for room in self.opened():
            room.journal_state(state, recovered=recovered)

    def outboxes(self) -> list[Outbox]:
        """Of all connections, each once, those of a room beside each other."""
        return list(dict.fromkeys(session.outbox for room in self.opened() for session in room.sessions))

    async def drain(self, seconds: float) -> None:
        """Tell everybody 1012, flush the journal, leave the other nodes, write the snapshots; at most `seconds`."""
        try:
            async with asyncio.timeout(seconds):
                for room in self.opened():
                    room.close_sessions(CloseCode.RESTARTING, "the server restarts")
                await self.journal.flush()
                for room in self.opened():
                    room.bequeath()
                await self._fanout.close()
                for room in self.opened():
                    await room.settle()
                await self.journal.flush()
        except TimeoutError:
            _log.error("drain took too long", extra={"state": self.journal.state})

    def stats(self) -> RegistryStats:
        sessions = [session for room in self.opened() for session in room.sessions]
        outboxes = {session.outbox for session in sessions}
        return RegistryStats(
            rooms=len(self.opened()),
            sessions=len(sessions),
            queued_bytes=sum(outbox.queued_bytes for outbox in outboxes),
            sessions_behind=sum(session.missed is not None for session in sessions),
        )
