"""The recordings of `data/`, and how to type them into a document."""

import gzip
import json
from pathlib import Path
from typing import Any

import msgspec
from pycrdt import Doc, Map, Text

DATA = Path(__file__).resolve().parent / "data"


class Transaction(msgspec.Struct, frozen=True):
    """What one person did at once: (position, deleted, inserted) in code points. `parents` are indexes."""

    patches: list[tuple[int, int, str]]
    agent: int = 0
    parents: list[int] = []


class Recording(msgspec.Struct, frozen=True, rename="camel"):
    """`end_content` is what every replica must read at the end."""

    end_content: str
    txns: list[Transaction]
    start_content: str = ""
    num_agents: int = 1


def recording(name: str) -> Recording:
    return msgspec.convert(json.loads(gzip.decompress((DATA / f"{name}.json.gz").read_bytes())), Recording)


class Typist:
    """Types transactions into one text of a document.

    pycrdt counts in UTF-8 bytes. In a recording that is not ASCII throughout these are the code points as long as the
    text has as many of both; to know that, nobody else may edit the text.
    """

    def __init__(self, doc: Doc[Any], text: Text, *, is_ascii: bool) -> None:
        self._doc = doc
        self._text = text
        self._is_ascii = is_ascii
        self._characters = len(str(text))

    def type(self, transaction: Transaction) -> None:
        with self._doc.transaction():
            for at, deleted, inserted in transaction.patches:
                start, end = self._bytes(at, at + deleted)
                if deleted:
                    del self._text[start:end]
                if inserted:
                    self._text.insert(start, inserted)
                self._characters += len(inserted) - deleted

    def _bytes(self, start: int, end: int) -> tuple[int, int]:
        if self._is_ascii or len(self._text) == self._characters:
            return start, end
        text = str(self._text)
        return len(text[:start].encode()), len(text[:end].encode())


class Author:
    """One agent of a concurrent recording: a replica that is brought to a transaction's parents before it is typed."""

    def __init__(self, client_id: int, start: bytes, file_id: str) -> None:
        self.doc: Doc[Any] = Doc(client_id=client_id)
        self.doc.apply_update(start)
        text = self.doc.get("files", type=Map)[file_id]["text"]
        self._typist = Typist(self.doc, text, is_ascii=True)
        self._made: list[bytes] = []
        self._subscription = self.doc.observe(lambda event: self._made.append(event.update))

    def type(self, transaction: Transaction, others: list[bytes]) -> bytes:
        """Learn what `others` did, type, and return the update that says so."""
        for update in others:
            self.doc.apply_update(update)
        self._made.clear()
        self._typist.type(transaction)
        assert len(self._made) == 1
        return self._made[0]


class Causality:
    """Which transactions each one was typed on, and which of them its agent still has to learn."""

    def __init__(self, transactions: list[Transaction]) -> None:
        self._transactions = transactions
        self._of_agent: dict[int, list[int]] = {}
        self._past: list[dict[int, int]] = []
        self._known: dict[int, dict[int, int]] = {}

    def next(self, index: int) -> list[int]:
        """To be asked in order. Indexes, ascending: causes come before effects."""
        transaction = self._transactions[index]
        past: dict[int, int] = {}
        for parent in transaction.parents:
            for agent, count in self._past[parent].items():
                past[agent] = max(past.get(agent, 0), count)
        known = self._known.setdefault(transaction.agent, {})
        news = [i for agent, count in past.items() for i in self._of_agent[agent][known.get(agent, 0) : count]]
        mine = self._of_agent.setdefault(transaction.agent, [])
        mine.append(index)
        past[transaction.agent] = len(mine)
        self._past.append(past)
        self._known[transaction.agent] = known | past
        return sorted(news)
