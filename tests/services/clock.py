"""The clock on the wall of one server, which a test sets; the clock that cannot be set goes on."""

from pathlib import Path

LIBRARIES = sorted(Path("/usr/lib").glob("*/faketime/libfaketimeMT.so.1"))


class WallClock:
    """`environ` is for the server; the offset is kept in `path`."""

    def __init__(self, path: Path) -> None:
        assert LIBRARIES, "install libfaketime, as root: apt-get install faketime"
        self._path = path
        self.jump(0)
        self.environ = {
            "LD_PRELOAD": str(LIBRARIES[0]),
            "FAKETIME_TIMESTAMP_FILE": str(path),
            "FAKETIME_NO_CACHE": "1",
            "FAKETIME_DONT_FAKE_MONOTONIC": "1",
        }

    def jump(self, seconds: int) -> None:
        """To so long after the true time, at once; before it if negative."""
        fresh = self._path.with_suffix(".new")
        fresh.write_text(f"{seconds:+d}")
        fresh.replace(self._path)
