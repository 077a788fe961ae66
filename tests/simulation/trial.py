"""One plan, played and judged."""

import asyncio
import contextlib
import random
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
from pycrdt import Doc

from realtime.update import clocks
from tests.clients import mux_client
from tests.server import Joined, Server
from tests.services.postgres import PostgresServer
from tests.simulation import verdict
from tests.simulation.clock import wait_seconds
from tests.simulation.cluster import PRODUCT, Cluster
from tests.simulation.people import Person, lines_of
from tests.simulation.plan import NODES, PEOPLE, Act, Plan, place_of
from tests.simulation.witness import Witness

HEAL_SECONDS = 60.0
_LAST_WORDS = 5


class Outcome(msgspec.Struct, frozen=True):
    """`problems` is empty if everything held; the rest says how much was tried."""

    problems: list[str]
    marks: int
    saved: int
    entries: int
    heal_seconds: float


async def play(
    plan: Plan, database: PostgresServer, folder: Path, module: str = PRODUCT, patience: float = HEAL_SECONDS
) -> Outcome:
    """The nodes' logs are in `folder` afterwards. Once all is mended it waits `patience` seconds for each good end."""
    clocks = any(place_of(fault.kind) == "clock" for fault in plan.faults)
    async with Cluster(folder, database, module, clocks=clocks) as cluster:
        trial = Trial(plan, cluster, await asyncio.to_thread(_admit, cluster.nodes[0]), patience)
        try:
            return await trial.run()
        finally:
            await trial.end()


class Trial:
    """Owns its people; the cluster is the caller's."""

    def __init__(self, plan: Plan, cluster: Cluster, members: list[Joined], patience: float) -> None:
        self.plan = plan
        self.patience = patience
        self.cluster = cluster
        self.problems: list[str] = []
        self.host = members[0]
        seed = str(plan.seed)
        self.people = [
            Person(f"p{number}", joined, cluster.nodes[number % NODES], seed, mux=number < PEOPLE // 2)
            for number, joined in enumerate(members)
        ]
        self.witnesses = [Witness(f"w{number}", self.host, node, seed) for number, node in enumerate(cluster.nodes)]
        self._acts: list[asyncio.Task[None]] = []

    @property
    def everybody(self) -> list[Person]:
        return [*self.people, *self.witnesses]

    async def run(self) -> Outcome:
        await self._gather()
        faults = [asyncio.create_task(self._suffer(fault)) for fault in self.plan.faults]
        await self._act()
        if self.plan.ending == "dark":
            await self._end_in_the_dark(faults)
        else:
            await _cancel(faults)
        started = time.monotonic()
        await self._heal()
        healed = time.monotonic() - started
        entries = await self._judge()
        marks = [mark for person in self.people for mark in (*person.marks, *person.left_behind)]
        return Outcome(self.problems, len(marks), sum(mark.saved for mark in marks), entries, healed)

    async def end(self) -> None:
        await _cancel(self._acts)
        await asyncio.gather(*(person.go_away() for person in self.everybody))

    # The play

    async def _gather(self) -> None:
        for person in self.everybody:
            person.arrive()
        await self._until(lambda: all(person.client.synced for person in self.everybody), "never all there", 30.0)
        self.people[0].client.create_file()
        await self._until(lambda: all(person.client.read() == "" for person in self.everybody), "no file", 30.0)
        self._started = time.monotonic()

    async def _wait_for(self, at: float) -> None:
        await wait_seconds(max(0.0, self._started + at - time.monotonic()))

    async def _suffer(self, fault: Any) -> None:
        await self._wait_for(fault.at)
        await self.cluster.suffer(fault)

    async def _act(self) -> None:
        for act in self.plan.acts:
            await self._wait_for(act.at)
            self._acts.append(asyncio.create_task(self._do(act)))
        await self._wait_for(self.plan.seconds)

    async def _do(self, act: Act) -> None:
        person, node = self.people[act.who], self.cluster.nodes[act.node]
        match act.kind:
            case "burst":
                await person.burst()
            case "paste":
                person.paste()
            case "erase":
                person.erase()
            case "chat":
                await person.chat()
            case "move":
                await person.move(node)
            case "leave":
                await person.leave(node)
            case kind:
                raise ValueError(kind)

    # The ending

    async def _end_in_the_dark(self, faults: list[asyncio.Task[None]]) -> None:
        """What was saved, or seen by others, must be there before anybody comes back."""
        writing = [asyncio.create_task(person.burst()) for person in self.people]
        await wait_seconds(random.Random(self.plan.seed).uniform(0.0, 0.1))
        for node in self.cluster.nodes:
            node.process.kill()
        await asyncio.gather(*writing, *self._acts)
        self._acts = []
        await asyncio.gather(*(person.go_away() for person in self.everybody))
        await _cancel(faults)
        await self.cluster.restart_all()
        found = lines_of(verdict.text_of(await self._read_afresh(self.cluster.nodes[self.plan.seed % NODES])))
        self.problems += verdict.once("after the dark, the journal", found, self.people, come_back=False)
        for person in self.people:
            others = {mark for other in self.everybody if other is not person for mark in other.found()}
            sure = [
                mark
                for mark in (*person.marks, *person.left_behind)
                if not any(witness.was_told_unsaved_after(mark.at) for witness in self.witnesses)
            ]
            self.problems += verdict.seen(found, sure, others)
        for person in self.everybody:
            person.arrive()

    async def _heal(self) -> None:
        """Everything works again; each says some last words, and in time all have all of it."""
        await asyncio.gather(*self._acts)
        self._acts = []
        for _ in range(_LAST_WORDS):
            for person in self.people:
                person.write()
            await wait_seconds(0.05)
        await self._until(lambda: all(person.is_settled for person in self.everybody), "not all edits were saved")
        await self._until(self._are_equal, "the replicas do not become equal")
        if not await self._until(self._see_each_other, "not everybody sees everybody"):
            self.problems += self._strangers()
        try:
            await asyncio.to_thread(self.cluster.check_ready)
        except (AssertionError, OSError) as error:
            self.problems.append(str(error))

    def _are_equal(self) -> bool:
        states = {(person.client.read(), person.client.doc.get_state()) for person in self.everybody}
        return len({text for text, _ in states}) == 1 and len({_vector(state) for _, state in states}) == 1

    def _see_each_other(self) -> bool:
        ids = {person.client.doc.client_id for person in self.everybody}
        return all(set(person.client.people) | {person.client.doc.client_id} == ids for person in self.everybody)

    def _strangers(self) -> list[str]:
        names = {person.client.doc.client_id: person.name for person in self.everybody}
        found = []
        for person in self.everybody:
            sees = set(person.client.people) | {person.client.doc.client_id}
            lacks = [names[client] for client in names.keys() - sees]
            found.append(
                f"{person.name} at {person.server.data.name} does not see {lacks}; {len(sees - names.keys())} more"
            )
        return found

    async def _until(self, holds: Callable[[], bool], otherwise: str, seconds: float | None = None) -> bool:
        seconds = seconds or self.patience
        deadline = time.monotonic() + seconds
        while not holds():
            if time.monotonic() > deadline:
                self.problems.append(f"{otherwise}, after {seconds:.0f} s")
                return False
            await wait_seconds(0.05)
        return True

    # The verdict

    async def _judge(self) -> int:
        """First as it is, then from the journal alone, then as loaded; the number of the journal's entries."""
        live = await asyncio.gather(*(self._read_afresh(node) for node in self.cluster.nodes))
        reference = live[0]
        self.problems += verdict.once("the room", lines_of(verdict.text_of(reference)), self.people, come_back=True)
        for number, doc in enumerate(live):
            self.problems += verdict.same(f"node {number}", doc, reference)
        for person in self.everybody:
            self.problems += verdict.same(person.name, person.client.doc, reference)
        await self._judge_chat()
        await asyncio.gather(*(person.go_away() for person in self.everybody))
        await self.cluster.kill_all()
        where = (self.cluster.database, self.cluster.url, self.host.room_id)
        rows = await asyncio.to_thread(verdict.journal, *where)
        self.problems += verdict.numbers(rows)
        self.problems += verdict.same("the journal", verdict.replayed(rows), reference)
        await self.cluster.restart_all()
        loaded = await self._read_afresh(self.cluster.nodes[1])
        self.problems += verdict.same("the loaded room", loaded, reference)
        return len(rows)

    async def _judge_chat(self) -> None:
        for number, node in enumerate(self.cluster.nodes):
            call = f"/api/rooms/{self.host.room_id}/entries?channel=chat&limit=1000"
            answer = await asyncio.to_thread(node.call, "GET", call, self.host.token)
            told = [entry["data"]["text"] for entry in answer.raise_for_status().json()["entries"]]
            self.problems += verdict.said(f"node {number}", told, self.people)

    async def _read_afresh(self, node: Server) -> "Doc[Any]":
        """What somebody gets who has never been here."""
        client = mux_client(node, self.host.room_id, self.host.token)
        await client.until_connected()
        await client.close()
        return client.doc


def _admit(node: Server) -> list[Joined]:
    """A room, its host and everybody else."""
    host = node.create_room()
    return [host, *(node.join(host.links["participant"], f"P{number}") for number in range(1, PEOPLE))]


def _vector(state: bytes) -> frozenset[tuple[int, int]]:
    return frozenset(clocks(state).items())


async def _cancel(tasks: list[asyncio.Task[None]]) -> None:
    for task in tasks:
        task.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await asyncio.gather(*tasks, return_exceptions=True)
