"""Letters over SMTP."""

from email.message import EmailMessage
from urllib.parse import unquote, urlsplit

import aiosmtplib

from api.settings import SettingsError

_SECONDS = 15.0
_NO_ADDRESS = "SANGAM_SMTP_URL is no address of a mail server; one is smtp://user:password@host:587 or smtps://host:465"


class Smtp:
    """`smtp://` takes TLS when the server offers it, and always with a password; `smtps://` from the first byte."""

    def __init__(self, url: str) -> None:
        """Raises SettingsError."""
        try:
            parts = urlsplit(url)
            self._port = parts.port or (465 if parts.scheme == "smtps" else 25)
        except ValueError as error:
            raise SettingsError(_NO_ADDRESS) from error
        if parts.scheme not in ("smtp", "smtps") or not parts.hostname:
            raise SettingsError(_NO_ADDRESS)
        self._host = parts.hostname
        self._is_tls = parts.scheme == "smtps"
        self._user = unquote(parts.username) if parts.username else None
        self._password = unquote(parts.password) if parts.password else None

    async def send(self, letter: EmailMessage) -> None:
        """Raises OSError."""
        try:
            await aiosmtplib.send(
                letter,
                hostname=self._host,
                port=self._port,
                username=self._user,
                password=self._password,
                use_tls=self._is_tls,
                # None: if it is offered. A password never goes over an open line.
                start_tls=True if self._password and not self._is_tls else None if not self._is_tls else False,
                timeout=_SECONDS,
            )
        except (aiosmtplib.SMTPException, ValueError) as error:
            raise OSError(str(error)) from error
