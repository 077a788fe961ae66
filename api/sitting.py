"""A submission of a room while it waits and is judged: what the room hears, and what is told when."""

import asyncio
import contextlib
import time
from typing import Literal

import msgspec

from api.lost_work import end_name
from api.past_submissions import PastSubmissions
from exec_pool.errors import WorkLost
from exec_pool.judge_course import Judgement
from exec_pool.judge_problem import Problem
from exec_pool.judge_report import Report, report, short
from exec_pool.judge_work import read_judgement, read_progress
from exec_pool.work import Ticket
from rooms.room import Room
from rooms.store import SYSTEM, Entry

CHANNEL = "run"
PLACE_SECONDS = 1.0
HIDDEN_GRID_SECONDS = 0.5
"""A result with hidden tests is told at a multiple of this after its start, so that a program which waits for as long
as a hidden input says tells little by that."""

State = Literal["queued", "judged", "cancelled", "lost"]


class Handed(msgspec.Struct, frozen=True, rename="camel"):
    """What was handed in."""

    submission: str
    member: str
    problem: str
    title: str
    file_id: str
    path: str
    language: str
    node: str = ""


class Sitting:
    """Owned by its task in SubmissionsApi; remembered for a while after the end."""

    def __init__(self, room: Room, handed: Handed, problem: Problem, past: PastSubmissions) -> None:
        self.handed = handed
        self.room_id = room.id
        self.state: State = "queued"
        self._room: Room | None = room
        self._past = past
        self._problem = problem
        self._message = ""
        self._is_quiet = False
        self.disowned = False
        self._noted: asyncio.Future[Entry] | None = None
        self._started = time.monotonic()
        self._ticket: Ticket | None = None
        self._to_host: Report | None = None
        self._to_others: Report | None = None

    def start(self, ticket: Ticket) -> None:
        """It stands in line."""
        self._ticket = ticket
        assert self._room is not None
        data = msgspec.json.encode(self.handed)
        self._noted = self._room.note(self.handed.member, CHANNEL, "submitted", data)

    def hear(self, body: bytes) -> None:
        """A test was judged. From the first hidden one on the room hears nothing before the end: when the next was
        judged would tell how long that one took."""
        progress = read_progress(body)
        self._is_quiet = self._is_quiet or progress.hidden
        if not self._is_quiet:
            told: dict[str, object] = {"number": progress.number, "of": progress.of, "verdict": progress.result.verdict}
            self._tell("judging", told)

    async def to_end(self) -> None:
        """Until the result is in the journal."""
        assert self._ticket is not None
        places = asyncio.create_task(self._tell_places(self._ticket))
        try:
            judgement = read_judgement(await self._ticket.result())
        except WorkLost as error:
            self.state = "cancelled" if self.state == "cancelled" else "lost"
            self._message = str(error)
        else:
            await self._wait_for_grid()
            await self._judged(judgement)
        finally:
            places.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await places
        await self._note_end({"report": short(self._to_others) if self._to_others else None})
        self._room = None

    async def _judged(self, judgement: Judgement) -> None:
        to_host, to_others = (report(self._problem, judgement, to_host=whom) for whom in (True, False))
        if not self.disowned:
            await self._past.keep(self.room_id, self.handed.submission, to_host, to_others)
        self._to_host, self._to_others = to_host, to_others
        self.state = "judged"

    async def _note_end(self, report: dict[str, object]) -> None:
        """If no other node has ended it before."""
        assert self._noted is not None
        await self._noted
        data = {"submission": self.handed.submission, "state": self.state, "message": self._message} | report
        if self._room is not None and not self.disowned:
            name, body = end_name(self.handed.submission), msgspec.json.encode(data)
            await self._room.note_once(name, SYSTEM, CHANNEL, "judged", body)

    def disown(self) -> None:
        """Another node has told it lost."""
        self.disowned = True
        self.cancel()

    @property
    def goes_on(self) -> bool:
        """Whether its end is still to be told."""
        return self._room is not None

    def cancel(self) -> None:
        """Harmless again and after the end."""
        if self._ticket is not None and self.state == "queued":
            self.state = "cancelled"
            self._ticket.cancel()

    def view(self, *, to_host: bool) -> dict[str, object]:
        """As JSON; the report once there is one."""
        place = self._ticket.place() if self._ticket and self.state == "queued" else None
        state = "judging" if place and place.position == 0 else self.state
        told = self._to_host if to_host else self._to_others
        about: dict[str, object] = {"id": self.handed.submission, "state": state, "message": self._message}
        handed: dict[str, object] = msgspec.to_builtins(self.handed)
        return handed | about | {"place": place, "report": told}

    def outcome(self) -> dict[str, object]:
        """The end in short, for others; nothing of any test."""
        told = self._to_others
        result = {"verdict": told.verdict, "points": told.points, "most": told.most} if told else {}
        handed: dict[str, object] = msgspec.to_builtins(self.handed)
        return handed | {"state": self.state} | result

    async def _tell_places(self, ticket: Ticket) -> None:
        """While it waits: its place, whenever that changes; at last 0, if it ever had to wait."""
        told = None
        while (place := ticket.place()) is not None and (place.position > 0 or told is not None):
            if place != told:
                told = place
                self._tell("queue", {"position": place.position, "seconds": place.seconds})
            if place.position == 0:
                return
            await asyncio.sleep(PLACE_SECONDS)

    async def _wait_for_grid(self) -> None:
        if any(test.hidden for _, _, test in self._problem.numbered()):
            past = (time.monotonic() - self._started) % HIDDEN_GRID_SECONDS
            await asyncio.sleep(HIDDEN_GRID_SECONDS - past)

    def _tell(self, kind: str, data: dict[str, object]) -> None:
        if self._room is not None:
            message = {"type": kind, "submission": self.handed.submission} | data
            self._room.tell_everywhere(msgspec.json.encode(message).decode())
