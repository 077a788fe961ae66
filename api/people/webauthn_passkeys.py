"""Passkeys: what browsers are asked and what their answers mean (WebAuthn)."""

import base64
from typing import Any

import msgspec
from webauthn import (
    generate_authentication_options,
    generate_registration_options,
    options_to_json,
    verify_authentication_response,
    verify_registration_response,
)
from webauthn.helpers.exceptions import WebAuthnException
from webauthn.helpers.structs import (
    AuthenticatorSelectionCriteria,
    PublicKeyCredentialDescriptor,
    ResidentKeyRequirement,
    UserVerificationRequirement,
)

NAME = "Sangam"


class PasskeyRefused(Exception):
    """The answer is not one to what was asked, or not by the key."""


class NewPasskey(msgspec.Struct, frozen=True):
    id: bytes
    public_key: bytes
    sign_count: int


class Ceremonies:
    """`host` is the name that passkeys are bound to, `origin` where the page has to be from.

    Passkeys are the only factor of a sign-in, so the person has to be verified by the device, too.
    """

    def __init__(self, host: str, origin: str) -> None:
        self._host = host
        self._origin = origin

    def ask_for_new(self, account: str, name: str, display_name: str, challenge: bytes, known: list[bytes]) -> bytes:
        """The options of `navigator.credentials.create`, as JSON."""
        options = generate_registration_options(
            rp_id=self._host,
            rp_name=NAME,
            user_name=name,
            user_id=account.encode(),
            user_display_name=display_name,
            challenge=challenge,
            exclude_credentials=[PublicKeyCredentialDescriptor(id=one) for one in known],
            authenticator_selection=AuthenticatorSelectionCriteria(
                resident_key=ResidentKeyRequirement.REQUIRED,
                user_verification=UserVerificationRequirement.REQUIRED,
            ),
        )
        return options_to_json(options).encode()

    def check_new(self, credential: dict[str, Any], challenge: bytes) -> NewPasskey:
        """Raises PasskeyRefused."""
        try:
            found = verify_registration_response(
                credential=credential,
                expected_challenge=challenge,
                expected_rp_id=self._host,
                expected_origin=self._origin,
                require_user_verification=True,
            )
        except (WebAuthnException, ValueError, TypeError, KeyError) as error:
            raise PasskeyRefused(str(error)) from error
        return NewPasskey(found.credential_id, found.credential_public_key, found.sign_count)

    def ask(self, challenge: bytes) -> bytes:
        """The options of `navigator.credentials.get`, as JSON; the browser knows which passkeys it has."""
        options = generate_authentication_options(
            rp_id=self._host, challenge=challenge, user_verification=UserVerificationRequirement.REQUIRED
        )
        return options_to_json(options).encode()

    def check(self, credential: dict[str, Any], challenge: bytes, public_key: bytes, sign_count: int) -> int:
        """How far the key has counted. Raises PasskeyRefused."""
        try:
            found = verify_authentication_response(
                credential=credential,
                expected_challenge=challenge,
                expected_rp_id=self._host,
                expected_origin=self._origin,
                credential_public_key=public_key,
                credential_current_sign_count=sign_count,
                require_user_verification=True,
            )
        except (WebAuthnException, ValueError, TypeError, KeyError) as error:
            raise PasskeyRefused(str(error)) from error
        return found.new_sign_count


def id_of(credential: dict[str, Any]) -> bytes:
    """The id that a credential says it has. Raises PasskeyRefused."""
    return decode_id(credential.get("id"))


def decode_id(text: object) -> bytes:
    """From base64 as addresses have it. Raises PasskeyRefused."""
    if not isinstance(text, str) or len(text) > 2000:
        raise PasskeyRefused("no id")
    try:
        return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
    except ValueError as error:
        raise PasskeyRefused("no id") from error
