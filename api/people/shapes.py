"""The shapes of what people are answered about themselves; the reference shows them."""

from typing import Any, Literal

import msgspec

from rooms.accounts import GlobalRole

GUARDED = ("password_needed", "sign_in_again", "wrong_password", "busy")
"""What somebody may be told who has to show the password again."""
AT_THE_DOOR = ("accounts_off", "foreign_origin", "busy")
"""What somebody may be told who is not signed in."""


class Told(msgspec.Struct, frozen=True):
    """The same whether there is such an account or not."""

    status: Literal["letter_sent", "verified"]


class User(msgspec.Struct, frozen=True, rename="camel"):
    """Somebody as they see themselves. Times are Unix milliseconds."""

    id: str
    email: str
    display_name: str
    first_name: str
    last_name: str
    role: GlobalRole
    status: str
    created_at: int
    last_login_at: int | None
    has_password: bool
    second_factor: bool
    preferences: dict[str, Any]
    consents: dict[str, Any]


class OneUser(msgspec.Struct, frozen=True):
    user: User


class SignedIn(msgspec.Struct, frozen=True, rename="camel", omit_defaults=True):
    """A browser has `refreshToken` as a cookie instead."""

    access_token: str
    token_type: Literal["Bearer"]
    expires_in: int
    user: User
    refresh_token: str = ""


class SignInNow(msgspec.Struct, frozen=True, rename="camel"):
    """Where somebody is signed in."""

    id: str
    created_at: int
    last_activity_at: int
    expires_at: int
    ip_address: str
    user_agent: str
    current: bool


class SignInList(msgspec.Struct, frozen=True):
    sessions: list[SignInNow]


class Ended(msgspec.Struct, frozen=True):
    ended: int


class Enrolment(msgspec.Struct, frozen=True):
    """Shown this once; `uri` is what a QR code holds."""

    secret: str
    uri: str


class RecoveryCodes(msgspec.Struct, frozen=True, rename="camel"):
    """Shown this once; each opens once."""

    recovery_codes: list[str]


class PasskeyNow(msgspec.Struct, frozen=True, rename="camel"):
    id: str
    name: str
    created_at: int
    last_used_at: int | None


class OnePasskey(msgspec.Struct, frozen=True):
    passkey: PasskeyNow


class PasskeyList(msgspec.Struct, frozen=True):
    passkeys: list[PasskeyNow]


class Asked(msgspec.Struct, frozen=True, rename="camel"):
    """For `navigator.credentials`; `ceremony` comes back with what it gives."""

    ceremony: str
    public_key: dict[str, Any]


class MembershipNow(msgspec.Struct, frozen=True, rename="camel"):
    room: str
    member: str
    created_at: int


class OneMembership(msgspec.Struct, frozen=True):
    membership: MembershipNow


class MembershipList(msgspec.Struct, frozen=True):
    memberships: list[MembershipNow]


class TokenNow(msgspec.Struct, frozen=True, rename="camel", omit_defaults=True):
    """`secret` is shown once, when it is made."""

    id: str
    name: str
    scopes: list[str]
    created_at: int
    expires_at: int
    secret: str = ""


class OneToken(msgspec.Struct, frozen=True):
    token: TokenNow


class TokenList(msgspec.Struct, frozen=True):
    tokens: list[TokenNow]
