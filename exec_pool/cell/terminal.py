"""A terminal for a program: one pseudo-terminal instead of three pipes. Runs in the cell: standard library only."""

import fcntl
import os
import struct
import termios

END_OF_INPUT = b"\x04"


def open_terminal(rows: int, columns: int) -> tuple[int, int]:
    """Our end and the program's end of a new terminal of this size."""
    ours, theirs = os.openpty()
    set_size(ours, rows, columns)
    return ours, theirs


def set_size(ours: int, rows: int, columns: int) -> None:
    """Set the size; the kernel tells the program in the foreground (SIGWINCH)."""
    fcntl.ioctl(ours, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))


def take_control(theirs: int) -> None:
    """In the child, a session leader: this is its terminal, so Ctrl-C reaches it and what it starts."""
    fcntl.ioctl(theirs, termios.TIOCSCTTY, 0)
