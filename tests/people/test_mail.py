"""Letters over a real mail server, and what becomes of them when it is away."""

import asyncio
import email
import email.policy
from collections.abc import Iterator
from contextlib import contextmanager
from email.message import EmailMessage
from pathlib import Path
from typing import Any

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import AuthResult

from api.people.aiosmtplib_mail import Smtp
from api.people.mail import Post
from api.settings import SettingsError
from tests.people.visitor import PASSWORD, Visitor
from tests.server import eventually, running
from tests.services.processes import free_port


class Postman:
    """Keeps what a real SMTP server is handed."""

    def __init__(self) -> None:
        self.letters: list[EmailMessage] = []

    async def handle_DATA(self, _server: Any, _session: Any, envelope: Any) -> str:
        self.letters.append(email.message_from_bytes(envelope.content, policy=email.policy.default))
        return "250 OK"


@contextmanager
def mail_server(port: int, **more: Any) -> Iterator[Postman]:
    postman = Postman()
    controller = Controller(postman, hostname="127.0.0.1", port=port, **more)
    controller.start()
    try:
        yield postman
    finally:
        controller.stop()


async def test_I16_letters_go_over_smtp(tmp_path: Path) -> None:
    port = free_port()
    with (
        mail_server(port) as postman,
        running(
            tmp_path / "data",
            smtp_url=f"smtp://127.0.0.1:{port}",
            mail_from="Team <team@sangam.example>",
            exec_engine="off",
        ) as server,
    ):
        asha = Visitor(server)
        await asyncio.to_thread(asha.register)
        await eventually(lambda: postman.letters)
        (letter,) = postman.letters
        assert (letter["To"], letter["From"]) == (asha.address, "Team <team@sangam.example>")
        assert PASSWORD not in letter.get_content()
        assert not (tmp_path / "data" / "outbox").exists()


async def test_I16_a_letter_is_tried_again_until_the_server_is_back() -> None:
    port = free_port()
    post = Post(Smtp(f"smtp://127.0.0.1:{port}"), "a@sangam.example", pause_seconds=0.5)
    post.open()
    post.put("b@mail.example", "Hello", "नमस्ते")
    with mail_server(port) as postman:
        await eventually(lambda: postman.letters)
        assert postman.letters[0].get_content().strip() == "नमस्ते"
    await post.close()


async def test_I16_a_password_is_never_sent_over_an_open_line() -> None:
    seen: list[object] = []

    def authenticator(*given: object) -> AuthResult:
        seen.append(given)
        return AuthResult(success=True)

    port = free_port()
    with (
        mail_server(port, authenticator=authenticator, auth_require_tls=False) as postman,
        pytest.raises(OSError, match="STARTTLS"),
    ):
        await Smtp(f"smtp://ana:secret@127.0.0.1:{port}").send(EmailMessage())
    assert (seen, postman.letters) == ([], [])


@pytest.mark.parametrize("url", ["mail.example", "http://mail.example", "smtp://", "smtp://host:x"])
def test_I16_an_address_that_is_none_is_told(url: str) -> None:
    with pytest.raises(SettingsError, match="SANGAM_SMTP_URL"):
        Smtp(url)
