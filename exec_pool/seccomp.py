"""The system call filter of a cell, as classic BPF. No library is needed: the table below is the whole truth.

Calls that a compiler or a student's program has no use for are refused with EPERM; calls newer than the table
are ENOSYS, so that libraries fall back; another architecture's calls kill the process.
"""

import errno
import platform
import struct

import msgspec

from exec_pool.errors import SandboxUnavailable

ALLOW = 0x7FFF0000
KILL = 0x80000000
EPERM = 0x00050000 | errno.EPERM
ENOSYS = 0x00050000 | errno.ENOSYS
NOTHING_DONE = 0x00050000

LAST_KNOWN_CALL = 461
NEW_NAMESPACES = 0x7E020000
TIOCSTI, TIOCLINUX = 0x5412, 0x541C
MAP_HUGETLB, MFD_HUGETLB = 0x40000, 0x4
RLIMIT_CORE = 4
LOCAL_FAMILIES = (1, 2, 10)
PLAIN_PROTOCOLS = (0, 6, 17)

LOAD, JUMP_EQUAL, JUMP_MORE, JUMP_BITS, RETURN = 0x20, 0x15, 0x25, 0x45, 0x06

# name: (x86_64, aarch64); None where the architecture never had the call
REFUSED: dict[str, tuple[int | None, int | None]] = {
    "_sysctl": (156, None), "acct": (163, 89), "add_key": (248, 217), "adjtimex": (159, 171),
    "afs_syscall": (183, None), "bpf": (321, 280), "chroot": (161, 51), "clock_adjtime": (305, 266),
    "clock_settime": (227, 112), "create_module": (174, None), "delete_module": (176, 106),
    "fanotify_init": (300, 262), "fanotify_mark": (301, 263), "finit_module": (313, 273),
    "fsconfig": (431, 431), "fsmount": (432, 432), "fsopen": (430, 430), "fspick": (433, 433),
    "get_kernel_syms": (177, None), "getpmsg": (181, None), "init_module": (175, 105),
    "io_uring_enter": (426, 426), "io_uring_register": (427, 427), "io_uring_setup": (425, 425),
    "ioperm": (173, None), "iopl": (172, None), "ioprio_set": (251, 30), "kcmp": (312, 272),
    "kexec_file_load": (320, 294), "kexec_load": (246, 104), "keyctl": (250, 219),
    "landlock_add_rule": (445, 445), "landlock_create_ruleset": (444, 444),
    "landlock_restrict_self": (446, 446), "listmount": (458, 458), "lookup_dcookie": (212, 18),
    "mbind": (237, 235), "memfd_secret": (447, 447), "migrate_pages": (256, 238),
    "modify_ldt": (154, None), "mount": (165, 40), "mount_setattr": (442, 442), "move_mount": (429, 429),
    "move_pages": (279, 239), "mq_open": (240, 180), "mq_unlink": (241, 181), "msgctl": (71, 187),
    "msgget": (68, 186), "msgrcv": (70, 188), "msgsnd": (69, 189), "name_to_handle_at": (303, 264),
    "nfsservctl": (180, 42), "open_by_handle_at": (304, 265), "open_tree": (428, 428),
    "perf_event_open": (298, 241), "personality": (135, 92), "pidfd_getfd": (438, 438),
    "pivot_root": (155, 41), "process_madvise": (440, 440), "process_mrelease": (448, 448),
    "process_vm_readv": (310, 270), "process_vm_writev": (311, 271), "ptrace": (101, 117),
    "putpmsg": (182, None), "query_module": (178, None), "quotactl": (179, 60), "quotactl_fd": (443, 443),
    "reboot": (169, 142), "remap_file_pages": (216, 234), "request_key": (249, 218), "seccomp": (317, 277),
    "security": (185, None), "semctl": (66, 191), "semget": (64, 190), "semop": (65, 193),
    "semtimedop": (220, 192), "set_mempolicy": (238, 237), "set_mempolicy_home_node": (450, 450),
    "setdomainname": (171, 162), "sethostname": (170, 161), "setns": (308, 268),
    "settimeofday": (164, 170), "shmat": (30, 196), "shmctl": (31, 195), "shmdt": (67, 197),
    "shmget": (29, 194), "statmount": (457, 457), "swapoff": (168, 225), "swapon": (167, 224),
    "sysfs": (139, None), "syslog": (103, 116), "tuxcall": (184, None), "umount2": (166, 39),
    "unshare": (272, 97), "uselib": (134, None), "userfaultfd": (323, 282), "ustat": (136, None),
    "vhangup": (153, 58), "vserver": (236, None),
}  # fmt: skip

CHECKED: dict[str, tuple[int, int]] = {
    "mmap": (9, 222), "memfd_create": (319, 279), "setrlimit": (160, 164),
    "clone": (56, 220), "clone3": (435, 435), "socket": (41, 198), "socketpair": (53, 199),
    "ioctl": (16, 29), "prlimit64": (302, 261), "setpriority": (141, 140),
    "sched_setscheduler": (144, 119), "sched_setparam": (142, 118), "sched_setattr": (314, 274),
    "sched_setaffinity": (203, 122),
}  # fmt: skip


class Machine(msgspec.Struct, frozen=True):
    """One architecture: its name in `platform.machine()`, its audit number, its column in the tables."""

    name: str
    audit: int
    column: int


MACHINES = (Machine("x86_64", 0xC000003E, 0), Machine("aarch64", 0xC00000B7, 1))


class Test(msgspec.Struct, frozen=True):
    """Refuse a call when the low half of argument `index` compares with `values` as `kind` says."""

    __test__ = False
    kind: str  # "bits", "any", "none", or "given": equal, and the next argument is not null
    index: int
    values: tuple[int, ...]
    answer: int = EPERM


TESTS: dict[str, tuple[Test, ...]] = {
    # Huge pages come from a pool of the machine that no memory limit covers.
    "mmap": (Test("bits", 3, (MAP_HUGETLB,)),),
    "memfd_create": (Test("bits", 1, (MFD_HUGETLB,)),),
    # The limit of core files stays at 1: at 0 the kernel would feed crashes to the machine's crash handler.
    "setrlimit": (Test("any", 0, (RLIMIT_CORE,), NOTHING_DONE),),
    "clone": (Test("bits", 0, (NEW_NAMESPACES,)),),
    "socket": (Test("none", 0, LOCAL_FAMILIES), Test("none", 2, PLAIN_PROTOCOLS)),
    "socketpair": (Test("none", 0, (1,)),),
    "ioctl": (Test("any", 1, (TIOCSTI, TIOCLINUX)),),
    "prlimit64": (Test("none", 0, (0,)), Test("given", 1, (RLIMIT_CORE,), NOTHING_DONE)),
    # Process 1 of a cell is ours and shares the program's uid: it must not be slowed down from inside.
    "setpriority": (Test("none", 0, (0,)), Test("any", 1, (1,))),
    "sched_setscheduler": (Test("any", 0, (1,)),),
    "sched_setparam": (Test("any", 0, (1,)),),
    "sched_setattr": (Test("any", 0, (1,)),),
    "sched_setaffinity": (Test("any", 0, (1,)),),
}


def filter_program(machine: str = "") -> bytes:
    """The filter for this machine as `struct sock_filter[]`; SandboxUnavailable on an unknown architecture."""
    name = machine or platform.machine()
    for known in MACHINES:
        if known.name == name:
            return b"".join(_lines(known))
    raise SandboxUnavailable(f"Code execution is off: the sandbox does not know {name} processors.")


def _lines(machine: Machine) -> list[bytes]:
    lines = [_op(LOAD, 4), _op(JUMP_EQUAL, machine.audit, 1, 0), _op(RETURN, KILL), _op(LOAD, 0)]
    lines += [_op(JUMP_MORE, LAST_KNOWN_CALL, 0, 1), _op(RETURN, ENOSYS)]
    for name, pair in CHECKED.items():
        lines += _checked(pair[machine.column], TESTS.get(name, ()))
    for numbers in REFUSED.values():
        number = numbers[machine.column]
        if number is not None:
            lines += [_op(JUMP_EQUAL, number, 0, 1), _op(RETURN, EPERM)]
    return [*lines, _op(RETURN, ALLOW)]


def _checked(number: int, tests: tuple[Test, ...]) -> list[bytes]:
    if not tests:
        return [_op(JUMP_EQUAL, number, 0, 1), _op(RETURN, ENOSYS)]
    body = [line for test in tests for line in _test(test)] + [_op(RETURN, ALLOW)]
    return [_op(JUMP_EQUAL, number, 0, len(body)), *body]


def _test(test: Test) -> list[bytes]:
    load, answer = _op(LOAD, 16 + 8 * test.index), _op(RETURN, test.answer)
    count = len(test.values)
    if test.kind == "bits":
        return [load, _op(JUMP_BITS, test.values[0], 0, 1), answer]
    if test.kind == "given":
        low, high = _op(LOAD, 24 + 8 * test.index), _op(LOAD, 28 + 8 * test.index)
        null = [low, _op(JUMP_EQUAL, 0, 0, 2), high, _op(JUMP_EQUAL, 0, 1, 0)]
        return [load, _op(JUMP_EQUAL, test.values[0], 0, 5), *null, answer]
    if test.kind == "any":
        jumps = [_op(JUMP_EQUAL, v, count - 1 - i, int(i == count - 1)) for i, v in enumerate(test.values)]
        return [load, *jumps, answer]
    jumps = [_op(JUMP_EQUAL, v, count - i, 0) for i, v in enumerate(test.values)]
    return [load, *jumps, answer]


def _op(code: int, value: int, if_true: int = 0, if_false: int = 0) -> bytes:
    return struct.pack("=HBBI", code, if_true, if_false, value)
