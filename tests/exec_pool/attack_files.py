"""Hostile programs, one per file of `attacks/`: a head (rule, what must happen, how it may end), then the program.

A program reports with `held` that an attempt was refused, and with `BROKEN` that it got through. One whose head says
`attempts: yes` is Python and has the functions of `TRY`.
"""

from pathlib import Path

import msgspec

FOLDER = Path(__file__).with_name("attacks")

TRY = """
import os, sys, errno, ctypes, signal, socket, time
libc = ctypes.CDLL(None, use_errno=True)
def attempt(name, call):
    try:
        got = call()
    except OSError as error:
        print('held', name, errno.errorcode.get(error.errno, error), flush=True)
    except Exception as error:
        print('held', name, error, flush=True)
    else:
        print('BROKEN', name, got, flush=True)
def put(path, text=b'1'):
    fd = os.open(path, os.O_WRONLY | (0 if os.path.exists(path) else os.O_CREAT))
    try: os.write(fd, text)
    finally: os.close(fd)
def refused(name, number):
    result = libc.syscall(number, 0, 0, 0, 0, 0, 0)
    code = ctypes.get_errno() if result < 0 else 0
    print('held' if code in (errno.EPERM, errno.ENOSYS) else 'BROKEN', name, code, flush=True)
def call(number, *args):
    if libc.syscall(number, *args) < 0:
        raise OSError(ctypes.get_errno(), 'refused')
"""


class Attack(msgspec.Struct, frozen=True):
    """One hostile program and its proper end: a status of `ends`, the words of `says` among its output."""

    name: str
    rule: str
    must: str
    language: str
    program: str
    ends: tuple[str, ...]
    says: str = ""

    def with_port(self, port: int) -> str:
        """The program; `{port}` becomes a port that is open on this machine."""
        return self.program.replace("{port}", str(port))


def what_went_wrong(attack: Attack, status: str, said: str) -> str:
    """In words, what of an attack's end is not as it must be; empty when the sandbox held."""
    if status not in attack.ends:
        return f"{attack.must} It ended with {status}: {said[-1500:]}"
    if "BROKEN" in said or "still here" in said:
        return f"{attack.must} It got through: {said[-1500:]}"
    return "" if attack.says in said else f"{attack.must} It did not say {attack.says!r}: {said[-1500:]}"


def read_attack(path: Path) -> Attack:
    """ValueError or KeyError for a file that does not say what must happen."""
    head, _, program = path.read_text(encoding="utf-8").partition("\n---\n")
    said = dict(line.split(": ", 1) for line in head.splitlines())
    if not program or not said["must"].endswith("."):
        raise ValueError(f"{path.name} does not say what must happen")
    return Attack(
        name=path.stem,
        rule=said["rule"],
        must=said["must"],
        language=said["language"],
        program=(TRY if said.get("attempts") else "") + program,
        ends=tuple(said["ends"].split()),
        says=said.get("says", ""),
    )


ATTACKS = {path.stem: read_attack(path) for path in sorted(FOLDER.glob("*.attack"))}
