"""What can go wrong in a room.

RoomError
├── RoomNotFound        no room has this id
├── LinkNotFound        no link has this code
├── NotAuthenticated    the token opens nothing
├── Forbidden           the member's role does not allow it
├── ReadOnly            the room takes no edits now
├── TooManyRooms        rooms come into being too fast; `retry_seconds` says when to try again
├── RoomFull            too many sessions or members
├── BadPath             a file path that no room accepts
├── BadArchive          a zip that cannot be read, or that is too big when unpacked
├── FileNotFound        the room has no such file
├── CacheUnavailable    the cache did not answer in time; what it holds may be lost
└── StoreUnavailable    the store did not answer; nothing was lost or kept
"""


class RoomError(Exception):
    """The root of this package's errors; `code` is stable and machine-readable."""

    code = "room_error"


class RoomNotFound(RoomError):
    code = "room_not_found"


class LinkNotFound(RoomError):
    code = "link_not_found"


class NotAuthenticated(RoomError):
    code = "not_authenticated"


class Forbidden(RoomError):
    code = "forbidden"


class Waiting(Forbidden):
    code = "waiting"


class Removed(Forbidden):
    code = "removed"


class MemberNotFound(RoomError):
    code = "member_not_found"


class LastHost(RoomError):
    code = "last_host"


class BadRules(RoomError):
    code = "bad_rules"


class LinkRefused(RoomError):
    code = "link_refused"


class ReadOnly(RoomError):
    code = "read_only"


class RoomFull(RoomError):
    code = "room_full"


class TooManyRooms(RoomError):
    code = "too_many_rooms"

    def __init__(self, message: str, retry_seconds: float = 1.0) -> None:
        super().__init__(message)
        self.retry_seconds = retry_seconds


class BadPath(RoomError):
    code = "bad_path"


class BadArchive(RoomError):
    code = "bad_archive"


class FileNotFound(RoomError):
    code = "file_not_found"


class StoreUnavailable(RoomError):
    code = "store_unavailable"


class CacheUnavailable(RoomError):
    code = "cache_unavailable"
