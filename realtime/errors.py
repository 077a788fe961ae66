"""What can go wrong on a connection.

RealtimeError
├── ProtocolViolation   the peer sent bytes that break the protocol
│   └── BadUpdate       a CRDT update that is malformed or would harm the document
├── DocumentFull        the document reached its size limit and takes no more edits
├── MissingEdits        an update that builds on edits which are not there
├── FanoutUnavailable   the broker between the nodes cannot be reached, or refuses us
├── JobsUnavailable     the job queue does not answer; whether it took the call is not known
└── QueueFull           the job queue takes no more
"""

from enum import IntEnum


class CloseCode(IntEnum):
    """WebSocket close codes; 44xx tells a client not to retry blindly."""

    BYE = 1001
    TOO_BIG = 1009
    INTERNAL = 1011
    RESTARTING = 1012
    OVERLOADED = 1013
    BAD_FRAME = 4400
    UNAUTHENTICATED = 4401
    FORBIDDEN = 4403
    NO_SUCH_ROOM = 4404
    HANDSHAKE_TIMEOUT = 4408


class RealtimeError(Exception):
    """The root of this package's errors; `code` is stable and machine-readable."""

    code = "realtime_error"


class ProtocolViolation(RealtimeError):
    """Closes the session that sent it with 4400, and no other."""

    code = "bad_frame"
    close_code = CloseCode.BAD_FRAME


class BadUpdate(ProtocolViolation):
    code = "bad_update"


class DocumentFull(RealtimeError):
    code = "document_full"


class NeedsTrial(Exception):
    """Nothing was applied; the update is to be applied in another process first (`realtime.trial`). Nobody is told."""


class OutOfBounds(Exception):
    """Nothing was applied; the update changes a file that its sender may not write."""


class MissingEdits(RealtimeError):
    """Nothing was applied; a client that is asked for all that it has sends what is missing too."""

    code = "missing_edits"


class FanoutUnavailable(RealtimeError):
    """The text says which address and why, without a password."""

    code = "fanout_unavailable"


class JobsUnavailable(RealtimeError):
    code = "jobs_unavailable"


class QueueFull(RealtimeError):
    code = "queue_full"
