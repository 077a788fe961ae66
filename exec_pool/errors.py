"""Everything this package raises. Each error has a stable `code` and a sentence for people."""


class ExecError(Exception):
    """The root of the tree; `code` is stable and may travel to clients."""

    code = "exec_error"


class SandboxUnavailable(ExecError):
    """There is no sandbox on this machine (or it is still being checked); nothing was started."""

    code = "sandbox_unavailable"


class LanguageUnavailable(ExecError):
    """The language is unknown, or its toolchain is not installed."""

    code = "language_unavailable"


class RunnerFull(ExecError):
    """Too many runs wait already, in all or for this lease; `retry_seconds` is a guess when to try again."""

    code = "too_many_runs"

    def __init__(self, message: str, retry_seconds: float | None = None) -> None:
        super().__init__(message)
        self.retry_seconds = retry_seconds


class WorkLost(ExecError):
    """A job ended without a result: cancelled, or the server stopped or failed under it."""

    code = "work_lost"


class BadRequest(ExecError):
    """The request itself is wrong: a bad path, no such entry, too many bytes, limits out of range."""

    code = "bad_request"


class InputFull(ExecError):
    """The program does not read its input fast enough; nothing of this write was taken."""

    code = "input_full"


class RunOver(ExecError):
    """The run has ended, or its input was closed."""

    code = "run_over"


class CellFailed(ExecError):
    """A cell did not start or broke down. Owner: this package; clients see `internal_error`."""

    code = "cell_failed"


class SettingsWrong(ExecError):
    """A file that the settings name cannot be used; the text says which and why. Stops the start."""

    code = "settings_wrong"
