"""Puts the exact system call filter on this process and all its children. Runs in the cell: standard library only.

bubblewrap sets the filter itself; where the engine can only be given a coarse one (Docker), the runner adds this.
"""

import ctypes

PR_SET_SECCOMP, PR_GET_NO_NEW_PRIVS, MODE_FILTER = 22, 39, 2


class Filter(ctypes.Structure):
    """`struct sock_fprog`."""

    _fields_ = (("length", ctypes.c_ushort), ("lines", ctypes.c_char_p))


def install(program: bytes) -> None:
    """`struct sock_filter[]` as bytes; OSError when the kernel refuses."""
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) != 1:
        raise OSError("new privileges are possible here")
    if libc.prctl(PR_SET_SECCOMP, MODE_FILTER, ctypes.byref(Filter(len(program) // 8, program)), 0, 0):
        raise OSError(ctypes.get_errno(), "the system call filter was refused")
