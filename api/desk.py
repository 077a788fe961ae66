"""Runs and submissions over all nodes: what goes on where, and who sees to it when a node is gone."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Protocol

from api.lost_work import Kind, LostWork
from api.relay import Call, Relay
from exec_pool.errors import RunOver
from rooms.registry import RoomRegistry
from rooms.room import Room
from rooms.store import JournalStore


class Worker(Protocol):
    """Those of one kind that go on at this node."""

    kind: Kind

    def going(self, room: str) -> list[str]: ...

    def has(self, subject: str) -> bool: ...

    async def perform(self, node: str, room: str, call: Call) -> bytes:
        """What somebody at another node wants of one of them. Raises as its own handlers do."""

    def disown(self, subject: str) -> None:
        """Another node has told it lost: end it, and say nothing more of it."""

    def node_gone(self, node: str) -> None: ...


class Desk:
    """One per process; the office of the relays of all open rooms."""

    def __init__(self, registry: RoomRegistry, journal: JournalStore) -> None:
        self._registry = registry
        self._journal = journal
        self._workers: list[Worker] = []
        self._lost: LostWork | None = None

    def employ(self, *workers: Worker) -> None:
        """Before anything is opened."""
        self._workers.extend(workers)
        kinds = [worker.kind for worker in workers]
        self._lost = LostWork(self._journal, kinds, self._registry.here, self.subjects, self._disown)

    async def opened(self, room: Room) -> None:
        """For the registry: a room was loaded, and nobody is in it yet."""
        assert self._lost is not None
        room.correspondent = Relay(room, self)
        await self._lost.opened(room)

    def changed(self, room: Room) -> None:
        """Something has begun or ended here."""
        if isinstance(room.correspondent, Relay):
            room.correspondent.tell()

    def count_away(self, room: str, prefix: str) -> int:
        """How many of a kind go on in this room at other nodes, as far as they told."""
        here = self._registry.here(room)
        relay = here.correspondent if here is not None else None
        return sum(subject.startswith(prefix) for subject in relay.away) if isinstance(relay, Relay) else 0

    @asynccontextmanager
    async def reach(self, room_id: str, subject: str) -> AsyncIterator[tuple[Relay, str]]:
        """The relay, and the node where it goes on. The room is open meanwhile. Raises RunOver."""
        async with self._registry.visit(room_id) as room:
            relay = room.correspondent
            node = await relay.holder(subject) if isinstance(relay, Relay) else None
            if node is None or not isinstance(relay, Relay):
                raise RunOver("this run is over, or never was in this room")
            yield relay, node

    async def call(self, room: str, subject: str, verb: str, body: bytes = b"") -> bytes:
        """Have it done where it goes on. Raises RunOver, and ApiError for what is refused there."""
        async with self.reach(room, subject) as (relay, node):
            return await relay.call(node, subject, verb, body)

    # For relays

    def subjects(self, room: str) -> list[str]:
        return [subject for worker in self._workers for subject in worker.going(room)]

    async def perform(self, node: str, room: str, call: Call) -> bytes:
        for worker in self._workers:
            if worker.has(call.subject):
                return await worker.perform(node, room, call)
        raise RunOver("this run is over, or never was in this room")

    def node_gone(self, room: Room, node: str) -> None:
        for worker in self._workers:
            worker.node_gone(node)
        self._look(room)

    def introduced(self, room: Room) -> None:
        if self.subjects(room.id):
            self._look(room)

    def _look(self, room: Room) -> None:
        assert self._lost is not None
        self._lost.look(room)

    def _disown(self, subject: str) -> None:
        for worker in self._workers:
            if worker.has(subject):
                worker.disown(subject)

    async def close(self) -> None:
        """Nothing more is told lost by this node."""
        if self._lost is not None:
            await self._lost.close()
