"""Drives the gate and the document with hostile updates, in a process of its own: `python -m tests.fuzz.gate 7 1000`.

Prints `case N` before each case, so that whoever started it knows where it died, and one JSON line per finding.
With a third argument the accepted updates of each case go to that file, for another implementation to read.
"""

import json
import resource
import struct
import sys
import time
from random import Random
from typing import Any, BinaryIO

from pycrdt import Doc

from realtime.document import Document, merge
from realtime.errors import DocumentFull, MissingEdits, NeedsTrial, ProtocolViolation
from realtime.update import EMPTY_UPDATE, STACK_BYTES, clocks
from tests.fuzz.generate import Updates, state_vector

SLOW_SECONDS = 1.0


def restore(document: Document, updates: list[bytes]) -> None:
    for update in updates:
        document.restore(update)


class Case:
    """A few updates to one document; `findings` is what must not happen."""

    def __init__(self, seed: str) -> None:
        self.random = Random(seed)
        self.updates = Updates(self.random)
        self.document = Document(2**20)
        self.accepted: list[bytes] = []
        self.findings: list[dict[str, object]] = []

    def note(self, what: str, error: BaseException | None, update: bytes = b"") -> None:
        story = [one.hex() for one in self.accepted]
        self.findings.append({"what": what, "error": repr(error)[:300], "update": update.hex(), "after": story})

    def run(self) -> None:
        for _ in range(self.random.choice((1, 2, 4, 8))):
            self._step(self.updates.one())
        self._inspect()

    def _step(self, update: bytes) -> None:
        known = self.random.random() < 0.3
        try:
            if self.random.random() < 0.5:
                new, fixed = self.document.apply(update, may_repeat=known), EMPTY_UPDATE
            else:
                new, fixed = self._accept(update, known)
        except (DocumentFull, MissingEdits, NeedsTrial):
            pass
        except ProtocolViolation as error:
            if self.document.broken:
                self.note("broken", error.__cause__, update)
                self._mend()
        except BaseException as error:
            self.note("raised in apply", error, update)
            self._mend()
        else:
            self.accepted += [one for one in (new, fixed) if one != EMPTY_UPDATE]

    def _accept(self, update: bytes, known: bool) -> tuple[bytes, bytes]:
        """As a room does."""
        if not known and self.document.type(update) is not None:
            return update, EMPTY_UPDATE
        taken = self.document.accept(update, may_repeat=known)
        return taken.new, taken.fixed

    def _mend(self) -> None:
        self.document = Document(2**20)
        restore(self.document, self.accepted)

    def _inspect(self) -> None:
        """All that the server ever does with a document, and what a newcomer does with its answer."""
        for what in (self._read, self._answer, self._merge, self._edit):
            try:
                what()
            except BaseException as error:
                self.note(f"raised in {what.__name__}", error)

    def _read(self) -> None:
        list(self.document.texts())
        list(self.document.folders())
        self.document.paths()

    def _answer(self) -> None:
        vector = state_vector(self.random)
        try:
            difference = self.document.diff(vector)
        except ProtocolViolation:
            difference = self.document.diff(b"\x00")
        newcomer: Doc[Any] = Doc()
        newcomer.apply_update(difference)
        whole: Doc[Any] = Doc()
        whole.apply_update(self.document.encode())
        restore(Document(2**20), [self.document.encode()])
        if clocks(whole.get_state()) != clocks(self.document.state_vector()):
            self.note("a newcomer differs", None)
        if clocks(self.document.state_vector()) != self.document._known:
            self.note("the clocks differ", None)

    def _merge(self) -> None:
        if self.accepted:
            reader = Document(2**20)
            restore(reader, merge(self.accepted))
            same_clocks = clocks(reader.state_vector()) == clocks(self.document.state_vector())
            if not same_clocks or sorted(reader.texts()) != sorted(self.document.texts()):
                self.note("merged differs", None)

    def _edit(self) -> None:
        self.document.add_files([("f9", "new.py", "x\n")])
        fresh: Doc[Any] = Doc()
        fresh.apply_update(self.document.encode())


def write_case(file: BinaryIO, number: int, case: Case) -> None:
    updates = [*case.accepted, case.document.encode()]
    file.write(struct.pack(">II", number, len(updates)))
    for update in updates:
        file.write(struct.pack(">I", len(update)) + update)


def main(seed: str, cases: int, start: int = 0, out: str = "") -> None:
    resource.setrlimit(resource.RLIMIT_STACK, (STACK_BYTES, resource.RLIM_INFINITY))
    file = open(out, "wb") if out else None  # noqa: SIM115
    for number in range(start, cases):
        print(f"case {number}", flush=True)
        case = Case(f"{seed}/{number}")
        started = time.process_time()
        case.run()
        if time.process_time() - started > SLOW_SECONDS:
            case.note("slow", None)
        for finding in case.findings:
            print(json.dumps(finding | {"case": number, "seed": seed}), flush=True)
        if file is not None:
            write_case(file, number, case)
    print("done", flush=True)


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]), int(sys.argv[3]) if sys.argv[3:] else 0, sys.argv[4] if sys.argv[4:] else "")
