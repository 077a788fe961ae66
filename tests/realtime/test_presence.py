"""Awareness."""

import json
from dataclasses import dataclass

import pytest

from realtime.errors import ProtocolViolation
from realtime.presence import MAX_IDS_PER_OWNER, MAX_STATE_BYTES, Presence
from realtime.protocol import AwarenessState


@dataclass(eq=False)
class Someone:
    member_id: str
    is_guest: bool = False
    user_json: bytes | None = b'{"name":"from the session"}'


def state(client: int, clock: int, **fields: object) -> AwarenessState:
    return AwarenessState(client, clock, json.dumps(fields).encode())


def gone(client: int, clock: int) -> AwarenessState:
    return AwarenessState(client, clock, b"null")


def test_A1_a_higher_clock_wins() -> None:
    presence, ana = Presence(), Someone("ana")
    assert presence.announce(ana, [state(1, 1, line=1)]) == [1]
    assert presence.announce(ana, [state(1, 3, line=3)]) == [1]
    assert presence.announce(ana, [state(1, 2, line=2)]) == []
    assert json.loads(presence.everybody()[0].json)["line"] == 3


def test_A1_a_state_with_clock_zero_is_not_announced() -> None:
    assert Presence().announce(Someone("ana"), [state(1, 0)]) == []


def test_A1_null_removes() -> None:
    presence, ana = Presence(), Someone("ana")
    presence.announce(ana, [state(1, 1)])
    assert presence.announce(ana, [gone(1, 1)]) == [1]
    assert presence.states([1]) == [gone(1, 1)]
    assert presence.everybody() == []


def test_A2_nobody_moves_or_removes_another() -> None:
    presence, ana, bo = Presence(), Someone("ana"), Someone("bo")
    presence.announce(ana, [state(1, 1, line=1)])
    assert presence.announce(bo, [state(1, 9, line=9), gone(1, 9)]) == []
    assert json.loads(presence.everybody()[0].json)["line"] == 1


def test_A2_repeating_those_who_left_does_not_bring_them_back() -> None:
    presence, ana, bo = Presence(), Someone("ana"), Someone("bo")
    presence.announce(ana, [state(1, 5)])
    presence.leave(ana)
    assert presence.announce(bo, [state(1, 5), gone(1, 5)]) == []
    assert len(presence) == 0


def test_A3_the_user_comes_from_the_session() -> None:
    presence = Presence()
    presence.announce(Someone("ana"), [state(1, 1, user={"name": "the president"}, cursor=None)])
    assert json.loads(presence.everybody()[0].json) == {"user": {"name": "from the session"}, "cursor": None}


def test_A3_a_guest_keeps_its_own_name() -> None:
    presence = Presence()
    presence.announce(Someone("guest-1", True, None), [state(1, 1, user={"name": "Visitor"})])
    assert json.loads(presence.everybody()[0].json)["user"]["name"] == "Visitor"


def test_A4_leaving_removes_exactly_ones_own() -> None:
    presence, ana, bo = Presence(), Someone("ana"), Someone("bo")
    presence.announce(ana, [state(1, 1), state(2, 1)])
    presence.announce(bo, [state(3, 1)])
    assert sorted(presence.leave(ana)) == [1, 2]
    assert [known.client for known in presence.everybody()] == [3]
    assert presence.leave(ana) == []


def test_A5_who_returns_under_an_old_clock_is_lifted_over_it_for_good() -> None:
    presence, before, after = Presence(), Someone("ana"), Someone("ana")
    presence.announce(before, [state(1, 7, line=1)])
    presence.leave(before)
    assert presence.announce(after, [state(1, 7, line=1)]) == [1]
    assert presence.states([1])[0].clock == 8
    assert presence.announce(after, [state(1, 8, line=2)]) == [1]
    assert presence.states([1])[0].clock == 9


def test_A5_a_member_takes_over_from_the_dead_socket() -> None:
    presence, before, after = Presence(), Someone("ana"), Someone("ana")
    presence.announce(before, [state(1, 7)])
    assert presence.announce(after, [state(1, 7)]) == [1]
    assert presence.leave(before) == []
    assert len(presence) == 1


def test_A5_a_lifted_client_that_repeats_its_lifted_state_comes_to_rest() -> None:
    presence, before, after = Presence(), Someone("ana"), Someone("ana")
    presence.announce(before, [state(1, 7, line=1)])
    presence.leave(before)
    presence.announce(after, [state(1, 7, line=1)])
    lifted = presence.states([1])[0]
    assert presence.announce(after, [lifted]) == []
    assert presence.announce(after, [state(1, 9, line=2)]) == [1]
    assert presence.states([1])[0].clock == 9


def test_A5_a_members_other_window_that_repeats_takes_nothing_over() -> None:
    presence, left, right = Presence(), Someone("ana"), Someone("ana")
    presence.announce(left, [state(1, 7)])
    presence.announce(right, [state(2, 0)])
    assert presence.announce(right, [state(1, 7)]) == []
    assert presence.leave(left) == [1]
    assert presence.announce(right, [state(1, 7)]) == []
    assert len(presence) == 0


def test_A5_of_a_guest_only_a_newer_clock_proves_the_return() -> None:
    presence, before, after = Presence(), Someone("guest-1", True, None), Someone("guest-2", True, None)
    presence.announce(before, [state(1, 7)])
    presence.leave(before)
    assert presence.announce(after, [state(1, 7)]) == []
    assert presence.announce(after, [state(1, 8)]) == [1]


def test_A2_a_guest_takes_nothing_from_a_member() -> None:
    presence, ana, guest = Presence(), Someone("ana"), Someone("guest-1", True, None)
    presence.announce(ana, [state(1, 7)])
    assert presence.announce(guest, [state(1, 99)]) == []
    presence.leave(ana)
    assert presence.announce(guest, [state(1, 99)]) == []


def test_A6_too_many_ids_violate_the_protocol() -> None:
    presence = Presence()
    with pytest.raises(ProtocolViolation):
        presence.announce(Someone("ana"), [state(client, 1) for client in range(MAX_IDS_PER_OWNER + 1)])


@pytest.mark.parametrize("raw", [b"{", b"[]", b"5", b"\xff", b'{"a":' + b'"' + b"x" * MAX_STATE_BYTES + b'"}'])
def test_A6_a_state_that_is_no_object_or_too_large_violates_the_protocol(raw: bytes) -> None:
    with pytest.raises(ProtocolViolation):
        Presence().announce(Someone("ana"), [AwarenessState(1, 1, raw)])
