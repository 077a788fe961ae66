"""Frames over standard input and output, from the cell's side. Runs in the cell: standard library only."""

import os
import struct

HEAD = struct.Struct(">BI")
CHUNK = 65536


class Gone(Exception):
    """The server hung up."""


class Link:
    """Frames, in from one descriptor and out to another. Never blocks: what cannot be sent waits in `out`."""

    def __init__(self, fd: int, out_fd: int) -> None:
        self.fd = fd
        self.out_fd = out_fd
        self.out = bytearray()
        self.buffer = bytearray()
        os.set_blocking(fd, False)
        os.set_blocking(out_fd, False)

    def read(self) -> list[tuple[str, bytes]]:
        """The frames that have arrived whole."""
        try:
            while True:
                data = os.read(self.fd, CHUNK)
                if not data:
                    raise Gone
                self.buffer += data
                if len(data) < CHUNK:
                    break
        except BlockingIOError:
            pass
        return self._whole()

    def _whole(self) -> list[tuple[str, bytes]]:
        frames: list[tuple[str, bytes]] = []
        start = 0
        while len(self.buffer) - start >= HEAD.size:
            kind, length = HEAD.unpack_from(self.buffer, start)
            end = start + HEAD.size + length
            if end > len(self.buffer):
                break
            frames.append((chr(kind), bytes(self.buffer[start + HEAD.size : end])))
            start = end
        del self.buffer[:start]
        return frames

    def send(self, kind: str, payload: bytes = b"") -> None:
        """Queue a frame and write what the other side takes."""
        self.out += HEAD.pack(ord(kind), len(payload)) + payload
        self.flush()

    def flush(self) -> None:
        """Write what the other side takes."""
        try:
            while self.out:
                del self.out[: os.write(self.out_fd, self.out[:CHUNK])]
        except BlockingIOError:
            pass
