"""The register of rooms, links and members, on each store alike."""

import asyncio
from collections.abc import Awaitable, Callable

from msgspec import structs

from rooms.access import Rule
from rooms.postgres_store import PostgresStore
from rooms.store import Draft, Link, Member, RoomChange, RoomRecord, Store
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
    found = await store.member_of_token(b"Cy")
    assert found == (await store.room("rm_two"), Member("mb_Cy", "Cy", "participant", 1))


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
        assert await store.member_of_token(b"hash") == (await store.room("rm_one"), member)
        assert (await store.add_member("rm_one", "mb_bo", "Bo", "host", b"more")).number == 2


async def test_D15_of_a_room_only_what_is_named_changes(store: Store) -> None:
    await make_rooms(store, "rm_one", "rm_two")
    before, other = await store.room("rm_one"), await store.room("rm_two")
    assert before is not None
    rules = (Rule("participant", "main", "write", "src/**"), Rule("mb_ana", "notes", "read"))
    changed = await store.change_room("rm_one", RoomChange(name="Neu", lobby=True, rules=rules))
    assert changed == await store.room("rm_one")
    assert changed == structs.replace(before, name="Neu", lobby=True, rules=rules)
    ended = await store.change_room("rm_one", RoomChange(status="ended", changed_at=7))
    assert ended == structs.replace(changed, status="ended", changed_at=7)
    assert await store.room("rm_two") == other
    assert await store.change_room("rm_none", RoomChange(name="x")) is None


async def test_D15_a_link_has_its_bounds(store: Store) -> None:
    await make_rooms(store, "rm_one", "rm_two")
    twice = Link("twice", "rm_one", "observer", expires_at=1000, uses_left=2, needs_approval=True, secret="s")
    assert await store.add_link(twice)
    assert not await store.add_link(Link("twice", "rm_two", "observer"))
    assert await store.link("twice") == twice
    assert not await store.use_link("twice", 1001)
    assert [await store.use_link("twice", 1000) for _ in range(3)] == [True, True, False]
    assert await store.use_link("code-rm_one", 10**15)
    assert not await store.use_link("nowhere", 1)
    assert not await store.remove_link("rm_two", "twice")
    assert await store.remove_link("rm_one", "twice")
    assert await store.link("twice") is None


async def test_D15_the_last_use_of_a_link_goes_to_one(store: Store) -> None:
    await make_rooms(store, "rm_one")
    await store.add_link(Link("once", "rm_one", "observer", uses_left=1))
    assert sum(await asyncio.gather(*(store.use_link("once", 1) for _ in range(10)))) == 1


async def test_D15_a_room_never_loses_its_last_host(store: Store) -> None:
    await make_rooms(store, "rm_one", "rm_two")
    ana = await store.add_member("rm_one", "mb_ana", "Ana", "host", b"ana")
    bo = await store.add_member("rm_one", "mb_bo", "Bo", "participant", b"bo", "waiting")
    assert bo.standing == "waiting"
    assert await store.change_member("rm_one", "mb_ana", role="observer") is None
    assert await store.change_member("rm_one", "mb_ana", standing="out") is None
    assert await store.change_member("rm_two", "mb_bo", role="host") is None
    assert await store.change_member("rm_one", "mb_bo", role="host") == structs.replace(bo, role="host")
    assert await store.change_member("rm_one", "mb_ana", role="observer") is None
    assert await store.change_member("rm_one", "mb_bo", standing="in")
    assert await store.change_member("rm_one", "mb_ana", role="observer") == structs.replace(ana, role="observer")
    assert await store.change_member("rm_one", "mb_bo", standing="banned") is None
    assert [member.role for member in await store.members("rm_one")] == ["observer", "host"]


async def test_D15_hosts_who_remove_each_other_leave_one(store: Store) -> None:
    await make_rooms(store, "rm_one")
    for name in ("ana", "bo"):
        await store.add_member("rm_one", name, name, "host", name.encode())
    changed = await asyncio.gather(*(store.change_member("rm_one", name, standing="out") for name in ("ana", "bo")))
    assert sum(one is not None for one in changed) == 1


async def test_D16_what_was_deleted_is_erased_in_time_and_nothing_else(store: Store) -> None:
    await make_rooms(store, "rm_one", "rm_two", "rm_three")
    for room in ("rm_one", "rm_two", "rm_three"):
        await store.add_member(room, f"mb_{room}", "Ana", "host", room.encode())
        numbers = store.append(f"commit-{room}", [Draft(room, 1, "mb", "main", "update", b"x")])
        assert (numbers if isinstance(numbers, list) else await numbers) == [1]
        await store.save_snapshot(room, "main", 1, 0, b"x")
    await store.change_room("rm_one", RoomChange(status="deleted", changed_at=10))
    await store.change_room("rm_two", RoomChange(status="deleted", changed_at=20))
    assert await store.erase_rooms(20) == 1
    assert await store.room("rm_one") is None
    assert await store.link("code-rm_one") is None
    assert await store.member_of_token(b"rm_one") is None
    assert (await store.load("rm_one", "main")).snapshot is None
    assert (await store.load("rm_two", "main")).snapshot == b"x"
    assert await store.create_room(RoomRecord("rm_one", "New", "pair", "python", 1), [])
    assert await store.erase_rooms(20) == 0
