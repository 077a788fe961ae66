"""What people show besides a password: recovery codes, passkeys, other providers' word, tokens of machines."""

from collections.abc import Sequence

from rooms.accounts import ExternalIdentity, MachineToken, Passkey
from rooms.statements import Statements, Taken, columns, first, insertion

_PASSKEY = f"SELECT {columns(Passkey)} FROM passkeys"
_EXTERNAL = f"SELECT {columns(ExternalIdentity)} FROM external_identities"
_SERVICE = f"SELECT {columns(MachineToken)} FROM service_tokens"


class CredentialRegister:
    """By what people are known. One per process; it owns nothing."""

    def __init__(self, statements: Statements) -> None:
        self._sql = statements

    async def set_recovery_codes(self, account: str, hashes: Sequence[bytes]) -> None:
        """In the place of all that were there."""
        sql = "INSERT INTO recovery_codes (account, hash) VALUES ($1, $2)"
        clear = ("DELETE FROM recovery_codes WHERE account = $1", (account,))
        await self._sql.together(clear, *((sql, (account, code)) for code in hashes))

    async def use_recovery_code(self, account: str, code_hash: bytes) -> bool:
        """It works once."""
        sql = "DELETE FROM recovery_codes WHERE account = $1 AND hash = $2 RETURNING hash"
        return bool(await self._sql.rows(sql, account, code_hash))

    async def recovery_codes_left(self, account: str) -> int:
        return int((await self._sql.rows("SELECT count(*) FROM recovery_codes WHERE account = $1", account))[0][0])

    async def add_passkey(self, passkey: Passkey) -> bool:
        """False if somebody has it already."""
        return await self._add("passkeys", passkey)

    async def passkey(self, passkey: bytes) -> Passkey | None:
        return first(Passkey, await self._sql.rows(f"{_PASSKEY} WHERE id = $1", passkey))

    async def passkeys(self, account: str) -> list[Passkey]:
        rows = await self._sql.rows(f"{_PASSKEY} WHERE account = $1 ORDER BY created_at, id", account)
        return [Passkey(*row) for row in rows]

    async def use_passkey(self, passkey: bytes, sign_count: int, now: int) -> bool:
        """False if it has counted further already: then there are two of it."""
        sql = (
            "UPDATE passkeys SET sign_count = $2, used_at = $3 WHERE id = $1"
            " AND (sign_count < $2 OR (sign_count = 0 AND $2 = 0)) RETURNING id"
        )
        return bool(await self._sql.rows(sql, passkey, sign_count, now))

    async def drop_passkey(self, account: str, passkey: bytes) -> bool:
        sql = "DELETE FROM passkeys WHERE account = $1 AND id = $2 RETURNING id"
        return bool(await self._sql.rows(sql, account, passkey))

    async def add_external(self, identity: ExternalIdentity) -> bool:
        """False if somebody has it already."""
        return await self._add("external_identities", identity)

    async def external(self, issuer: str, subject: str) -> ExternalIdentity | None:
        sql = f"{_EXTERNAL} WHERE issuer = $1 AND subject = $2"
        return first(ExternalIdentity, await self._sql.rows(sql, issuer, subject))

    async def externals(self, account: str) -> list[ExternalIdentity]:
        rows = await self._sql.rows(f"{_EXTERNAL} WHERE account = $1 ORDER BY issuer, subject", account)
        return [ExternalIdentity(*row) for row in rows]

    async def add_service_token(self, token: MachineToken) -> None:
        await self._add("service_tokens", token)

    async def service_token(self, token_hash: bytes, now: int) -> MachineToken | None:
        rows = await self._sql.rows(f"{_SERVICE} WHERE hash = $1 AND expires_at > $2", token_hash, now)
        return first(MachineToken, rows)

    async def service_tokens(self, account: str) -> list[MachineToken]:
        rows = await self._sql.rows(f"{_SERVICE} WHERE account = $1 ORDER BY created_at, id", account)
        return [MachineToken(*row) for row in rows]

    async def drop_service_token(self, account: str, token: str) -> bool:
        sql = "DELETE FROM service_tokens WHERE account = $1 AND id = $2 RETURNING id"
        return bool(await self._sql.rows(sql, account, token))

    async def _add(self, table: str, record: Passkey | ExternalIdentity | MachineToken) -> bool:
        sql, values = insertion(table, record)
        try:
            await self._sql.rows(sql, *values)
        except Taken:
            return False
        return True
