"""Passwords as argon2id, off the event loop, a few at a time."""

import asyncio
import unicodedata
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from api.people.refusal import Refusal

_Result = TypeVar("_Result")
AT_ONCE = 2
"""Each takes `MEMORY_KIB` and a core for about 30 ms."""
MOST_WAITING = 200
MEMORY_KIB = 19 * 1024
TURNS = 2


class Passwords:
    """Owns its threads. The cost is what OWASP asks for at least; when it is raised, sign-ins take it over."""

    def __init__(self, *, most_waiting: int = MOST_WAITING) -> None:
        self._most_waiting = most_waiting
        self._hasher = PasswordHasher(time_cost=TURNS, memory_cost=MEMORY_KIB, parallelism=1)
        self._threads = ThreadPoolExecutor(AT_ONCE, "passwords")
        self._waiting = 0
        self._nobodys = ""

    def close(self) -> None:
        self._threads.shutdown(cancel_futures=True)

    async def hash(self, password: str) -> str:
        """What is kept of it. Raises Refusal 503 when too many wait."""
        return await self._do(lambda: self._hasher.hash(_one_form(password)))

    async def fits(self, kept: str | None, password: str) -> bool:
        """Takes as long when there is none. Raises Refusal 503 when too many wait."""
        return await self._do(lambda: self._fits(kept, _one_form(password)))

    def is_outdated(self, kept: str) -> bool:
        """Whether it should be hashed anew, now that the password is at hand."""
        return self._hasher.check_needs_rehash(kept)

    def _fits(self, kept: str | None, password: str) -> bool:
        try:
            return self._hasher.verify(kept or self._dummy(), password) and kept is not None
        except (VerificationError, InvalidHashError):
            return False

    def _dummy(self) -> str:
        self._nobodys = self._nobodys or self._hasher.hash("the password of nobody")
        return self._nobodys

    async def _do(self, work: Callable[[], _Result]) -> _Result:
        if self._waiting >= self._most_waiting:
            raise Refusal(503, "busy", "too many people sign in at this moment; try again soon")
        self._waiting += 1
        try:
            return await asyncio.get_running_loop().run_in_executor(self._threads, work)
        finally:
            self._waiting -= 1


def _one_form(password: str) -> str:
    """Keyboards spell the same letter in several ways."""
    return unicodedata.normalize("NFKC", password)
