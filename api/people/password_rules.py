"""What a password has to be: long enough, of several kinds of characters, and not what everybody takes."""

import string
from functools import cache
from pathlib import Path

from api.errors import ApiError

MIN_CHARACTERS = 8
MAX_CHARACTERS = 200
LONG_CHARACTERS = 20
"""From here on a phrase may be of one kind."""
_DECORATION = 4
"""So many characters before and after a common password do not make another of it."""
_FILE = Path(__file__).with_name("common_passwords.txt")
_AROUND = string.digits + string.punctuation + " "
_PLAIN = str.maketrans("@4$5031!7", "aassoeiit")


def check_password(password: str, *own: str) -> None:
    """Raises ApiError 422. `own` are words about the person, such as name and address."""
    if not MIN_CHARACTERS <= len(password) <= MAX_CHARACTERS:
        raise _weak(f"a password has {MIN_CHARACTERS} to {MAX_CHARACTERS} characters")
    if len(password) < LONG_CHARACTERS and not _has_all_kinds(password):
        raise _weak(
            "a password has small and capital letters, digits and other characters,"
            f" or {LONG_CHARACTERS} characters and more"
        )
    if is_common(password) or len(set(password)) < MIN_CHARACTERS // 2:
        raise _weak("this password is among those that are tried first")
    if any(len(word) >= _DECORATION and word.lower() in password.lower() for word in own):
        raise _weak("a password does not contain one's own name or address")


def is_common(password: str) -> bool:
    """Also with other capitals, digits for letters, and a few characters around it."""
    lower = password.lower()
    cores = (lower, lower.strip(_AROUND), lower.lstrip(_AROUND), lower.rstrip(_AROUND))
    near = [core for core in cores if len(lower) - len(core) <= _DECORATION]
    return any(form in _common() for core in near for form in (core, core.translate(_PLAIN)))


@cache
def _common() -> frozenset[str]:
    lines = _FILE.read_text(encoding="utf-8").splitlines()
    return frozenset(line for line in lines if not line.startswith("# "))


def _has_all_kinds(password: str) -> bool:
    """A letter of a script without capitals is both."""
    caseless = any(letter.isalpha() and not letter.islower() and not letter.isupper() for letter in password)
    has_letters = caseless or (any(map(str.islower, password)) and any(map(str.isupper, password)))
    has_others = any(not letter.isalnum() for letter in password)
    return has_letters and any(map(str.isdigit, password)) and has_others


def _weak(message: str) -> ApiError:
    return ApiError(422, "weak_password", message)
