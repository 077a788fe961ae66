"""A problem: its limits, its checker, and its tests in groups. Plain frozen data, read from JSON."""

import math
from collections.abc import Iterator
from typing import Annotated, Literal

import msgspec

from exec_pool.checkers import BuiltIn, Lines
from exec_pool.errors import BadRequest
from exec_pool.limits import MIB, Limits

MOST_TESTS = 200
MOST_BYTES = 16 * MIB
MOST_CPU_SECONDS = 15.0
MOST_OUTPUT = 4 * MIB

Id = Annotated[str, msgspec.Meta(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$")]
Text = Annotated[str, msgspec.Meta(max_length=4 * MIB)]


class Program(msgspec.Struct, frozen=True):
    """Source files by path, and which of them to run."""

    language: str
    files: dict[str, Text]
    entry: str


class Custom(msgspec.Struct, frozen=True, tag_field="type", tag="custom"):
    """A checker of the host's own, run in a cell of its own: `program input.txt output.txt answer.txt`.

    Exit status 0 or 42: AC. 1 or 43: WA. 2, 4 or 8: PE. 7: as many of the points as the first number on its
    standard error says (0 to 1). Anything else is IE.
    """

    program: Program


class Interactor(msgspec.Struct, frozen=True):
    """A program that talks with the solution: its standard output is the solution's input, and the other way round.

    It is started as `program input.txt output.txt answer.txt`; what it writes to output.txt goes nowhere. Exit
    status as for a custom checker; there is no other checker then.
    """

    program: Program


class Test(msgspec.Struct, frozen=True):
    """What the program reads and what is expected. Only hosts see a hidden one."""

    __test__ = False

    stdin: Text = ""
    expected: Text = ""
    hidden: bool = True
    args: tuple[str, ...] = ()


class Group(msgspec.Struct, frozen=True):
    """Tests that give points together.

    `score` "all": the points times the smallest share of its tests; "sum": times their mean. A group is skipped
    unless every group it `needs` (all named before it) was passed in full. With `stop` the first failure ends it.
    """

    id: Id
    tests: Annotated[tuple[Test, ...], msgspec.Meta(min_length=1, max_length=MOST_TESTS)]
    points: Annotated[float, msgspec.Meta(ge=0, le=1_000_000)] = 1.0
    needs: tuple[Id, ...] = ()
    score: Literal["all", "sum"] = "all"
    stop: bool | None = None

    @property
    def stops(self) -> bool:
        """Does the first failure end the group? By default where it costs all points."""
        return self.score == "all" if self.stop is None else self.stop


class ProblemLimits(msgspec.Struct, frozen=True, rename="camel"):
    """What a solution may use for one test; the interactor and the checker get the same and more time."""

    cpu_seconds: Annotated[float, msgspec.Meta(gt=0, le=MOST_CPU_SECONDS)] = 2.0
    wall_seconds: Annotated[float, msgspec.Meta(gt=0, le=4 * MOST_CPU_SECONDS)] | None = None
    memory_bytes: Annotated[int, msgspec.Meta(ge=8 * MIB, le=2048 * MIB)] = 256 * MIB
    output_bytes: Annotated[int, msgspec.Meta(gt=0, le=MOST_OUTPUT)] = MIB
    processes: Annotated[int, msgspec.Meta(gt=0, le=256)] = 64

    def for_solution(self) -> Limits:
        """As limits of a run. A program that only waits is over after twice its processor time and a second."""
        return Limits(
            wall_seconds=self.wall_seconds or 2 * self.cpu_seconds + 1.0,
            cpu_seconds=self.cpu_seconds,
            memory_bytes=self.memory_bytes,
            processes=self.processes,
            output_bytes=self.output_bytes,
        )

    def for_referee(self) -> Limits:
        """For an interactor or a custom checker, which must not be what runs out of time."""
        mine = self.for_solution()
        return Limits(
            wall_seconds=mine.wall_seconds + 10.0,
            cpu_seconds=mine.cpu_seconds + 10.0,
            memory_bytes=max(mine.memory_bytes, 256 * MIB),
            output_bytes=mine.output_bytes,
        )


class Problem(msgspec.Struct, frozen=True):
    """What a submission is judged against. `tests` is short for one group of that name."""

    id: Id
    title: Annotated[str, msgspec.Meta(max_length=200)] = ""
    statement: Annotated[str, msgspec.Meta(max_length=65_536)] = ""
    groups: Annotated[tuple[Group, ...], msgspec.Meta(max_length=100)] = ()
    tests: Annotated[tuple[Test, ...], msgspec.Meta(max_length=MOST_TESTS)] = ()
    limits: ProblemLimits = ProblemLimits()
    checker: BuiltIn | Custom = Lines()
    interactor: Interactor | None = None
    languages: tuple[str, ...] = ()

    def all_groups(self) -> tuple[Group, ...]:
        """The groups, in the order of judging."""
        return (Group("tests", self.tests, score="sum"), *self.groups) if self.tests else self.groups

    def numbered(self) -> Iterator[tuple[int, Group, Test]]:
        """Every test with its number, from 1."""
        pairs = ((group, test) for group in self.all_groups() for test in group.tests)
        return ((number, group, test) for number, (group, test) in enumerate(pairs, 1))

    def points(self) -> float:
        """The most that can be had."""
        return math.fsum(group.points for group in self.all_groups())

    def programs(self) -> int:
        """How many programs run at the same time."""
        return 2 if self.interactor else 1


def read_problem(body: bytes) -> Problem:
    """From JSON. Raises BadRequest with a sentence that names what does not fit."""
    try:
        return checked_problem(msgspec.json.decode(body, type=Problem))
    except msgspec.ValidationError as error:
        raise BadRequest(f"The problem does not fit: {error}") from error
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise BadRequest("The problem is not JSON.") from error


def checked_problem(problem: Problem) -> Problem:
    """The problem, if it can be judged; else BadRequest."""
    groups = problem.all_groups()
    known: set[str] = set()
    for group in groups:
        if group.id in known:
            raise BadRequest(f"Two groups are called {group.id!r}.")
        if missing := set(group.needs) - known:
            raise BadRequest(f"Group {group.id!r} needs {sorted(missing)[0]!r}, which is not a group before it.")
        known.add(group.id)
    count = sum(len(group.tests) for group in groups)
    if not 0 < count <= MOST_TESTS:
        raise BadRequest(f"A problem has 1 to {MOST_TESTS} tests.")
    if _size(problem) > MOST_BYTES:
        raise BadRequest(f"The tests are larger than {MOST_BYTES // MIB} MB together.")
    return problem


def _size(problem: Problem) -> int:
    return sum(len(test.stdin) + len(test.expected) for _, _, test in problem.numbered())
