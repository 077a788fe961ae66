"""The table of rights."""

import pytest

from rooms.access import Role, is_document, may_chat, may_read, may_run, may_write


@pytest.mark.parametrize(
    ("role", "document", "reads", "writes"),
    [
        ("host", "main", True, True),
        ("host", "notes", True, True),
        ("host", "desk/other", True, True),
        ("participant", "main", True, True),
        ("participant", "board", True, True),
        ("participant", "notes", False, False),
        ("participant", "desk/me", True, True),
        ("participant", "desk/other", False, False),
        ("observer", "main", True, False),
        ("observer", "board", True, False),
        ("observer", "notes", False, False),
        ("observer", "desk/me", False, False),
    ],
)
def test_R6_who_reads_and_writes_which_document(role: Role, document: str, reads: bool, writes: bool) -> None:
    assert may_read(role, document, "me") is reads
    assert may_write(role, document, "me") is writes


def test_R6_observers_talk_but_do_not_run() -> None:
    assert may_chat("observer")
    assert not may_run("observer")
    assert may_run("participant")


@pytest.mark.parametrize(
    "name", ["", "Main", "desk", "desk/", "desk/a/b", "desk/../x", "desk/" + "a" * 33, "x", "notes/"]
)
def test_R6_other_documents_do_not_exist(name: str) -> None:
    assert not is_document(name)
