"""`/api/rooms/{room}/problems` and `/submissions`: what hosts set, what members hand in, what came of it."""

import asyncio
import logging
from collections import OrderedDict

import msgspec
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from api.answers import OneProblem, OneSubmission, Problems
from api.codes import file_id
from api.described import PAGE, describe
from api.desk import Desk
from api.errors import ApiError
from api.http import MAX_JSON_BYTES, check_unchanged, identify, json_response, read_body, read_json
from api.identity import Identity, Reception
from api.lost_work import Kind
from api.paging import cursor, page_of
from api.past_submissions import PastSubmissions
from api.problems import ProblemShelf
from api.rate_limit import RateLimit
from api.relay import Call
from api.runs import runnable
from api.settings import Settings
from api.sitting import Handed, Sitting
from api.witness import Witness
from exec_pool.errors import LanguageUnavailable, RunnerFull, RunOver
from exec_pool.judge_problem import MOST_BYTES, Problem, Program, read_problem
from exec_pool.judge_report import problem_view
from exec_pool.judge_work import JudgeOrder, encode_order
from exec_pool.programs import Programs
from exec_pool.work import Job, WorkQueue
from rooms.errors import FileNotFound, Forbidden
from rooms.registry import RoomRegistry
from rooms.room import MAIN, Room
from rooms.store import JournalStore

_log = logging.getLogger(__name__)

REMEMBERED = 200
MAX_PROBLEM_BYTES = 2 * MOST_BYTES


class NewSubmission(msgspec.Struct, frozen=True, rename="camel"):
    """A file of the room against a problem: one that the room has, or (for hosts) one that is given along."""

    file_id: str
    problem: str = ""
    definition: msgspec.Raw | msgspec.UnsetType = msgspec.UNSET
    language: str | None = None


class _Who(msgspec.Struct, frozen=True):
    """Who asks at another node."""

    member: str
    is_host: bool


class SubmissionsApi:
    """The handlers and the last submissions of all rooms; one per process."""

    def __init__(
        self,
        reception: Reception,
        registry: RoomRegistry,
        desk: Desk,
        runner: Programs,
        work: WorkQueue,
        journal: JournalStore,
        witness: Witness,
        settings: Settings,
    ) -> None:
        self._witness = witness
        self._reception = reception
        self._registry = registry
        self._desk = desk
        self._runner = runner
        self._work = work
        self._past = PastSubmissions(journal)
        self._shelf = ProblemShelf(journal, settings.data_folder / "problems", settings.problems_folder)
        self._rate = RateLimit(settings.submissions_per_minute)
        self._sittings: OrderedDict[str, Sitting] = OrderedDict()
        self._tasks: set[asyncio.Task[None]] = set()
        one, all_ = "/api/rooms/{room}/problems/{problem}", "/api/rooms/{room}/problems"
        self.routes = [
            Route(all_, self.problems, methods=["GET"]),
            Route(one, self.problem, methods=["GET"]),
            Route(one, self.put_problem, methods=["PUT"]),
            Route(one, self.remove_problem, methods=["DELETE"]),
            Route("/api/rooms/{room}/submissions", self.submit, methods=["POST"]),
            Route("/api/rooms/{room}/submissions/{submission}", self.look, methods=["GET"]),
            Route("/api/rooms/{room}/submissions/{submission}/cancel", self.cancel, methods=["POST"]),
        ]

    # Problems

    @describe("The problems that a room has", gives=Problems, query=PAGE)
    async def problems(self, request: Request) -> Response:
        await identify(request, self._reception)
        most, after = page_of(request)
        titles = await self._shelf.titles(request.path_params["room"])
        left = [id_ for id_ in sorted(titles) if id_ > after]
        here, more = left[:most], cursor(left[most - 1]) if len(left) > most else None
        return json_response({"problems": here, "titles": {id_: titles[id_] for id_ in here}, "nextCursor": more})

    @describe("A problem; hosts see all of it", gives=OneProblem, errors=("problem_not_found", "bad_problem"))
    async def problem(self, request: Request) -> Response:
        identity = await identify(request, self._reception)
        problem = await self._shelf.get(request.path_params["room"], request.path_params["problem"])
        return json_response({"problem": problem_view(problem, to_host=_is_host(identity))})

    @describe(
        "Give the room a problem, or change it: with `If-Match` only if it is still the one of that `ETag`",
        takes=Problem, gives=OneProblem, errors=("too_many_problems", "problem_not_found", "precondition_failed"),
    )  # fmt: skip
    async def put_problem(self, request: Request) -> Response:
        identity = await self._host(request)
        problem = read_problem(await read_body(request, MAX_PROBLEM_BYTES))
        if problem.id != request.path_params["problem"]:
            raise ApiError(422, "bad_request", "the id of the problem is not the one of the address")
        room = request.path_params["room"]
        if "if-match" in request.headers:
            check_unchanged(request, {"problem": problem_view(await self._shelf.get(room, problem.id), to_host=True)})
        await self._shelf.put(room, identity.member.id, problem)
        await self._witness.record(
            "problem.changed", identity.member.id, request=request, room=room, subject=problem.id
        )
        await self._tell_of_problems(room)
        return json_response({"problem": problem_view(problem, to_host=True)})

    @describe("Take a problem of the room away", status=204, errors=("problem_not_found",))
    async def remove_problem(self, request: Request) -> Response:
        identity = await self._host(request)
        room, problem = request.path_params["room"], request.path_params["problem"]
        await self._shelf.remove(room, identity.member.id, problem)
        await self._witness.record("problem.removed", identity.member.id, request=request, room=room, subject=problem)
        await self._tell_of_problems(room)
        return Response(status_code=204)

    async def _tell_of_problems(self, room_id: str) -> None:
        """Whoever shows the list asks for it again."""
        async with self._registry.visit(room_id) as room:
            room.tell_everywhere('{"type":"problems"}')

    # Submissions

    @describe(
        "Hand a file in against a problem",
        takes=NewSubmission, gives=OneSubmission, status=201,
        errors=(
            "file_not_found", "problem_not_found", "bad_problem", "language_unavailable", "sandbox_unavailable",
            "too_many_runs",
        ),
    )  # fmt: skip
    async def submit(self, request: Request) -> Response:
        identity = await identify(request, self._reception)
        identity.require("run")
        new = await read_json(request, NewSubmission, MAX_PROBLEM_BYTES if _is_host(identity) else MAX_JSON_BYTES)
        room_id = request.path_params["room"]
        problem = await self._problem_of(room_id, identity, new)
        if wait := self._rate.take(f"{room_id} {identity.member.id}"):
            raise RunnerFull("You submit too often; wait a moment.", wait)
        begun: asyncio.Future[Sitting] = asyncio.get_running_loop().create_future()
        task = asyncio.create_task(self._sit(room_id, identity, new, problem, begun), name="submission")
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        sitting = await asyncio.shield(begun)
        return json_response({"submission": sitting.view(to_host=_is_host(identity))}, 201)

    async def _problem_of(self, room_id: str, identity: Identity, new: NewSubmission) -> Problem:
        if new.definition is msgspec.UNSET:
            return await self._shelf.get(room_id, new.problem)
        if not _is_host(identity):
            raise Forbidden("only a host may bring a problem")
        return read_problem(bytes(new.definition))

    async def _sit(
        self, room_id: str, identity: Identity, new: NewSubmission, problem: Problem, begun: asyncio.Future[Sitting]
    ) -> None:
        """From handing in to the last entry; the room stays open meanwhile. `begun` gets what stops the start."""
        try:
            async with self._registry.visit(room_id) as room:
                sitting = await self._hand_in(room, identity, new, problem)
                begun.set_result(sitting)
                await sitting.to_end()
                self._desk.changed(room)
                if not sitting.disowned:
                    self._witness.tell("run.judged", room_id, {"submission": sitting.outcome()})
        except Exception as error:
            if begun.done():
                _log.exception("a submission was lost", extra={"room": room_id})
            else:
                begun.set_exception(error)

    async def _hand_in(self, room: Room, identity: Identity, new: NewSubmission, problem: Problem) -> Sitting:
        path, solution = await self._solution(room, new, problem)
        member = identity.member.id
        about = problem.id, problem.title, new.file_id, path, solution.language, room.exchange.node
        handed = Handed("sb_" + file_id(), member, *about)
        job = Job(
            id=handed.submission,
            room=room.id,
            user=member,
            body=encode_order(JudgeOrder(problem, solution)),
            slots=problem.programs(),
        )
        sitting = Sitting(room, handed, problem, self._past)
        sitting.start(self._work.submit(job, sitting.hear))
        self._sittings[handed.submission] = sitting
        self._desk.changed(room)
        while len(self._sittings) > REMEMBERED:
            self._sittings.popitem(last=False)
        return sitting

    async def _solution(self, room: Room, new: NewSubmission, problem: Problem) -> tuple[str, Program]:
        document = (await room.document(MAIN)).document
        path = document.paths().get(new.file_id)
        if path is None:
            raise FileNotFound("the room has no such file")
        language = new.language or self._runner.language_of(path)
        self._check_language(language, problem)
        files = {name: text.decode(errors="replace") for name, text in runnable(document.texts(), path).items()}
        files[path] = document.text(new.file_id) or ""
        return path, Program(language or "", files, path)

    def _check_language(self, language: str | None, problem: Problem) -> None:
        if problem.languages and language not in problem.languages:
            raise LanguageUnavailable(f"this problem takes: {', '.join(problem.languages)}")
        known = [info for info in self._runner.languages if info.id == language]
        if not known or not known[0].available:
            raise LanguageUnavailable(known[0].reason if known else "no language is known for this file; choose one")

    @describe("A submission and what came of it", gives=OneSubmission, errors=("submission_not_found", "node_gone"))
    async def look(self, request: Request) -> Response:
        identity = await identify(request, self._reception)
        room_id, submission = request.path_params["room"], request.path_params["submission"]
        if submission in self._sittings:
            return json_response({"submission": self._find(room_id, submission).view(to_host=_is_host(identity))})
        past = await self._past.find(room_id, submission, to_host=_is_host(identity))
        if past is not None:
            return json_response({"submission": past})
        body = await self._ask(room_id, submission, "look", identity)
        return Response(body, media_type="application/json")

    @describe("Take a submission back", status=204, errors=("submission_not_found", "node_gone"))
    async def cancel(self, request: Request) -> Response:
        identity = await identify(request, self._reception)
        room_id, submission = request.path_params["room"], request.path_params["submission"]
        if submission in self._sittings:
            _cancel(self._find(room_id, submission), identity.member.id, is_host=_is_host(identity))
        elif not await self._past.find(room_id, submission, to_host=False):
            await self._ask(room_id, submission, "cancel", identity)
        return Response(status_code=204)

    async def _ask(self, room_id: str, submission: str, verb: str, identity: Identity) -> bytes:
        """The node where it is judged."""
        who = msgspec.msgpack.encode(_Who(identity.member.id, _is_host(identity)))
        try:
            return await self._desk.call(room_id, submission, verb, who)
        except RunOver:
            raise _not_found() from None

    # For people at other nodes

    kind = Kind(
        "submitted",
        "judged",
        lambda submission: {
            "submission": submission, "state": "lost", "message": "The server that judged it is gone.", "report": None
        },
    )  # fmt: skip

    def going(self, room: str) -> list[str]:
        return [id_ for id_, sitting in self._sittings.items() if sitting.room_id == room and sitting.goes_on]

    def has(self, subject: str) -> bool:
        return subject in self._sittings

    async def perform(self, node: str, room: str, call: Call) -> bytes:
        sitting = self._find(room, call.subject)
        who = msgspec.msgpack.decode(call.body, type=_Who)
        if call.verb == "cancel":
            _cancel(sitting, who.member, is_host=who.is_host)
            return b""
        return msgspec.json.encode({"submission": sitting.view(to_host=who.is_host)})

    def disown(self, subject: str) -> None:
        self._sittings[subject].disown()

    def node_gone(self, node: str) -> None:
        pass

    def _find(self, room_id: str, submission: str) -> Sitting:
        sitting = self._sittings.get(submission)
        if sitting is None or sitting.room_id != room_id:
            raise _not_found()
        return sitting

    async def _host(self, request: Request) -> Identity:
        identity = await identify(request, self._reception)
        if not _is_host(identity):
            raise Forbidden("only a host may do this")
        return identity

    async def close(self, seconds: float) -> None:
        """After the work queue was drained: wait for the last entries, at most `seconds`."""
        if self._tasks:
            await asyncio.wait(self._tasks, timeout=seconds)


def _cancel(sitting: Sitting, member: str, *, is_host: bool) -> None:
    if not is_host and sitting.handed.member != member:
        raise Forbidden("this submission is somebody else's")
    sitting.cancel()


def _not_found() -> ApiError:
    return ApiError(404, "submission_not_found", "the room has no such submission")


def _is_host(identity: Identity) -> bool:
    return identity.may("hidden_tests")
