"""Who may do what: one table, asked from one place for both dialects, HTTP and runs."""

from typing import Literal

Role = Literal["host", "participant", "observer"]
Kind = Literal["pair"]

_WRITERS = ("host", "participant")
_SHARED_DOCUMENTS = ("main", "board")


def may_read(role: Role, document: str, member_id: str) -> bool:
    if document in _SHARED_DOCUMENTS:
        return True
    return role == "host" or (role != "observer" and document == f"desk/{member_id}")


def may_write(role: Role, document: str, member_id: str) -> bool:
    return role in _WRITERS and may_read(role, document, member_id)


def may_run(role: Role) -> bool:
    """Start a run, type into it, stop it."""
    return role in _WRITERS


def may_chat(role: Role) -> bool:
    return role in ("host", "participant", "observer")


def is_document(name: str) -> bool:
    """Whether a room can have a document of this name."""
    if name in _SHARED_DOCUMENTS or name == "notes":
        return True
    kind, _, member = name.partition("/")
    return kind == "desk" and 0 < len(member) <= 32 and member.isascii() and member.replace("_", "").isalnum()
