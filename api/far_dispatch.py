"""A node's jobs on their way to sandbox workers: whose turn it is, which worker has what, and that each ends once.

Jobs wait here, fairly; few of them at a time go into the queue that all workers share. A worker that takes one says
hello, gets the order, and is heard until the end or until another worker has taken the job after it.
"""

import asyncio
import contextlib
import logging
import time
from collections.abc import Coroutine
from functools import partial
from typing import Protocol

from api.far_board import Board
from api.far_letters import Call, FromWorker, Hello, Returned, encode, read_from_worker
from api.far_thread import OVER, TAKEN_OVER, Letter, Thread, void
from api.far_thread import read as read_letter
from exec_pool.turns import Bounds, Entry, Place, Turns
from realtime.errors import JobsUnavailable, QueueFull
from realtime.fanout import Fanout, Subscription
from realtime.jobs import JobQueue

_log = logging.getLogger(__name__)

LINGER_SECONDS = 3.0
"""So long after its end a job's worker may still ask whether its result was heard."""
VOID_SECONDS = 60.0
"""So long a job that was withdrawn in the queue is told to be void to whoever takes it."""
NOTICED_SECONDS = 0.5
"""A job in the queue that a worker takes so soon did not wait."""
LOOK_SECONDS = 5.0
LOST_SECONDS = 20.0
"""A job that no worker has for so long, while the queue is empty, is put there again; after thrice that in any case."""
RETRY_SECONDS = (0.2, 3.0)
MOST_DEATHS = 3
DIED = f"The program was started {MOST_DEATHS} times, and each time the sandbox worker that ran it was gone."


class Errand(Protocol):
    """What is to be done somewhere. Its owner tells `Dispatch.end` when it is over, however it ended."""

    entry: Entry

    def order(self) -> bytes:
        """For the worker that takes it."""

    def begin(self, thread: Thread, *, anew: bool) -> None:
        """A worker has the order. `anew`: another one had it before, and nothing of that counts."""

    def hear(self, said: FromWorker) -> None: ...

    def lose(self, why: str) -> None:
        """It will not be done."""


class _Case:
    """An errand that has left the line."""

    def __init__(self, errand: Errand) -> None:
        self.errand = errand
        self.number = 1
        self.turn = (0, 0)
        self.thread: Thread | None = None
        self.worker = ""
        self.grants = 0
        self.deaths = 0
        self.is_queued = False
        self.is_dropped = False
        self.began = 0.0
        self.alone_since: float | None = time.monotonic()
        self.is_over = False
        self.subscription: Subscription | None = None
        self.timer: asyncio.TimerHandle | None = None

    def waits_since(self, moment: float) -> bool:
        """Is there no worker for it since then?"""
        return not self.is_over and self.alone_since is not None and self.alone_since < moment


class Dispatch:
    """One per node. `open` after the fan-out, the queue and the board; `close` before them."""

    def __init__(self, fanout: Fanout, queue: JobQueue, board: Board, bounds: Bounds) -> None:
        self._fanout = fanout
        self._queue = queue
        self._board = board
        self._turns = Turns(1, bounds)
        self._rooms: dict[str, int] = {}
        self._errands: dict[str, Errand] = {}
        self._cases: dict[str, _Case] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._looking: asyncio.Task[None] | None = None
        fanout.when_node_gone(self._worker_gone)

    async def open(self) -> None:
        self._looking = asyncio.create_task(self._look(), name="dispatch")

    async def close(self) -> None:
        """What is under way is given up, without a word to its owners."""
        tasks = [*self._tasks, *([self._looking] if self._looking else [])]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        for case in list(self._cases.values()):
            if case.thread is not None:
                self._void(case, case.thread.name, OVER)
            self._drop(case)

    @property
    def rooms(self) -> int:
        """In how many rooms something waits or goes on."""
        return len(self._rooms)

    def join(self, errand: Errand, bounds: Bounds | None = None) -> None:
        """Raises RunnerFull; then nothing was taken."""
        entry = errand.entry
        self._turns.resize(self._board.share(self.rooms + (entry.room not in self._rooms)))
        self._turns.join(entry, bounds)
        self._errands[entry.id] = errand
        self._rooms[entry.room] = self._rooms.get(entry.room, 0) + 1
        self.pump()

    def end(self, errand: Errand) -> None:
        """It has its result, or nobody wants it any more. Harmless again."""
        entry = errand.entry
        if self._errands.pop(entry.id, None) is None:
            return
        self._rooms[entry.room] -= 1
        if not self._rooms[entry.room]:
            del self._rooms[entry.room]
        case = self._cases.get(entry.id)
        self._turns.leave(entry.id, time.monotonic() - case.began if case and case.began else None)
        if case is not None:
            case.is_over = True
            wait = LINGER_SECONDS if case.thread else VOID_SECONDS
            case.timer = asyncio.get_running_loop().call_later(wait, self._drop, case)
        self.pump()

    def withdraw(self, errand: Errand) -> None:
        """As `end`, and a worker that is at it stops."""
        case = self._cases.get(errand.entry.id)
        if case is not None and case.thread is not None:
            self._void(case, case.thread.name, OVER)
        self.end(errand)

    def place(self, job: str) -> Place | None:
        """Where it stands among the jobs of this node that no worker has; 0 when one has it; None when it is over."""
        place = self._turns.place(job)
        if place is None:
            return None
        late = time.monotonic() - NOTICED_SECONDS
        sent = [key for key, case in self._cases.items() if case.waits_since(late)]
        if not place.position and job not in sent:
            return place
        position = place.position + len(sent) if place.position else sent.index(job) + 1
        return Place(position, self._turns.wait_seconds(position))

    def has_begun(self, errand: Errand) -> bool:
        """Is there a worker that has it?"""
        case = self._cases.get(errand.entry.id)
        return case is not None and case.alone_since is None

    def pump(self) -> None:
        """Put into the queue what may go there."""
        self._turns.resize(self._board.share(self.rooms))
        while entry := self._turns.take():
            case = self._cases[entry.id] = _Case(self._errands[entry.id])
            self._start(self._send(case))

    def _start(self, what: Coroutine[object, object, None]) -> None:
        task = asyncio.get_running_loop().create_task(what, name="dispatch-job")
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _send(self, case: _Case) -> None:
        job = case.errand.entry.id
        case.subscription = await self._fanout.subscribe(
            room_of(job), partial(self._receive, case), partial(_gap, case)
        )
        if case.is_dropped:
            case.subscription.close()
        await self._submit(case)

    async def _submit(self, case: _Case) -> None:
        job, number = case.errand.entry.id, case.number
        wait, longest = RETRY_SECONDS
        while not case.is_over:
            try:
                await self._queue.submit(f"{job}.{number}", encode(Call(job, self._fanout.node, number)))
                case.is_queued = True
                return
            except (JobsUnavailable, QueueFull) as error:
                _log.warning("a job waits for the queue", extra={"job": job, "why": str(error)})
            await asyncio.sleep(wait)
            wait = min(2 * wait, longest)

    # From workers

    def _receive(self, case: _Case, node: str, payload: bytes) -> None:
        letter = read_letter(payload)
        if letter.to_worker:
            return
        if case.thread is None or letter.thread != case.thread.name:
            self._hear_stranger(case, node, letter)
        else:
            case.thread.take(letter)

    def _hear_stranger(self, case: _Case, node: str, letter: Letter) -> None:
        """A worker that has just taken the job, or one that has it no more."""
        hello = read_from_worker(letter.body) if letter.number == 1 and not letter.more else None
        if case.is_over or not isinstance(hello, Hello):
            self._void(case, letter.thread, OVER if case.is_over else TAKEN_OVER)
            return
        twice = case.alone_since is None and hello.turn[0] != case.turn[0]
        if hello.turn <= case.turn or twice:
            self._void(case, letter.thread, OVER if twice else TAKEN_OVER)
            return
        self._part(case)
        if case.deaths >= MOST_DEATHS:
            self._void(case, letter.thread, OVER)
            case.errand.lose(DIED)
            return
        case.turn, case.worker, case.alone_since, case.began = hello.turn, node, None, time.monotonic()
        most = self._fanout.max_payload
        send, hear = partial(self._send_letter, case), partial(self._hear, case)
        case.thread = Thread(letter.thread, send, hear, to_worker=True, most=most)
        case.thread.take(letter)

    def _hear(self, case: _Case, message: bytes | None) -> None:
        said = read_from_worker(message) if message is not None else Returned()
        if isinstance(said, Hello):
            assert case.thread is not None
            case.thread.say(case.errand.order())
            case.grants += 1
            case.errand.begin(case.thread, anew=case.grants > 1)
        elif isinstance(said, Returned):
            case.deaths -= 1
            case.alone_since = time.monotonic()
        elif not case.is_over:
            case.errand.hear(said)

    def _send_letter(self, case: _Case, letter: bytes) -> None:
        self._fanout.publish(room_of(case.errand.entry.id), letter)

    # When workers die

    def _worker_gone(self, node: str) -> None:
        for case in self._cases.values():
            if case.worker == node and case.alone_since is None:
                case.alone_since = time.monotonic()

    async def _look(self) -> None:
        """The queue gives the job of a dead worker to another. Should it have lost one, it gets that anew."""
        while True:
            await asyncio.sleep(LOOK_SECONDS)
            late = time.monotonic() - LOST_SECONDS
            alone = [case for case in self._cases.values() if case.is_queued and case.waits_since(late)]
            is_empty = bool(alone) and await self._is_queue_empty()
            for case in alone:
                if is_empty or (case.alone_since or late) < late - 2 * LOST_SECONDS:
                    self._submit_again(case)

    def _submit_again(self, case: _Case) -> None:
        case.number += 1
        case.alone_since, case.is_queued = time.monotonic(), False
        self._start(self._submit(case))

    async def _is_queue_empty(self) -> bool:
        with contextlib.suppress(JobsUnavailable):
            return not (await self._queue.stats()).waiting
        return False

    # Ends

    def _void(self, case: _Case, thread: str, number: int) -> None:
        self._send_letter(case, void(thread, number, to_worker=True))

    def _part(self, case: _Case) -> None:
        """From the worker that had it, which is dead, or has let it go, or was silent for too long."""
        if case.thread is not None:
            case.deaths += 1
            self._void(case, case.thread.name, TAKEN_OVER)
            case.thread.close()

    def _drop(self, case: _Case) -> None:
        case.is_dropped = True
        if case.timer is not None:
            case.timer.cancel()
        if case.thread is not None:
            case.thread.close()
        if case.subscription is not None:
            case.subscription.close()
        self._cases.pop(case.errand.entry.id, None)


def room_of(job: str) -> str:
    """Where the two ends of a job hear each other."""
    return f"job {job}"


def _gap(case: _Case) -> None:
    if case.thread is not None:
        case.thread.repeat()
