"""Runs and submissions whose node is gone: they are told lost, once, by whichever node finds out."""

import asyncio
import logging
from collections.abc import Callable
from contextlib import suppress

import msgspec

from rooms.errors import StoreUnavailable
from rooms.room import Room
from rooms.store import SYSTEM, JournalStore

_log = logging.getLogger(__name__)

CHANNEL = "run"
LOOK_SECONDS = 0.5
"""Between two looks at nodes of which it is not known yet whether they are there."""


class _Subject(msgspec.Struct):
    """What of an entry is of interest here."""

    run: str = ""
    submission: str = ""
    node: str = ""


class Kind(msgspec.Struct, frozen=True):
    """One kind of work: the entries of its beginning and its end, and what is said when it is lost."""

    begun: str
    ended: str
    lost: Callable[[str], dict[str, object]]


def end_name(subject: str) -> str:
    """The name under which the end of a run or a submission is committed, by its own node or by another."""
    return f"end-{subject}"


class LostWork:
    """One per process. `disown(subject)`: it goes on here, and others have told it lost."""

    def __init__(
        self,
        journal: JournalStore,
        kinds: list[Kind],
        here: Callable[[str], Room | None],
        subjects: Callable[[str], list[str]],
        disown: Callable[[str], None],
    ) -> None:
        self._journal = journal
        self._kinds = {kind.begun: kind for kind in kinds}
        self._names = [name for kind in kinds for name in (kind.begun, kind.ended)]
        self._here = here
        self._subjects = subjects
        self._disown = disown
        self._due: dict[str, None] = {}
        self._unsure: dict[str, set[str]] = {}
        self._wake = asyncio.Event()
        self._worker: asyncio.Task[None] | None = None

    async def opened(self, room: Room) -> None:
        """Before the first visit: nothing of this node goes on in the room."""
        await self._settle(room, at_open=True)

    def look(self, room: Room) -> None:
        """A node is gone, or has come back: look through this room soon."""
        self._due[room.id] = None
        self._rouse()

    def _rouse(self) -> None:
        self._wake.set()
        if self._worker is None:
            self._worker = asyncio.get_running_loop().create_task(self._work(), name="lost-work")

    async def close(self) -> None:
        if self._worker is not None:
            self._worker.cancel()
            with suppress(asyncio.CancelledError):
                await self._worker
            self._worker = None

    async def _work(self) -> None:
        while True:
            with suppress(TimeoutError):
                async with asyncio.timeout(LOOK_SECONDS if self._unsure else None):
                    await self._wake.wait()
            self._wake.clear()
            self._look_again()
            due, self._due = self._due, {}
            for room_id in due:
                await self._settle_soon(room_id)

    def _look_again(self) -> None:
        """Rooms of whose nodes more is known now."""
        for room_id, nodes in list(self._unsure.items()):
            room = self._here(room_id)
            if room is None:
                del self._unsure[room_id]
            elif any(room.exchange.is_gone(node) or node in room.exchange.nodes for node in nodes):
                self._due[room_id] = None

    async def _settle_soon(self, room_id: str) -> None:
        room = self._here(room_id)
        if room is None:
            return
        try:
            await self._settle(room, at_open=False)
        except StoreUnavailable:
            self._due[room_id] = None
            self._unsure.setdefault(room_id, set())
        except Exception:
            _log.exception("lost work could not be told", extra={"room": room_id})

    async def _settle(self, room: Room, *, at_open: bool) -> None:
        """Read what goes on by the journal; what cannot go on any more is lost."""
        entries = await self._journal.entries(
            room.id, [CHANNEL], after=None, before=None, limit=1000, kinds=self._names
        )
        begun: dict[str, tuple[Kind, str]] = {}
        ended: set[str] = set()
        for entry in entries:
            about = msgspec.json.decode(entry.data, type=_Subject)
            subject = about.run or about.submission
            if entry.kind in self._kinds:
                begun[subject] = self._kinds[entry.kind], about.node
            else:
                ended.add(subject)
        going = {subject: of for subject, of in begun.items() if subject not in ended}
        for subject in ended.intersection(self._subjects(room.id)):
            self._disown(subject)
        await self._judge(room, going, at_open=at_open)

    async def _judge(self, room: Room, going: dict[str, tuple[Kind, str]], *, at_open: bool) -> None:
        unsure = set()
        for subject, (kind, node) in going.items():
            if at_open if node == room.exchange.node else room.exchange.is_gone(node):
                data = msgspec.json.encode(kind.lost(subject))
                await room.note_once(end_name(subject), SYSTEM, CHANNEL, kind.ended, data)
            elif node != room.exchange.node and node not in room.exchange.nodes:
                unsure.add(node)
        self._unsure.pop(room.id, None)
        if unsure:
            self._unsure[room.id] = unsure
            self._rouse()
