"""One CRDT document."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pycrdt import Doc, Map, Text

from realtime.document import Document, merge
from realtime.errors import DocumentFull, ProtocolViolation
from realtime.pycrdt_doc import MOST_TYPED
from realtime.update import EMPTY_UPDATE


class Editor:
    """A client with files: makes the updates that a browser would."""

    def __init__(self) -> None:
        self.doc: Doc[Map[object]] = Doc()
        self.files = self.doc.get("files", type=Map)
        self.sent: list[bytes] = []
        self.doc.observe(lambda event: self.sent.append(event.update))

    def add(self, file_id: str, path: str, text: str) -> Text:
        body = Text(text)
        self.files[file_id] = Map({"path": path, "text": body})
        return body

    def take(self) -> bytes:
        sent, self.sent = self.sent, []
        (merged,) = merge(sent)
        return merged


def test_what_one_editor_writes_another_reads() -> None:
    editor, document = Editor(), Document(10_000)
    editor.add("a", "main.py", "print(1)\n")
    document.apply(editor.take())
    assert list(document.texts()) == [("main.py", "print(1)\n")]
    assert document.paths() == {"a": "main.py"}
    assert document.text("a") == "print(1)\n"
    assert document.text("b") is None


def test_folders_that_are_kept_though_empty_are_listed() -> None:
    editor, document = Editor(), Document(10_000)
    editor.files["f"] = Map({"path": "docs", "folder": True})
    document.apply(editor.take())
    assert list(document.folders()) == ["docs"]
    assert list(document.texts()) == []


def test_entries_of_another_shape_are_ignored() -> None:
    editor, document = Editor(), Document(10_000)
    editor.files["a"] = "text"
    editor.files["b"] = Map({"path": 5, "text": Text("x")})
    editor.files["c"] = Map({"path": "c.py"})
    document.apply(editor.take())
    assert list(document.texts()) == []
    assert list(document.folders()) == []


@pytest.mark.parametrize(
    ("typed", "kept"), [("a\r\nb\r\nc", "a\nb\nc"), ("é\r\nव\r\n", "é\nव\n"), ("a\rb", "a\nb"), ("\r\n\r\n", "\n\n")]
)
def test_U5_other_line_ends_become_newlines_everywhere(typed: str, kept: str) -> None:
    editor, document = Editor(), Document(10_000)
    text = editor.add("a", "main.py", typed)
    fixed = document.accept(editor.take()).fixed
    assert document.text("a") == kept
    editor.doc.apply_update(fixed)
    assert str(text) == kept


def test_U5_line_ends_typed_into_an_existing_file_become_newlines() -> None:
    editor, document = Editor(), Document(10_000)
    text = editor.add("a", "main.py", "first\nlast")
    document.apply(editor.take())
    text.insert(5, "\r\nmiddle")
    fixed = document.accept(editor.take()).fixed
    assert document.text("a") == "first\nmiddle\nlast"
    editor.doc.apply_update(fixed)
    assert str(text) == document.text("a")


@pytest.mark.parametrize("ending", ["\r\n", "\r", "\r\nx", "\ré"])
def test_U5_many_of_them_are_mended_at_once(ending: str) -> None:
    """One by one, a paste of two megabytes would hold everybody up for half an hour."""
    editor, document = Editor(), Document(100_000_000)
    text = editor.add("a", "main.py", "début\n")
    document.apply(editor.take())
    text.insert(len("début\n".encode()), ("line" + ending) * 100_000 + "fin")
    fixed = document.accept(editor.take()).fixed
    mended = ending.replace("\r\n", "\n").replace("\r", "\n")
    assert document.text("a") == "début\n" + ("line" + mended) * 100_000 + "fin"
    editor.doc.apply_update(fixed)
    assert str(text) == document.text("a")


def test_U5_text_without_them_makes_no_edit() -> None:
    editor, document = Editor(), Document(10_000)
    editor.add("a", "main.py", "x\ny")
    assert document.accept(editor.take()).fixed == EMPTY_UPDATE


@given(st.lists(st.tuples(st.integers(0, 100), st.text("ab\r\nष😀", max_size=6)), max_size=12))
def test_U5_whatever_is_typed_no_carriage_return_stays_and_replicas_agree(edits: list[tuple[int, str]]) -> None:
    editor, document = Editor(), Document(1_000_000)
    text = editor.add("a", "main.py", "")
    document.apply(editor.take())
    for position, typed in edits:
        raw = str(text)
        text.insert(len(raw[: position % (len(raw) + 1)].encode()), typed)
        if editor.sent:
            editor.doc.apply_update(document.accept(editor.take()).fixed)
    assert "\r" not in str(text)
    assert document.text("a") == str(text)


def test_U6_a_reply_that_only_repeats_deletions_adds_nothing() -> None:
    editor, document = Editor(), Document(10_000)
    text = editor.add("a", "main.py", "hello")
    del text[0:2]
    document.apply(editor.take())
    reply = editor.doc.get_update(document.state_vector())
    assert document.apply(reply, may_repeat=True) == EMPTY_UPDATE
    text.insert(0, "J")
    reply = editor.doc.get_update(document.state_vector())
    assert document.apply(reply, may_repeat=True) != EMPTY_UPDATE
    assert document.text("a") == "Jllo"


def test_U4_a_full_document_refuses_and_goes_on() -> None:
    editor, document = Editor(), Document(200)
    editor.add("a", "main.py", "small")
    document.apply(editor.take())
    editor.add("b", "big.py", "x" * 500)
    with pytest.raises(DocumentFull):
        document.apply(editor.take())
    assert document.paths() == {"a": "main.py"}


def test_W3_a_state_vector_is_checked_before_the_library_reads_it() -> None:
    document = Document(10_000)
    for vector in (b"", b"\xff", b"\x05", b"\x01\x05", b"\x00\x00", b"\x01\x05\xff\xff\xff\xff\xff\xff\x0f"):
        with pytest.raises(ProtocolViolation):
            document.diff(vector)


def test_files_that_the_server_adds_reach_editors() -> None:
    editor, document = Editor(), Document(10_000)
    editor.doc.apply_update(document.add_files([("a", "x.py", "1\n"), ("b", "y/z.py", "")]))
    assert str(editor.files["a"]["text"]) == "1\n"  # type: ignore[index]
    assert document.paths() == {"a": "x.py", "b": "y/z.py"}


def _asked(document: Document, question: int) -> object:
    """One of the things that may be asked in between."""
    answers = (
        lambda: document.text("a"),
        lambda: list(document.texts()),
        document.state_vector,
        lambda: document.diff(b"\x00"),
        document.encode,
        lambda: document.accept(EMPTY_UPDATE, may_repeat=True),
    )
    return answers[question % len(answers)]()


@given(st.lists(st.tuples(st.integers(1, 2 * MOST_TYPED), st.integers(0, 5)), min_size=1, max_size=5))
def test_U9_keystrokes_that_share_a_transaction_are_there_whenever_anything_is_asked(
    stretches: list[tuple[int, int]],
) -> None:
    editor, document = Editor(), Document(10**6)
    body = editor.add("a", "main.py", "start")
    document.apply(editor.take())
    body += "."
    document.apply(editor.take())
    for strokes, question in stretches:
        for _ in range(strokes):
            body += "x"
            assert document.type(editor.take()) is not None
        _asked(document, question)
    assert document.text("a") == str(body)
    whole: Doc[Map[object]] = Doc()
    whole.apply_update(document.encode())
    assert whole.get_state() == editor.doc.get_state() == document.state_vector()


def test_U9_a_document_may_go_amid_keystrokes() -> None:
    for _ in range(50):
        editor, document = Editor(), Document(10**6)
        body = editor.add("a", "main.py", "start")
        document.apply(editor.take())
        body += "."
        document.apply(editor.take())
        body += "x"
        assert document.type(editor.take()) is not None
        del document
