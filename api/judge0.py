"""`/judge0`: the API of Judge0 over our cells, for programs that were written for it. Off without tokens."""

import asyncio
import datetime
import uuid
from collections.abc import Awaitable, Callable

import msgspec
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from api.callbacks import Callbacks
from api.errors import ApiError
from api.foreign import ForeignAccess, Refused
from api.http import json_response, read_body
from api.judge0_records import Record, Records
from api.judge0_shapes import (
    FIELDS,
    STATUSES,
    VERSION,
    Asked,
    config_info,
    language_of_id,
    languages,
    problems_of,
    shown,
    wanted_fields,
    with_status,
)
from api.judge0_trials import Texts, asked_fields, failed, odd_options, order_of, outcome, texts_of
from api.settings import Settings
from exec_pool.errors import BadRequest, ExecError, RunnerFull
from exec_pool.judge_work import encode_order, read_trial
from exec_pool.language import LanguageInfo
from exec_pool.programs import Programs
from exec_pool.work import Job, WorkQueue

MOST_BATCH = 20
MAX_BODY_BYTES = 16 * 2**20
NOT_TEXT = "some attributes for this submission cannot be converted to UTF-8, use base64_encoded=true query parameter"

Handler = Callable[[Request, str], Awaitable[Response]]


class Judge0Api:
    """The handlers and the last submissions; one per process."""

    def __init__(self, runner: Programs, work: WorkQueue, callbacks: Callbacks, settings: Settings) -> None:
        self._runner = runner
        self._work = work
        self._callbacks = callbacks
        self._queue = settings.foreign_waiting
        self._access = ForeignAccess(settings.judge0_tokens, settings.foreign_per_minute, settings.foreign_waiting)
        self._records = Records()
        self.routes = self._all_routes() if self._access.is_on else []

    def _all_routes(self) -> list[Route]:
        handlers: list[tuple[str, str, Handler]] = [
            ("GET", "/submissions", self.index),
            ("POST", "/submissions", self.create),
            ("GET", "/submissions/batch", self.show_batch),
            ("POST", "/submissions/batch", self.create_batch),
            ("GET", "/submissions/{token}", self.show),
            ("DELETE", "/submissions/{token}", self.destroy),
            ("GET", "/languages", self.languages),
            ("GET", "/languages/all", self.languages),
            ("GET", "/languages/{id}", self.language),
            ("GET", "/statuses", self.statuses),
            ("GET", "/about", self.about),
            ("GET", "/version", self.version),
            ("GET", "/license", self.version),
            ("GET", "/isolate", self.version),
            ("GET", "/config_info", self.config),
            ("GET", "/system_info", self.system),
            ("GET", "/statistics", self.statistics),
            ("GET", "/workers", self.workers),
            ("POST", "/authenticate", self.authenticate),
            ("POST", "/authorize", self.authorize),
        ]
        routes = []
        for method, path, handler in handlers:
            guarded = self._guarded(handler)
            routes += [Route(f"/judge0{path}{end}", guarded, methods=[method]) for end in ("", "/")]
        return routes

    def _guarded(self, handler: Handler) -> Callable[[Request], Awaitable[Response]]:
        """With who calls as an argument, and with errors in Judge0's shape."""

        async def guarded(request: Request) -> Response:
            try:
                return await handler(request, self._access.identify(request))
            except Refused as error:
                headers = {"Retry-After": f"{error.retry_seconds + 0.5:.0f}"} if error.retry_seconds else {}
                return _error(str(error), error.status, headers)
            except (ApiError, ExecError) as error:
                return _error(str(error), error.status if isinstance(error, ApiError) else 503)

        return guarded

    # Submissions

    async def create(self, request: Request, caller: str) -> Response:
        names, odd = wanted_fields(request.query_params.get("fields"))
        if odd:
            return _error(f"invalid fields: [{', '.join(odd)}]", 400)
        self._admit(caller, 1)
        asked, wrong = await self._read(request)
        wrong = wrong or self._wrong(asked)
        if wrong:
            return json_response(wrong, 422)
        record = self._take(asked, request, caller)
        if isinstance(record, dict):
            return json_response(record, 422)
        if request.query_params.get("wait") != "true":
            return json_response({"token": record.token}, 201)
        assert record.task is not None
        await asyncio.shield(record.task)
        return self._show(record, names, request, 201)

    async def create_batch(self, request: Request, caller: str) -> Response:
        body = _decode(await read_body(request, MAX_BODY_BYTES), dict[str, list[msgspec.Raw]])
        items = body.get("submissions", []) if body else []
        if bad := _bad_batch(len(items)):
            return _error(bad, 400)
        self._admit(caller, len(items))
        answers = [self._one_of_batch(bytes(item), request, caller) for item in items]
        return json_response(answers, 201 if any("token" in answer for answer in answers) else 422)

    def _one_of_batch(self, item: bytes, request: Request, caller: str) -> dict[str, object]:
        asked, wrong = _read_asked(item)
        wrong = wrong or self._wrong(asked)
        taken = wrong or self._take(asked, request, caller)
        return {"token": taken.token} if isinstance(taken, Record) else dict(taken)

    async def _read(self, request: Request) -> tuple[Asked, dict[str, list[str]]]:
        return _read_asked(await read_body(request, MAX_BODY_BYTES))

    def _wrong(self, asked: Asked) -> dict[str, list[str]]:
        known = {int(str(row["id"])) for row in languages(self._runner.languages)}
        wrong = problems_of(asked, known)
        if not wrong and (odd := odd_options(asked, self._info(asked))):
            wrong["compiler_options"] = [f"{odd[0]} is not allowed for this language"]
        if asked.callback_url and not self._callbacks.allows(asked.callback_url):
            wrong["callback_url"] = ["is not allowed by the operator of this server"]
        return wrong

    def _take(self, asked: Asked, request: Request, caller: str) -> Record | dict[str, list[str]]:
        """Into the line. Raises Refused and what the line raises; gives what is wrong with the files or arguments."""
        texts = texts_of(asked, request.query_params.get("base64_encoded"))
        info = self._info(asked)
        try:
            order = order_of(asked, texts, info)
        except BadRequest as error:
            return {"additional_files": [str(error)]}
        token = str(uuid.uuid4())
        fields = asked_fields(asked, texts) | dict.fromkeys(FIELDS[len(Asked.__struct_fields__) :])
        about = {"id": asked.language_id, "name": info.name}
        fields |= {"token": token, "created_at": _now(), "language": about} | with_status(1)
        job = Job(id=token, room=f"judge0 {caller}", user=caller, body=encode_order(order))
        try:
            ticket = self._work.submit(job, lambda _: None, self._access.bounds)
        except RunnerFull as error:
            raise Refused(503, "queue is full", error.retry_seconds or 1.0) from error
        record = Record(token, caller, fields, ticket)
        record.task = asyncio.create_task(self._follow(record, asked, texts), name="judge0")
        self._records.add(record)
        return record

    def _info(self, asked: Asked) -> LanguageInfo:
        language = language_of_id(asked.language_id or 0)
        return next(row for row in self._runner.languages if row.id == language)

    async def _follow(self, record: Record, asked: Asked, texts: Texts) -> None:
        try:
            filled = outcome(asked, texts, read_trial(await record.ticket.result()))
        except ExecError as error:
            filled = failed(str(error))
        record.fields = record.fields | filled | {"finished_at": _now()}
        if asked.callback_url:
            names, _ = wanted_fields(None)
            self._callbacks.put(asked.callback_url, msgspec.json.encode(shown(record.fields, names, is_base64=True)))

    def _admit(self, caller: str, count: int) -> None:
        waiting = sum(not record.over for record in self._records.of(caller))
        if waiting + count > self._queue:
            raise Refused(503, "queue is full", 1.0)
        self._access.spend(caller, count)

    async def show(self, request: Request, _caller: str) -> Response:
        names, odd = wanted_fields(request.query_params.get("fields"))
        if odd:
            return _error(f"invalid fields: [{', '.join(odd)}]", 400)
        record = self._records.get(request.path_params["token"])
        return self._show(record, names, request, 200) if record else _error("submission was not found", 404)

    def _show(self, record: Record, names: tuple[str, ...], request: Request, status: int) -> Response:
        try:
            return json_response(shown(record.current(), names, is_base64=_wants_base64(request)), status)
        except UnicodeDecodeError:
            more = {"token": record.token} if status == 201 else {}
            return json_response({"error": NOT_TEXT} | more, 201 if status == 201 else 400)

    async def show_batch(self, request: Request, _caller: str) -> Response:
        names, odd = wanted_fields(request.query_params.get("fields"))
        if odd:
            return _error(f"invalid fields: [{', '.join(odd)}]", 400)
        tokens = [token for token in request.query_params.get("tokens", "").strip().split(",") if token]
        if bad := _bad_batch(len(tokens)):
            return _error(bad, 400)
        found = [self._records.get(token) for token in tokens]
        return self._show_many({}, found, names, request)

    async def index(self, request: Request, caller: str) -> Response:
        """What this caller has submitted, the newest first."""
        names, odd = wanted_fields(request.query_params.get("fields"))
        page, size = (request.query_params.get(name, usual) for name, usual in (("page", "1"), ("per_page", "20")))
        if odd or not (page.isascii() and page.isdigit() and int(page[:9])):
            return _error(f"invalid fields: [{', '.join(odd)}]" if odd else f"invalid page: {page}", 400)
        if not (size.isascii() and size.isdigit() and 0 < int(size[:9]) <= 100):
            return _error(f"invalid per_page: {size}", 400)
        number, count = int(page[:9]), int(size[:9])
        mine = self._records.of(caller)
        pages = -(-len(mine) // count)
        meta = {
            "current_page": number,
            "next_page": number + 1 if number < pages else None,
            "prev_page": number - 1 if number > 1 else None,
            "total_pages": pages,
            "total_count": len(mine),
        }
        part = mine[(number - 1) * count : number * count]
        return self._show_many({"meta": meta}, part, names, request)

    def _show_many(
        self,
        more: dict[str, object],
        found: list[Record] | list[Record | None],
        names: tuple[str, ...],
        request: Request,
    ) -> Response:
        is_base64 = _wants_base64(request)
        try:
            rows = [record and shown(record.current(), names, is_base64=is_base64) for record in found]
        except UnicodeDecodeError:
            return _error(NOT_TEXT.replace("this submission", "one or more submissions"), 400)
        return json_response({"submissions": rows} | more)

    async def destroy(self, _request: Request, _caller: str) -> Response:
        return _error("delete not allowed", 400)

    # About this server

    async def languages(self, _request: Request, _caller: str) -> Response:
        return json_response(languages(self._runner.languages))

    async def language(self, request: Request, _caller: str) -> Response:
        wanted = request.path_params["id"]
        found = [row for row in languages(self._runner.languages) if str(row["id"]) == wanted]
        return json_response(found[0]) if found else _error("language was not found", 404)

    async def statuses(self, _request: Request, _caller: str) -> Response:
        return json_response([{"id": number, "description": text} for number, text in STATUSES.items()])

    async def about(self, _request: Request, _caller: str) -> Response:
        links = dict.fromkeys(("homepage", "source_code", "maintainer"), "")
        return json_response({"version": VERSION} | links)

    async def version(self, _request: Request, _caller: str) -> Response:
        return PlainTextResponse(VERSION)

    async def config(self, _request: Request, _caller: str) -> Response:
        return json_response(config_info(self._runner.languages, self._callbacks.is_on, self._queue, MOST_BATCH))

    async def system(self, _request: Request, _caller: str) -> Response:
        return json_response({"Architecture": "", "CPU(s)": ""})

    async def statistics(self, _request: Request, _caller: str) -> Response:
        counts = self._records.counts()
        rows = [{"id": n, "description": text, "count": counts[n]} for n, text in STATUSES.items()]
        return json_response({"submissions": {"total": counts.total()}, "statuses": rows})

    async def workers(self, _request: Request, _caller: str) -> Response:
        stats = self._work.stats()
        row = {"queue": "default", "size": stats.waiting, "available": 1, "idle": int(not stats.running)}
        return json_response([row | {"working": stats.running, "paused": 0, "failed": stats.lost}])

    async def authenticate(self, _request: Request, _caller: str) -> Response:
        return Response(status_code=200)

    async def authorize(self, _request: Request, _caller: str) -> Response:
        return Response(status_code=403)


def _error(message: str, status: int, headers: dict[str, str] | None = None) -> Response:
    body = msgspec.json.encode({"error": message})
    return Response(body, status, headers, "application/json")


def _bad_batch(count: int) -> str:
    if count > MOST_BATCH:
        return f"number of submissions in a batch should be less than or equal to {MOST_BATCH}"
    return "" if count else "there should be at least one submission in a batch"


def _decode(body: bytes, kind: type[dict[str, list[msgspec.Raw]]]) -> dict[str, list[msgspec.Raw]] | None:
    try:
        return msgspec.json.decode(body, type=kind)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None


def _read_asked(body: bytes) -> tuple[Asked, dict[str, list[str]]]:
    """The submission, and what does not fit in it, by field. Numbers and switches may be sent as text."""
    try:
        return msgspec.json.decode(body or b"{}", type=Asked, strict=False), {}
    except msgspec.ValidationError as error:
        what, _, field = str(error).partition(" - at `$.")
        return Asked(), {field.rstrip("`") or "body": [what]}
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return Asked(), {"body": ["is not JSON"]}


def _wants_base64(request: Request) -> bool:
    return request.query_params.get("base64_encoded") != "false"


def _now() -> str:
    return datetime.datetime.now(datetime.UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
