"""Problems that hosts give to their rooms, kept in the rooms' journals, and those in the operator's folder."""

import asyncio
import contextlib
import inspect
import time
import uuid
from pathlib import Path

import msgspec

from api.errors import ApiError
from exec_pool.errors import BadRequest
from exec_pool.judge_problem import Problem, read_problem
from rooms.store import REPORT, Draft, JournalStore

MOST_PROBLEMS = 100
LIST = "problems"
SEARCHED = 1000


class _Listed(msgspec.Struct, frozen=True):
    """One change of a room's list; without a title the problem was taken away."""

    id: str
    title: str | None


class _Titled(msgspec.Struct, frozen=True):
    title: str = ""


class ProblemShelf:
    """One per process; every node sees the same. A room's own problems come before the operator's.

    `folder` is where this node kept them before journals did: `{room}/{id}.json`, which are read, but not written.
    """

    def __init__(self, journal: JournalStore, folder: Path, common: Path | None) -> None:
        self._journal = journal
        self._folder = folder
        self._common = common

    async def put(self, room: str, author: str, problem: Problem) -> None:
        """Keep it, in place of one of the same id. Raises ApiError 409 when the room has too many, StoreUnavailable."""
        _plain(problem.id)
        own = {known: title for known, title in (await self._listed(room)).items() if title is not None}
        if problem.id not in own and len(own) >= MOST_PROBLEMS:
            raise ApiError(409, "too_many_problems", f"a room has at most {MOST_PROBLEMS} problems of its own")
        await self._write(room, author, problem.id, problem.title, msgspec.json.encode(problem))

    async def get(self, room: str, problem_id: str) -> Problem:
        """Raises ApiError 404, StoreUnavailable."""
        kinds = [_kind(problem_id)]
        for entry in await self._journal.entries(room, [REPORT], after=None, before=None, limit=1, kinds=kinds):
            if entry.data:
                return _read(entry.data)
            return await asyncio.to_thread(self._from_files, self._operators(problem_id))
        return await asyncio.to_thread(self._from_files, self._own(room, problem_id), self._operators(problem_id))

    async def titles(self, room: str) -> dict[str, str]:
        """Of all problems that the room may use, by id; what cannot be read has none. Raises StoreUnavailable."""
        listed = await self._listed(room)
        gone = {known for known, title in listed.items() if title is None}
        titles = await asyncio.to_thread(self._titles, room, gone)
        titles |= {known: title for known, title in listed.items() if title is not None}
        return dict(sorted(titles.items()))

    async def remove(self, room: str, author: str, problem_id: str) -> None:
        """Take one of the room's own away. Raises ApiError 404, StoreUnavailable."""
        listed, path = (await self._listed(room)).get(problem_id), self._own(room, problem_id)
        if listed is None and not path.exists():
            raise _no_such_problem()
        path.unlink(missing_ok=True)
        await self._write(room, author, problem_id, None, b"")

    async def _write(self, room: str, author: str, problem_id: str, title: str | None, body: bytes) -> None:
        listed = msgspec.json.encode(_Listed(problem_id, title))
        now = int(time.time() * 1000)
        drafts = [
            Draft(room, now, author, REPORT, _kind(problem_id), body),
            Draft(room, now, author, REPORT, LIST, listed),
        ]
        answer = self._journal.append(f"problem-{uuid.uuid4().hex}", drafts)
        if inspect.isawaitable(answer):
            await answer

    async def _listed(self, room: str) -> dict[str, str | None]:
        """The last word on each problem that the journal has."""
        entries = await self._journal.entries(room, [REPORT], after=None, before=None, limit=SEARCHED, kinds=[LIST])
        changes = [msgspec.json.decode(entry.data, type=_Listed) for entry in entries]
        return {change.id: change.title for change in changes}

    def _from_files(self, *paths: Path | None) -> Problem:
        for path in paths:
            with contextlib.suppress(OSError):
                if path is not None:
                    return _read(path.read_bytes())
        raise _no_such_problem()

    def _titles(self, room: str, gone: set[str]) -> dict[str, str]:
        """Of files: the operator's, and of the room's those that were not taken away."""
        common = list(self._common.glob("*.json")) if self._common else []
        own = [path for path in (self._folder / _plain(room)).glob("*.json") if path.stem not in gone]
        return {path.stem: _title(path) for path in (*common, *own)}

    def _own(self, room: str, problem_id: str) -> Path:
        return self._folder / _plain(room) / f"{_plain(problem_id)}.json"

    def _operators(self, problem_id: str) -> Path | None:
        return self._common / f"{_plain(problem_id)}.json" if self._common else None


def _kind(problem_id: str) -> str:
    return f"problem {_plain(problem_id)}"


def _read(body: bytes) -> Problem:
    try:
        return read_problem(body)
    except BadRequest as error:
        raise ApiError(409, "bad_problem", f"the file of this problem cannot be used: {error}") from error


def _title(path: Path) -> str:
    with contextlib.suppress(OSError, msgspec.DecodeError, UnicodeDecodeError):
        return msgspec.json.decode(path.read_bytes(), type=_Titled).title
    return ""


def _plain(name: str) -> str:
    """A name that leads nowhere else; raises ApiError 404."""
    if not name or name.startswith(".") or "/" in name or "\0" in name or len(name) > 64:
        raise _no_such_problem()
    return name


def _no_such_problem() -> ApiError:
    return ApiError(404, "problem_not_found", "the room has no such problem")
