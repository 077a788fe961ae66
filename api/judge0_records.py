"""The submissions of `/judge0` that are remembered: all that are not over, and the last of the others."""

import asyncio
from collections import Counter, OrderedDict

from api.judge0_shapes import with_status
from exec_pool.work import Ticket

REMEMBERED = 2000
REMEMBERED_BYTES = 64 * 2**20


class Record:
    """One submission: its fields, and the task that fills them."""

    def __init__(self, token: str, caller: str, fields: dict[str, object], ticket: Ticket) -> None:
        self.token = token
        self.caller = caller
        self.fields = fields
        self.ticket = ticket
        self.task: asyncio.Task[None] | None = None

    def current(self) -> dict[str, object]:
        """The fields of this moment."""
        if self.fields["status_id"] == 1:
            place = self.ticket.place()
            if place is not None and place.position == 0:
                return self.fields | with_status(2)
        return self.fields

    def size(self) -> int:
        """About how many bytes it holds."""
        return sum(len(value) for value in self.fields.values() if isinstance(value, bytes | str))

    @property
    def over(self) -> bool:
        """Has it been tried?"""
        return self.task is not None and self.task.done()


class Records:
    """By token; bounded in number and bytes. Those that are not over are bounded by the line."""

    def __init__(self) -> None:
        self._records: OrderedDict[str, Record] = OrderedDict()

    def add(self, record: Record) -> None:
        """Remember it, and forget the oldest that are over."""
        self._records[record.token] = record
        done = [old for old in self._records.values() if old.over]
        size = sum(old.size() for old in done)
        for old in done:
            if len(self._records) <= REMEMBERED and size <= REMEMBERED_BYTES:
                return
            size -= old.size()
            del self._records[old.token]

    def get(self, token: str) -> Record | None:
        """None for what there never was or was forgotten."""
        return self._records.get(token)

    def of(self, caller: str) -> list[Record]:
        """What somebody has submitted, the newest first."""
        return [record for record in reversed(self._records.values()) if record.caller == caller]

    def counts(self) -> Counter[int]:
        """How many have each status."""
        return Counter(int(str(record.current()["status_id"])) for record in self._records.values())
