"""New ids, link codes and tokens, and what they may look like."""

import hashlib
import hmac
import re
import secrets
import string

from rooms.errors import LinkNotFound

_ALPHABET = string.ascii_lowercase + string.digits
_READABLE = "23456789abcdefghjkmnpqrstvwxyz"
_COLOUR_WORDS = """
amber azure beige black blue bronze brown cobalt copper coral cream crimson ebony emerald fawn ginger gold green grey
hazel indigo ivory jade khaki lemon lilac lime maroon mauve mint navy ochre olive orange pearl pink plum purple red rose
ruby russet saffron sand scarlet sepia silver sky teal topaz violet white
"""
_FRUIT_WORDS = """
almond amla apple apricot banana bael ber cashew cherry chikoo clove cocoa coconut custard date fig ginger gooseberry
grape guava jackfruit jamun jujube kiwi kokum lemon litchi lime mango melon mulberry neem nutmeg olive orange papaya
peach peanut pear pepper phalsa pine plum pomelo quince raisin saffron sesame tamarind walnut
"""
_COLOURS = _COLOUR_WORDS.split()
_FRUITS = _FRUIT_WORDS.split()
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")


def link_code() -> str:
    """About 50 random bits; words first, because people read codes to each other."""
    tail = "".join(secrets.choice(_READABLE) for _ in range(8))
    return f"{secrets.choice(_COLOURS)}-{secrets.choice(_FRUITS)}-{tail}"


def new_id(prefix: str) -> str:
    return prefix + "_" + file_id()


def file_id() -> str:
    return "".join(secrets.choice(_ALPHABET) for _ in range(16))


def new_token() -> str:
    """The secret of a member: 256 random bits."""
    return secrets.token_urlsafe(32)


def token_hash(token: str) -> bytes:
    """What is stored of a token. It is random, so a plain hash is enough."""
    return hashlib.sha256(token.encode()).digest()


def secret_of(password: str) -> str:
    """What is stored of a link's password. Takes tens of milliseconds: call it outside the event loop."""
    salt = secrets.token_bytes(16)
    return f"{salt.hex()}${_stretched(password, salt).hex()}"


def fits(password: str, secret: str) -> bool:
    """Whether `secret` was made of this password; as slow."""
    salt, _, stretched = secret.partition("$")
    return hmac.compare_digest(_stretched(password, bytes.fromhex(salt)), bytes.fromhex(stretched))


def _stretched(password: str, salt: bytes) -> bytes:
    return hashlib.scrypt(password.encode(), salt=salt, n=2**14, r=8, p=1, maxmem=2**26)


def checked_code(code: str) -> str:
    """A room id or link code as it may appear in an address; raises LinkNotFound."""
    if not _NAME.fullmatch(code):
        raise LinkNotFound("no room has this code")
    return code
