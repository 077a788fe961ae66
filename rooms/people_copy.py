"""Which tables about people are in a copy of everything, for both databases."""

from collections.abc import Iterable, Sequence
from typing import Any

from rooms.accounts import Account, ErasedMember, ExternalIdentity, MachineToken, Membership, Passkey
from rooms.errors import BadArchive
from rooms.records import CopiedRow
from rooms.statements import columns

TABLES = {
    "key_ids": "id",
    "accounts": columns(Account),
    "recovery_codes": "account, hash",
    "passkeys": columns(Passkey),
    "external_identities": columns(ExternalIdentity),
    "service_tokens": columns(MachineToken),
    "memberships": columns(Membership),
    "erased_members": columns(ErasedMember),
}
"""Columns by table, in an order in which they can be filled. Who is signed in where is not copied."""
FORGET_KEYS = "DELETE FROM key_ids WHERE NOT EXISTS (SELECT 1 FROM accounts)"
"""Before the first row: a house without accounts has no keys that it could not do without."""


def rows_of(table: str, found: Iterable[Sequence[Any]]) -> list[CopiedRow]:
    """In one order, whichever database they come from."""
    rows = [CopiedRow(table, list(row)) for row in found]
    return sorted(rows, key=lambda row: [str(value) for value in row.values[:2]])


def insertion_of(row: CopiedRow, mark: str) -> str:
    """The statement for a row; `mark` is how the database numbers values. Raises BadArchive."""
    names = TABLES.get(row.table, "").split(", ")
    if len(names) != len(row.values):
        raise BadArchive("the copy has rows that this program does not know")
    marks = ", ".join(f"{mark}{place}" for place in range(1, len(names) + 1))
    # Only a key's id may be there already.
    again = " ON CONFLICT DO NOTHING" if row.table == "key_ids" else ""
    return f"INSERT INTO {row.table} ({', '.join(names)}) VALUES ({marks}){again}"
