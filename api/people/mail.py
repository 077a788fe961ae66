"""Letters to people: over SMTP, or into a folder when there is no server."""

import asyncio
import contextlib
import logging
import os
import secrets
import time
from email.message import EmailMessage
from pathlib import Path
from typing import Protocol

_log = logging.getLogger(__name__)

MOST_WAITING = 1000
_TRIES = 4
_CLOSE_SECONDS = 5.0


class Mail(Protocol):
    """Where letters go."""

    async def send(self, letter: EmailMessage) -> None:
        """Raises OSError when it cannot be sent now."""


class Outbox:
    """A folder with a file for each letter, readable for its owner alone: their links let people in."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    async def send(self, letter: EmailMessage) -> None:
        """Raises OSError."""
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        name = f"{time.time_ns()}-{secrets.token_hex(4)}"
        part = self._folder / f".{name}"
        file = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
        with os.fdopen(file, "wb") as writing:
            writing.write(bytes(letter))
        part.replace(self._folder / f"{name}.eml")


class Post:
    """Takes letters and sends them later, one after the other: no answer tells by its time whether there was one."""

    def __init__(self, mail: Mail, sender: str, *, pause_seconds: float = 2.0) -> None:
        self._mail = mail
        self._sender = sender
        self._pause_seconds = pause_seconds
        self._waiting: asyncio.Queue[EmailMessage] = asyncio.Queue(MOST_WAITING)
        self._task: asyncio.Task[None] | None = None

    def open(self) -> None:
        self._task = asyncio.get_running_loop().create_task(self._deliver_always(), name="post")

    def put(self, address: str, subject: str, text: str) -> None:
        """One too many is dropped and logged."""
        letter = EmailMessage()
        letter["From"], letter["To"], letter["Subject"] = self._sender, address, subject
        letter.set_content(text, cte="8bit")
        try:
            self._waiting.put_nowait(letter)
        except asyncio.QueueFull:
            _log.error("a letter was dropped: too many wait")

    async def close(self) -> None:
        """Waits a little for what is on its way."""
        if self._task is not None:
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._waiting.join(), _CLOSE_SECONDS)
            self._task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._task
            self._task = None

    async def _deliver_always(self) -> None:
        while True:
            letter = await self._waiting.get()
            try:
                await self._deliver(letter)
            finally:
                self._waiting.task_done()

    async def _deliver(self, letter: EmailMessage) -> None:
        for attempt in range(_TRIES):
            try:
                return await self._mail.send(letter)
            except OSError as error:
                _log.warning(
                    "a letter could not be sent", extra={"attempt": attempt + 1, "error": type(error).__name__}
                )
                if attempt + 1 < _TRIES:
                    await asyncio.sleep(self._pause_seconds * 2**attempt)
        _log.error("a letter was given up")
