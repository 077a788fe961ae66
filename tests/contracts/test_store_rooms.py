"""The register of rooms, links and members, on each store alike."""

import asyncio
from collections.abc import Awaitable, Callable

from rooms.postgres_store import PostgresStore
from rooms.store import Link, Member, RoomRecord, Store
from tests.contracts.conftest import make_rooms, opened

ROOM = RoomRecord("rm_Ünïcode", "Zweites \U0001f600 Zimmer", "pair", "python", 1_700_000_000_123)


async def test_D10_what_does_not_exist_is_none(store: Store) -> None:
    assert await store.room("rm_none") is None
    assert await store.link("none") is None
    for odd in ("", "a\0b", "x" * 100_000):
        assert await store.room(odd) is None
        assert await store.link(odd) is None
    assert await store.member_of_token(b"none") is None
    assert await store.links("rm_none") == []
    assert await store.members("rm_none") == []
    assert (await store.load("rm_none", "main")).tail == ()
    assert await store.entries("rm_none", ["chat"], after=None, before=None, limit=5) == []


async def test_D10_a_room_and_its_links_are_found_as_they_were_made(store: Store) -> None:
    assert await store.create_room(ROOM, [Link("write", "", "participant"), Link("watch", "", "observer")])
    assert await store.room(ROOM.id) == ROOM
    assert await store.link("watch") == Link("watch", ROOM.id, "observer")
    found = await store.links(ROOM.id)
    assert sorted(link.code for link in found) == ["watch", "write"]
    assert {link.room for link in found} == {ROOM.id}


async def test_D10_a_taken_id_or_code_makes_nothing(store: Store) -> None:
    await make_rooms(store, "rm_one")
    again = RoomRecord("rm_one", "Other", "pair", "python", 1)
    other = RoomRecord("rm_two", "Other", "pair", "python", 1)
    assert not await store.create_room(again, [Link("new-code", "", "participant")])
    assert not await store.create_room(other, [Link("fine", "", "observer"), Link("code-rm_one", "", "participant")])
    assert await store.room("rm_two") is None
    assert await store.link("new-code") is None
    assert await store.link("fine") is None
    assert (await store.links("rm_one")) == [Link("code-rm_one", "rm_one", "participant")]


async def test_D10_members_are_numbered_from_one_in_each_room(store: Store) -> None:
    await make_rooms(store, "rm_one", "rm_two")
    for room, name in (("rm_one", "Ana"), ("rm_one", "Bo"), ("rm_two", "Cy")):
        await store.add_member(room, f"mb_{name}", name, "participant", name.encode())
    assert await store.members("rm_one") == [
        Member("mb_Ana", "Ana", "participant", 1),
        Member("mb_Bo", "Bo", "participant", 2),
    ]
    assert await store.member_of_token(b"Cy") == ("rm_two", Member("mb_Cy", "Cy", "participant", 1))


async def test_D10_many_who_come_at_once_get_different_numbers(store: Store) -> None:
    await make_rooms(store, "rm_one")
    coming = [store.add_member("rm_one", f"mb_{n}", "Ana", "participant", b"%d" % n) for n in range(20)]
    assert sorted(member.number for member in await asyncio.gather(*coming)) == list(range(1, 21))


async def test_D10_two_nodes_give_no_number_and_no_code_twice(
    nodes: Callable[[], Awaitable[PostgresStore]],
) -> None:
    one, two = await nodes(), await nodes()
    record = RoomRecord("rm_one", "Room", "pair", "python", 1)
    made = await asyncio.gather(*(node.create_room(record, [Link("code", "", "participant")]) for node in (one, two)))
    assert sorted(made) == [False, True]
    coming = [(one, two)[n % 2].add_member("rm_one", f"mb_{n}", "A", "observer", b"%d" % n) for n in range(20)]
    assert sorted(member.number for member in await asyncio.gather(*coming)) == list(range(1, 21))


async def test_D10_everything_is_there_after_closing_and_opening(make_store: Callable[[], Store]) -> None:
    async with opened(make_store()) as store:
        await make_rooms(store, "rm_one")
        member = await store.add_member("rm_one", "mb_ana", "Ana", "host", b"hash")
    async with opened(make_store()) as store:
        assert await store.member_of_token(b"hash") == ("rm_one", member)
        assert (await store.add_member("rm_one", "mb_bo", "Bo", "host", b"more")).number == 2
