"""The system call filter, run by a little machine for classic BPF."""

import struct

import pytest

from exec_pool.errors import SandboxUnavailable
from exec_pool.seccomp import (
    ALLOW,
    CHECKED,
    ENOSYS,
    EPERM,
    KILL,
    MACHINES,
    NOTHING_DONE,
    REFUSED,
    Machine,
    filter_program,
)


def decide(program: bytes, number: int, *args: int, audit: int) -> int:
    """What the filter says to a call."""
    padded = [*args, 0, 0, 0, 0, 0, 0][:6]
    data = struct.pack("<IIQ6Q", number, audit, 0, *padded)
    lines = list(struct.iter_unpack("=HBBI", program))
    at = accumulator = 0
    while True:
        code, if_true, if_false, value = lines[at]
        at += 1
        if code == 0x06:
            return int(value)
        if code == 0x20:
            accumulator = struct.unpack_from("<I", data, value)[0]
            continue
        yes = {0x15: accumulator == value, 0x25: accumulator > value, 0x45: bool(accumulator & value)}[code]
        at += if_true if yes else if_false


@pytest.mark.parametrize("machine", MACHINES, ids=lambda machine: machine.name)
def test_X6_the_table_is_refused_and_the_rest_allowed(machine: Machine) -> None:
    program = filter_program(machine.name)
    refused = {numbers[machine.column] for numbers in REFUSED.values()}
    checked = {numbers[machine.column] for numbers in CHECKED.values()}
    for number in range(600):
        got = decide(program, number, audit=machine.audit)
        if number in refused:
            assert got == EPERM
        elif number > 461:
            assert got == ENOSYS
        elif number not in checked:
            assert got == ALLOW
    assert decide(program, 39, audit=0x40000003) == KILL
    assert decide(program, 0x40000000 + 39, audit=machine.audit) == ENOSYS
    assert len(program) // 8 < 4096


@pytest.mark.parametrize("machine", MACHINES, ids=lambda machine: machine.name)
def test_X6_X7_some_calls_depend_on_their_arguments(machine: Machine) -> None:
    program = filter_program(machine.name)

    def says(name: str, *args: int) -> int:
        return decide(program, CHECKED[name][machine.column], *args, audit=machine.audit)

    assert says("clone3") == ENOSYS
    assert says("clone", 0x11) == ALLOW
    for flag in (0x20000, 0x02000000, 0x04000000, 0x08000000, 0x10000000, 0x20000000, 0x40000000):
        assert says("clone", flag | 0x11) == EPERM
    for family in range(50):
        assert says("socket", family, 1, 0) == (ALLOW if family in (1, 2, 10) else EPERM)
    for protocol in range(300):
        assert says("socket", 2, 1, protocol) == (ALLOW if protocol in (0, 6, 17) else EPERM)
    assert (says("socketpair", 1), says("socketpair", 2)) == (ALLOW, EPERM)
    assert (says("ioctl", 0, 0x5401), says("ioctl", 0, 0x5412), says("ioctl", 0, 0x541C)) == (ALLOW, EPERM, EPERM)
    assert says("ioctl", 0, 0xFFFFFFFF00005412) == EPERM
    assert (says("prlimit64", 0), says("prlimit64", 1), says("prlimit64", 5)) == (ALLOW, EPERM, EPERM)
    assert (says("setpriority", 0, 0), says("setpriority", 0, 1), says("setpriority", 2, 0)) == (ALLOW, EPERM, EPERM)
    assert (says("prlimit64", 0, 4, 1), says("prlimit64", 0, 4, 1 << 32)) == (NOTHING_DONE, NOTHING_DONE)
    assert (says("prlimit64", 0, 4, 0), says("prlimit64", 0, 5, 1), says("prlimit64", 2, 4, 1)) == (ALLOW, ALLOW, EPERM)
    assert (says("setrlimit", 4), says("setrlimit", 7)) == (NOTHING_DONE, ALLOW)
    assert (says("mmap", 0, 4096, 3, 0x22), says("mmap", 0, 4096, 3, 0x40022)) == (ALLOW, EPERM)
    assert (says("memfd_create", 0, 1), says("memfd_create", 0, 5)) == (ALLOW, EPERM)
    for name in ("sched_setscheduler", "sched_setparam", "sched_setattr", "sched_setaffinity"):
        assert (says(name, 0), says(name, 7), says(name, 1)) == (ALLOW, ALLOW, EPERM)


def test_X1_an_unknown_processor_has_no_sandbox() -> None:
    with pytest.raises(SandboxUnavailable, match="riscv64"):
        filter_program("riscv64")
