"""The audit log, in either store."""

import asyncio
import sqlite3
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack
from pathlib import Path

import asyncpg
import msgspec
import pytest

from rooms.audit import GENESIS, AuditStore, Deed, Head, Recorded, Verifier, Wanted, chained
from rooms.postgres_audit import PostgresAudit
from rooms.sqlite_audit import SqliteAudit
from tests.contracts.conftest import KINDS


class House:
    """One log, opened as often as nodes come."""

    def __init__(self, make: Callable[[], AuditStore], stack: AsyncExitStack) -> None:
        self._make = make
        self._stack = stack

    async def join(self) -> AuditStore:
        store = self._make()
        await store.open()
        self._stack.push_async_callback(store.close)
        return store


@pytest.fixture(params=KINDS)
async def house(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[House]:
    make: Callable[[], AuditStore] = lambda: SqliteAudit(tmp_path)  # noqa: E731
    if request.param == "postgres":
        url = request.getfixturevalue("address")
        make = lambda: PostgresAudit(url)  # noqa: E731
    async with AsyncExitStack() as stack:
        yield House(make, stack)


def deed(number: int = 0, action: str = "room.created", actor: str = "mb_a", room: str = "rm_one") -> Deed:
    return Deed(time=1000 + number, action=action, actor=actor, room=room, details={"number": str(number)})


def verified(records: list[Recorded]) -> str:
    verifier = Verifier()
    return next((wrong for record in records if (wrong := verifier.take(record))), "")


async def test_AU1_records_are_numbered_and_chained_whoever_writes_them(house: House) -> None:
    near, far = await house.join(), await house.join()
    both = (near, far)
    await asyncio.gather(*(both[n % 2].append([deed(n), deed(n + 100)]) for n in range(20)))
    records = await near.read(0, 1000)
    assert [record.seq for record in records] == list(range(1, 41))
    assert verified(records) == ""
    assert sorted(record.read().details["number"] for record in records) == sorted(
        str(n) for n in [*range(20), *range(100, 120)]
    )
    assert await far.append([]) == Head(40, records[-1].hash)
    assert [record.seq for record in await far.read(38, 1)] == [39]


async def test_AU2_what_was_recorded_can_be_found(house: House) -> None:
    store = await house.join()
    deeds = [deed(n, ("room.created", "member.joined")[n % 2], f"mb_{n % 3}", f"rm_{n % 4}") for n in range(12)]
    await store.append(deeds)

    async def found(**wanted: object) -> list[int]:
        records = await store.find(msgspec.convert(wanted, Wanted))
        return [record.read().time - 1000 for record in records]

    assert await found() == list(range(11, -1, -1))
    assert await found(action="member.joined", limit=2) == [11, 9]
    assert await found(actor="mb_1") == [10, 7, 4, 1]
    assert await found(room="rm_3", actor="mb_2") == [11]
    assert await found(since=1003, until=1006) == [5, 4, 3]
    assert await found(before=3) == [1, 0]
    assert await found(room="' OR 1=1 --") == []


async def test_AU3_nothing_can_be_changed_or_taken_away(house: House, tmp_path: Path) -> None:
    store = await house.join()
    await store.append([deed(n) for n in range(3)])
    for statement in ("UPDATE audit SET actor = 'x'", "DELETE FROM audit WHERE seq = 2"):
        if isinstance(store, SqliteAudit):
            with (
                sqlite3.connect(tmp_path / "audit.db") as connection,
                pytest.raises(sqlite3.Error, match="append-only"),
            ):
                connection.execute(statement)
            connection.close()
        else:
            with pytest.raises(asyncpg.RaiseError, match="append-only"):
                await postgres(store, statement)
    assert verified(await store.read(0, 10)) == ""


async def postgres(store: AuditStore, statement: str) -> None:
    connection = await asyncpg.connect(store._database._url)  # type: ignore[attr-defined]
    try:
        await connection.execute(statement)
    finally:
        await connection.close()


def test_AU4_what_was_altered_removed_or_put_in_between_is_found() -> None:
    records = chained(Head(0, GENESIS), [deed(n) for n in range(5)])
    assert verified(records) == ""
    altered = msgspec.structs.replace(records[2], deed=records[2].deed.replace(b"mb_a", b"mb_b"))
    assert "record 3 is not what was recorded" in verified([*records[:2], altered, *records[3:]])
    assert "record 3 is missing" in verified([*records[:2], *records[3:]])
    forged = chained(Head(2, records[1].hash), [deed(99)])[0]
    assert "record 4" in verified([*records[:2], forged, *records[3:]])
    assert "record 1 is missing" in verified(records[1:])
    swapped = [msgspec.structs.replace(records[1], seq=1), msgspec.structs.replace(records[0], seq=2)]
    assert "record 1" in verified(swapped)
