"""People with accounts, as they are kept. Times are Unix milliseconds; what is called sealed only its key opens."""

from typing import Literal

import msgspec

GlobalRole = Literal["user", "admin"]
Status = Literal["active", "suspended"]
Purpose = Literal["register", "reset", "address"]


class Account(msgspec.Struct, frozen=True):
    """`address_index` finds the mail address without telling it; `preferences` and `consents` are JSON.

    `totp` is there from enrolment on, and asked for once `totp_on` is 1. `totp_step` is the last one that was used.
    """

    id: str
    address_index: bytes | None
    address: bytes | None
    profile: bytes
    created_at: int
    password_hash: str | None = None
    role: GlobalRole = "user"
    status: Status = "active"
    preferences: str = "{}"
    consents: str = "{}"
    last_login_at: int | None = None
    totp: bytes | None = None
    totp_on: int = 0
    totp_step: int = 0


class SignIn(msgspec.Struct, frozen=True):
    """One device that somebody is signed in with: a family of refresh tokens. `about` is sealed."""

    id: str
    account: str
    about: bytes
    created_at: int
    used_at: int
    expires_at: int


class Rotation(msgspec.Struct, frozen=True):
    """What became of a refresh token: its sign-in goes on, or it was spent before and `reused` names the sign-in."""

    sign_in: SignIn | None = None
    reused: str | None = None


class OneTimeToken(msgspec.Struct, frozen=True):
    """What somebody may do once who reads the mail of an address. `data` is sealed."""

    hash: bytes
    purpose: Purpose
    account: str | None
    data: bytes
    expires_at: int


class Passkey(msgspec.Struct, frozen=True):
    """A WebAuthn credential; `sign_count` only grows, if its authenticator counts at all."""

    id: bytes
    account: str
    public_key: bytes
    sign_count: int
    name: str
    created_at: int
    used_at: int | None = None


class ExternalIdentity(msgspec.Struct, frozen=True):
    """Somebody as an OpenID Connect provider knows them."""

    issuer: str
    subject: str
    account: str
    created_at: int


class MachineToken(msgspec.Struct, frozen=True):
    """A secret for a machine that acts for an account; `scopes` are words with a space between."""

    id: str
    hash: bytes
    account: str
    name: str
    scopes: str
    created_at: int
    expires_at: int


class Membership(msgspec.Struct, frozen=True):
    """This member of this room is that account."""

    member: str
    room: str
    account: str
    created_at: int


class ErasedMember(msgspec.Struct, frozen=True):
    """A member whose account is gone; `erase_words` is 1 if what they said goes too."""

    member: str
    room: str
    erase_words: int
    erased_at: int
