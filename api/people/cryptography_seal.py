"""Personal data at rest: AES-256-GCM, with the key's id in front, and an index of addresses that tells none."""

import hashlib
import hmac
import os

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from api.people.keyring import Key, Keyring

_VERSION = b"\x01"
_ID_BYTES = 4
_NONCE_BYTES = 12
_HEAD_BYTES = 1 + _ID_BYTES + _NONCE_BYTES


class Unsealable(Exception):
    """It was not sealed here, for this place, or the key is gone."""


class Seal:
    """What is sealed for one `place`, such as the address of an account, opens at no other."""

    def __init__(self, keyring: Keyring) -> None:
        self._keyring = keyring

    def close(self, data: bytes, place: str) -> bytes:
        key = self._keyring.current
        head = _VERSION + bytes.fromhex(key.id)
        nonce = os.urandom(_NONCE_BYTES)
        return head + nonce + AESGCM(key.derive("seal")).encrypt(nonce, data, head + place.encode())

    def open(self, sealed: bytes, place: str) -> bytes:
        """Raises Unsealable."""
        head, nonce = sealed[: 1 + _ID_BYTES], sealed[1 + _ID_BYTES : _HEAD_BYTES]
        key = self._keyring.find(key_id_of(sealed))
        if key is None or head[:1] != _VERSION:
            raise Unsealable("its key is not known")
        try:
            return AESGCM(key.derive("seal")).decrypt(nonce, sealed[_HEAD_BYTES:], head + place.encode())
        except (InvalidTag, ValueError) as error:
            raise Unsealable("it was changed, or sealed for another place") from error

    def is_current(self, sealed: bytes) -> bool:
        return key_id_of(sealed) == self._keyring.current.id

    def index(self, address: str) -> bytes:
        """What an address is found by; the current key's."""
        return _index(self._keyring.current, address)

    def indexes(self, address: str) -> list[bytes]:
        """By which it may be found, the likeliest first."""
        return [_index(key, address) for key in self._keyring.keys]


def key_id_of(sealed: bytes) -> str:
    return sealed[1 : 1 + _ID_BYTES].hex()


def _index(key: Key, address: str) -> bytes:
    return hmac.digest(key.derive("address index"), address.encode(), hashlib.sha256)
