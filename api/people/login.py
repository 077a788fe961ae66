"""Signing in with a password, and with the second factor after it."""

import hashlib
import re
import secrets
import time
from collections.abc import Callable

from api.errors import ApiError
from api.people.argon2_passwords import Passwords
from api.people.backoff import Attempt, Backoff
from api.people.book import AccountBook, clean_address
from api.people.pyotp_codes import step_of
from api.people.refusal import Refusal
from api.people.sign_ins import Device, Opened, SignIns
from rooms.accounts import Account
from rooms.credential_register import CredentialRegister

RECOVERY_CODES = 10
_RECOVERY_LETTERS = "ABCDEFGHJKLMNPQRSTUVWXYZ23456789"
_DIGITS = re.compile(r"[0-9]{6}")


class Login:
    """Every way to be refused looks and lasts the same, until the password was right. One per process."""

    def __init__(
        self,
        book: AccountBook,
        credentials: CredentialRegister,
        passwords: Passwords,
        sign_ins: SignIns,
        backoff: Backoff,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._book = book
        self._credentials = credentials
        self._passwords = passwords
        self._sign_ins = sign_ins
        self._backoff = backoff
        self._clock = clock

    async def with_password(self, address: str, password: str, code: str, device: Device) -> Opened:
        """Raises Refusal 401 and 429, ApiError 403."""
        address = _or_nobodys(address)
        attempt = await self._backoff.attempt(self._book.who(address), device.address)
        account = await self._book.at_address(address)
        if not await self._passwords.fits(account.password_hash if account else None, password) or account is None:
            raise Refusal(401, "wrong_credentials", "address or password is wrong")
        if account.status != "active":
            raise ApiError(403, "account_suspended", "this account is suspended")
        if account.totp_on:
            await self._check_code(account, code)
        return await self._let_in(account, password, attempt, device)

    async def _let_in(self, account: Account, password: str, attempt: Attempt, device: Device) -> Opened:
        await attempt.succeeded()
        if account.password_hash and self._passwords.is_outdated(account.password_hash):
            await self._book.register.change(account.id, password_hash=await self._passwords.hash(password))
        return await self._sign_ins.begin(account, device)

    async def _check_code(self, account: Account, code: str) -> None:
        """It is a failed attempt, without a code too: else the password would buy guesses at codes without end."""
        if not code:
            raise Refusal(401, "second_factor_needed", "this account asks for a code as well")
        if not await self.is_right_code(account, code):
            raise Refusal(401, "wrong_code", "this code is wrong, or was used before")

    async def check_code(self, account: Account, code: str, device: Device) -> None:
        """For who is signed in already. Raises Refusal 403, 429."""
        attempt = await self._backoff.attempt(account.id, device.address)
        if not await self.is_right_code(account, code):
            raise Refusal(403, "wrong_code", "this code is wrong, or was used before")
        await attempt.succeeded()

    async def is_right_code(self, account: Account, code: str) -> bool:
        """Six digits, or a recovery code; each works once."""
        code = code.replace(" ", "").replace("-", "").upper()
        if not _DIGITS.fullmatch(code):
            return await self._credentials.use_recovery_code(account.id, recovery_hash(code))
        secret = self._book.totp_secret(account)
        step = step_of(secret, code, self._clock()) if secret else None
        return step is not None and await self._book.register.use_totp_step(account.id, step)

    async def confirm(self, account: Account, password: str, device: Device, *, is_fresh: bool) -> None:
        """Before something grave: the password again, or for who has none a sign-in of just now. Raises Refusal."""
        if account.password_hash is None:
            if not is_fresh:
                raise Refusal(403, "sign_in_again", "sign in again to do this")
            return
        if not password:
            raise Refusal(403, "password_needed", "this needs your password")
        attempt = await self._backoff.attempt(account.id, device.address)
        if not await self._passwords.fits(account.password_hash, password):
            raise Refusal(403, "wrong_password", "the password is wrong")
        await attempt.succeeded()


def new_recovery_codes() -> list[str]:
    """80 random bits each, in groups that people can copy."""
    codes = ["".join(secrets.choice(_RECOVERY_LETTERS) for _ in range(16)) for _ in range(RECOVERY_CODES)]
    return ["-".join(code[at : at + 4] for at in range(0, 16, 4)) for code in codes]


def recovery_hash(code: str) -> bytes:
    return hashlib.sha256(code.replace("-", "").encode()).digest()


def _or_nobodys(address: str) -> str:
    """What cannot be an address is nobody's, and takes as long."""
    try:
        return clean_address(address)
    except ApiError:
        return "nobody@nowhere.invalid"
