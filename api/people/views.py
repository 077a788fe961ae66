"""People's things as JSON: what its owner may see of each, and nothing that opens anything."""

import base64

import msgspec

from api.people.book import Person
from api.people.sign_ins import Device
from rooms.accounts import ExternalIdentity, MachineToken, Membership, Passkey, SignIn

Json = dict[str, object]


def user_json(person: Person) -> Json:
    """Somebody as they see themselves."""
    account = person.account
    return {
        "id": account.id,
        "email": person.address,
        "displayName": person.profile.display_name,
        "firstName": person.profile.first_name,
        "lastName": person.profile.last_name,
        "role": account.role,
        "status": account.status,
        "createdAt": account.created_at,
        "lastLoginAt": account.last_login_at,
        "hasPassword": account.password_hash is not None,
        "secondFactor": bool(account.totp_on),
        "preferences": msgspec.Raw(account.preferences.encode()),
        "consents": msgspec.Raw(account.consents.encode()),
    }


def sign_in_json(sign_in: SignIn, device: Device, *, is_current: bool) -> Json:
    """Where somebody is signed in."""
    return {
        "id": sign_in.id,
        "createdAt": sign_in.created_at,
        "lastActivityAt": sign_in.used_at,
        "expiresAt": sign_in.expires_at,
        "ipAddress": device.address,
        "userAgent": device.user_agent,
        "current": is_current,
    }


def passkey_json(passkey: Passkey) -> Json:
    name = base64.urlsafe_b64encode(passkey.id).decode().rstrip("=")
    return {"id": name, "name": passkey.name, "createdAt": passkey.created_at, "lastUsedAt": passkey.used_at}


def external_json(identity: ExternalIdentity) -> Json:
    return {"issuer": identity.issuer, "subject": identity.subject, "createdAt": identity.created_at}


def service_token_json(token: MachineToken) -> Json:
    return {
        "id": token.id,
        "name": token.name,
        "scopes": token.scopes.split(),
        "createdAt": token.created_at,
        "expiresAt": token.expires_at,
    }


def membership_json(membership: Membership) -> Json:
    return {"room": membership.room, "member": membership.member, "createdAt": membership.created_at}
