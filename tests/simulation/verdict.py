"""What must hold in the end, and the sentences that say what does not."""

from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Any

import msgspec
from pycrdt import Doc, Map

from tests.clients import FILE
from tests.services.postgres import PostgresServer
from tests.simulation.people import Mark, Person, lines_of

_NAMED = 5


class Row(msgspec.Struct, frozen=True):
    """One entry of the journal."""

    seq: int
    channel: str
    kind: str
    data: bytes


def journal(database: PostgresServer, url: str, room: str) -> list[Row]:
    """All entries of a room, in order."""
    told = database.sql(
        "SELECT seq || ' ' || channel || ' ' || kind || ' ' || encode(data, 'hex') FROM entries"
        f" WHERE room = (SELECT key FROM rooms WHERE id = '{room}') ORDER BY seq",
        url.rpartition("/")[2],
    )
    rows = (line.split(" ") for line in told.splitlines())
    return [Row(int(seq), channel, kind, bytes.fromhex(data)) for seq, channel, kind, data in rows]


def replayed(rows: Iterable[Row]) -> "Doc[Any]":
    """What the updates say when nothing but they are read."""
    doc: Doc[Any] = Doc()
    doc.get("files", type=Map)
    for row in rows:
        if (row.channel, row.kind) == ("main", "update"):
            doc.apply_update(row.data)
    return doc


def text_of(doc: "Doc[Any]") -> str | None:
    files = doc.get("files", type=Map)
    return str(files[FILE]["text"]) if FILE in files else None


def canonical(doc: "Doc[Any]") -> bytes:
    """The same bytes for the same state, whatever way it came about."""
    fresh: Doc[Any] = Doc()
    fresh.get("files", type=Map)
    fresh.apply_update(doc.get_update())
    return fresh.get_update()


def numbers(rows: Sequence[Row]) -> list[str]:
    """From 1, without gaps."""
    found = [row.seq for row in rows]
    return [] if found == list(range(1, len(found) + 1)) else [f"the journal's numbers have gaps: {_short(found)}"]


def same(name: str, doc: "Doc[Any]", reference: "Doc[Any]") -> list[str]:
    """Whether a replica is the reference, to the byte."""
    if canonical(doc) == canonical(reference):
        return []
    mine, theirs = lines_of(text_of(doc)), lines_of(text_of(reference))
    lacks, more = theirs - mine, mine - theirs
    return [f"{name} differs: it lacks {_short(lacks)}, it has more of {_short(more)}"]


def once(name: str, found: Counter[str], people: Sequence[Person], *, come_back: bool) -> list[str]:
    """Every saved mark is there once, and nothing twice. With `come_back` also what present people never had saved."""
    problems = []
    if twice := [mark for mark, times in found.items() if times > 1]:
        problems.append(f"{name} has twice: {_short(twice)}")
    present = [mark for person in people for mark in person.marks]
    left = [mark for person in people for mark in person.left_behind]
    if unknown := found.keys() - {mark.text for mark in (*present, *left)}:
        problems.append(f"{name} has what nobody wrote: {_short(unknown)}")
    wanted = [mark for mark in left if mark.saved and not mark.erased]
    wanted += [mark for mark in present if (mark.saved or come_back) and not mark.erased]
    if lost := [mark.text for mark in wanted if mark.text not in found]:
        problems.append(f"{name} lacks what was saved: {_short(lost)}")
    unwanted = [mark for mark in left if mark.erasure_saved]
    unwanted += [mark for mark in present if mark.erasure_saved or (come_back and mark.erased)]
    if back := [mark.text for mark in unwanted if mark.text in found]:
        problems.append(f"{name} has what was erased: {_short(back)}")
    return problems


def seen(found: Counter[str], marks: Sequence[Mark], by_others: set[str]) -> list[str]:
    """What somebody else has seen, and no node called unsaved then or later, is there."""
    lost = [mark.text for mark in marks if mark.text in by_others and not mark.erased and mark.text not in found]
    return [f"lost although others saw it: {_short(lost)}"] if lost else []


def said(name: str, told: list[str], people: Sequence[Person]) -> list[str]:
    """Each line of the chat that was answered is there once."""
    found = Counter(told)
    wrong = [text for person in people for text in person.said if found[text] != 1]
    wrong += [text for text, times in found.items() if times > 1]
    return [f"{name} has these lines of the chat not once: {_short(wrong)}"] if wrong else []


def _short(things: Iterable[object]) -> str:
    listed = [str(thing)[:40] for thing in things]
    more = f" and {len(listed) - _NAMED} more" if len(listed) > _NAMED else ""
    return ", ".join(listed[:_NAMED]) + more if listed else "nothing"
