"""Submissions that have ended, out of the journal: what every node can tell of them, also long after."""

import time

import msgspec

from exec_pool.judge_report import Report
from rooms.once import commit_once
from rooms.store import REPORT, SYSTEM, Draft, JournalStore

SEARCHED = 1000


class _Kept(msgspec.Struct, frozen=True):
    """Both views of a report, as they are told. `/entries` does not serve them: a host's holds what is hidden."""

    to_host: msgspec.Raw
    to_others: msgspec.Raw


class PastSubmissions:
    """One per process; no state of its own."""

    def __init__(self, journal: JournalStore) -> None:
        self._journal = journal

    async def keep(self, room: str, submission: str, to_host: Report, to_others: Report) -> None:
        """Before its end is told. Waits for a store that is away; again, or by another node, is nothing."""
        views = _Kept(*(msgspec.Raw(msgspec.json.encode(view)) for view in (to_host, to_others)))
        draft = Draft(room, int(time.time() * 1000), SYSTEM, REPORT, submission, msgspec.json.encode(views))
        await commit_once(self._journal, f"report-{submission}", draft)

    async def find(self, room: str, submission: str, *, to_host: bool) -> dict[str, object] | None:
        """As `Sitting.view`; None for one that has not ended or never was. Raises StoreUnavailable."""
        kinds = ("submitted", "judged")
        entries = await self._journal.entries(room, ["run"], after=None, before=None, limit=SEARCHED, kinds=kinds)
        found: dict[str, dict[str, object]] = {}
        for entry in entries:
            about = msgspec.json.decode(entry.data, type=dict[str, object])
            if about.get("submission") == submission:
                found[entry.kind] = about
        if found.keys() != set(kinds):
            return None
        end = {"id": submission, "state": found["judged"]["state"], "message": found["judged"]["message"]}
        return found["submitted"] | end | {"place": None, "report": await self._report(room, submission, to_host)}

    async def _report(self, room: str, submission: str, to_host: bool) -> msgspec.Raw | None:
        entries = await self._journal.entries(room, [REPORT], after=None, before=None, limit=1, kinds=[submission])
        for entry in entries:
            kept = msgspec.json.decode(entry.data, type=_Kept)
            return kept.to_host if to_host else kept.to_others
        return None
