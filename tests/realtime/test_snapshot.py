"""A whole document in parts, and put together again with what came since."""

from random import Random
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pycrdt import Array, Doc, Map, Text, XmlElement, XmlFragment, XmlText

from realtime import cutting
from realtime.amending import Amendable
from realtime.cutting import cut
from realtime.errors import BadUpdate
from realtime.lib0 import Reader
from realtime.snapshot import Snapshot, Table
from realtime.update import clocks
from tests.traces.recordings import Typist, recording


class People:
    """Replicas that edit everything a document can hold, and now and then hear of each other."""

    def __init__(self, seed: int, count: int) -> None:
        self.luck = Random(seed)
        self.docs: list[Doc[Any]] = [Doc(client_id=self.luck.randrange(1, 2**32)) for _ in range(count)]

    def edit(self, times: int) -> None:
        for _ in range(times):
            doc = self.luck.choice(self.docs)
            self.luck.choice(
                [self._write, self._write, self._erase, self._format, self._set, self._nest, self._mark_up]
            )(doc)
            if self.luck.random() < 0.3:
                self._tell(doc, self.luck.choice(self.docs))

    def _tell(self, one: "Doc[Any]", other: "Doc[Any]") -> None:
        other.apply_update(one.get_update(other.get_state()))

    def gathered(self) -> "Doc[Any]":
        for doc in self.docs[1:]:
            self._tell(doc, self.docs[0])
        return self.docs[0]

    def _write(self, doc: "Doc[Any]") -> None:
        text: Text = doc.get("text", type=Text)
        text.insert(self._place(text), self.luck.choice(["a", "word ", "नमस्ते", "😀", "line\n"]))

    def _place(self, text: Text) -> int:
        """Between characters; positions are bytes."""
        characters = str(text)
        return len(characters[: self.luck.randrange(len(characters) + 1)].encode())

    def _erase(self, doc: "Doc[Any]") -> None:
        text: Text = doc.get("text", type=Text)
        start, end = sorted((self._place(text), self._place(text)))
        if end > start:
            del text[start:end]

    def _format(self, doc: "Doc[Any]") -> None:
        text: Text = doc.get("text", type=Text)
        start, end = sorted((self._place(text), self._place(text)))
        if end > start:
            text.format(start, end, {"bold": self.luck.choice([True, None])})

    def _set(self, doc: "Doc[Any]") -> None:
        things: Map[Any] = doc.get("map", type=Map)
        things[self.luck.choice("abc")] = self.luck.choice([1, None, [1.5, {"k": b"v"}], "text"])

    def _nest(self, doc: "Doc[Any]") -> None:
        things: Map[Any] = doc.get("map", type=Map)
        value = things.get("deep", None)
        if isinstance(value, Array) and self.luck.random() < 0.8:
            value.append(self.luck.choice([1, Map({"x": Text("y")}), Array([2])]))
        else:
            things["deep"] = Array([Text("z")])

    def _mark_up(self, doc: "Doc[Any]") -> None:
        page: Any = doc.get("page", type=XmlFragment)
        if len(page.children) > 3:
            del page.children[self.luck.randrange(3)]
        page.children.append(XmlElement("p", {"class": "c"}, [XmlText("in")]))


def state(doc: "Doc[Any]") -> tuple[object, ...]:
    """Everything that can be seen of a document, how far it knows whom, and what is deleted."""
    text, page = doc.get("text", type=Text), doc.get("page", type=XmlFragment)
    return text.diff(), doc.get("map", type=Map).to_py(), str(page), clocks(doc.get_state()), deleted(doc)


def deleted(doc: "Doc[Any]") -> dict[int, set[int]]:
    reader = Reader(doc.get_update(doc.get_state()), 1)
    found: dict[int, set[int]] = {}
    for _ in range(reader.uint()):
        clocks_of = found.setdefault(reader.uint(), set())
        for _ in range(reader.uint()):
            start = reader.uint()
            clocks_of.update(range(start, start + reader.uint()))
    return found


def snapshot_of(doc: "Doc[Any]") -> Snapshot:
    whole = doc.get_update()
    made = Snapshot(whole, Table(cut(whole), doc.get_state(), 0, 0, [], []))
    decoded = Snapshot.decode(made.encode())
    assert decoded is not None
    return decoded


def rebuilt(snapshot: Snapshot) -> "Doc[Any]":
    """From the parts; after each one nothing waits, so what is known never shrinks and ends complete."""
    doc: Doc[Any] = Doc()
    for update in snapshot.updates():
        before = clocks(doc.get_state())
        doc.apply_update(update)
        brought = sum(clocks(doc.get_state()).values()) - sum(before.values())
        assert brought > 0 or update[:1] == b"\x00"
    return doc


@pytest.fixture
def small_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cutting, "PART_STRUCTS", 3)


@pytest.mark.usefixtures("small_parts")
@settings(max_examples=60)
@given(seed=st.integers(0, 2**32), count=st.integers(1, 4), times=st.integers(1, 120))
def test_U11_the_parts_of_a_snapshot_are_the_document(seed: int, count: int, times: int) -> None:
    people = People(seed, count)
    people.edit(times)
    doc = people.gathered()
    snapshot = snapshot_of(doc)
    copy = rebuilt(snapshot)
    assert state(copy) == state(doc)


@pytest.mark.usefixtures("small_parts")
@settings(max_examples=60)
@given(seed=st.integers(0, 2**32), count=st.integers(1, 4), before=st.integers(1, 60), after=st.integers(0, 60))
def test_U12_a_snapshot_and_what_came_since_are_one_update(seed: int, count: int, before: int, after: int) -> None:
    people = People(seed, count)
    people.edit(before)
    base = Amendable(snapshot_of(people.gathered()))
    people.docs.append(Doc(client_id=7))
    people.edit(after)
    doc = people.gathered()
    newcomer: Doc[Any] = Doc()
    newcomer.apply_update(b"".join(base.amended(doc.get_update(base.vector))))
    assert state(newcomer) == state(doc)


@pytest.mark.parametrize("name", ["sveltecomponent", "rustcode"])
def test_U11_a_recorded_session_comes_in_parts(name: str) -> None:
    recorded = recording(name)
    doc: Doc[Any] = Doc(client_id=1)
    text: Text = doc.get("text", type=Text)
    text += recorded.start_content
    typist = Typist(doc, text, is_ascii=False)
    for transaction in recorded.txns:
        typist.type(transaction)
    snapshot = snapshot_of(doc)
    assert len(snapshot.table.parts) > 1
    copy = rebuilt(snapshot)
    assert str(copy.get("text", type=Text)) == recorded.end_content
    assert state(copy) == state(doc)


def test_U11_what_is_not_whole_is_not_cut() -> None:
    doc: Doc[Any] = Doc(client_id=1)
    text: Text = doc.get("text", type=Text)
    text += "one"
    known = doc.get_state()
    text += "two"
    with pytest.raises(BadUpdate):
        cut(doc.get_update(known))


def test_U11_a_bare_update_is_no_snapshot_and_a_torn_one_is_refused() -> None:
    doc: Doc[Any] = Doc(client_id=1)
    doc.get("text", type=Text).insert(0, "one")
    assert Snapshot.decode(doc.get_update()) is None
    assert Snapshot.decode(Doc().get_update()) is None
    with pytest.raises(BadUpdate):
        Snapshot.decode(snapshot_of(doc).encode()[:16])
