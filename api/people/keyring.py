"""The secrets of this house: what tokens are signed, personal data sealed and addresses indexed with."""

import base64
import hashlib
import hmac
import os
import secrets
from collections.abc import Sequence
from pathlib import Path

import msgspec

from api.settings import SettingsError

FILE = "keys.json"
MIN_CHARACTERS = 32
"""Of a secret in the settings."""
_KEPT = 2
"""Keys in the file after a rotation: the new one, and the one that tokens may still be signed with."""


class Key(msgspec.Struct, frozen=True):
    """One secret. Its `id` is not secret: it is written into all that was made with it."""

    id: str
    secret: bytes

    def derive(self, purpose: str) -> bytes:
        """A key of 32 bytes for one purpose; from it nobody learns those for others."""
        return hmac.digest(self.secret, purpose.encode(), hashlib.sha256)


class _Kept(msgspec.Struct):
    keys: list[str]


class Keyring:
    """The current key comes first, then those that are only read with. From the settings, or from a file of mode 600.

    Raises SettingsError for what is too short.

    The file is read again when it was changed, so that keys can be rotated beside a server.
    """

    def __init__(self, given: str, folder: Path) -> None:
        self._given = [part.strip() for part in given.split(",") if part.strip()]
        self._path = folder / FILE
        self._seen = (0, 0)
        self._keys: tuple[Key, ...] = ()
        if any(len(secret) < MIN_CHARACTERS for secret in self._given):
            raise SettingsError(f"SANGAM_SECRET_KEY is too short: {MIN_CHARACTERS} random characters or more")

    def open(self) -> None:
        """Makes the file if it is needed and missing. Raises SettingsError."""
        if not self._given and not self._path.exists():
            self._write([_new_secret()])
        _ = self.keys

    @property
    def keys(self) -> Sequence[Key]:
        """Raises SettingsError when the file cannot be used."""
        if self._given:
            self._keys = self._keys or tuple(_key(secret.encode()) for secret in self._given)
            return self._keys
        try:
            about = self._path.stat()
            seen = (about.st_mtime_ns, about.st_ino)
            if seen != self._seen:
                kept = msgspec.json.decode(self._path.read_bytes(), type=_Kept)
                self._keys = tuple(_key(base64.b64decode(secret, validate=True)) for secret in kept.keys)
                self._seen = seen
        except (OSError, msgspec.MsgspecError, ValueError) as error:
            raise SettingsError(f"the keys in {self._path} cannot be read") from error
        if not self._keys:
            raise SettingsError(f"there is no key in {self._path}")
        return self._keys

    @property
    def current(self) -> Key:
        return self.keys[0]

    def find(self, key_id: str) -> Key | None:
        return next((key for key in self.keys if key.id == key_id), None)

    def rotate(self) -> None:
        """Put a new key in front. Raises SettingsError if the keys are not ours to change."""
        if self._given:
            raise SettingsError("the keys come from SANGAM_SECRET_KEY: put a new one in front of it, with `,` between")
        old = [base64.b64encode(key.secret).decode() for key in self.keys]
        self._write([_new_secret(), *old])

    def forget_old(self) -> None:
        """Once nothing is sealed with them."""
        if not self._given:
            self._write([base64.b64encode(key.secret).decode() for key in self.keys[:_KEPT]])

    @property
    def is_file(self) -> bool:
        """Whether the keys are in a file of the data folder."""
        return not self._given

    def _write(self, keys: list[str]) -> None:
        part = self._path.with_name(f"{FILE}.{secrets.token_hex(4)}")
        try:
            part.parent.mkdir(parents=True, exist_ok=True)
            file = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
            with os.fdopen(file, "wb") as writing:
                writing.write(msgspec.json.encode(_Kept(keys)))
                os.fsync(file)
            part.replace(self._path)
        except OSError as error:
            raise SettingsError(f"the keys cannot be kept in {self._path}: set SANGAM_SECRET_KEY") from error


def _new_secret() -> str:
    return base64.b64encode(secrets.token_bytes(32)).decode()


def _key(secret: bytes) -> Key:
    return Key(hashlib.sha256(b"key id" + secret).hexdigest()[:8], secret)
