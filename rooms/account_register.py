"""Accounts, where they are signed in, and what they may do once."""

import contextlib
from collections.abc import Sequence

from rooms.accounts import Account, OneTimeToken, Purpose, Rotation, SignIn
from rooms.statements import Statements, Taken, columns, first, insertion

_ACCOUNT = f"SELECT {columns(Account)} FROM accounts"
_SIGN_IN = f"SELECT {columns(SignIn)} FROM sign_ins"
_SPEND = (
    "UPDATE refresh_tokens SET spent_for = $2 WHERE hash = $1 AND spent_for IS NULL"
    " AND sign_in IN (SELECT id FROM sign_ins WHERE expires_at > $3)"
)
_FOLLOW = (
    "INSERT INTO refresh_tokens (hash, sign_in)"
    " SELECT spent_for, sign_in FROM refresh_tokens WHERE hash = $1 AND spent_for = $2"
)
_GOES_ON = (
    "UPDATE sign_ins SET used_at = $2 WHERE id = (SELECT sign_in FROM refresh_tokens WHERE hash = $1)"
    f" RETURNING {columns(SignIn)}"
)


class AccountRegister:
    """Who there is. One per process; it owns nothing."""

    def __init__(self, statements: Statements) -> None:
        self._sql = statements

    async def add(self, account: Account) -> bool:
        """False if the id or the address is taken."""
        sql, values = insertion("accounts", account)
        try:
            await self._sql.rows(sql, *values)
        except Taken:
            return False
        return True

    async def find(self, account: str) -> Account | None:
        return first(Account, await self._sql.rows(f"{_ACCOUNT} WHERE id = $1", account))

    async def at_address(self, indexes: Sequence[bytes]) -> Account | None:
        """Whoever has the address, under whichever key it was indexed."""
        for index in indexes:
            rows = await self._sql.rows(f"{_ACCOUNT} WHERE address_index = $1", index)
            if rows:
                return Account(*rows[0])
        return None

    async def some(self, after: str, limit: int) -> list[Account]:
        """In the order of their ids."""
        rows = await self._sql.rows(f"{_ACCOUNT} WHERE id > $1 ORDER BY id LIMIT $2", after, limit)
        return [Account(*row) for row in rows]

    async def change(self, account: str, **values: object) -> bool:
        """Set these columns; False if there is no such account. Raises Taken for an address that others have."""
        if not values.keys() <= set(Account.__struct_fields__) - {"id", "created_at"}:
            raise ValueError(f"no such columns: {sorted(values)}")
        places = ", ".join(f"{name} = ${place}" for place, name in enumerate(values, start=2))
        sql = f"UPDATE accounts SET {places} WHERE id = $1 RETURNING id"
        return bool(await self._sql.rows(sql, account, *values.values()))

    async def replace(self, before: Account, after: Account) -> bool:
        """Write the sealed columns anew, unless they or the address were changed meanwhile."""
        sql = (
            "UPDATE accounts SET address_index = $1, address = $2, profile = $3, totp = $4 WHERE id = $5"
            " AND profile = $6 AND coalesce(address, profile) = $7 AND coalesce(totp, profile) = $8 RETURNING id"
        )
        known = (before.profile, before.address or before.profile, before.totp or before.profile)
        sealed = (after.address_index, after.address, after.profile, after.totp)
        return bool(await self._sql.rows(sql, *sealed, before.id, *known))

    async def use_totp_step(self, account: str, step: int) -> bool:
        """False if it, or a later one, was used before."""
        sql = "UPDATE accounts SET totp_step = $2 WHERE id = $1 AND totp_step < $2 RETURNING id"
        return bool(await self._sql.rows(sql, account, step))

    async def delete(self, account: str) -> None:
        """With everything that hangs on it here."""
        await self._sql.rows("DELETE FROM accounts WHERE id = $1", account)

    # Sign-ins

    async def sign_in(self, sign_in: SignIn, refresh_hash: bytes) -> None:
        token = ("INSERT INTO refresh_tokens (hash, sign_in) VALUES ($1, $2)", (refresh_hash, sign_in.id))
        last = ("UPDATE accounts SET last_login_at = $2 WHERE id = $1", (sign_in.account, sign_in.created_at))
        await self._sql.together(insertion("sign_ins", sign_in), token, last)

    async def rotate(self, spent: bytes, fresh: bytes, now: int) -> Rotation:
        """Put a fresh refresh token in the place of another; of two who try at once one is told that it is reused."""
        steps = ((_SPEND, (spent, fresh, now)), (_FOLLOW, (spent, fresh)), (_GOES_ON, (fresh, now)))
        *_, rows = await self._sql.together(*steps)
        if rows:
            return Rotation(SignIn(*rows[0]))
        sql = "SELECT sign_in FROM refresh_tokens WHERE hash = $1 AND spent_for IS NOT NULL"
        old = await self._sql.rows(sql, spent)
        return Rotation(reused=old[0][0] if old else None)

    async def live_sign_in(self, sign_in: str, now: int) -> SignIn | None:
        return first(SignIn, await self._sql.rows(f"{_SIGN_IN} WHERE id = $1 AND expires_at > $2", sign_in, now))

    async def sign_in_of_token(self, refresh_hash: bytes) -> SignIn | None:
        """Of a token that is spent, too."""
        sql = f"{_SIGN_IN} WHERE id = (SELECT sign_in FROM refresh_tokens WHERE hash = $1)"
        return first(SignIn, await self._sql.rows(sql, refresh_hash))

    async def sign_ins(self, account: str) -> list[SignIn]:
        """The one that was used last comes first."""
        rows = await self._sql.rows(f"{_SIGN_IN} WHERE account = $1 ORDER BY used_at DESC, id", account)
        return [SignIn(*row) for row in rows]

    async def end_sign_in(self, sign_in: str) -> bool:
        return bool(await self._sql.rows("DELETE FROM sign_ins WHERE id = $1 RETURNING id", sign_in))

    async def end_sign_ins(self, account: str, but: str = "") -> int:
        """All of an account, but one; how many that were."""
        sql = "DELETE FROM sign_ins WHERE account = $1 AND id <> $2 RETURNING id"
        return len(await self._sql.rows(sql, account, but))

    async def describe_sign_in(self, sign_in: str, about: bytes) -> None:
        await self._sql.rows("UPDATE sign_ins SET about = $2 WHERE id = $1", sign_in, about)

    # What may be done once

    async def keep_token(self, token: OneTimeToken) -> None:
        sql, values = insertion("one_time_tokens", token)
        await self._sql.rows(sql, *values)

    async def take_token(self, token_hash: bytes, purpose: Purpose, now: int) -> OneTimeToken | None:
        """It is gone then."""
        sql = f"DELETE FROM one_time_tokens WHERE hash = $1 AND purpose = $2 RETURNING {columns(OneTimeToken)}"
        token = first(OneTimeToken, await self._sql.rows(sql, token_hash, purpose))
        return token if token and token.expires_at > now else None

    async def drop_tokens(self, account: str) -> None:
        await self._sql.rows("DELETE FROM one_time_tokens WHERE account = $1", account)

    async def sweep(self, now: int) -> None:
        """Forget what has expired."""
        for table in ("one_time_tokens", "sign_ins", "service_tokens"):
            await self._sql.rows(f"DELETE FROM {table} WHERE expires_at <= $1", now)

    async def share_key(self, known: Sequence[str]) -> bool:
        """Whether one of these keys, the current one first, is of this house; the first keys that come are."""
        first_key = "INSERT INTO key_ids (id) SELECT $1 WHERE NOT EXISTS (SELECT 1 FROM key_ids)"
        with contextlib.suppress(Taken):
            await self._sql.rows(first_key, known[0])
        ids = {row[0] for row in await self._sql.rows("SELECT id FROM key_ids")}
        if ids.isdisjoint(known):
            return False
        if known[0] not in ids:
            with contextlib.suppress(Taken):
                await self._sql.rows("INSERT INTO key_ids (id) VALUES ($1)", known[0])
        return True

    async def keep_key(self, key: str) -> None:
        """This one alone is in use now."""
        await self._sql.together(("DELETE FROM key_ids", ()), ("INSERT INTO key_ids (id) VALUES ($1)", (key,)))
