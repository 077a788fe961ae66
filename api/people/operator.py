"""What an operator does about people beside the server: the first admin, roles, suspensions, keys."""

import argparse
import getpass
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import msgspec

from api.errors import ApiError
from api.http import clean_name
from api.people.argon2_passwords import Passwords
from api.people.book import AccountBook, Profile, clean_address
from api.people.cryptography_seal import Seal
from api.people.keyring import Keyring
from api.people.password_rules import check_password
from api.settings import Settings, SettingsError
from api.stores import people_of
from rooms.accounts import Account
from rooms.people_store import PeopleStore

COMMANDS = ("account", "keys")


class _Office(msgspec.Struct):
    keyring: Keyring
    people: PeopleStore
    book: AccountBook


def add_people_commands(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Their part of the command line."""
    account = commands.add_parser("account", help="make an account, change its role, suspend it")
    actions = account.add_subparsers(dest="action", required=True, metavar="ACTION")
    for action, says in _ACTIONS.items():
        parser = actions.add_parser(action, help=says)
        parser.add_argument("address", metavar="ADDRESS")
        parser.add_argument("--data", metavar="DIR", help="folder of everything that lasts (./data)")
        if action == "create":
            parser.add_argument("--admin", action="store_true", help="who may do everything in this house")
            parser.add_argument("--name", help="what others see (the part before the @)")
        if action == "role":
            parser.add_argument("role", choices=("user", "admin"))
    keys = commands.add_parser("keys", help="rotate the keys that sign tokens and seal personal data")
    rotate = keys.add_subparsers(dest="action", required=True, metavar="ACTION").add_parser(
        "rotate", help="put a new key in front and seal everything with it; the server may go on"
    )
    rotate.add_argument("--data", metavar="DIR", help="folder of everything that lasts (./data)")


async def operate_people(given: argparse.Namespace, settings: Settings) -> int:
    """Run the command of these arguments; returns the exit status. Raises SettingsError, StoreUnavailable."""
    try:
        async with _open_office(settings) as office:
            if given.command == "keys":
                return await _rotate(office)
            if given.action == "create":
                return await _create(office, given)
            return await _change(office, given)
    except ApiError as error:
        raise SettingsError(str(error)) from error


@asynccontextmanager
async def _open_office(settings: Settings) -> AsyncIterator[_Office]:
    settings.data_folder.mkdir(parents=True, exist_ok=True)
    keyring = Keyring(settings.secret_key, settings.data_folder)
    people = people_of(settings)
    await people.open()
    try:
        keyring.open()
        if not await people.accounts.share_key([key.id for key in keyring.keys]):
            raise SettingsError("the accounts were made with another SANGAM_SECRET_KEY, or another data folder's keys")
        yield _Office(keyring, people, AccountBook(people.accounts, Seal(keyring)))
    finally:
        await people.close()


async def _create(office: _Office, given: argparse.Namespace) -> int:
    """The password comes from the terminal or, without one, from the first line of standard input."""
    address = clean_address(given.address)
    name = clean_name(given.name or address.partition("@")[0], "bad_name")
    password = getpass.getpass("Password: ") if sys.stdin.isatty() else sys.stdin.readline().rstrip("\r\n")
    check_password(password, address.partition("@")[0])
    passwords = Passwords()
    try:
        hashed = await passwords.hash(password)
    finally:
        passwords.close()
    account = await office.book.add(address, Profile(name), hashed, "admin" if given.admin else "user")
    if account is None:
        raise SettingsError("there is an account with this address already")
    print(f"{account.id}: {account.role}")
    return 0


async def _change(office: _Office, given: argparse.Namespace) -> int:
    account = await office.book.at_address(clean_address(given.address))
    if account is None:
        raise SettingsError("there is no account with this address")
    match given.action:
        case "role":
            await office.people.accounts.change(account.id, role=given.role)
            return _told(account, given.role)
        case "suspend":
            await office.people.accounts.change(account.id, status="suspended")
            await office.people.accounts.end_sign_ins(account.id)
            return _told(account, "suspended")
        case _:
            await office.people.accounts.change(account.id, status="active")
            return _told(account, "active")


def _told(account: Account, what: str) -> int:
    print(f"{account.id}: {what}")
    return 0


async def _rotate(office: _Office) -> int:
    """With keys from the settings the operator has put the new one in front already."""
    if office.keyring.is_file:
        office.keyring.rotate()
    changed = await office.book.seal_anew()
    await office.people.accounts.keep_key(office.keyring.current.id)
    office.keyring.forget_old()
    print(f"{changed} accounts are sealed with key {office.keyring.current.id}")
    return 0


_ACTIONS = {
    "create": "make one whose address needs no confirming; asks for the password",
    "role": "make somebody an admin, or a user again",
    "suspend": "nobody signs in with it any more, and who did is out",
    "resume": "end a suspension",
}
