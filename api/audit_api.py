"""`/api/audit`: the audit log for operators, to search and to take away."""

from collections.abc import AsyncIterator

import msgspec
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.routing import Route

from api.described import PAGE, Query, describe
from api.http import json_response
from api.operators import Operators
from api.paging import cursor, number_of, page_of
from api.witness import Witness
from rooms.audit import AuditStore, Deed, Recorded, Wanted

AT_ONCE = 500


class RecordNow(msgspec.Struct, frozen=True):
    """`hash` binds it to all records before it."""

    seq: int
    hash: str
    deed: Deed


class RecordList(msgspec.Struct, frozen=True, rename="camel"):
    """The newest first."""

    records: list[RecordNow]
    next_cursor: str | None


class ExportedRecord(msgspec.Struct, frozen=True):
    """A line of an export; `deed` is exactly what was hashed."""

    seq: int
    hash: str
    deed: msgspec.Raw


class AuditApi:
    """The handlers; one per process."""

    def __init__(self, operators: Operators, witness: Witness) -> None:
        self._operators = operators
        self._store = witness.store
        self._witness = witness
        self.routes = [
            Route("/api/audit", self.search, methods=["GET"]),
            Route("/api/audit/export", self.export, methods=["GET"]),
        ]

    @describe(
        "Who did what",
        gives=RecordList, needs="operator",
        query=(
            Query("action", str, "such as `room.created`"),
            Query("actor", str, "a member, an account, an operator"),
            Query("room", str),
            Query("since", int, "Unix milliseconds, from this on"),
            Query("until", int, "Unix milliseconds, before this"),
            *PAGE,
        ),
    )  # fmt: skip
    async def search(self, request: Request) -> Response:
        await self._operators.check(request)
        query, (most, after) = request.query_params, page_of(request)
        given: dict[str, object] = {name: query.get(name, "").replace("\0", "") for name in ("action", "actor", "room")}
        for name, text in (("since", query.get("since")), ("until", query.get("until")), ("before", after or None)):
            number = number_of(text, name)
            given |= {} if number is None else {name: number}
        found = await self._store.find(msgspec.convert(given | {"limit": most}, Wanted))
        records = [RecordNow(record.seq, record.hash.hex(), record.read()) for record in found]
        return json_response(RecordList(records, cursor(str(found[-1].seq)) if len(found) == most else None))

    @describe("All of the audit log, a record a line", gives_media="application/x-ndjson", needs="operator")
    async def export(self, request: Request) -> Response:
        who = await self._operators.check(request)
        await self._witness.record("audit.exported", who, request=request)
        return StreamingResponse(_lines(self._store), media_type="application/x-ndjson")


async def _lines(store: AuditStore) -> AsyncIterator[bytes]:
    after = 0
    while records := await store.read(after, AT_ONCE):
        yield b"".join(exported(record) for record in records)
        after = records[-1].seq


def exported(record: Recorded) -> bytes:
    """As a line of an export."""
    return msgspec.json.encode(ExportedRecord(record.seq, record.hash.hex(), msgspec.Raw(record.deed))) + b"\n"


def imported(line: bytes) -> Recorded:
    """A line of an export. Raises msgspec.DecodeError, ValueError."""
    found = msgspec.json.decode(line, type=ExportedRecord)
    return Recorded(found.seq, bytes(found.deed), bytes.fromhex(found.hash))
