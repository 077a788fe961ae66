"""The one table from errors to HTTP statuses and WebSocket close codes, and the one shape of an HTTP error."""

import datetime
import logging
import math
import uuid

import msgspec
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from exec_pool.errors import ExecError
from realtime.errors import CloseCode, ProtocolViolation, RealtimeError
from rooms.errors import RoomError, StoreUnavailable

_log = logging.getLogger(__name__)


class ApiError(Exception):
    """An error of the HTTP edge itself."""

    def __init__(self, status: int, code: str, message: str, details: object = None) -> None:
        super().__init__(message)
        self.status = status
        self.code = code
        self.details = details
        self.retry_seconds = 0.0


_STATUSES = {
    "room_not_found": (404, CloseCode.NO_SUCH_ROOM),
    "link_not_found": (404, CloseCode.NO_SUCH_ROOM),
    "file_not_found": (404, CloseCode.FORBIDDEN),
    "not_authenticated": (401, CloseCode.UNAUTHENTICATED),
    "forbidden": (403, CloseCode.FORBIDDEN),
    "waiting": (403, CloseCode.FORBIDDEN),
    "removed": (403, CloseCode.FORBIDDEN),
    "link_refused": (403, CloseCode.FORBIDDEN),
    "last_host": (409, CloseCode.FORBIDDEN),
    "bad_rules": (422, CloseCode.FORBIDDEN),
    "member_not_found": (404, CloseCode.FORBIDDEN),
    "read_only": (409, CloseCode.FORBIDDEN),
    "room_full": (503, CloseCode.OVERLOADED),
    "too_many_rooms": (429, CloseCode.OVERLOADED),
    "bad_path": (422, CloseCode.BAD_FRAME),
    "bad_archive": (422, CloseCode.BAD_FRAME),
    "document_full": (409, CloseCode.FORBIDDEN),
    "missing_edits": (409, CloseCode.BAD_FRAME),
    "bad_frame": (400, CloseCode.BAD_FRAME),
    "bad_update": (400, CloseCode.BAD_FRAME),
    "store_unavailable": (503, CloseCode.OVERLOADED),
    "cache_unavailable": (503, CloseCode.OVERLOADED),
    "fanout_unavailable": (503, CloseCode.OVERLOADED),
    "jobs_unavailable": (503, CloseCode.OVERLOADED),
    "queue_full": (429, CloseCode.OVERLOADED),
    "sandbox_unavailable": (503, CloseCode.INTERNAL),
    "language_unavailable": (409, CloseCode.INTERNAL),
    "too_many_runs": (429, CloseCode.OVERLOADED),
    "input_full": (429, CloseCode.OVERLOADED),
    "work_lost": (503, CloseCode.OVERLOADED),
    "run_over": (409, CloseCode.INTERNAL),
    "bad_request": (400, CloseCode.INTERNAL),
    "settings_wrong": (500, CloseCode.INTERNAL),
    "cell_failed": (500, CloseCode.INTERNAL),
}
"""Stable code → (HTTP status, close code); every error class of the packages is in here."""

EDGE_STATUSES = {
    "bad_json": 400,
    "bad_token": 400,
    "sign_in_refused": 400,
    "second_factor_needed": 401,
    "wrong_code": 401,
    "wrong_credentials": 401,
    "account_suspended": 403,
    "foreign_origin": 403,
    "password_needed": 403,
    "registration_closed": 403,
    "sign_in_again": 403,
    "wrong_password": 403,
    "not_found": 404,
    "passkey_not_found": 404,
    "session_not_found": 404,
    "token_not_found": 404,
    "problem_not_found": 404,
    "submission_not_found": 404,
    "webhook_not_found": 404,
    "delivery_not_found": 404,
    "method_not_allowed": 405,
    "too_many_problems": 409,
    "bad_problem": 409,
    "no_terminal": 409,
    "member_taken": 409,
    "not_enrolled": 409,
    "second_factor_on": 409,
    "too_many_passkeys": 409,
    "too_many_tokens": 409,
    "too_many_links": 409,
    "too_many_webhooks": 409,
    "idempotency_in_flight": 409,
    "precondition_failed": 412,
    "body_too_large": 413,
    "unsupported_media_type": 415,
    "bad_request": 422,
    "bad_room_name": 422,
    "bad_display_name": 422,
    "bad_webhook": 422,
    "bad_address": 422,
    "bad_name": 422,
    "passkey_refused": 422,
    "weak_password": 422,
    "idempotency_key_reused": 422,
    "too_many_requests": 429,
    "internal_error": 500,
    "accounts_off": 503,
    "busy": 503,
    "provider_unavailable": 503,
    "node_gone": 503,
    "node_silent": 503,
    "restarting": 503,
}
"""What the edge itself says; `bad_request` is 400 when the sandbox says it."""

KNOWN = (RealtimeError, RoomError, ExecError)


def close_code(error: Exception) -> tuple[CloseCode, str]:
    """The close code and reason of what ended a connection."""
    if isinstance(error, (ProtocolViolation, RealtimeError, RoomError)):
        return _STATUSES[error.code][1], f"{error.code}: {told(error)}"
    return CloseCode.INTERNAL, "internal_error"


def status_of_code(code: str) -> int:
    """The HTTP status that goes with a stable code."""
    return EDGE_STATUSES.get(code) or _STATUSES[code][0]


def told(error: Exception) -> str:
    """What people are told: what is wrong with a store, and where it is, is the operator's business."""
    if isinstance(error, StoreUnavailable):
        _log.warning("store unavailable", extra={"error": str(error)})
        return "The server cannot reach what it has saved. Nothing is lost; try again soon."
    return error.detail if isinstance(error, HTTPException) else str(error)


def error_body(code: str, message: str, request_id: str, details: object = None) -> bytes:
    now = datetime.datetime.now(datetime.UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    inner = {"code": code, "message": message, "details": details, "timestamp": now, "requestId": request_id}
    return msgspec.json.encode({"error": inner})


def error_status(error: Exception) -> tuple[int, str, object]:
    """(HTTP status, stable code, details) of an error that has one."""
    match error:
        case ApiError():
            return error.status, error.code, error.details
        case RealtimeError() | RoomError() | ExecError():
            return _STATUSES[error.code][0], error.code, None
        case HTTPException():
            return error.status_code, _HTTP_CODES.get(error.status_code, "http_error"), None
        case _:
            return 500, "internal_error", None


_HTTP_CODES = {
    400: "bad_request",
    404: "not_found",
    405: "method_not_allowed",
    413: "body_too_large",
    415: "unsupported_media_type",
}


async def respond(request: Request, error: Exception) -> Response:
    """Turn an error into the one shape; an unexpected one is logged and says nothing of itself."""
    status, code, details = error_status(error)
    request_id = getattr(request.state, "request_id", None) or uuid.uuid4().hex
    message = told(error)
    if status == 500:
        _log.error("request failed", exc_info=error, extra={"path": request.scope["path"][:200], "request": request_id})
        message = "The server made a mistake. Nothing that was saved is lost."
    headers = dict(error.headers or {}) if isinstance(error, HTTPException) else {}
    if status in (429, 503):
        headers["Retry-After"] = str(math.ceil(getattr(error, "retry_seconds", None) or 5))
    return Response(error_body(code, message, request_id, details), status, headers, "application/json")
