"""`/api/v2`: Piston's API over our cells, for programs that were written for it. Off without tokens."""

import uuid
from collections.abc import Awaitable, Callable

import msgspec
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route, WebSocketRoute

from api.errors import ApiError
from api.foreign import ForeignAccess, Refused
from api.http import json_response, read_body
from api.piston_shapes import BadExecution, Execution, execution, runtimes, stage
from api.piston_socket import PistonSocket
from api.settings import Settings
from exec_pool.errors import BadRequest, ExecError, LanguageUnavailable, RunnerFull
from exec_pool.judge_work import Trial, TrialOrder, TrialRun, encode_order, read_trial
from exec_pool.limits import Limits
from exec_pool.programs import Programs
from exec_pool.work import Job, WorkQueue

MAX_BODY_BYTES = 16 * 2**20

Handler = Callable[[Request, str], Awaitable[Response]]


class PistonApi:
    """The handlers; one per process."""

    def __init__(self, runner: Programs, work: WorkQueue, settings: Settings) -> None:
        self._runner = runner
        self._work = work
        self._most = Limits(
            wall_seconds=settings.run_wall_seconds,
            cpu_seconds=settings.run_cpu_seconds,
            memory_bytes=settings.run_memory_bytes,
            output_bytes=settings.run_output_bytes,
        )
        self._access = ForeignAccess(settings.piston_tokens, settings.foreign_per_minute, settings.foreign_waiting)
        self._socket = PistonSocket(runner, self._access, self._most)
        self.routes = self._all_routes() if self._access.is_on else []

    def _all_routes(self) -> list[BaseRoute]:
        routes: list[BaseRoute] = []
        for top in ("/api/v2", "/api/v2/piston"):
            routes += [
                Route(f"{top}/runtimes", self._guarded(self.runtimes), methods=["GET"]),
                Route(f"{top}/packages", self._guarded(self.packages), methods=["GET"]),
                Route(f"{top}/packages", self._guarded(self.no_packages), methods=["POST", "DELETE"]),
                Route(f"{top}/execute", self._guarded(self.execute), methods=["POST"]),
                WebSocketRoute(f"{top}/connect", self._socket.endpoint),
            ]
        return routes

    def _guarded(self, handler: Handler) -> Callable[[Request], Awaitable[Response]]:
        """With who calls as an argument, and with errors in Piston's shape."""

        async def guarded(request: Request) -> Response:
            try:
                caller = self._access.identify(request)
                if request.method != "GET" and not _is_json(request):
                    return _error("requests must be of type application/json", 415)
                return await handler(request, caller)
            except Refused as error:
                return _error(str(error), error.status, error.retry_seconds)
            except RunnerFull as error:
                return _error(str(error), 429, error.retry_seconds or 1.0)
            except (BadExecution, BadRequest, LanguageUnavailable) as error:
                return _error(str(error), 400)
            except (ApiError, ExecError) as error:
                return _error(str(error), error.status if isinstance(error, ApiError) else 503)

        return guarded

    async def runtimes(self, _request: Request, _caller: str) -> Response:
        return json_response(runtimes(self._runner.languages))

    async def packages(self, _request: Request, _caller: str) -> Response:
        rows = runtimes(self._runner.languages)
        return json_response(
            [{"language": row["language"], "language_version": row["version"], "installed": True} for row in rows]
        )

    async def no_packages(self, _request: Request, _caller: str) -> Response:
        return _error("languages are the operator's affair on this server", 403)

    async def execute(self, request: Request, caller: str) -> Response:
        body = _decoded(await read_body(request, MAX_BODY_BYTES))
        wanted = execution(body, self._runner.languages, self._most)
        self._access.spend(caller)
        order = TrialOrder(
            language=wanted.info.id,
            files=wanted.files,
            entry=wanted.entry,
            limits=wanted.limits,
            args=wanted.args,
            stdin=wanted.stdin,
        )
        job = Job(id=f"piston {uuid.uuid4()}", room=f"piston {caller}", user=caller, body=encode_order(order))
        ticket = self._work.submit(job, lambda _: None, self._access.bounds)
        try:
            trial = read_trial(await ticket.result())
        finally:
            ticket.cancel()  # nobody waits for it when the caller has hung up
        return json_response(_answer(wanted, trial))


def _answer(wanted: Execution, trial: Trial) -> dict[str, object]:
    """A program that does not compile has the compiler's stage for its run, as programs expect."""
    if trial.refused:
        raise BadExecution(trial.refused)
    answer: dict[str, object] = {"language": wanted.name, "version": wanted.version}
    if trial.compiled is not None:
        words = trial.compile_output
        answer["compile"] = stage(TrialRun(trial.compiled, b"", words, words))
    answer["run"] = stage(trial.runs[0]) if trial.runs else answer.get("compile")
    return answer


def _is_json(request: Request) -> bool:
    return request.headers.get("content-type", "").startswith("application/json")


def _decoded(body: bytes) -> object:
    try:
        return msgspec.json.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise BadExecution("the body is not JSON") from error


def _error(message: str, status: int, retry_seconds: float = 0.0) -> Response:
    headers = {"Retry-After": f"{retry_seconds + 0.5:.0f}"} if retry_seconds else {}
    return Response(msgspec.json.encode({"message": message}), status, headers, "application/json")
