"""What nodes and sandbox workers write to each other: about themselves, and about one job."""

from typing import Literal

import msgspec

from exec_pool.language import LanguageInfo
from exec_pool.runs import Output, RunRequest, Usage, Window
from exec_pool.work import Job


class _Written(msgspec.Struct, frozen=True, array_like=True, tag=True):
    pass


# On the board, to everybody: said anew every second, so the newest of each is true.


class Offer(_Written, frozen=True):
    """A worker: its machine, how many programs it runs at the same time, how many now, and what it can run."""

    name: str
    slots: int
    busy: int
    engine: str
    reason: str
    is_checking: bool
    languages: tuple[LanguageInfo, ...]
    is_leaving: bool = False


class Demand(_Written, frozen=True):
    """A node: in how many rooms somebody waits or has something running."""

    rooms: int


# In the queue.


class Call(_Written, frozen=True):
    """A job that a node has; `number` counts how often it was put into the queue."""

    job: str
    node: str
    number: int


# From a worker to a node, about one job.


class Hello(_Written, frozen=True):
    """I have taken your job: give me the order. `turn` grows with each delivery: only the last one counts."""

    turn: tuple[int, int]


class Wrote(_Written, frozen=True):
    """What a program wrote."""

    output: Output


class Used(_Written, frozen=True):
    """What it has used so far."""

    usage: Usage


class Taken(_Written, frozen=True):
    """The program has read so many bytes of its input."""

    count: int


class Progress(_Written, frozen=True):
    """What a job says on the way."""

    body: bytes


class Result(_Written, frozen=True):
    """The end: a RunResult or what the job came to, encoded."""

    body: bytes


class Failed(_Written, frozen=True):
    """It could not be done, for whatever reason; nobody else need try."""

    why: str


class Returned(_Written, frozen=True):
    """I stop here before its end; another worker will take it."""


# From a node to a worker, about one job.


class RunIt(_Written, frozen=True):
    """The order: a program to run."""

    request: RunRequest


class DoIt(_Written, frozen=True):
    """The order: a job."""

    job: Job


class Typed(_Written, frozen=True):
    """Input for the program."""

    data: bytes


class Asked(_Written, frozen=True):
    """The end of the input, or the wish to stop."""

    what: Literal["eof", "stop"]


class Sized(_Written, frozen=True):
    """The terminal has another size."""

    window: Window


class Void(_Written, frozen=True):
    """Nobody wants it any more, or somebody else has it: drop it."""


Notice = Offer | Demand
FromWorker = Hello | Wrote | Used | Taken | Progress | Result | Failed | Returned
FromNode = RunIt | DoIt | Typed | Asked | Sized | Void

encode = msgspec.msgpack.Encoder().encode
read_notice = msgspec.msgpack.Decoder(Notice).decode
read_call = msgspec.msgpack.Decoder(Call).decode
read_from_worker = msgspec.msgpack.Decoder(FromWorker).decode
read_from_node = msgspec.msgpack.Decoder(FromNode).decode
