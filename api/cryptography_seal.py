"""Sealing what a cache keeps: only who can say the secret again can read it."""

import hashlib
import os

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

_NONCE_BYTES = 12


class Sealed:
    """A box that one secret opens; keep it for one call."""

    def __init__(self, *secret: bytes) -> None:
        digest = hashlib.sha256()
        for part in secret:
            digest.update(len(part).to_bytes(8, "big") + part)
        self._cipher = AESGCM(digest.digest())

    def seal(self, value: bytes) -> bytes:
        nonce = os.urandom(_NONCE_BYTES)
        return nonce + self._cipher.encrypt(nonce, value, None)

    def open(self, sealed: bytes) -> bytes | None:
        """None if it was sealed with another secret, or is damaged."""
        try:
            return self._cipher.decrypt(sealed[:_NONCE_BYTES], sealed[_NONCE_BYTES:], None)
        except (InvalidTag, ValueError):
            return None
