"""`sangam audit verify` and `sangam audit export`: the audit log beside the server, or an export of it anywhere."""

import argparse
from collections.abc import AsyncIterator
from pathlib import Path

import msgspec

from api.audit_api import AT_ONCE, exported, imported
from api.settings import Settings, SettingsError
from api.stores import audit_of
from rooms.audit import Head, Recorded, Verifier

ACTIONS = ("verify", "export")


async def audit(given: argparse.Namespace, settings: Settings) -> int:
    """1 if something is wrong with the log. Raises SettingsError, RoomError."""
    if given.action == "export":
        return await _export(settings, _file(given))
    if given.action == "verify":
        return await _verify(_of_file(Path(given.file)) if given.file else _of_store(settings), given.head)
    raise SettingsError(f"{given.action} is nothing that can be done with the audit log; {' or '.join(ACTIONS)} is")


def _file(given: argparse.Namespace) -> Path:
    if not given.file:
        raise SettingsError("say where to: --file FILE")
    return Path(given.file)


async def _export(settings: Settings, path: Path) -> int:
    count = 0
    with path.open("xb") as file:
        async for record in _of_store(settings):
            file.write(exported(record))
            count += 1
    print(f"{path}: {count} records")
    return 0


async def _verify(records: AsyncIterator[Recorded], known: str | None) -> int:
    verifier, wanted = Verifier(), _head(known) if known else None
    async for record in records:
        if wrong := verifier.take(record):
            print(f"BAD  {wrong}")
            return 1
        if wanted and record.seq == wanted.seq and record.hash != wanted.hash:
            print(f"BAD  record {record.seq} is not the one of that head: the log was made anew")
            return 1
    head = verifier.head
    if wanted and head.seq < wanted.seq:
        print(f"BAD  the log ends with record {head.seq}, and it had {wanted.seq}")
        return 1
    print(f"ok   {head.seq} records; the head is {head.seq}:{head.hash.hex()}")
    return 0


def _head(text: str) -> Head:
    number, _, digest = text.partition(":")
    try:
        return Head(int(number), bytes.fromhex(digest))
    except ValueError as error:
        raise SettingsError(f"{text} is no head; one is NUMBER:HASH, as verify prints it") from error


async def _of_store(settings: Settings) -> AsyncIterator[Recorded]:
    store = audit_of(settings)
    await store.open()
    try:
        after = 0
        while records := await store.read(after, AT_ONCE):
            for record in records:
                yield record
            after = records[-1].seq
    finally:
        await store.close()


async def _of_file(path: Path) -> AsyncIterator[Recorded]:
    with path.open("rb") as file:
        for number, line in enumerate(file, 1):
            try:
                yield imported(line)
            except (msgspec.DecodeError, ValueError) as error:
                raise SettingsError(f"{path}: line {number} is no record: {error}") from error
