"""What an operator does beside the server: migrate, copy rooms out and in, look after what lasts."""

import argparse
import tempfile
import time
from collections.abc import Awaitable, Callable
from pathlib import Path

from api.audit_commands import audit
from api.doctor import doctor
from api.retention import days_ago
from api.settings import Settings, SettingsError
from api.stores import beside_of
from rooms.errors import StoreUnavailable
from rooms.postgres_schema import migrate_database
from rooms.records import CopyEnd, CopyStore, CopyWriter, Tally, end_of, read_copy
from rooms.sqlite_copy import SqliteCopies

Given = argparse.Namespace


def add_operator_commands(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Their part of the command line."""
    for name, (_, says, arguments) in _COMMANDS.items():
        parser = commands.add_parser(name, help=says)
        for argument in arguments:
            parser.add_argument(argument.lower(), metavar=argument)
        parser.add_argument("--data", metavar="DIR", help="folder of everything that lasts (./data)")
        if name == "trim":
            parser.add_argument("--room", help="only of this room")
        if name == "audit":
            parser.add_argument("--file", help="an export, to verify or to write")
            parser.add_argument("--head", metavar="NUMBER:HASH", help="a head that the log had: is it still that log?")
        if name == "backup":
            parser.add_argument("--no-trial", action="store_true", help="do not restore it for a trial")


async def operate(given: Given, settings: Settings) -> int:
    """Run the command of these arguments; returns the exit status. Raises SettingsError, RoomError."""
    try:
        return await _COMMANDS[given.command][0](given, settings)
    except OSError as error:
        raise SettingsError(f"{error.filename or 'the file'}: {error.strerror or error}") from error


async def migrate(_given: Given, settings: Settings) -> int:
    """Bring the tables to this program's version."""
    if not settings.database_url:
        print("nothing to do: SQLite's tables are brought up to date at each start; set SANGAM_DATABASE_URL")
        return 0
    applied = await migrate_database(settings.database_url)
    for step in applied:
        print(f"applied {step.number:04} {step.name}")
    print("the tables are up to date")
    return 0


async def backup(given: Given, settings: Settings) -> int:
    """All rooms into a file, and from there into a store for a trial."""
    path = Path(given.file)
    end = await _copy_out(beside_of(settings), path, None)
    if not given.no_trial:
        await _try_restoring(path, end)
        print("restored for a trial and found equal")
    return 0


async def restore(given: Given, settings: Settings) -> int:
    """A backup into an empty store."""
    return await _copy_in(Path(given.file), beside_of(settings), alone=True)


async def export_room(given: Given, settings: Settings) -> int:
    """One room into a file."""
    await _copy_out(beside_of(settings), Path(given.file), given.room)
    return 0


async def import_rooms(given: Given, settings: Settings) -> int:
    """The rooms of a file beside those that are there."""
    return await _copy_in(Path(given.file), beside_of(settings), alone=False)


async def trim(given: Given, settings: Settings) -> int:
    """Shorten the history of one room or of all."""
    try:
        before = days_ago(float(given.days))
    except (ValueError, OverflowError) as error:
        raise SettingsError(f"{given.days} is no number of days") from error
    print(f"{await beside_of(settings).trim(before, given.room)} entries are forgotten")
    return 0


async def _copy_out(store: CopyStore, path: Path, room: str | None) -> CopyEnd:
    with CopyWriter(path, int(time.time() * 1000)) as writer:
        await store.copy(writer.take, room)
    end = writer.tally.end()
    print(f"{path}: {_told(end)}")
    return end


async def _copy_in(path: Path, store: CopyStore, *, alone: bool) -> int:
    """First read to its end, so that a damaged file changes nothing and is told at once."""
    end = end_of(path)
    await store.restore(read_copy(path), alone=alone)
    print(f"{path}: {_told(end)} restored")
    return 0


async def _try_restoring(path: Path, end: CopyEnd) -> None:
    """Into a store beside the file; raises StoreUnavailable if what comes out again is not the same."""
    with tempfile.TemporaryDirectory(prefix=".sangam-trial-", dir=path.parent) as folder:
        trial = SqliteCopies(Path(folder))
        await trial.restore(read_copy(path), alone=True)
        found = Tally()
        await trial.copy(found.take)
    if found.end() != end:
        raise StoreUnavailable(f"{path} does not restore to what was copied; do not rely on it")


def _told(end: CopyEnd) -> str:
    return ", ".join(f"{end.counts.get(kind, 0)} {words}" for kind, words in _KINDS.items())


_KINDS = {"room": "rooms", "member": "members", "entry": "entries", "snapshot": "snapshots"}
_Command = Callable[[Given, Settings], Awaitable[int]]
_COMMANDS: dict[str, tuple[_Command, str, tuple[str, ...]]] = {
    "migrate": (migrate, "bring the tables of PostgreSQL to the version of this program", ()),
    "backup": (backup, "copy all rooms into a file, while the server runs, and try to restore it", ("FILE",)),
    "restore": (restore, "copy the rooms of a backup into an empty store", ("FILE",)),
    "export": (export_room, "copy one room into a file: documents, history, chat, runs", ("ROOM", "FILE")),
    "import": (import_rooms, "copy the rooms of a file into the store, beside those that are there", ("FILE",)),
    "trim": (trim, "forget the history that is older than so many days, but nothing that loading needs", ("DAYS",)),
    "audit": (audit, "verify: was the audit log tampered with? export: write it to --file", ("ACTION",)),
    "doctor": (doctor, "try and measure everything that is configured, and say how to mend what is wrong", ()),
}
