"""The files of a room as a zip, both ways. Pure functions on bytes and text; meant to run off the event loop."""

import io
import stat
import zipfile
from collections.abc import Iterable

import msgspec

from rooms.errors import BadArchive, BadPath

MAX_PATH_CHARACTERS = 200
_METHODS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)
"""The others are unpacked without a bound on what a few bytes become."""
_JUNK = ("__MACOSX", ".git", "node_modules", "__pycache__", ".DS_Store")


class ArchiveLimits(msgspec.Struct, frozen=True):
    """`max_bytes` is of all files together, unpacked."""

    max_files: int
    max_file_bytes: int
    max_bytes: int


class Skipped(msgspec.Struct, frozen=True):
    path: str
    reason: str


def checked_path(path: str) -> str:
    """A path that a room accepts, unchanged; raises BadPath saying why not."""
    if not 0 < len(path) <= MAX_PATH_CHARACTERS:
        raise BadPath(f"a path has 1 to {MAX_PATH_CHARACTERS} characters")
    if "\\" in path or not all(c.isprintable() or c in "\u200c\u200d" for c in path):
        raise BadPath("a path has no backslashes and no control characters")
    if any(part in ("", ".", "..") for part in path.split("/")):
        raise BadPath("a path has no empty parts, no `.` and no `..`")
    return path


def free_path(wanted: str, taken: dict[str, int]) -> str:
    """`wanted`, or the first of `name (2).ext`, `name (3).ext`, … that is not taken; then it is taken.

    `taken` remembers for each path the number to try next: thousands of files may want the same one.
    """
    folder, slash, name = wanted.rpartition("/")
    stem, dot, extension = name.rpartition(".")
    if not stem:
        stem, dot, extension = name, "", ""
    path = wanted
    while path in taken:
        path = f"{folder}{slash}{stem} ({taken[wanted]}){dot}{extension}"
        taken[wanted] += 1
    taken[path] = 2
    return path


def pack(texts: Iterable[tuple[str, str]], folders: Iterable[str]) -> bytes:
    """A zip of (path, text) files; two that claim one path both get in, the later with a number."""
    taken: dict[str, int] = {}
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for path, text in texts:
            archive.writestr(free_path(_safe(path), taken), text)
        for folder in sorted({_safe(folder) for folder in folders} - taken.keys()):
            archive.writestr(folder + "/", "")
    return out.getvalue()


def _safe(path: str) -> str:
    """Paths come from clients' edits, which nobody checks; what we hand out must unpack safely."""
    try:
        return checked_path(path)
    except BadPath:
        parts = ["".join(c for c in part if c.isprintable() and c != "\\") for part in path.split("/")]
        return "/".join(part for part in parts if part not in ("", ".", ".."))[:MAX_PATH_CHARACTERS] or "unnamed"


def unpack(data: bytes, limits: ArchiveLimits) -> tuple[list[tuple[str, str]], list[Skipped]]:
    """(path, text) of each text file, and what was left out and why.

    Sizes are counted while unpacking; what the archive says of itself is not believed. Raises BadArchive.
    """
    files: list[tuple[str, str]] = []
    skipped: list[Skipped] = []
    left = limits.max_bytes
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            members = [member for member in archive.infolist() if not member.is_dir()]
            if len(members) > limits.max_files:
                raise BadArchive(f"the archive has more than {limits.max_files} files")
            for member in members:
                reason = _unwanted(member)
                content = b"" if reason else _read(archive, member, min(limits.max_file_bytes, left))
                left -= len(content)
                text = None if reason else _text(content)
                if text is None:
                    skipped.append(Skipped(member.filename[:MAX_PATH_CHARACTERS], reason or "not_text"))
                else:
                    files.append((member.filename, text))
    except BadArchive:
        raise
    except Exception as error:  # a damaged archive makes zipfile and zlib raise nearly anything
        raise BadArchive("this is not a zip that can be read") from error
    return files, skipped


def _unwanted(member: zipfile.ZipInfo) -> str | None:
    if any(part in _JUNK for part in member.filename.split("/")):
        return "generated"
    if stat.S_ISLNK(member.external_attr >> 16):
        return "symbolic_link"
    if member.compress_type not in _METHODS:
        return "unknown_compression"
    try:
        checked_path(member.filename)
    except BadPath:
        return "bad_path"
    return None


def _read(archive: zipfile.ZipFile, member: zipfile.ZipInfo, max_bytes: int) -> bytes:
    with archive.open(member) as file:
        content = file.read(max_bytes + 1)
    if len(content) > max_bytes:
        raise BadArchive(f"the files are larger than allowed, at {member.filename[:80]}")
    return content


def _text(content: bytes) -> str | None:
    """As the editor wants it: UTF-8 without a byte order mark, `\\n` line ends; None for what is no text."""
    if b"\0" in content:
        return None
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError:
        return None
    return text.replace("\r\n", "\n").replace("\r", "\n")
