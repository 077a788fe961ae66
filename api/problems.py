"""Problems that hosts give to their rooms, as files: `data/problems/{room}/{id}.json`, and the operator's folder."""

import asyncio
import contextlib
import os
from pathlib import Path

import msgspec

from api.errors import ApiError
from exec_pool.errors import BadRequest
from exec_pool.judge_problem import Problem, read_problem

MOST_PROBLEMS = 100


class _Titled(msgspec.Struct, frozen=True):
    title: str = ""


class ProblemShelf:
    """One per process. A room sees its own problems and the operator's; its own come first."""

    def __init__(self, folder: Path, common: Path | None) -> None:
        self._folder = folder
        self._common = common

    async def put(self, room: str, problem: Problem) -> None:
        """Keep it, in place of one of the same id. Raises ApiError 409 when the room has too many."""
        await asyncio.to_thread(self._put, room, problem)

    async def get(self, room: str, problem_id: str) -> Problem:
        """Raises ApiError 404."""
        return await asyncio.to_thread(self._get, room, problem_id)

    async def titles(self, room: str) -> dict[str, str]:
        """Of all problems that the room may use, by id; what cannot be read has none."""
        return await asyncio.to_thread(self._titles, room)

    async def remove(self, room: str, problem_id: str) -> None:
        """Take one of the room's own away. Raises ApiError 404."""
        try:
            await asyncio.to_thread(self._own(room, problem_id).unlink)
        except OSError as error:
            raise _no_such_problem() from error

    def _put(self, room: str, problem: Problem) -> None:
        path = self._own(room, problem.id)
        path.parent.mkdir(parents=True, exist_ok=True)
        if not path.exists() and len(list(path.parent.glob("*.json"))) >= MOST_PROBLEMS:
            raise ApiError(409, "too_many_problems", f"a room has at most {MOST_PROBLEMS} problems of its own")
        fresh = path.with_suffix(f".{os.getpid()}.new")
        fresh.write_bytes(msgspec.json.encode(problem))
        fresh.replace(path)

    def _get(self, room: str, problem_id: str) -> Problem:
        for path in (self._own(room, problem_id), self._operators(problem_id)):
            with contextlib.suppress(OSError):
                if path is not None:
                    return self._read(path)
        raise _no_such_problem()

    def _read(self, path: Path) -> Problem:
        body = path.read_bytes()
        try:
            return read_problem(body)
        except BadRequest as error:
            raise ApiError(409, "bad_problem", f"the file of this problem cannot be used: {error}") from error

    def _titles(self, room: str) -> dict[str, str]:
        folders = [*([self._common] if self._common else []), self._folder / _plain(room)]
        paths = {path.stem: path for folder in folders for path in folder.glob("*.json")}
        return {problem_id: _title(paths[problem_id]) for problem_id in sorted(paths)}

    def _own(self, room: str, problem_id: str) -> Path:
        return self._folder / _plain(room) / f"{_plain(problem_id)}.json"

    def _operators(self, problem_id: str) -> Path | None:
        return self._common / f"{_plain(problem_id)}.json" if self._common else None


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
