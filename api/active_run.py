"""A run that goes on in a room, and what of it is journaled and shown."""

import asyncio
import codecs
from collections.abc import Callable

import msgspec

from api.lost_work import end_name
from exec_pool.errors import RunOver
from exec_pool.job import Run
from exec_pool.runs import Event, Restarted, Usage, Window
from rooms.room import Room
from rooms.store import SYSTEM, Entry

CHANNEL = "run"
FLUSH_SECONDS = 0.016
FLUSH_BYTES = 8192
SCREEN_CHARACTERS = 65_536
Watch = Callable[[str | None], None]  # a piece of terminal output; None: the run is over


class ActiveRun:
    """A run that goes on in a room: gathers its output into entries of a readable size.

    `screen` is the newest output of a run in a terminal, and `shown` counts the characters that there ever were; who
    watches the terminal gets every piece at once.
    """

    def __init__(self, run_id: str, room: Room, terminal: Window | None) -> None:
        self.id = run_id
        self.room = room
        self.in_terminal = terminal is not None
        self.screen = ""
        self.shown = 0
        self.watchers: set[Watch] = set()
        self.run: Run | None = None
        self.stopped_by: str | None = None
        self.disowned = False
        self.files: dict[str, bytes] = {}
        self.size = self._noted_size = terminal or Window()
        self._last: asyncio.Future[Entry] | None = None
        self._parts: list[tuple[str, bytes]] = []
        self._size = 0
        self._timer: asyncio.TimerHandle | None = None
        decoder = codecs.getincrementaldecoder("utf-8")
        self._to_screen = decoder("replace")
        self._decoders = {stream: decoder("replace") for stream in ("stdout", "stderr", "compile")}

    def on_event(self, event: Event) -> None:
        if isinstance(event, Usage):
            usage = {"type": "usage", "run": self.id, "cpuSeconds": event.cpu_seconds}
            self.room.tell_everywhere(msgspec.json.encode(usage | {"memoryBytes": event.memory_bytes}).decode())
            return
        if isinstance(event, Restarted):
            self._restart(event.message)
            return
        if self.in_terminal and event.stream != "compile":
            self._show(self._to_screen.decode(event.data))
        elif self.in_terminal:
            self._show(event.data.decode(errors="replace").replace("\n", "\r\n"))
        self._parts.append((event.stream, event.data))
        self._size += len(event.data)
        if self._size >= FLUSH_BYTES:
            self.flush()
        else:
            self._flush_soon()

    def _flush_soon(self) -> None:
        if self._timer is None:
            self._timer = asyncio.get_running_loop().call_later(FLUSH_SECONDS, self.flush)

    def _restart(self, message: str) -> None:
        """It runs again: what it said before stays in the journal, and on the screen above a line that says so."""
        self.flush()
        for decoder in (self._to_screen, *self._decoders.values()):
            decoder.reset()
        if self.in_terminal:
            self._show(f"\r\n[{message}]\r\n")
        if not self.disowned:
            self.note(SYSTEM, "restarted", {"run": self.id, "message": message})

    def _show(self, text: str) -> None:
        self.shown += len(text)
        self.screen = (self.screen + text)[-SCREEN_CHARACTERS:]
        for watch in list(self.watchers):
            watch(text)

    def resize(self, rows: int, columns: int) -> None:
        """One terminal, one size: the last one counts, within what a terminal can be."""
        if self.run is None:
            return
        size = Window(min(max(rows, 1), 1000), min(max(columns, 1), 1000))
        self.run.resize(size)
        self.size = size
        self._flush_soon()

    def flush(self) -> None:
        """Journal what has gathered; neighbours of one stream become one entry."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        parts, self._parts, self._size = self._parts, [], 0
        joined: list[tuple[str, bytes]] = []
        for stream, data in parts:
            if joined and joined[-1][0] == stream:
                joined[-1] = (stream, joined[-1][1] + data)
            else:
                joined.append((stream, data))
        for stream, data in joined:
            self._output(stream, self._decoders[stream].decode(data), SYSTEM)
        self._note_size()

    def _note_size(self) -> None:
        """For those who draw the terminal from entries: as it is now, however often it changed meanwhile."""
        if self.size != self._noted_size and not self.disowned:
            self._noted_size = self.size
            about = {"run": self.id, "rows": self.size.rows, "columns": self.size.columns}
            self.note(SYSTEM, "resized", about)

    def _output(self, stream: str, text: str, author: str) -> None:
        if text and not self.disowned:
            self.note(author, "output", {"run": self.id, "stream": stream, "text": text})

    def finish(self) -> None:
        """The run is over: the rest of its output, and the end of the watching."""
        self.flush()
        for stream, decoder in self._decoders.items():
            self._output(stream, decoder.decode(b"", True), SYSTEM)
        for watch in list(self.watchers):
            watch(None)

    def typed(self, member_id: str, text: str) -> None:
        """Journal what somebody typed; a terminal echoes what is to be seen of it."""
        if self.in_terminal:
            return
        self.flush()
        self._output("stdin", text, member_id)

    def note(self, author: str, kind: str, data: object) -> asyncio.Future[Entry]:
        """Journal an event of this run; the last one is remembered."""
        self._last = self.room.note(author, CHANNEL, kind, msgspec.json.encode(data))
        return self._last

    async def note_end(self, author: str, data: object) -> None:
        """Once all that it said is committed, and if no other node has ended it before."""
        if self._last is not None:
            await self._last
        if not self.disowned:
            await self.room.note_once(end_name(self.id), author, CHANNEL, "finished", msgspec.json.encode(data))

    def disown(self) -> None:
        """Another node has told it lost: it ends, and nothing more is said of it."""
        self.disowned = True
        if self.run is not None:
            self.run.stop()

    @property
    def over(self) -> bool:
        """Whether there is nobody to type for."""
        return self.run is None or self.run.over

    def write(self, data: bytes) -> None:
        """Raises InputFull, RunOver."""
        if self.run is None:
            raise RunOver("this run is over")
        self.run.write(data)
