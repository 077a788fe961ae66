"""What the operating system, the C library and the interpreter are asked for before anything is served."""

import contextlib
import ctypes
import gc
import resource

from realtime.update import STACK_BYTES

MOST_FILES = 65_536
_M_TRIM_THRESHOLD, _M_MMAP_THRESHOLD, _M_ARENA_MAX = -1, -3, -8
_OWN_PAGES_BYTES = 65_536
_GC_THRESHOLDS = (20_000, 10, 10)


def raise_stack_limit() -> None:
    """The CRDT library walks nested types by recursion; the stack must hold the deepest document that we accept."""
    soft, hard = resource.getrlimit(resource.RLIMIT_STACK)
    wanted = STACK_BYTES if hard == resource.RLIM_INFINITY else min(STACK_BYTES, hard)
    if soft != resource.RLIM_INFINITY and soft < wanted:
        resource.setrlimit(resource.RLIMIT_STACK, (wanted, hard))


def raise_file_limit() -> None:
    """A connection is an open file; the usual limit of 1024 is for programs that still use `select`."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = MOST_FILES if hard == resource.RLIM_INFINITY else min(MOST_FILES, hard)
    if soft != resource.RLIM_INFINITY and soft < wanted:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))


def give_memory_back() -> None:
    """Ask glibc for one heap instead of one per thread, and to return what is large as soon as it is free.

    Otherwise what was needed once is kept for each thread, and its thresholds grow with whatever was freed last.
    Other C libraries have their own ways.
    """
    with contextlib.suppress(AttributeError, OSError):
        mallopt = ctypes.CDLL(None).mallopt
        mallopt(_M_ARENA_MAX, 1)
        mallopt(_M_MMAP_THRESHOLD, _OWN_PAGES_BYTES)
        mallopt(_M_TRIM_THRESHOLD, 2 * _OWN_PAGES_BYTES)


def look_for_garbage_rarely() -> None:
    """Call it once everything is built: that is never looked at again, and serving leaves no cycles behind."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(*_GC_THRESHOLDS)
