"""Six digits that change every thirty seconds (RFC 6238), as apps on telephones show them."""

import hmac

import pyotp

STEP_SECONDS = 30
_ISSUER = "Sangam"


def new_secret() -> str:
    """160 bits, in base 32."""
    return pyotp.random_base32()


def enrolment_uri(secret: str, name: str) -> str:
    """What the app reads from a QR code."""
    return pyotp.TOTP(secret).provisioning_uri(name=name, issuer_name=_ISSUER)


def step_of(secret: str, code: str, now: float) -> int | None:
    """The step that a code belongs to: this one, or the one before or after it, for clocks that differ."""
    totp = pyotp.TOTP(secret)
    this = int(now) // STEP_SECONDS
    found = None
    for step in (this - 1, this, this + 1):
        if hmac.compare_digest(totp.generate_otp(step), code):
            found = step
    return found
