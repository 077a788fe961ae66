"""The registers of people, on each database alike."""

import asyncio
from pathlib import Path

import pytest

from rooms.accounts import ErasedMember, ExternalIdentity, MachineToken, Membership, OneTimeToken, Passkey
from rooms.errors import StoreUnavailable
from rooms.people_store import PeopleStore
from rooms.postgres_accounts import PostgresAccounts
from rooms.records import CopyWriter, Tally, read_copy
from rooms.statements import Taken
from tests.contracts.conftest import KINDS, Places, append, draft, make_rooms, opened
from tests.contracts.people import NOW, House, MakeHouse, account, house, make_house, open_house, sign_in

__all__ = ["house", "make_house"]


async def test_P1_an_account_is_found_as_it_was_added(house: House) -> None:
    accounts = house.people.accounts
    ana = account("ana", profile=b"\0\xff", preferences='{"a": "ü"}', role="admin", password_hash="$argon2id$")
    assert await accounts.add(ana)
    assert await accounts.find("ac_ana") == ana
    assert await accounts.at_address([b"other", b"ana"]) == ana
    assert await accounts.find("ac_none") is None
    assert await accounts.at_address([b"none"]) is None
    assert await accounts.add(account("bo", address_index=None, address=None))
    assert await accounts.add(account("cy", address_index=None, address=None))
    assert [found.id for found in await accounts.some("", 10)] == ["ac_ana", "ac_bo", "ac_cy"]
    assert [found.id for found in await accounts.some("ac_ana", 1)] == ["ac_bo"]


async def test_P1_of_many_who_want_one_address_one_gets_it(house: House) -> None:
    accounts = house.people.accounts
    coming = [accounts.add(account(f"n{n}", address_index=b"same")) for n in range(8)]
    assert sorted(await asyncio.gather(*coming)) == [False] * 7 + [True]
    await accounts.add(account("other"))
    with pytest.raises(Taken):
        await accounts.change("ac_other", address_index=b"same")


async def test_P1_only_what_was_named_changes(house: House) -> None:
    accounts = house.people.accounts
    await accounts.add(account("ana"))
    assert await accounts.change("ac_ana", profile=b"new", totp=b"secret", totp_on=1)
    assert await accounts.find("ac_ana") == account("ana", profile=b"new", totp=b"secret", totp_on=1)
    assert not await accounts.change("ac_none", profile=b"new")
    with pytest.raises(ValueError, match="id"):
        await accounts.change("ac_ana", id="ac_bo")


async def test_P1_what_is_sealed_anew_is_not_what_was_changed_meanwhile(house: House) -> None:
    accounts = house.people.accounts
    before = account("ana", totp=b"t")
    await accounts.add(before)
    after = account("ana", profile=b"P", totp=b"T")
    assert await accounts.replace(before, after)
    assert not await accounts.replace(before, account("ana", profile=b"late"))
    assert await accounts.find("ac_ana") == after


async def test_P2_a_refresh_token_works_once_and_coming_again_tells_whose_it_was(house: House) -> None:
    accounts = house.people.accounts
    await accounts.add(account("ana"))
    await accounts.sign_in(sign_in("one", "ana"), b"first")
    assert (found := await accounts.find("ac_ana")) and found.last_login_at == NOW
    turned = await accounts.rotate(b"first", b"second", NOW + 1)
    assert turned.sign_in and turned.sign_in.id == "si_one" and turned.sign_in.used_at == NOW + 1
    assert (await accounts.rotate(b"first", b"third", NOW + 2)).reused == "si_one"
    unknown = await accounts.rotate(b"never", b"third", NOW + 2)
    assert (unknown.sign_in, unknown.reused) == (None, None)
    assert (await accounts.rotate(b"second", b"third", NOW + 3)).sign_in
    assert (await accounts.sign_in_of_token(b"first")) == (await accounts.sign_in_of_token(b"third"))


async def test_P2_of_many_who_use_one_refresh_token_at_once_one_goes_on(house: House) -> None:
    accounts = house.people.accounts
    await accounts.add(account("ana"))
    await accounts.sign_in(sign_in("one", "ana"), b"first")
    turns = await asyncio.gather(*(accounts.rotate(b"first", b"next%d" % n, NOW) for n in range(6)))
    assert len([turn for turn in turns if turn.sign_in]) == 1
    assert len([turn for turn in turns if turn.reused == "si_one"]) == 5


async def test_P2_a_sign_in_ends_with_its_time_one_by_one_or_all_but_one(house: House) -> None:
    accounts = house.people.accounts
    for name in ("ana", "bo"):
        await accounts.add(account(name))
        for place in "12":
            await accounts.sign_in(sign_in(name + place, name), (name + place).encode())
    assert await accounts.live_sign_in("si_ana1", NOW)
    assert await accounts.live_sign_in("si_ana1", NOW + 1000) is None
    assert (await accounts.rotate(b"ana1", b"x", NOW + 1000)).sign_in is None
    assert await accounts.end_sign_ins("ac_ana", but="si_ana1") == 1
    assert [found.id for found in await accounts.sign_ins("ac_ana")] == ["si_ana1"]
    assert await accounts.end_sign_in("si_ana1")
    assert not await accounts.end_sign_in("si_ana1")
    assert len(await accounts.sign_ins("ac_bo")) == 2
    await accounts.sweep(NOW + 1000)
    assert await accounts.sign_ins("ac_bo") == []


async def test_P3_what_may_be_done_once_is_done_once_in_its_time_and_for_its_purpose(house: House) -> None:
    accounts = house.people.accounts
    await accounts.add(account("ana"))
    for number in range(3):
        await accounts.keep_token(OneTimeToken(b"%d" % number, "reset", "ac_ana", b"data", NOW + 10))
    await accounts.keep_token(OneTimeToken(b"new", "register", None, b"data", NOW + 10))
    assert await accounts.take_token(b"0", "register", NOW) is None
    taken = await asyncio.gather(*(accounts.take_token(b"0", "reset", NOW) for _ in range(4)))
    assert len([token for token in taken if token]) == 1
    assert await accounts.take_token(b"1", "reset", NOW + 10) is None
    await accounts.drop_tokens("ac_ana")
    assert await accounts.take_token(b"2", "reset", NOW) is None
    assert await accounts.take_token(b"new", "register", NOW)


async def test_P3_a_step_and_a_recovery_code_work_once(house: House) -> None:
    await house.people.accounts.add(account("ana"))
    steps = await asyncio.gather(*(house.people.accounts.use_totp_step("ac_ana", 7) for _ in range(4)))
    assert sorted(steps) == [False, False, False, True]
    assert not await house.people.accounts.use_totp_step("ac_ana", 6)
    credentials = house.people.credentials
    await credentials.set_recovery_codes("ac_ana", [b"old"])
    await credentials.set_recovery_codes("ac_ana", [b"a", b"b"])
    uses = await asyncio.gather(*(credentials.use_recovery_code("ac_ana", b"a") for _ in range(4)))
    assert sorted(uses) == [False, False, False, True]
    assert not await credentials.use_recovery_code("ac_ana", b"old")
    assert await credentials.recovery_codes_left("ac_ana") == 1


async def test_P3_a_passkey_that_does_not_count_on_is_refused(house: House) -> None:
    await house.people.accounts.add(account("ana"))
    credentials = house.people.credentials
    key = Passkey(b"\0key", "ac_ana", b"public", 5, "Phone", NOW)
    assert await credentials.add_passkey(key)
    assert not await credentials.add_passkey(key)
    assert await credentials.use_passkey(b"\0key", 6, NOW + 1)
    assert not await credentials.use_passkey(b"\0key", 6, NOW + 2)
    assert (found := await credentials.passkey(b"\0key")) and (found.sign_count, found.used_at) == (6, NOW + 1)
    assert await credentials.add_passkey(Passkey(b"zero", "ac_ana", b"public", 0, "Laptop", NOW + 1))
    assert [await credentials.use_passkey(b"zero", 0, NOW) for _ in range(2)] == [True, True]
    assert [found.name for found in await credentials.passkeys("ac_ana")] == ["Phone", "Laptop"]
    assert not await credentials.drop_passkey("ac_bo", b"zero")
    assert await credentials.drop_passkey("ac_ana", b"zero")


async def test_P1_others_words_and_tokens_of_machines_are_found(house: House) -> None:
    credentials = house.people.credentials
    await house.people.accounts.add(account("ana"))
    word = ExternalIdentity("https://id.example", "42", "ac_ana", NOW)
    assert await credentials.add_external(word)
    assert not await credentials.add_external(word)
    assert await credentials.external("https://id.example", "42") == word
    assert await credentials.external("https://other.example", "42") is None
    assert await credentials.externals("ac_ana") == [word]
    token = MachineToken("st_one", b"hash", "ac_ana", "Robot", "rooms", NOW, NOW + 10)
    await credentials.add_service_token(token)
    assert await credentials.service_token(b"hash", NOW) == token
    assert await credentials.service_token(b"hash", NOW + 10) is None
    assert not await credentials.drop_service_token("ac_bo", "st_one")
    assert await credentials.drop_service_token("ac_ana", "st_one")
    assert await credentials.service_tokens("ac_ana") == []


async def test_P4_a_member_is_one_account_and_an_account_one_member_of_a_room(house: House) -> None:
    memberships = house.people.memberships
    for name in ("ana", "bo"):
        await house.people.accounts.add(account(name))
    one = Membership("mb_one", "rm_one", "ac_ana", NOW)
    assert await memberships.add(one)
    assert not await memberships.add(Membership("mb_one", "rm_one", "ac_bo", NOW))
    assert not await memberships.add(Membership("mb_two", "rm_one", "ac_ana", NOW))
    assert await memberships.add(Membership("mb_far", "rm_two", "ac_ana", NOW + 1))
    await make_rooms(house.store, "rm_one")
    assert await memberships.of_member("mb_one") == one
    assert await memberships.in_room("ac_ana", "rm_one") == one
    assert await memberships.in_room("ac_bo", "rm_one") is None
    assert [found.room for found in await memberships.of_account("ac_ana")] == ["rm_two", "rm_one"]
    await memberships.sweep()
    assert [found.room for found in await memberships.of_account("ac_ana")] == ["rm_one"]


async def test_P5_what_somebody_left_behind_becomes_nameless(house: House) -> None:
    await make_rooms(house.store, "rm_one")
    for name in ("ana", "bo"):
        await house.store.add_member("rm_one", f"mb_{name}", name.title(), "participant", name.encode())
    joined = b'{"member":{"id":"mb_ana","name":"Ana"}}'
    said = b'{"text":"I am Ana"}'
    drafts = [draft(data=joined, channel="room", kind="joined"), draft(data=said, channel="chat", kind="message")]
    await append(house.store, "c1", [*drafts, draft()])
    await house.store.entries("rm_one", ["chat"], after=None, before=None, limit=1)
    memberships = house.people.memberships
    assert [entry.data for entry in await memberships.written("rm_one", "mb_ana", 0, 2)] == [joined, said]
    assert [entry.channel for entry in await memberships.written("rm_one", "mb_ana", 2, 9)] == ["main"]
    assert await memberships.written("rm_one", "mb_bo", 0, 9) == []
    await memberships.erase(ErasedMember("mb_ana", "rm_one", 0, NOW), "Nobody")
    assert [member.name for member in await house.store.members("rm_one")] == ["Nobody", "Bo"]
    kept = await memberships.written("rm_one", "mb_ana", 0, 9)
    assert [entry.data for entry in kept[:2]] == [b'{"member":{"id":"mb_ana","name":"Nobody"}}', said]
    await append(house.store, "c2", [draft(data=joined, channel="room", kind="left")])
    await house.store.entries("rm_one", ["chat"], after=None, before=None, limit=1)
    await memberships.erase_again(NOW + 1, "Nobody")
    assert (await memberships.written("rm_one", "mb_ana", 3, 9))[0].data == kept[0].data
    await memberships.erase(ErasedMember("mb_ana", "rm_one", 1, NOW), "Nobody")
    assert (await memberships.written("rm_one", "mb_ana", 0, 9))[1].data == b'{"text":""}'


async def test_P5_with_an_account_everything_goes_that_hangs_on_it(house: House) -> None:
    people = house.people
    await people.accounts.add(account("ana"))
    await people.accounts.sign_in(sign_in("one", "ana"), b"first")
    await people.accounts.keep_token(OneTimeToken(b"0", "reset", "ac_ana", b"data", NOW + 10))
    await people.credentials.set_recovery_codes("ac_ana", [b"a"])
    await people.credentials.add_passkey(Passkey(b"key", "ac_ana", b"public", 5, "Phone", NOW))
    await people.memberships.add(Membership("mb_one", "rm_one", "ac_ana", NOW))
    await people.accounts.delete("ac_ana")
    assert await people.accounts.find("ac_ana") is None
    assert await people.accounts.sign_ins("ac_ana") == []
    assert (await people.accounts.rotate(b"first", b"x", NOW)).sign_in is None
    assert await people.accounts.take_token(b"0", "reset", NOW) is None
    assert await people.credentials.recovery_codes_left("ac_ana") == 0
    assert await people.credentials.passkey(b"key") is None
    assert await people.memberships.of_member("mb_one") is None


async def test_P1_people_are_there_after_closing_and_opening(make_house: MakeHouse) -> None:
    async with open_house(make_house()) as house:
        await house.people.accounts.add(account("ana"))
    async with open_house(make_house()) as house:
        assert await house.people.accounts.find("ac_ana") == account("ana")


async def test_P1_a_store_that_is_not_there_is_told() -> None:
    with pytest.raises(StoreUnavailable):
        await PeopleStore(PostgresAccounts("postgresql://sangam@127.0.0.1:9/none", seconds=1.0)).open()


@pytest.mark.parametrize("target", KINDS)
@pytest.mark.parametrize("source", KINDS)
async def test_D11_people_are_in_a_copy_of_everything(places: Places, tmp_path: Path, source: str, target: str) -> None:
    here, there = places(source), places(target)
    ana = account("ana", totp=b"\0\xff", totp_on=1)
    async with opened(here.store()) as store, opened(here.people()) as people:
        await make_rooms(store, "rm_one")
        assert await people.accounts.share_key(["k1"])
        await people.accounts.add(ana)
        await people.accounts.add(account("bo", address_index=None, address=None))
        await people.credentials.set_recovery_codes("ac_ana", [b"a", b"b"])
        await people.credentials.add_passkey(Passkey(b"\0key", "ac_ana", b"public", 5, "Phone", NOW))
        await people.memberships.add(Membership("mb_one", "rm_one", "ac_ana", NOW))
        with CopyWriter(tmp_path / "copy", 1) as writer:
            await here.copies.copy(writer.take)
    assert writer.tally.counts == {"row": 7, "room": 1, "link": 1}
    async with opened(there.store()), opened(there.people()) as people:
        assert await people.accounts.share_key(["another"])
    await there.copies.restore(read_copy(tmp_path / "copy"), alone=True)
    again = Tally()
    await there.copies.copy(again.take)
    assert again.end() == writer.tally.end()
    async with opened(there.store()), opened(there.people()) as people:
        assert await people.accounts.find("ac_ana") == ana
        assert await people.credentials.recovery_codes_left("ac_ana") == 2
        assert not await people.accounts.share_key(["another"])
        assert await people.accounts.share_key(["new", "k1"])
    with pytest.raises(StoreUnavailable):
        await there.copies.restore(read_copy(tmp_path / "copy"), alone=True)
