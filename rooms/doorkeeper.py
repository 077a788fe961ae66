"""Who gets into a room, and what a change of rights does to those who are in it. All sessions pass here."""

from collections.abc import Iterable
from typing import Protocol

import msgspec

from realtime.errors import CloseCode
from realtime.protocol import authenticated_body, closed_body, denied_body
from realtime.session import Session
from rooms import access
from rooms.errors import Forbidden, Removed, RoomError, RoomNotFound, Waiting
from rooms.shared_document import SharedDocument
from rooms.store import Member, RoomRecord


class Place(Protocol):
    """The open room."""

    record: RoomRecord
    members: dict[str, Member]
    sessions: dict[Session, SharedDocument]

    def leave(self, session: Session) -> None: ...


def check_standing(record: RoomRecord, member: Member) -> None:
    """Raises RoomNotFound, Waiting or Removed for who is not in the room."""
    if record.status == "deleted":
        raise RoomNotFound("there is no such room")
    if member.standing == "waiting":
        raise Waiting("a host has to let you in first")
    if member.standing != "in":
        raise Removed("a host has taken you out of the room")


def require(record: RoomRecord, member: Member, capability: access.Capability) -> None:
    """Raises as `check_standing` does, and Forbidden."""
    check_standing(record, member)
    if not access.may(record, member, capability):
        over = record.status != "open" and capability not in ("manage", "end")
        raise Forbidden("the room has ended" if over else "your role does not allow it")


def admit(place: Place, session: Session, member: Member, document: str) -> None:
    """Give the session its rights in the document. Raises as `check_standing` does, and Forbidden."""
    who = place.members.get(member.id, member)
    check_standing(place.record, who)
    if not access.is_document(document):
        raise RoomNotFound("a room has no such document")
    if not access.may_read(place.record, who, document):
        raise Forbidden("this document is private to others")
    session.may_write = access.may_write(place.record, who, document)
    session.fence = access.fence(place.record, who, document)


def renew(place: Place, sessions: Iterable[tuple[Session, SharedDocument]]) -> None:
    """Rights have changed: give these sessions what they may do now, and end those that may not even read."""
    for session, shared in list(sessions):
        member = place.members.get(session.member_id) or Member(session.member_id, "", "participant", 0)
        before = session.may_edit
        try:
            admit(place, session, member, shared.name)
        except RoomError as error:
            expel(place, session, error)
            continue
        _rename(session, member)
        if session.acknowledges and before != session.may_edit:
            session.send(authenticated_body(session.may_edit))


def expel(place: Place, session: Session, error: RoomError) -> None:
    """End one session; a socket with other documents goes on with those."""
    place.leave(session)
    session.may_write, session.fence = False, None
    if session.acknowledges:
        for body in (denied_body(error.code), closed_body(error.code)):
            session.outbox.put(session.prefix + body)
    else:
        code = CloseCode.NO_SUCH_ROOM if isinstance(error, RoomNotFound) else CloseCode.FORBIDDEN
        session.outbox.close(code, f"{error.code}: {error}")


def _rename(session: Session, member: Member) -> None:
    """Others see the new role with the session's next presence."""
    if session.user_json is not None:
        user = msgspec.json.decode(session.user_json)
        session.user_json = msgspec.json.encode(user | {"name": member.name, "role": member.role})


def tell_hosts(place: Place, body: bytes) -> None:
    """A message for those who manage the room."""
    for session, shared in place.sessions.items():
        member = place.members.get(session.member_id)
        if shared.name == "main" and session.acknowledges and member and access.may(place.record, member, "manage"):
            session.send(body)
