"""Coming in for the first time, and coming back without the password: all by a letter to the address."""

import time
from collections.abc import Callable, Sequence

import msgspec

from api.codes import new_token, token_hash
from api.errors import ApiError
from api.people.argon2_passwords import Passwords
from api.people.backoff import Backoff
from api.people.book import AccountBook, Profile, clean_address
from api.people.claims import Claims
from api.people.cryptography_seal import Seal, Unsealable
from api.people.letters import Letters
from api.people.password_rules import check_password
from rooms.accounts import Account, OneTimeToken, Purpose

CONFIRM_SECONDS = 24 * 3600
RESET_SECONDS = 3600
LETTERS_PER_HOUR = 5


class _Applicant(msgspec.Struct):
    address: str
    password_hash: str
    profile: Profile
    guest_tokens: list[str]


class Registration:
    """An address has an account once its owner has confirmed it; until then only a sealed token. One per process."""

    def __init__(
        self,
        book: AccountBook,
        seal: Seal,
        passwords: Passwords,
        letters: Letters,
        backoff: Backoff,
        claims: Claims,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._book = book
        self._seal = seal
        self._passwords = passwords
        self._letters = letters
        self._backoff = backoff
        self._claims = claims
        self._clock = clock

    async def apply(self, address: str, password: str, profile: Profile, guest_tokens: Sequence[str]) -> None:
        """Says the same, in the same time, whether the address has an account or not. Raises ApiError 422."""
        address = clean_address(address)
        check_password(password, profile.display_name, profile.last_name, address.partition("@")[0])
        password_hash = await self._passwords.hash(password)
        account = await self._book.at_address(address)
        if account is None:
            applicant = _Applicant(address, password_hash, profile, list(guest_tokens))
            token = await self._keep("register", None, msgspec.json.encode(applicant), CONFIRM_SECONDS)
        else:
            token = await self._keep("reset", account.id, b"", RESET_SECONDS)
        if await self._may_write(address):
            (self._letters.already_there if account else self._letters.confirm)(address, token)

    async def confirm(self, token: str) -> Account:
        """Make the account, or give it its new address. Raises ApiError 400."""
        if found := await self._take(token, "register"):
            applicant = msgspec.json.decode(self._data(found), type=_Applicant)
            account = await self._book.add(applicant.address, applicant.profile, applicant.password_hash)
            if account:
                await self._claims.claim_all(account.id, applicant.guest_tokens)
                return account
        elif found := await self._take(token, "address"):
            account = await self._book.register.find(found.account or "")
            if account and await self._move(account, self._data(found).decode()):
                return account
        raise _not_valid()

    async def _move(self, account: Account, address: str) -> bool:
        before = self._book.open(account).address
        moved = await self._book.set_address(account.id, address)
        if moved and before:
            self._letters.changed(before, "Your account at Sangam has another mail address now.")
        return moved

    async def ask_for_reset(self, address: str) -> None:
        """Says the same, in the same time, whether the address has an account or not."""
        address = clean_address(address)
        account = await self._book.at_address(address)
        token = await self._keep("reset", account.id if account else None, b"", RESET_SECONDS)
        if account and await self._may_write(address):
            self._letters.reset(address, token)

    async def reset(self, token: str, password: str) -> None:
        """Everybody who was signed in is not any more. Raises ApiError 400, 422."""
        check_password(password)
        password_hash = await self._passwords.hash(password)
        found = await self._take(token, "reset")
        account = await self._book.register.find(found.account) if found and found.account else None
        if account is None:
            raise _not_valid()
        await self.set_password(account, password_hash, but="")

    async def set_password(self, account: Account, password_hash: str, but: str) -> None:
        """Ends all sign-ins but one, and what else letters allow."""
        await self._book.register.change(account.id, password_hash=password_hash)
        await self._book.register.end_sign_ins(account.id, but)
        await self._book.register.drop_tokens(account.id)
        if address := self._book.open(account).address:
            self._letters.changed(address, "The password of your account at Sangam was changed.")

    async def ask_for_move(self, account: Account, address: str) -> None:
        """To another address, once its owner has confirmed it; says the same if somebody has it."""
        address = clean_address(address)
        token = await self._keep("address", account.id, address.encode(), CONFIRM_SECONDS)
        if await self._book.at_address(address) is None and await self._may_write(address):
            self._letters.confirm(address, token)

    async def _may_write(self, address: str) -> bool:
        who = f"letters:{self._book.who(address)}"
        return await self._backoff.ration(who, per_hour=LETTERS_PER_HOUR, burst=LETTERS_PER_HOUR)

    async def _keep(self, purpose: Purpose, account: str | None, data: bytes, seconds: float) -> str:
        token = new_token()
        hashed = token_hash(token)
        sealed = self._seal.close(data, _place(purpose, hashed))
        until = int((self._clock() + seconds) * 1000)
        await self._book.register.keep_token(OneTimeToken(hashed, purpose, account, sealed, until))
        return token

    async def _take(self, token: str, purpose: Purpose) -> OneTimeToken | None:
        return await self._book.register.take_token(token_hash(token), purpose, int(self._clock() * 1000))

    def _data(self, token: OneTimeToken) -> bytes:
        try:
            return self._seal.open(token.data, _place(token.purpose, token.hash))
        except Unsealable as error:
            raise _not_valid() from error


def _place(purpose: Purpose, token: bytes) -> str:
    return f"{purpose}:{token.hex()}"


def _not_valid() -> ApiError:
    return ApiError(400, "bad_token", "this link is not valid, or not any more; ask for a new one")
